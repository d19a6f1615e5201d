"""The plan's layouts as named constants of a tiling header, guarded by static_assert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portcheck.ascendc.lines import comment
from portcheck.ascendc.names import Names, argument
from portcheck.plan.layout_model import Budget, Instance, LayoutKind, Layouts, LayoutTable, Proposal
from portcheck.plan.proposal import granule
from portcheck.targets.text import Text

_KINDS = (LayoutKind.MESSAGE, LayoutKind.SLOT, LayoutKind.STAGE)
_MAX_CASES = 16
_BUDGET = Text(
    "shared memory in CUDA{label}: {needed} bytes, {padded} with padded slots; {limit} bytes of UB",
    "CUDA 核函数的共享内存{label}：{needed} 字节，按槽填充后 {padded} 字节；UB 有 {limit} 字节",
)
_TOO_MUCH = Text("; it does not fit: the tiles here are smaller", "；放不下：此处分块更小")


def constants(layouts: Layouts, kernel: str, name: str) -> list[str]:
    """Lines of C++ for every layout of a kernel that has a proposal in all its fields."""
    lines: list[str] = []
    tables = [t for t in layouts.tables if t.kind in _KINDS and kernel in t.users and any(t.proposals)]
    for number, table in enumerate(tables, 1):
        lines += _table(table, f"{name}_layout_{number}")
    return lines


def budget_lines(layouts: Layouts, kernel: str) -> Iterator[Text]:
    """What the CUDA kernel needs of UB as it is, for each launch where that is known."""
    for one in layouts.budgets:
        if one.kernel == kernel and one.needed is not None and one.limit is not None:
            yield _budget(one)


def _budget(one: Budget) -> Text:
    label = f" ({one.label})" if one.label else ""
    given = {"label": label, "needed": one.needed, "padded": one.padded, "limit": one.limit}
    texts = [t.format(**given) for t in (_BUDGET.en, _BUDGET.zh)]
    if (one.left(one.padded) or 0) < 0:
        texts = [a + b for a, b in zip(texts, (_TOO_MUCH.en, _TOO_MUCH.zh), strict=True)]
    return Text(*texts)


def _table(table: LayoutTable, name: str) -> Iterator[str]:
    yield f"// {comment(table.name)} ({table.kind.value}); in CUDA {comment(table.pitch)} bytes apart."
    if len(table.users) > 1:
        yield f"// Agreed on by {comment(', '.join(table.users))}: they change together."
    yield f"namespace {name} {{"
    told = [(i, p) for i, p in zip(table.instances, table.proposals, strict=True) if p is not None]
    for number, (instance, proposal) in enumerate(told[:_MAX_CASES], 1):
        yield from _case(table.kind, instance, proposal, number if len(told) > 1 else 0)
    if len(told) > _MAX_CASES:
        yield f"// and {len(told) - _MAX_CASES} more instances"
    yield f"}}  // namespace {name}"
    yield ""


def _case(kind: LayoutKind, instance: Instance, proposal: Proposal, number: int) -> Iterator[str]:
    if instance.label:
        yield f"// {comment(instance.label)}"
    if number:
        yield f"namespace case_{number} {{"
    names = Names({"pitch_bytes"}, argument)
    starts = []
    for slot in proposal.slots:
        constant = f"{names.give(_short(slot.name)).upper()}_OFFSET_BYTES"
        starts.append(constant)
        told = f"slot of {slot.bytes} bytes, {slot.padding} of them padding"
        yield f"inline constexpr int64_t {constant} = {slot.offset};  // {comment(slot.name, 60)}: {told}"
    whole = granule(kind, instance.pitch_bytes or 0)
    grown = f"{instance.pitch_bytes} in CUDA" if instance.pitch_bytes else "padded"
    yield f"inline constexpr int64_t PITCH_BYTES = {proposal.pitch_bytes};  // {grown}"
    yield f'static_assert(PITCH_BYTES % {whole} == 0, "rows start at multiples of {whole} bytes");'
    yield from _asserts(starts)
    if number:
        yield f"}}  // namespace case_{number}"


def _asserts(starts: Sequence[str]) -> Iterator[str]:
    for constant in starts:
        yield f'static_assert({constant} % 32 == 0, "a slot starts at a block of UB");'


def _short(name: str) -> str:
    """The first name in a text such as `message = there`."""
    return name.split(" = ", 1)[0].split("(", 1)[0][:40]
