"""How much the tests see: put one small fault after another into a module and run the tests that come to its line.

    python tests/threats/mutate.py                     every module of the plan
    python tests/threats/mutate.py deskgate.desk.look  some of them

It works on a copy of the tree. The tests are collected once; each mutant then lives in a process of its own that has the
fault in place of a function's code (or, where the fault stands outside of functions, reads the module anew). The outcome of
each module is written as JSON beside the copy, and a summary to standard output.
"""

import ast
import contextlib
import importlib.abc
import importlib.machinery
import json
import os
import shutil
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent
sys.path.insert(0, str(HERE))

from apart import GREEN, LATE, RED, imported, in_a_process  # noqa: E402
from mutants import Mutant, mutants  # noqa: E402
from mutation_plan import EQUIVALENT, PLAN  # noqa: E402

LEAST_SECONDS, TIMES = 20.0, 6.0
COPY = Path("/nowhere")
OUTSIDE = ("postgres",)  # one kind of database is enough here


class Session:
    """A pytest plugin that, in place of running the tests, runs them once for their lines and then for each mutant."""

    def __init__(self, module: str, source: Path, only: str) -> None:
        self.module, self.source, self.only = module, source, only
        self.outcomes: list[dict[str, Any]] = []
        self.apart: list[Mutant] = []
        self.took: dict[str, float] = {}
        self.equivalent = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not any(word in item.nodeid for word in OUTSIDE)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        lines, took, failed = self._measured(items)
        self.took = {item.nodeid: seconds for item, seconds in zip(items, took, strict=True)}
        if failed:
            say(f"  red without any fault, left out: {[items[n].nodeid for n in failed]}")
        good = [n for n in range(len(items)) if n not in failed]
        quickest = [items[n] for n in sorted(good, key=lambda n: took[n])[: len(good) if sum(took) < 90 else 60]]
        for kind in ("code", "module"):
            whole = Mutant("no fault", 0, range(0), kind, ast.parse(self.source.read_text("utf-8")))  # type: ignore[arg-type]
            if self._verdict(whole, quickest, TIMES * sum(took) + LEAST_SECONDS) != GREEN:
                say(f"  the tests are red without any fault, where {kind} is made anew")
        for mutant in mutants(self.source.read_text("utf-8")):
            if self.only not in mutant.name:
                continue
            if any(part in mutant.name for part in EQUIVALENT.get(self.module, {})):
                self.equivalent += 1
                continue
            if mutant.kind == "class":
                self.apart.append(mutant)
                continue
            chosen = good if mutant.kind == "module" else [n for n in good if lines[n] & set(mutant.lines)]
            chosen = sorted(chosen, key=lambda n: took[n])
            limit = max(LEAST_SECONDS, TIMES * sum(took[n] for n in chosen))
            began = time.monotonic()
            verdict = self._verdict(mutant, [items[n] for n in chosen], limit)
            self._keep(mutant, verdict, len(chosen), time.monotonic() - began)
        return True

    def _keep(self, mutant: Mutant, verdict: str, tests: int, seconds: float) -> None:
        told = {"name": mutant.name, "line": mutant.line, "verdict": verdict, "tests": tests, "s": round(seconds, 2)}
        self.outcomes.append(told)
        if verdict != RED:
            say(f"  {verdict} ({tests} tests, {seconds:.1f} s) {mutant.line}: {mutant.name}")

    def _verdict(self, mutant: Mutant, items: list[pytest.Item], limit: float) -> str:
        if not items:
            return GREEN

        def act() -> int:
            put_in_place(self.module, mutant, str(self.source))
            return 1 if _first_red(items) else 0

        return in_a_process(act, limit)

    def _measured(self, items: list[pytest.Item]) -> tuple[list[set[int]], list[float], list[int]]:
        """Which lines of the module each test comes to, how long it takes, and which tests fail as things are."""
        kept = self.source.with_suffix(".measured.json")

        def act() -> int:
            found: list[Any] = []
            for place, item in enumerate(items):
                following = items[place + 1] if place + 1 < len(items) else None
                began = time.monotonic()
                with lines_of(str(self.source)) as seen:
                    red = _first_red([item], following)
                found.append((sorted(seen), time.monotonic() - began, red))
            kept.write_text(json.dumps(found))
            return 0

        in_a_process(act, 1800)
        found = json.loads(kept.read_text())
        return [set(one[0]) for one in found], [one[1] for one in found], [n for n, one in enumerate(found) if one[2]]


def _first_red(items: list[pytest.Item], following: pytest.Item | None = None) -> bool:
    for place, item in enumerate(items):
        after = items[place + 1] if place + 1 < len(items) else following
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=after)):
            return True
    return False


@contextlib.contextmanager
def lines_of(path: str) -> Iterator[set[int]]:
    """The lines of one file that run meanwhile."""
    import threading

    seen: set[int] = set()

    def trace(frame: types.FrameType, _event: str, _given: Any) -> Any:
        if frame.f_code.co_filename != path:
            return None
        seen.add(frame.f_lineno)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield seen
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]


def put_in_place(module: str, mutant: Mutant, path: str) -> None:
    """Make the mutant's code that of the module's functions; whoever imported one of them by name calls it too."""
    codes: dict[str, types.CodeType] = {}
    todo: list[types.CodeType] = [compile(mutant.tree, path, "exec")]
    while todo:
        code = todo.pop()
        codes[code.co_qualname] = code
        todo += [one for one in code.co_consts if isinstance(one, types.CodeType)]
    for function in _functions(vars(sys.modules[module]), module):
        if function.__qualname__ in codes and function.__code__.co_freevars == codes[function.__qualname__].co_freevars:
            function.__code__ = codes[function.__qualname__]
    if mutant.kind == "module":
        _made_anew(sys.modules[module], mutant.tree, path)


def _made_anew(module: types.ModuleType, tree: ast.Module, path: str) -> None:
    """Run the module's statements again but for its classes, and hand what they make to whoever imported it by name."""
    body = [node for node in tree.body if not isinstance(node, ast.ClassDef)]
    before = dict(vars(module))
    exec(compile(ast.Module(body, []), path, "exec"), vars(module))
    for other in list(sys.modules.values()):
        space = getattr(other, "__dict__", {})
        for name, value in list(space.items()) if str(getattr(other, "__file__", "")).startswith(str(COPY)) else ():
            if name in before and value is before[name] and before[name] is not vars(module)[name]:
                space[name] = vars(module)[name]


def _functions(space: Any, module: str) -> Iterator[types.FunctionType]:
    for value in list(space.values()):
        if isinstance(value, property):
            value = value.fget  # noqa: PLW2901
        value = getattr(value, "__func__", value)  # noqa: PLW2901
        if isinstance(value, types.FunctionType) and value.__module__ == module:
            yield value
        elif isinstance(value, type) and value.__module__ == module:
            yield from _functions(vars(value), module)


class Ordered:
    """A pytest plugin: the quickest tests first, and none that was not measured."""

    def __init__(self, took: dict[str, float]) -> None:
        self.took = took

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((one for one in items if one.nodeid in self.took), key=lambda one: self.took[one.nodeid])


class Reader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Reads one module from a tree instead of from its file."""

    def __init__(self, module: str, tree: ast.Module, path: str) -> None:
        self.module, self.tree, self.path = module, tree, path

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self, origin=self.path) if name == self.module else None

    def exec_module(self, module: types.ModuleType) -> None:
        module.__file__ = self.path
        exec(compile(self.tree, self.path, "exec"), vars(module))


def run_apart(copy: Path, module: str, source: Path, plan: tuple[list[str], dict[str, float]], mutant: Mutant) -> str:
    """Everything read anew with the fault in the module, and all of its tests."""

    def act() -> int:
        sys.meta_path.insert(0, Reader(module, mutant.tree, str(source)))
        tests, took = plan
        return int(pytest.main([*_how(copy), "-x", *tests], plugins=[Ordered(took)]))

    return in_a_process(act, 300)


def _how(copy: Path) -> list[str]:
    return [
        *("-p", "no:cacheprovider", "--capture=no", "-o", "tmp_path_retention_policy=none"),
        *(f"--rootdir={copy}", f"--basetemp={copy / 'tmp'}", "-c", str(copy / "pyproject.toml")),
    ]


def scored(copy: Path, module: str, only: str = "") -> dict[str, Any]:
    """Every mutant of one module."""
    source = copy / "server" / (module.replace(".", "/") + ".py")
    tests = [str(copy / one) for one in PLAN[module]]
    kept = copy / f"{module}.json"
    session = Session(module, source, only)

    def act() -> int:
        pytest.main([*_how(copy), *tests], plugins=[session])
        # A fault outside of functions needs a process in which nothing of ours was read yet.
        apart = [vars(mutant) | {"tree": "", "lines": []} for mutant in session.apart]
        kept.write_text(
            json.dumps(
                {"outcomes": session.outcomes, "apart": apart, "took": session.took, "equivalent": session.equivalent}
            )
        )
        return 0

    saying = os.dup(1)
    os.environ["SAY_TO"] = str(saying)
    in_a_process(act, 6 * 3600)
    found = json.loads(kept.read_text())
    names = {one["name"] for one in found["apart"]}
    whole = Mutant("no fault", 0, range(0), "class", ast.parse(source.read_text("utf-8")))
    plan = (tests, found["took"])
    if names and run_apart(copy, module, source, plan, whole) != GREEN:
        say("  the tests are red without any fault, in a process of their own")
    for mutant in mutants(source.read_text("utf-8")):
        if mutant.name in names:
            began = time.monotonic()
            session.outcomes = found["outcomes"]
            session._keep(mutant, run_apart(copy, module, source, plan, mutant), len(tests), time.monotonic() - began)
    kept.write_text(json.dumps(found["outcomes"], indent=1))
    return {"module": module, "outcomes": found["outcomes"], "equivalent": found["equivalent"]}


def say(text: str) -> None:
    """To the real standard output, whoever else took it."""
    os.write(int(os.environ.get("SAY_TO", "1")), f"{text}\n".encode())


def copied() -> Path:
    """The tree as it is now, in a folder of its own."""
    copy = Path(tempfile.mkdtemp(prefix="deskgate-mutants-", dir=os.environ.get("MUTANTS_IN")))
    for name in (
        "pyproject.toml",
        "server",
        "tools",
        "tests",
        "docs",
        "README.md",
        ".env.example",
        "policy.toml.example",
    ):
        if (HOME / name).is_dir():
            shutil.copytree(HOME / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(HOME / name, copy / name)
    return copy


def main(wanted: list[str]) -> int:
    """Score the modules and say what came of it."""
    only = ""
    if wanted and wanted[0].startswith("--only="):
        only = wanted.pop(0).removeprefix("--only=")
    global COPY
    copy = COPY = copied()
    sys.path[:0] = [str(copy / "server"), str(copy / "tools")]
    imported()
    say(f"in {copy}")
    for module in wanted or PLAN:
        say(f"{module}")
        found = scored(copy, module, only)
        outcomes = found["outcomes"]
        counts = {kind: sum(one["verdict"] == kind for one in outcomes) for kind in (RED, LATE, GREEN)}
        seen = counts[RED] + counts[LATE]
        score = 100 * seen / max(1, len(outcomes))
        say(f"= {module}: {counts}, equivalent {found['equivalent']}, score {score:.1f} %")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
