"""What tests about decisions share: a held draft, an approval, and somebody who decides in MultiMail itself."""

from typing import Any

import httpx

from bench import Bench, Caller
from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from story.dying import BODY, TICKET

FORMS = ["v1", "short"]
COLLEAGUE = 33144692240106


async def draft(here: Bench, asked: Caller) -> dict[str, Any]:
    drafted = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=BODY)
    here.clock.advance(60)
    return drafted


async def approve(asked: Caller, message_id: str, **more: Any) -> dict[str, Any]:
    return await asked.ok("decide_reply", message_id=message_id, decision="approve", **more)


async def at_multimail(here: Bench, form: str, message_id: str, action: str) -> None:
    """Somebody decides in MultiMail itself, with a key that deskgate does not see."""
    headers = {"authorization": f"Bearer {constants.MULTIMAIL_OVERSIGHT_KEY}"}
    async with httpx.AsyncClient(transport=SandboxTransport(here.world), headers=headers) as client:
        if form == "v1":
            path, body = "/v1/oversight/decide", {"email_id": message_id, "action": action}
        else:
            path, body = "/decide_email", {"message_id": message_id, "decision": action}
        answer = await client.post(f"{constants.ORIGIN}/multimail{path}", json=body)
    assert answer.status_code == 200
