"""From a tool function to an MCP tool: a closed schema, four hints, and the one place where an error becomes an answer."""

import logging
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, ConfigDict, ValidationError

from deskgate.desk import Principal
from deskgate.desk.errors import BadInput, DeskError
from deskgate.protocol.schemas import compact, compact_output
from deskgate_tools import TOOLS
from deskgate_tools._call import Facts, Shape

log = logging.getLogger("deskgate.tools")

CRASHED = (
    "Something failed inside deskgate; its log has the details. If this was a draft, a note or a decision, the same call "
    "again finds out what became of it and does nothing twice."
)


class DeskTool(Tool):
    """A tool whose every failure is a result that begins with a stable code."""

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Run the tool; errors of the desk and unusable arguments come back as results, never as bare exceptions."""
        try:
            result = await super().run(arguments, context, convert_result=False)
        except ToolError as error:
            return failed(_translated(error))
        if isinstance(result, Shape):
            text = TextContent(type="text", text=result.text())
            return CallToolResult(content=[text], structured_content=result.model_dump(mode="json"))
        return result


def _translated(error: ToolError) -> DeskError:
    cause: BaseException | None = error.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = next((one for one in cause.exceptions if isinstance(one, DeskError)), cause.exceptions[0])
    if isinstance(cause, DeskError):
        return cause
    if isinstance(cause, ValidationError):
        return _bad_arguments(cause)
    if cause is None or isinstance(cause, ToolError):
        # The SDK's own refusals: an answer to the question that does not fit the question.
        return BadInput("The answer to the confirmation question could not be read. Nothing was changed; ask again.")
    log.error("a tool crashed", exc_info=cause)
    return DeskError(CRASHED)


def _bad_arguments(error: ValidationError) -> BadInput:
    """Field names and what is wrong, never the values: they may be anybody's words."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[:5]
    names = [".".join(str(part) for part in one["loc"])[:80] or "arguments" for one in found]
    unknown = "this argument does not exist"
    said = [unknown if one["type"] == "extra_forbidden" else one["msg"].lower() for one in found]
    return BadInput("; ".join(f"{name}: {what}" for name, what in zip(names, said, strict=True)) + ".", fields=names)


def failed(error: DeskError) -> CallToolResult:
    """An error as a tool's result: the stable code first, for models and programs alike."""
    log.info("answered %s", error.code)
    return CallToolResult(
        content=[TextContent(type="text", text=str(error))],
        structured_content={"code": error.code, "message": error.sentence, **error.facts},
        is_error=True,
    )


def tools_for(principal: Principal, *, can_decide: bool) -> list[Tool]:
    """The tools this principal is offered. Without a deciding key nobody is offered `decide_reply`."""
    offered: list[Tool] = []
    for function, facts in TOOLS:
        if not principal.offered(facts.scope):
            continue
        if facts.scope == "decide" and not can_decide:
            continue
        offered.append(registered(function, facts))
    return offered


def registered(function: Callable[..., Any], facts: Facts) -> DeskTool:
    """One tool with a closed input schema: an argument that does not exist is an error, not a silent nothing."""
    annotations = ToolAnnotations(
        read_only_hint=facts.read_only,
        destructive_hint=facts.destructive,
        idempotent_hint=facts.idempotent,
        open_world_hint=True,
    )
    description = " ".join((function.__doc__ or "").split())
    tool = DeskTool.from_function(function, title=facts.title, description=description, annotations=annotations)
    assert isinstance(tool, DeskTool)  # noqa: S101 - from_function builds its own class
    base = tool.fn_metadata.arg_model
    closed = type(base.__name__, (base,), {"model_config": ConfigDict(extra="forbid"), "__module__": base.__module__})
    tool.fn_metadata.arg_model = closed
    assert issubclass(closed, BaseModel)  # noqa: S101 - it is the SDK's argument model
    tool.parameters = compact(closed.model_json_schema(by_alias=True))
    if tool.fn_metadata.output_schema is not None:
        tool.fn_metadata.output_schema = compact_output(tool.fn_metadata.output_schema)
    return tool
