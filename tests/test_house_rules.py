"""The rules of the house, so that nobody has to remember them: the registry, the budgets, who may touch what."""

import ast
import importlib.util
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import ERAS, bench
from deskgate.desk import errors
from deskgate_tools import TOOLS

pytestmark = pytest.mark.anyio

HOME = Path(__file__).resolve().parent.parent
TOOL_FOLDER = HOME / "tools" / "deskgate_tools"
SNAPSHOTS = HOME / "tests" / "snapshots"
PRODUCT = ("server", "tools")
NAMES = [function.__name__ for function, _ in TOOLS]
LISTING_LIMIT_BYTES = 10_000

FUNCTION_LIMIT_LINES = 70
FILE_LIMIT_LINES = 500
FILE_AIM_LINES = 300
TOOL_AIM_LINES = 60
# Over the aim, each with the reason why cutting it would make it worse. A number may shrink and never grow.
LONG_FILES = {
    "server/deskgate/desk/decide.py": (325, "the one way to let a reply out is read from top to bottom"),
    "server/deskgate/desk/wire.py": (380, "one habit for both services: what may be repeated is decided in one place"),
    "server/deskgate/settings.py": (320, "the only reader of the environment, with one sentence for every fault"),
    "server/deskgate/desk/audit/verify.py": (1320, "an auditor takes this one file, without the rest of deskgate"),
}
LONG_TOOLS = {
    "decide_reply.py": (75, "what is shown, the question and the decision are three steps of the SDK's resolvers"),
    "search_zendesk_tickets.py": (75, "its two result shapes and both notices are read together"),
    "draft_gated_reply.py": (70, "what comes next for each state belongs to what the tool says"),
}
LONG_TESTS = {"tests/desk/test_wire.py": 580}

TOOL_WORD = re.compile(
    r"\b(?:search|read|draft|list|decide|cancel|track|check|note)_[a-z_]*(?:reply|zendesk|inbox|audit)\w*"
)


def sources(*folders: str) -> Iterator[tuple[str, Path]]:
    """Python files with their path from the repository's root."""
    for folder in folders:
        for path in sorted((HOME / folder).rglob("*.py")):
            yield path.relative_to(HOME).as_posix(), path


def lines_with(pattern: str, *folders: str, but: tuple[str, ...] = ()) -> list[str]:
    """`file:line` of every line that holds the pattern."""
    wanted = re.compile(pattern)
    return [
        f"{name}:{number}"
        for name, path in sources(*folders)
        if not name.startswith(but)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if wanted.search(line)
    ]


async def listed(tmp_path: Path, era: Any = "auto", **how: Any) -> tuple[dict[str, dict[str, Any]], int]:
    """The tools as a client of that era lists them, and the size of the answer in bytes."""
    async with bench(tmp_path, **how) as one, one.client(era) as caller:
        answer = await caller.client.list_tools()
    size = len(answer.model_dump_json(by_alias=True, exclude_none=True).encode())
    return {tool.name: tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in answer.tools}, size


def test_the_folder_is_the_registry() -> None:
    files = {path.stem for path in TOOL_FOLDER.glob("*.py") if not path.name.startswith("_")}
    assert files == set(NAMES)
    assert len(NAMES) == len(set(NAMES))
    for function, _ in TOOLS:
        assert function.__module__ == f"deskgate_tools.{function.__name__}"


def test_every_tool_has_its_test_and_its_snapshot_and_there_are_no_others() -> None:
    assert {path.stem for path in (HOME / "tests" / "tools").glob("test_*.py")} >= {f"test_{name}" for name in NAMES}
    assert {path.stem for path in SNAPSHOTS.glob("*.json")} == set(NAMES)


@pytest.mark.parametrize("era", ERAS)
async def test_every_tool_is_listed_as_its_snapshot_says(tmp_path: Path, era: Any, request: Any) -> None:
    tools, _ = await listed(tmp_path, era)
    assert list(tools) == NAMES, "the tools are listed in the order of the story"
    for name, tool in tools.items():
        path = SNAPSHOTS / f"{name}.json"
        if request.config.getoption("--update-snapshots"):
            path.write_text(json.dumps(tool, indent=2, ensure_ascii=False) + "\n", "utf-8")
        assert tool == json.loads(path.read_text("utf-8")), (
            f"{name} changed: run pytest --update-snapshots and read the diff"
        )


async def test_every_tool_says_all_that_a_host_can_ask_about_it(tmp_path: Path) -> None:
    tools, _ = await listed(tmp_path)
    for name, tool in tools.items():
        assert tool["title"], name
        assert len(tool["description"]) > 40, name
        hints = tool["annotations"]
        assert set(hints) == {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}, name
        assert not (hints["readOnlyHint"] and hints["destructiveHint"]), name
        assert tool["inputSchema"]["type"] == "object", name
        assert tool["inputSchema"]["additionalProperties"] is False, name
        assert tool["outputSchema"]["properties"], name


@pytest.mark.parametrize("era", ERAS)
async def test_the_whole_list_of_tools_stays_under_ten_thousand_bytes(tmp_path: Path, era: Any) -> None:
    _, size = await listed(tmp_path, era)
    assert size < LISTING_LIMIT_BYTES


async def test_no_tool_takes_an_address(tmp_path: Path) -> None:
    tools, _ = await listed(tmp_path)
    words = re.compile(r"^(to|cc|bcc|from|sender|reply_to|return_path)$|recipient|address|email|mail_to|mailbox|header")
    for name, tool in tools.items():
        for argument, schema in tool["inputSchema"]["properties"].items():
            assert not words.search(argument), f"{name}({argument})"
            assert schema.get("format") != "email", f"{name}({argument})"


@pytest.mark.parametrize(
    ("role", "without"),
    [("solo", set()), ("agent", {"decide_reply"}), ("reviewer", {"draft_gated_reply", "note_zendesk_ticket"})],
)
@pytest.mark.parametrize("era", ERAS)
async def test_a_role_is_offered_its_tools_and_no_others(
    tmp_path: Path, era: Any, role: str, without: set[str]
) -> None:
    tools, _ = await listed(tmp_path, era, role=role)
    assert set(tools) == set(NAMES) - without


def test_every_tool_that_a_text_names_exists() -> None:
    for name, text in _texts():
        unknown = set(TOOL_WORD.findall(text)) - set(NAMES)
        assert not unknown, f"{name} names {sorted(unknown)}"


def _texts() -> Iterator[tuple[str, str]]:
    """What people and models read: documents, and every string and docstring of the product."""
    for name in ("README.md", "CONTRIBUTING.md", "mcp.json.example", ".env.example"):
        yield name, (HOME / name).read_text("utf-8")
    for path in sorted((HOME / "docs").glob("*.md")):
        yield path.name, path.read_text("utf-8")
    for name, path in sources(*PRODUCT):
        tree = ast.parse(path.read_text("utf-8"))
        strings = (
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        yield name, "\n".join(strings)


def test_the_readme_lists_the_tools_as_the_registry_has_them() -> None:
    spec = importlib.util.spec_from_file_location("readme_tools", HOME / "scripts" / "readme_tools.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = (HOME / "README.md").read_text("utf-8")
    assert text == script.written(text), "run python scripts/readme_tools.py --write"
    assert all(f"| `{name}` |" in text for name in NAMES)


def test_functions_and_files_keep_their_budgets() -> None:
    for name, path in sources(*PRODUCT, "scripts", "benchmarks", "tests"):
        text = path.read_text("utf-8")
        length = len(text.splitlines())
        assert length <= LONG_TESTS.get(name, max(FILE_LIMIT_LINES, LONG_FILES.get(name, (0,))[0])), f"{name}: {length}"
        if not name.startswith("tests/"):
            assert length <= LONG_FILES.get(name, (FILE_AIM_LINES, ""))[0], f"{name} has {length} lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= FUNCTION_LIMIT_LINES, f"{name}:{node.name} has {lines} lines"


def test_a_tool_is_a_page() -> None:
    for name in NAMES:
        length = len((TOOL_FOLDER / f"{name}.py").read_text("utf-8").splitlines())
        assert length <= LONG_TOOLS.get(f"{name}.py", (TOOL_AIM_LINES, ""))[0], f"{name}.py has {length} lines"


def test_no_allowance_for_length_outlives_its_need() -> None:
    aims = dict.fromkeys(LONG_FILES, FILE_AIM_LINES) | dict.fromkeys(LONG_TESTS, FILE_LIMIT_LINES)
    aims |= {f"tools/deskgate_tools/{name}": TOOL_AIM_LINES for name in LONG_TOOLS}
    for name, aim in aims.items():
        assert len((HOME / name).read_text("utf-8").splitlines()) > aim, f"{name} needs no allowance any more"


def test_only_the_settings_read_the_environment() -> None:
    assert lines_with(r"os\.environ|getenv", *PRODUCT, but=("server/deskgate/settings.py",)) == []


def test_statuses_are_compared_by_the_wire_alone() -> None:
    """What a service answered; what our own doors answer is theirs to say."""
    compared = r"\.status_code\b|\.status\s*(?:[!=<>]=?|(?:not )?in)\s*[\d{(\[]|\d{3}\s*[!=<>]=?\s*\w+\.status\b"
    assert lines_with(compared, "server/deskgate/desk", "tools", but=("server/deskgate/desk/wire.py",)) == []


def test_nothing_is_printed() -> None:
    assert lines_with(r"(?<![\w.])print\(", *PRODUCT, "scripts", "benchmarks") == []


def test_a_todo_names_its_issue() -> None:
    assert lines_with(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))", *PRODUCT, "scripts", "benchmarks") == []


def test_no_statement_compares_letters_as_the_database_sees_them() -> None:
    queries = [path for path in (HOME / "server").rglob("*.sql") if path.parent.name != "migrations"]
    assert [
        path.name for path in queries if re.search(r"\b(?:LOWER|UPPER|NOCASE|ILIKE)\b", path.read_text("utf-8"))
    ] == []


def test_every_dependency_is_justified() -> None:
    reasons = (HOME / "docs" / "why.md").read_text("utf-8")
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [one for listed in project["optional-dependencies"].values() for one in listed]
    names = [re.split(r"[<>=~!\[ ]", one)[0] for one in [*project["dependencies"], *extras]]
    names = [name for name in names if name != "deskgate"]  # an extra that another one takes in
    assert [name for name in names if f"`{name}`" not in reasons] == []


def test_the_example_environment_lists_every_setting_and_no_other() -> None:
    setting = r"(?:ZENDESK|MULTIMAIL|DESKGATE)_[A-Z_]+"
    listed_names = re.findall(rf"^#?({setting})=", (HOME / ".env.example").read_text("utf-8"), re.MULTILINE)
    readers = [ast.parse(path.read_text("utf-8")) for path in (HOME / "server" / "deskgate").glob("*settings.py")]
    nodes = [node for tree in readers for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    read = {node.value for node in nodes if isinstance(node.value, str)}
    assert sorted(listed_names) == sorted(name for name in read if re.fullmatch(setting, name))


def test_the_example_environment_holds_no_secret() -> None:
    for line in (HOME / ".env.example").read_text("utf-8").splitlines():
        if re.match(r"#?\w*(?:TOKEN|SECRET|API_KEY)\w*=", line):
            assert line.endswith("="), line


def test_every_error_code_is_told_to_people_and_tried_by_a_test() -> None:
    ours = [one for one in _every(errors.DeskError) if one.__module__ == errors.__name__]
    codes = {one.code for one in ours} - {errors.DeskError.code}
    readme = (HOME / "README.md").read_text("utf-8")
    tests = "\n".join(path.read_text("utf-8") for name, path in sources("tests") if "house_rules" not in name)
    assert [code for code in sorted(codes) if f"`{code}`" not in readme] == []
    assert [code for code in sorted(codes) if f'"{code}' not in tests and f"{code}:" not in tests] == []


def _every(kind: type[errors.DeskError]) -> Iterator[type[errors.DeskError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _every(below)
