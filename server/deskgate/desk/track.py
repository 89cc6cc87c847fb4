"""The life of replies, brought up to date with MultiMail before it is told."""

import anyio

from deskgate.desk.core import Core, as_one_error
from deskgate.desk.decide import known_reply
from deskgate.desk.errors import BadInput
from deskgate.desk.replies import Reply
from deskgate.desk.settle import settle

AT_ONCE = 5
NEWEST = 20


async def track(core: Core, *, message_id: str | None = None, ticket_id: int | None = None) -> list[Reply]:
    """One reply, a ticket's replies, or the newest ones; newest first.

    Raises:
        BadInput: both filters, or an unknown message id.
    """
    check_one_filter(message_id, ticket_id)
    if message_id is not None:
        replies = [await known_reply(core, message_id)]
    elif ticket_id is not None:
        replies = await core.store.replies_of_ticket(ticket_id, NEWEST)
    else:
        replies = await core.store.recent_replies(NEWEST)
    return await _settled(core, replies)


def check_one_filter(message_id: str | None, ticket_id: int | None) -> None:
    """Raises `BadInput` where both are given."""
    if message_id is not None and ticket_id is not None:
        raise BadInput("Give message_id or ticket_id, not both.")


async def _settled(core: Core, replies: list[Reply]) -> list[Reply]:
    settled: dict[str, Reply] = {}
    places = anyio.CapacityLimiter(AT_ONCE)

    async def one(reply: Reply) -> None:
        async with places:
            settled[reply.id] = await settle(core, reply)

    with as_one_error():
        async with anyio.create_task_group() as group:
            for reply in replies:
                group.start_soon(one, reply)
    return [settled[reply.id] for reply in replies]
