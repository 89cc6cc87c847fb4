"""Where MultiMail and Zendesk tell us what happened: /webhooks/multimail and /webhooks/zendesk.

The order of work is fixed: method and content type, size while it streams, signature over the raw bytes, insert and commit,
202. Nothing of a body is parsed before it is stored, and a refusal says nothing but its status. These doors know no bearer
tokens: the signature is the proof.
"""

from collections.abc import Callable, Sequence

from starlette.routing import Route

from deskgate.desk.clock import Clock
from deskgate.desk.inbox.accept import Intake, Source
from deskgate.desk.store.tables import Tables
from deskgate.web.webhooks.counts import Counts
from deskgate.web.webhooks.door import Door
from deskgate.web.webhooks.reading import Room
from deskgate.web.webhooks.signatures import Verify, multimail, zendesk

__all__ = ["Counts", "Webhooks"]

# MultiMail may send the whole text of a mail, where JSON can spend six bytes on a letter that is not ASCII: a mail of
# 170,000 letters fits. A longer one is fetched by the reconciler.
MULTIMAIL_BYTES = 1_048_576
# What our own triggers send is a few ids.
ZENDESK_BYTES = 65_536
# Of all requests together: 32 of the longest, or some ten thousand usual ones.
ROOM_BYTES = 32 * 1_048_576


class Webhooks:
    """Both doors of one process. A door without a secret answers 503.

    `counts` is for metrics; `stored` is called whenever something new is on the disk.
    """

    def __init__(
        self,
        store: Tables,
        clock: Clock,
        *,
        multimail_secrets: Sequence[str],
        zendesk_secrets: Sequence[str],
        stored: Callable[[], None] = lambda: None,
    ) -> None:
        self.counts = Counts()
        self._intake = Intake(store, stored=stored)
        self._clock = clock
        self._room = Room(ROOM_BYTES)
        self._multimail = [secret.encode() for secret in multimail_secrets]
        self._zendesk = [secret.encode() for secret in zendesk_secrets]

    def routes(self) -> list[Route]:
        """The two routes."""
        return [
            Route("/webhooks/multimail", self._door("multimail", multimail, self._multimail, MULTIMAIL_BYTES)),
            Route("/webhooks/zendesk", self._door("zendesk", zendesk, self._zendesk, ZENDESK_BYTES)),
        ]

    def _door(self, source: Source, verify: Verify, secrets: Sequence[bytes], limit: int) -> Door:
        return Door(source, verify, secrets, limit, self._intake, self._clock, self.counts, self._room)
