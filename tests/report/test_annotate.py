"""Copies of sources with comments: in their places, once, and nothing else changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack import Finding, pack
from portcheck.report.annotate import annotate
from portcheck.source import SourceFile
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language

CODE = """\
#define MOVE(a, b) \\
    do {           \\
        *(a) = *(b); \\
    } while (0)
/* one
two */
const char* text = R"(raw
// portcheck[MTE001]: not ours
)";
__global__ void copy(int4* a) {
    *a = a[1];
}
"""


def source(folder: Path, data: bytes, name: str = "a.cu") -> SourceFile:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return analyse([str(folder)]).reading.parsed[0].source


def finding(line: int, verdict: Verdict = Verdict.VIOLATED, path: str = "a.cu", **fields: object) -> Finding:
    rule = next(r for r in pack() if r.code == "SYN001")
    names = ("detail", "operation", "operands", "through", "text", "function")
    given = dict.fromkeys(names, "x") | fields
    return Finding(rule, Place(path, 0, 1, line, 1, line, 2), "copy", (("910B", verdict),), given)


def annotated(file: SourceFile, found: list[Finding], to: Path, language: Language = Language.EN) -> bytes:
    annotate(found, [file], to, language)
    return (to / "a.cu").read_bytes()


def test_a_comment_stands_above_its_line_at_its_indent(tmp_path: Path) -> None:
    made = annotated(source(tmp_path / "in", CODE.encode()), [finding(11)], tmp_path / "out").decode()
    at = made.splitlines().index("    *a = a[1];")
    assert made.splitlines()[at - 1].startswith("    // portcheck[SYN001]: ")
    assert len(made.splitlines()) == len(CODE.splitlines()) + 1


def test_no_comment_where_it_would_become_part_of_something(tmp_path: Path) -> None:
    found = [finding(3), finding(6), finding(8)]
    made = annotated(source(tmp_path / "in", CODE.encode()), found, tmp_path / "out").decode().splitlines()
    for line, before in ((0, "#define MOVE(a, b) \\"), (5, "/* one"), (8, 'const char* text = R"(raw')):
        assert made[line].startswith("// portcheck[SYN001]: ")
        assert made[line + 1] == before
    assert "// portcheck[MTE001]: not ours" in made


def test_comments_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    first = annotated(source(tmp_path / "in", CODE.encode()), [finding(11)], tmp_path / "out")
    again = source(tmp_path / "again", first)
    assert annotated(again, [finding(12)], tmp_path / "out2") == first
    assert annotated(again, [], tmp_path / "out3") == CODE.encode()


def test_what_holds_has_no_comment(tmp_path: Path) -> None:
    file = source(tmp_path / "in", CODE.encode())
    assert annotated(file, [finding(11, Verdict.HOLDS)], tmp_path / "out") == CODE.encode()


def test_line_endings_and_byte_order_mark_stay(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + CODE.replace("\n", "\r\n").encode()
    made = annotated(source(tmp_path / "in", data), [finding(1), finding(11)], tmp_path / "out")
    assert made.startswith(b"\xef\xbb\xbf// portcheck[SYN001]: ")
    assert b"\n" not in made.replace(b"\r\n", b"")


def test_a_message_cannot_leave_its_line(tmp_path: Path) -> None:
    file = source(tmp_path / "in", CODE.encode())
    nasty = "x\n*/ evil \u202e \\"
    made = annotated(file, [finding(11, detail=nasty, operation=nasty)], tmp_path / "out").decode()
    assert len(made.splitlines()) == len(CODE.splitlines()) + 1
    assert "\u202e" not in made
    line = next(x for x in made.splitlines() if "portcheck[SYN001]" in x)
    assert not line.endswith("\\")


def test_an_encoding_without_chinese_gets_english(tmp_path: Path) -> None:
    data = CODE.encode() + b"// caf\xe9 \xff\n"
    file = source(tmp_path / "in", data)
    assert file.encoding == "latin-1"
    made = annotated(file, [finding(11)], tmp_path / "out", Language.ZH)
    assert made == annotated(file, [finding(11)], tmp_path / "out2", Language.EN)


def test_a_source_is_never_written(tmp_path: Path) -> None:
    file = source(tmp_path / "in", CODE.encode())
    with pytest.raises(ValueError, match="copies only"):
        annotate([finding(11)], [file], tmp_path / "in", Language.EN)
    assert (tmp_path / "in" / "a.cu").read_bytes() == CODE.encode()
