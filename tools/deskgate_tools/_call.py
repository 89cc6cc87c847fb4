"""What a tool function is given and what it says about itself."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context, Resolve
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from deskgate.desk import Desk
from deskgate.desk.text import clean


async def current_desk(ctx: Context[Any, Any]) -> Desk:
    """The desk of this call: the process's shared rooms, acting for the caller's principal."""
    desk: Desk = ctx.request_context.lifespan_context
    return desk


CurrentDesk = Annotated[Desk, Resolve(current_desk)]
"""A parameter of this type is filled by the server and does not appear among the tool's arguments."""

# A model copies these from an answer. Their bounds are kept without being told, and what has the same name there needs no
# description either: every host pays for each byte of the list of tools.
TEXT_OR_NULL = ["string", "null"]
TicketId = Annotated[int, Field(ge=1, le=2**53), WithJsonSchema({"type": "integer"})]
MessageId = Annotated[str, Field(min_length=1, max_length=200), WithJsonSchema({"type": "string"})]
Cursor = Annotated[str | None, Field(max_length=2000), WithJsonSchema({"type": TEXT_OR_NULL})]
Before = Annotated[
    str | None,
    Field(max_length=2000),
    WithJsonSchema({"type": TEXT_OR_NULL, "description": "`before` of an earlier answer: older ones"}),
]
Digest = Annotated[
    str | None,
    Field(max_length=80),
    WithJsonSchema({"type": TEXT_OR_NULL, "description": "digest that was seen; default: the draft's"}),
]
Reason = Annotated[
    str | None,
    Field(max_length=1000, description="kept in the record"),
    AfterValidator(lambda text: text and clean(text)),
]


@dataclass(frozen=True)
class Facts:
    """A tool's title, its four hints, and who is offered it: `draft`, `decide`, or either (`None`).

    `audit` is for these and for whoever may read the audit trail and nothing else.

    `open_world` is true throughout: every tool speaks to Zendesk or MultiMail.
    """

    title: str
    read_only: bool
    destructive: bool
    idempotent: bool
    scope: Literal["draft", "decide", "audit"] | None = None


class Shape(BaseModel):
    """The base of every structured result. `text` is what a host without structured results shows its model."""

    model_config = ConfigDict(defer_build=True)

    def text(self) -> str:
        """The result in plain words."""
        raise NotImplementedError
