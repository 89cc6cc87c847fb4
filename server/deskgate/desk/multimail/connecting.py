"""From two connections to the two sides."""

from deskgate.desk.clock import Clock
from deskgate.desk.errors import BadInput
from deskgate.desk.multimail.outbox import Forms, Outbox
from deskgate.desk.multimail.oversight import Oversight
from deskgate.desk.multimail.short import ShortDeciding, ShortMailboxes
from deskgate.desk.multimail.short_outbox import ShortOutbox
from deskgate.desk.multimail.v1 import V1Deciding, V1Mailboxes
from deskgate.desk.multimail.v1_outbox import V1Outbox
from deskgate.desk.wire import Wire

APIS = ("auto", "v1", "short")


def connect(
    outbox_wire: Wire, oversight_wire: Wire | None, *, mailbox: str, api: str = "auto", clock: Clock
) -> tuple[Outbox, Oversight | None]:
    """Both sides over their own keys; no oversight without a deciding key. Nothing is asked of the service yet.

    `mailbox` is an address, or in v1 an id. `api` is `auto`, `v1` or `short`; `auto` asks once, at first use.

    Raises:
        BadInput: `api` is none of these.
    """
    if api not in APIS:
        raise BadInput(f"MULTIMAIL_API must be one of {', '.join(APIS)}.")
    v1_routes = V1Mailboxes(outbox_wire)
    forms = Forms(api, v1_routes.mailboxes)
    oversight = None
    if oversight_wire is not None:
        oversight = Oversight(forms, {"v1": V1Deciding(oversight_wire), "short": ShortDeciding(oversight_wire)})
    held = oversight.pending if oversight is not None else None
    short = ShortOutbox(ShortMailboxes(outbox_wire), mailbox, clock, held)

    def elsewhere(address: str) -> Outbox:
        return Outbox(forms, {"v1": V1Outbox(v1_routes, address), "short": short})

    return Outbox(forms, {"v1": V1Outbox(v1_routes, mailbox), "short": short}, elsewhere), oversight
