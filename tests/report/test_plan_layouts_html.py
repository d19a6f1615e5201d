"""What pages say about layouts in one line, which layouts belong to an item, and which launch needs most."""

from __future__ import annotations

from dataclasses import replace

from portcheck.plan.layout_model import (
    Budget,
    Instance,
    LayoutKind,
    Layouts,
    LayoutTable,
    Proposal,
    Row,
    Slot,
)  # fmt: skip
from portcheck.plan.model import Category, ItemKind, WorkItem
from portcheck.report.plan_html import layouts
from portcheck.source.place import Place
from portcheck.targets.text import Text

PLACE = Place("a.cu", 0, 1, 7, 1, 7, 2)
NONE = Text("", "")


def row(name: str, offset: int | None, size: int | None, *residues: int) -> Row:
    return Row(name, "0", "16", (offset, offset), (size, size), residues, ("ns::send",), PLACE)


STAGE = LayoutTable(
    "layout:stage:ns::send:smem", LayoutKind.STAGE, "stage in smem", PLACE, ("smem",), ("ns::send",), "0",
    "4*n + 16", (row("Ring::data", 0, 4608, 0, 16), row("flag", 4608, 16, 0, 16)),
    (Instance("n=1152", 4624), Instance("n=8", 64)),
    (Proposal((Slot("Ring::data", 0, 4608, 0), Slot("flag", 4608, 32, 16)), 4640, 16), None), (),
)  # fmt: skip
ROWS = replace(STAGE, id="rows", kind=LayoutKind.SLOT)
ALIGNED = replace(
    STAGE, id="aligned", instances=(Instance("", 32), Instance("n=2", 64)), proposals=(None, None)
)
OPEN = replace(STAGE, id="open", instances=(Instance("", None),) * 2, proposals=(None, None))


def item(kind: ItemKind, name: str) -> WorkItem:
    return WorkItem(
        f"{kind}:{name}", kind, name, PLACE, "0", Category.DIRECT, NONE, None, NONE, (), (), None
    )  # fmt: skip


def test_figures_are_ranges_over_launches() -> None:
    assert layouts.figures(STAGE) == layouts.Figures("64–4,624", "4,640", "+16", 4624, 4640, 16, 1)
    assert layouts.figures(OPEN) == layouts.Figures("", "", "", -1, -1, -1, 0)


def test_memory_has_no_next_one_that_could_leave_the_grid() -> None:
    memory = replace(STAGE, kind=LayoutKind.MEMORY, pitch="")
    assert layouts.figures(memory).off == 0
    assert [d.residue for d in layouts.drawn(memory, "910B")] == [None, None]


def test_instances_say_where_fields_start_and_are_proposed_to() -> None:
    first, second = layouts.drawn(STAGE, "910B")
    assert (first.starts, first.slots, first.residue) == ((0, 4608), (0, 4608), 16)
    assert (second.proposal, second.slots, second.residue) == (None, (None, None), 0)
    assert first.svg.count("<svg") == 2


def test_what_leaves_the_grid_comes_first_and_plain_rows_last() -> None:
    ordered = layouts.ordered([ROWS, OPEN, ALIGNED, STAGE])
    assert [t.id for t in ordered] == [STAGE.id, "open", "aligned", "rows"]


def test_layouts_of_items_by_user_name_and_what_they_hand_out() -> None:
    found = Layouts("910B", (STAGE,), (), ())
    record = replace(found, tables=(replace(STAGE, name="ns::Meta", rows=()),))
    assert layouts.of_item(found, item(ItemKind.KERNEL, "ns::send")) == [STAGE]
    assert layouts.of_item(found, item(ItemKind.KERNEL, "ns::take")) == []
    assert layouts.of_item(found, item(ItemKind.LAYOUT, "ns::Ring")) == [STAGE]
    assert layouts.of_item(found, item(ItemKind.LAYOUT, "ns::OtherRing")) == []
    assert layouts.of_item(record, item(ItemKind.LAYOUT, "ns::Meta")) == list(record.tables)
    assert layouts.of_item(found, item(ItemKind.HOST, "ns::Ring")) == []


def test_the_launch_that_needs_most_stands_for_its_kernel() -> None:
    small, large = (Budget("k", PLACE, f"n={n}", n, n, 2 * n, False, 200) for n in (100, 300))
    unknown = Budget("k", PLACE, "", None, None, None, False, 200, "not fixed")
    other = replace(unknown, kernel="other")
    assert layouts.needs([small, large, unknown, other]) == [
        layouts.Need("k", large, 3, ("not fixed",)), layouts.Need("other", other, 1, ("not fixed",)),
    ]  # fmt: skip
    assert layouts.bar(small, small.needed) == layouts.Bar(50.0, False)
    assert layouts.bar(large, large.needed) == layouts.Bar(100.0, True)
    assert layouts.bar(unknown, None) is None
