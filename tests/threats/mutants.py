"""Small faults for a module, one at a time: a turned comparison, a lost `not`, a check that is not made, another constant.

Left alone are docstrings, annotations, log lines, and sentences for people (a text with a blank in it): to change those
says nothing about a control.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
ONE_ANOTHER = {"any": "all", "all": "any"}
PLAIN_DECORATORS = {"property", "classmethod", "staticmethod"}


Kind = Literal["code", "module", "class"]


@dataclass(frozen=True)
class Mutant:
    """One fault. `name` stays the same as long as the line's text does.

    `kind` says what has to be made anew: a function's code, what the module made when it was read, or its classes. `lines`
    are those of the statement around it, by which tests that come there are found.
    """

    name: str
    line: int
    lines: range
    kind: Kind
    tree: ast.Module


Path = tuple[tuple[str, int | None], ...]
Change = tuple[str, Callable[[ast.AST], ast.AST]]


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's text, in the order of its lines."""
    tree = ast.parse(source)
    lines = source.splitlines()
    at_import = _called_at_import(tree)
    seen: dict[str, int] = {}
    places = sorted(_places(tree), key=lambda place: (place[0].lineno, place[0].col_offset))
    for node, path, function in places:
        for what, change in _changes(node):
            where = f"{function or 'module'}: {' '.join(lines[node.lineno - 1].split())} -> {what}"
            seen[where] = seen.get(where, 0) + 1
            name = where if seen[where] == 1 else f"{where} ({seen[where]})"
            kind: Kind = "code" if function else _kind(tree, path)
            if function and at_import & set(function.split(".")):
                kind = "module"
            yield Mutant(name, node.lineno, _statement(tree, path), kind, _changed(tree, path, change))


def _changed(tree: ast.Module, path: Path, change: Callable[[ast.AST], ast.AST]) -> ast.Module:
    new = copy.deepcopy(tree)
    holder: object = new
    for name, place in path[:-1]:
        holder = getattr(holder, name) if place is None else getattr(holder, name)[place]
    name, place = path[-1]
    old = getattr(holder, name) if place is None else getattr(holder, name)[place]
    made = ast.copy_location(change(old), old)
    if place is None:
        setattr(holder, name, made)
    else:
        getattr(holder, name)[place] = made
    return ast.fix_missing_locations(new)


Place = tuple[ast.expr | ast.stmt, Path, str]
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def _places(tree: ast.Module) -> Iterator[Place]:
    yield from _below(tree, (), "", running=False)


def _below(node: ast.AST, path: Path, inside: str, *, running: bool) -> Iterator[Place]:
    """Every expression and statement with the way to it and the function that runs it; none for what runs at import."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_comment"}:
            continue
        # A default is worked out when the function is made, not when it runs.
        runs = running and not (isinstance(node, FUNCTIONS) and name == "args")
        for place, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _left_alone(child):
                continue
            if isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant):
                continue
            here = (*path, (name, place))
            if isinstance(child, ast.expr | ast.stmt):
                yield child, here, inside if runs else ""
            if isinstance(child, FUNCTIONS | ast.ClassDef):
                named = f"{inside}.{child.name}" if inside else child.name
                yield from _below(child, here, named, running=runs or isinstance(child, FUNCTIONS))
            else:
                yield from _below(child, here, inside, running=runs)


def _kind(tree: ast.Module, path: Path) -> Kind:
    """What runs at import: within a class, or beside."""
    name, place = path[0]
    first = getattr(tree, name)[place]
    return "class" if isinstance(first, ast.ClassDef) else "module"


def _statement(tree: ast.Module, path: Path) -> range:
    """The lines of the innermost statement on the way; of one that holds others, its head."""
    holder: object = tree
    found = range(0)
    for name, place in path:
        value = getattr(holder, name)
        holder = value if place is None else value[place]
        if isinstance(holder, ast.stmt):
            body = getattr(holder, "body", None)
            last = body[0].lineno - 1 if body else holder.end_lineno or holder.lineno
            found = range(holder.lineno, max(last, holder.lineno) + 1)
    return found


def _left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr):
        value = node.value
        if isinstance(value, ast.Constant):
            return True
        call = value.func if isinstance(value, ast.Call) else None
        return isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "log"
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            if type(operator) in COMPARISONS:
                other = COMPARISONS[type(operator)]
                yield f"{type(operator).__name__} becomes {other.__name__}", _operator_at(place, other)
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"`{'or' if other_op is ast.Or else 'and'}` instead", _with(op=other_op())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "`not` removed", lambda old: old.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        swapped = OPERATORS[type(node.op)]
        yield f"{type(node.op).__name__} becomes {swapped.__name__}", _with(op=swapped())
    elif isinstance(node, ast.Constant):
        yield from _other_constant(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ONE_ANOTHER:
        yield f"`{ONE_ANOTHER[node.func.id]}` instead", _with(func=ast.Name(ONE_ANOTHER[node.func.id], ast.Load()))
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield f"`{ast.unparse(node.test)[:60]}` turned", _with(test=ast.UnaryOp(ast.Not(), node.test))
    yield from _of_statement(node)
    yield from _of_filters(node)


def _of_statement(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "returns None", _with(value=ast.Constant(None))
    elif isinstance(node, ast.Expr):
        what = "yields nothing" if isinstance(node.value, ast.Yield | ast.YieldFrom) else "not done"
        yield what, lambda _old: ast.Pass()
    elif isinstance(node, ast.Raise):
        yield "not raised", lambda _old: ast.Pass()
    elif isinstance(node, ast.AugAssign):
        yield "not added", lambda _old: ast.Pass()
    elif isinstance(node, ast.Break | ast.Continue):
        yield "left out", lambda _old: ast.Pass()


def _of_filters(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        for place, generator in enumerate(node.generators):
            if generator.ifs:
                yield "no filter", _unfiltered(place)


def _unfiltered(place: int) -> Callable[[ast.AST], ast.AST]:
    def change(old: ast.AST) -> ast.AST:
        old.generators[place].ifs = []  # type: ignore[attr-defined]
        return old

    return change


def _operator_at(place: int, other: type[ast.cmpop]) -> Callable[[ast.AST], ast.AST]:
    def change(old: ast.AST) -> ast.AST:
        old.ops[place] = other()  # type: ignore[attr-defined]
        return old

    return change


def _with(**fields: ast.AST) -> Callable[[ast.AST], ast.AST]:
    def change(old: ast.AST) -> ast.AST:
        for name, value in fields.items():
            setattr(old, name, value)
        return old

    return change


def _other_constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield f"{not value} instead", lambda _old: ast.Constant(not value)
    elif isinstance(value, int):
        yield f"{value + 1} instead", lambda _old: ast.Constant(value + 1)
    elif isinstance(value, str) and value and " " not in value and "\n" not in value:
        yield f'"{value[:30]}" altered', lambda _old: ast.Constant(value + "X")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _called_at_import(tree: ast.Module) -> set[str]:
    """Functions whose code ran, or was wrapped, when the module was read: to change them later changes nothing."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = {ast.unparse(decorator) for decorator in node.decorator_list}
            if names - PLAIN_DECORATORS:
                found.add(node.name)
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(node.func.id)
        todo += ast.iter_child_nodes(node)
    return found
