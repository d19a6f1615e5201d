"""Layout tables as text and as SVG: exact lines, and drawings that nothing in a source can break."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from portcheck.plan.layout_model import (
    Budget,
    Instance,
    LayoutKind,
    Layouts,
    LayoutTable,
    Proposal,
    Row,
    Slot,
    Unknown,
)  # fmt: skip
from portcheck.plan.proposal import propose
from portcheck.report import layout_svg, layout_text
from portcheck.source.place import Place
from portcheck.targets.text import Language, Text

PLACE = Place("a.cu", 0, 1, 7, 1, 7, 2)
ALREADY = "between stages already"
SVG = "{http://www.w3.org/2000/svg}"


def field(name: str, offset: str, size: str, at: int | None, bytes_: int | None, *residues: int) -> Row:
    return Row(name, offset, size, (at,), (bytes_,), residues, ("send",), PLACE, (), True)


ROWS = (
    field("head", "0", "16", 0, 16, 0, 16),
    field("payload", "16", "kHidden", 16, 2048, 0, 16),
    field("scales", "kHidden + 16", "(kHidden / 32)", 2064, 64, 0, 16),
)
CASE = Instance("kHidden=2048", 2128)
MESSAGE = LayoutTable(
    "layout:message:send:out", LayoutKind.MESSAGE, "head in out", PLACE, ("out", "in"), ("send", "take"), "0",
    "kHidden + (kHidden / 32) + 16", ROWS, (CASE,), (propose(LayoutKind.MESSAGE, ROWS, 0, CASE),),
    (Text("every base starts at a multiple of 512 bytes", "每个基址均为 512 字节的整数倍"),),
)  # fmt: skip
TEXT = """\
message  head in out  a.cu:7
  apart  kHidden + (kHidden / 32) + 16
  users  send, take
  field    offset        bytes             % 32
  head     0             16 *              0 or 16
  payload  16            kHidden *         0 or 16
  scales   kHidden + 16  (kHidden / 32) *  0 or 16
  * room up to the next field or the end
                head  payload  scales  apart  proposed for 910B
  kHidden=2048  0     16       2,064   2,128  2,560 (+432 bytes)  0 / 32 / 2,080
  - every base starts at a multiple of 512 bytes
"""


def test_text_of_a_table() -> None:
    assert "".join(f"{line}\n" for line in layout_text.render_table(MESSAGE, "910B")) == TEXT


def test_text_in_chinese() -> None:
    said = "\n".join(layout_text.render_table(MESSAGE, "910B", Language.ZH))
    assert "910B 建议布局" in said
    assert "每个基址均为 512 字节的整数倍" in said


def test_text_of_budgets_and_unknowns() -> None:
    budgets = (
        Budget("send", PLACE, "n=1", 100, 132, 264, True, 200),
        Budget("send", PLACE, "n=2", None, None, None, False, 200, "not fixed"),
    )
    found = Layouts("910B", (), budgets, (Unknown("row", PLACE, "send", "its pitch is open"),))
    assert list(layout_text.render(found)) == [
        "Unified Buffer of 910B: 200 usable bytes",
        "            as it is        stages padded, at most  all buffered twice, at most",
        f"{'  send n=1  100 (100 left)  132 (68 left)':<52}264 (64 too much)            alternates {ALREADY}",
        "  send n=2  ?               ?                       ?                            not fixed",
        "",
        "Not followed",
        "  a.cu:7  row  send  its pitch is open",
        "",
    ]


def test_text_of_nothing() -> None:
    assert list(layout_text.render(Layouts("910B", (), (), ()))) == ["No layout was found."]


def drawing(table: LayoutTable = MESSAGE) -> ElementTree.Element:
    return ElementTree.fromstring(layout_svg.draw(table, 0, "910B"))


def words(root: ElementTree.Element, name: str) -> list[str]:
    return [e.text or "" for e in root.iter(f"{SVG}text") if e.get("class") == name]


def test_svg_tells_what_it_shows() -> None:
    root = drawing()
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == "message head in out kHidden=2048"
    assert description.text is not None
    assert "every 32 bytes" in description.text
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_svg_has_cuda_above_and_the_proposal_below() -> None:
    root = drawing()
    assert words(root, "layout-title") == [
        "CUDA: 2,128; the next starts at 2,128: 16 modulo 32",
        "proposed for 910B: 2,560 (+432 bytes)",
    ]
    assert words(root, "layout-field") == [
        "1  head  offset 0 (% 32 = 0)  16 bytes",
        "2  payload  offset 16 (% 32 = 16)  2,048 bytes",
        "3  scales  offset 2,064 (% 32 = 16)  64 bytes",
        "1  head  offset 0 (% 32 = 0)  16 bytes + 16 of padding",
        "2  payload  offset 32 (% 32 = 0)  2,048 bytes",
        "3  scales  offset 2,080 (% 32 = 0)  64 bytes",
    ]
    assert sum(e.get("class") == "layout-off" for e in root.iter()) == 2


def test_svg_takes_its_colours_from_the_page() -> None:
    for element in drawing().iter():
        assert not {"style", "fill", "stroke", "font-size"} & set(element.keys())
    text = layout_svg.draw(MESSAGE, 0, "910B")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_short_fields_are_to_scale_with_a_tick_every_32_bytes() -> None:
    rows = (field("a", "0", "64", 0, 64, 0), field("b", "64", "32", 64, 32, 0))
    root = drawing(replace(MESSAGE, rows=rows, instances=(Instance("", 96),), proposals=(None,)))
    blocks = [e for e in root.iter(f"{SVG}rect") if e.get("class") == "layout-block"]
    assert [(e.get("x"), e.get("width")) for e in blocks] == [("12", "128"), ("140", "64")]
    ticks = sorted({e.get("d", "") for e in root.iter() if e.get("class") == "layout-tick"})
    assert [t.split()[0] for t in ticks] == ["M12", "M140", "M204", "M76"]


def test_bytes_that_no_field_has_are_drawn() -> None:
    rows = (field("a", "0", "4", 0, 4, 0), field("b", "8", "8", 8, 8, 8))
    root = drawing(replace(MESSAGE, rows=rows, instances=(Instance("", 24),), proposals=(None,)))
    drawn = [(e.get("class"), e.get("x"), e.get("width")) for e in root.iter(f"{SVG}rect")]
    assert drawn == [
        ("layout-block", "12", "8"), ("layout-unused", "20", "8"), ("layout-block", "28", "16"),
        ("layout-unused", "44", "16"),
    ]  # fmt: skip


def test_variables_that_count_from_themselves_have_no_offset() -> None:
    rows = (field("a", "0", "4", 0, 4, 0), field("b", "0", "8", 0, 8, 0))
    table = replace(
        MESSAGE, kind=LayoutKind.MEMORY, pitch="", rows=rows, instances=(Instance("", 12),), proposals=(None,)
    )
    root = drawing(table)
    assert words(root, "layout-field") == ["1  a  4 bytes", "2  b  8 bytes"]
    assert not [e for e in root.iter() if e.get("class") in ("layout-off", "layout-tick")]


@pytest.mark.parametrize("name", ["</text><script>x()</script>", "a\u202eb", "a\x00\x1bb", '"&<>', "\ud800"])
def test_names_cannot_break_the_drawing(name: str) -> None:
    row = replace(ROWS[0], name=name)
    table = replace(MESSAGE, name=name, rows=(row, *ROWS[1:]))
    root = drawing(table)
    assert not list(root.iter(f"{SVG}script"))
    said = " ".join(words(root, "layout-field"))
    assert not any(c in said for c in "\u202e\x00\x1b")


def test_what_is_not_known_is_not_drawn() -> None:
    row = replace(ROWS[0], offsets=(None,), sizes=(None,))
    root = drawing(replace(MESSAGE, rows=(row,), instances=(Instance("", None),), proposals=(None,)))
    assert not list(root.iter(f"{SVG}rect"))
    assert words(root, "layout-title") == ["CUDA: ?"]


def test_fields_that_overlap_are_not_moved_apart() -> None:
    rows = (field("a", "0", "24", 0, 24, 0), field("b", "16", "16", 16, 16, 16))
    assert propose(LayoutKind.STAGE, rows, 0, Instance("", 32)) is None


def test_a_flag_gets_a_block_and_not_a_window() -> None:
    rows = (field("flag", "0", "4", 0, 4, 0),)
    expected = Proposal((Slot("flag", 0, 32, 28),), 32, 28)
    assert propose(LayoutKind.SLOT, rows, 0, Instance("", 4)) == expected
