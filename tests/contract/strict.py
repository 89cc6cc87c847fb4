"""The sandbox behind a strict server, inside the process."""

from contract.servers import Checked, short_only, v1_only
from deskgate.sandbox.app import build_app
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World

FORMS = {"v1": v1_only, "short": short_only}


def strict(world: World, form: str) -> tuple[SandboxTransport, Checked]:
    """A transport for both services that speaks this MultiMail form only, and the server that keeps the violations."""
    world.switch("forms", form)
    checked = FORMS[form](build_app(world))
    transport = SandboxTransport(world)
    transport._app = checked  # type: ignore[assignment]
    return transport, checked
