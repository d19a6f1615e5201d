"""All of a kernel's shared memory as one table: its variables, and what starts at a fixed offset in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from portcheck.analysis.bases import Base
from portcheck.analysis.engine import Analysis
from portcheck.analysis.launches import Context
from portcheck.plan.address import placed, residues
from portcheck.plan.budgets import settled
from portcheck.plan.families import Family, Parameters, instances
from portcheck.plan.layout_model import Instance, LayoutKind, LayoutTable, Row
from portcheck.plan.proposal import propose
from portcheck.symbolic.expr import Expr, Role, Symbol, number, of
from portcheck.targets.text import Text

_DYNAMIC = "dynamic shared memory"
_AT_LAUNCH = of(Symbol(_DYNAMIC, Role.PARAMETER, 0))
_ONE_BLOCK = Text(
    "the shared memory of a block maps to one block of UB", "一个线程块的共享内存映射为 UB 中的一块"
)
_ORDER = Text(
    "the toolchain chooses where each variable lies: offsets count from their own variable",
    "各变量的位置由工具链决定：偏移量自所属变量起算",
)


def memory_tables(
    analysis: Analysis,
    contexts: Mapping[str, Sequence[Context]],
    fields: Sequence[Family],
) -> Iterator[LayoutTable]:
    """One for each kernel with shared memory; `fields` are named at fixed offsets."""
    variables: dict[str, dict[object, Base]] = {}
    for base in analysis.bases:
        if base.space == "UB":
            variables.setdefault(base.kernel, {}).setdefault((base.name, base.place), base)
    for kernel, listed in variables.items():
        launches = tuple(_parameters(c) for c in contexts.get(kernel, ()))
        inside = [f for f in fields if f.space == "UB" and kernel in f.users]
        yield _table(kernel, list(listed.values()), launches, inside)


def _table(
    kernel: str,
    variables: Sequence[Base],
    launches: Parameters,
    inside: Sequence[Family],
) -> LayoutTable:
    dynamic = [v for v in variables if v.size is None]
    if len(dynamic) == 1:  # two would share one address
        variables = [v if v.size is not None else replace(v, size=_AT_LAUNCH) for v in variables]
    sizes = [v.size for v in variables if v.size is not None]
    offsets = [o for f in inside for o in f.offsets]
    whole = Family("UB", [v.name for v in variables], None, launches)
    cases = instances(whole, (*sizes, *offsets))
    parameters = _of_cases(whole, (*sizes, *offsets))
    rows: list[Row] = []
    for variable in variables:
        rows.append(_variable(variable, parameters, kernel))
        rows += [row for f in inside if variable.name in f.bases for row in _fields(f, variable, parameters)]
    only = tuple(Instance(case.label, _total(listed[: len(sizes)], len(variables))) for case, listed in cases)
    own = [row for row, is_own in zip(rows, _is_variable(rows, variables), strict=True) if is_own]
    return LayoutTable(
        f"layout:{LayoutKind.MEMORY}:{kernel}:", LayoutKind.MEMORY, f"shared memory of {kernel}",
        variables[0].place, tuple(v.name for v in variables), (kernel,), "0", "", tuple(rows), only,
        tuple(propose(LayoutKind.MEMORY, own, at, case) for at, case in enumerate(only)),
        (_ONE_BLOCK, _ORDER) if len(variables) > 1 else (_ONE_BLOCK,),
    )  # fmt: skip


def _parameters(context: Context) -> Mapping[str, Expr]:
    """The launch's parameters, and what it asks for of dynamic shared memory."""
    asked = settled(context.shared_bytes, context) if context.shared_bytes is not None else None
    return context.parameters if asked is None else {**context.parameters, _DYNAMIC: number(asked)}


def _total(sizes: Sequence[int | None], wanted: int) -> int | None:
    """All variables together, None if the launch decides one of them."""
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == wanted else None


def _is_variable(rows: Sequence[Row], variables: Sequence[Base]) -> list[bool]:
    names = {(v.name, v.place) for v in variables}
    return [(row.name, row.place) in names for row in rows]


def _of_cases(family: Family, exprs: Sequence[Expr]) -> Parameters:
    """The launches that `instances` keeps one of, in its order."""
    found: list[Mapping[str, Expr]] = []
    for case, _ in instances(family, exprs):
        for parameters in family.launches or ({},):
            if instances(Family("UB", [], None, (parameters,)), exprs)[0][0] == case:
                found.append(parameters)
                break
    return tuple(found)


def _variable(variable: Base, launches: Parameters, kernel: str) -> Row:
    size = variable.size
    numbers = tuple(placed(size, p).value if size is not None else None for p in launches)
    return Row(
        variable.name, "0", "at launch" if size is None else str(size), tuple(0 for _ in launches), numbers,
        variable.proof.residues or tuple(range(0, 32, min(32, variable.alignment_bytes or 1))), (kernel,),
        variable.place,
    )  # fmt: skip


def _fields(family: Family, variable: Base, launches: Parameters) -> Iterator[Row]:
    """The names at fixed offsets of one variable; how far they reach is not said."""
    for offset in sorted(family.offsets, key=str):
        here = [f for f in family.fields if f.offset == offset]
        names = dict.fromkeys(f.name for f in here if f.name)
        numbers = tuple(placed(offset, p).value for p in launches)
        left = sorted({r for p in launches for r in residues(placed(offset, p), ())})
        moved = tuple(dict.fromkeys(f.moved for f in here if f.moved))
        name = f"{variable.name}: {' = '.join(names) or 'copy'}"
        users = tuple(dict.fromkeys(f.user for f in here))
        unknown = tuple(None for _ in launches)
        yield Row(name, str(offset), "", numbers, unknown, tuple(left), users, here[0].place, moved)
