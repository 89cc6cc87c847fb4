"""What is the caller's mistake in the protocol's own terms, in both eras."""

from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError

from bench import ERAS, bench

pytestmark = pytest.mark.anyio

INVALID_PARAMS = -32602


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("name", "arguments"), [("no_such_prompt", {}), ("answer_ticket", {})])
async def test_an_unknown_prompt_or_a_missing_argument_is_invalid_params(
    tmp_path: Path, era: Any, name: str, arguments: dict[str, str]
) -> None:
    async with bench(tmp_path) as b, b.client(era) as caller:
        with pytest.raises(MCPError) as refused:
            await caller.client.get_prompt(name, arguments)
        assert refused.value.code == INVALID_PARAMS
        assert "prompt" in refused.value.message


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "uri", ["zendesk://tickets/999999", "zendesk://tickets/..", "zendesk://tickets/1e3", "deskgate://nothing"]
)
async def test_a_resource_that_is_not_there_is_invalid_params_and_named(tmp_path: Path, era: Any, uri: str) -> None:
    async with bench(tmp_path) as b, b.client(era) as caller:
        with pytest.raises(MCPError) as refused:
            await caller.client.read_resource(uri)
        assert refused.value.code == INVALID_PARAMS
        assert (refused.value.data or {}).get("uri") == uri


@pytest.mark.parametrize("era", ERAS)
async def test_prompts_and_resources_that_exist_are_given(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as b, b.client(era) as caller:
        prompts = (await caller.client.list_prompts()).prompts
        assert {one.name for one in prompts} == {"answer_ticket", "triage_queue", "end_of_shift_review"}
        assert all(one.description for one in prompts)
        asked = await caller.client.get_prompt("answer_ticket", {"ticket_id": "101"})
        assert "101" in asked.messages[0].content.text
        ticket = await caller.client.read_resource("zendesk://tickets/101")
        assert ticket.contents[0].text.startswith("Ticket 101 ")
        policy = await caller.client.read_resource("deskgate://policy")
        assert "held" in policy.contents[0].text
