from __future__ import annotations

import codecs
import pickle
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portcheck.source import Place, SourceFile

ENDINGS = st.sampled_from(["\n", "\r\n", "\r", ""])
# The Chinese head makes the detection of GB 18030 certain; the rest may be any characters.
CHINESE_HEAD = "这是一个用来识别编码的注释"


def file_of(data: bytes) -> SourceFile:
    return SourceFile.of("k.cu", Path("/k.cu"), data)


def texts(characters: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    line = st.tuples(st.text(characters, max_size=6), ENDINGS).map("".join)
    return st.lists(line, max_size=5).map("".join)


def naive(text: str, at: int) -> tuple[int, int]:
    """Line and column of the character at `at`."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def check(text: str, data: bytes, codec: str, first: int = 0) -> None:
    """Compare every span between two characters with the naive implementation."""
    file = file_of(data)
    offsets = [first + len(text[:n].encode(codec)) for n in range(len(text) + 1)]
    for start in range(len(text) + 1):
        for end in range(start, min(start + 4, len(text) + 1)):
            place = file.place(offsets[start], offsets[end])
            assert (place.line, place.column) == naive(text, start)
            assert (place.end_line, place.end_column) == naive(text, end)
            assert (place.start_byte, place.end_byte) == (offsets[start], offsets[end])
            assert file.text(offsets[start], offsets[end]) == text[start:end]
    lines = [file.line_text(n) for n in range(1, len(file.lines) + 1)]
    pieces = text.split("\n")
    assert lines == [p.removesuffix("\r") for p in pieces[:-1]] + pieces[-1:]


@given(texts(st.characters(codec="utf-8")))
def test_utf_8(text: str) -> None:
    assume(not text.startswith("\ufeff"))
    check(text, text.encode(), "utf-8")


@given(texts(st.characters(codec="utf-8")))
def test_utf_8_with_byte_order_mark(text: str) -> None:
    data = codecs.BOM_UTF8 + text.encode()
    assert file_of(data).encoding == "utf-8-sig"
    check(text, data, "utf-8", first=3)


@given(texts(st.one_of(st.characters(codec="gbk"), st.characters(codec="gb18030"))))
def test_gb18030(tail: str) -> None:
    text = CHINESE_HEAD + tail
    data = text.encode("gb18030")
    assume(file_of(data).encoding == "gb18030")
    check(text, data, "gb18030")


@given(texts(st.characters(codec="latin-1")))
def test_latin_1(tail: str) -> None:
    text = "\xff\xff" + tail  # no encoding but Latin-1 takes FF
    data = text.encode("latin-1")
    assert file_of(data).encoding == "latin-1"
    check(text, data, "latin-1")


@given(st.binary(max_size=40), st.integers(-5, 50), st.integers(-5, 50))
def test_any_bytes_and_offsets_give_a_place_inside_the_file(data: bytes, start: int, end: int) -> None:
    file = file_of(data)
    file.text(start, end)
    place = file.place(start, end)
    assert 0 <= place.start_byte <= place.end_byte <= len(data)
    assert 1 <= place.line <= place.end_line <= len(file.lines)
    assert place.column >= 1
    assert (place.end_line, place.end_column) >= (place.line, place.column)
    assert len(file.parse_bytes) == len(data)


def test_columns_count_characters() -> None:
    file = file_of("é 中 \U0001f600 x\n".encode())
    at = file.data.index(b"x")
    assert file.place(at, at + 1) == Place("k.cu", at, at + 1, 1, 7, 1, 8)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_offsets_inside_a_character(encoding: str) -> None:
    file = file_of(f"a{CHINESE_HEAD}".encode(encoding))
    assert file.encoding == encoding
    place = file.place(2, 4 if encoding == "gb18030" else 5)
    assert (place.column, place.end_column) == (2, 4)
    assert file.text(0, 2) == "a\ufffd"


def test_byte_order_mark_has_no_column() -> None:
    file = file_of(codecs.BOM_UTF8 + b"int x;\nint y;\n")
    assert (file.place(0, 3).column, file.place(0, 3).end_column) == (1, 1)
    assert (file.place(3, 6).column, file.place(3, 6).end_column) == (1, 4)
    assert file.place(10, 13).column == 1
    assert file.text(0, 6) == "int"
    assert file.line_text(1) == "int x;"
    assert file.parse_bytes == b"   int x;\nint y;\n"


def test_a_mark_in_mid_file_is_a_character() -> None:
    file = file_of(codecs.BOM_UTF8 + "a\ufeffb".encode())
    assert file.text(4, 8) == "\ufeffb"


def test_a_span_past_a_newline_ends_on_the_next_line() -> None:
    place = file_of(b"#if 1\nx\n").place(0, 6)
    assert (place.end_line, place.end_column) == (2, 1)


def test_ascii_is_parsed_without_a_copy() -> None:
    file = file_of(b"int x;")
    assert file.parse_bytes is file.data


def test_survives_a_trip_to_another_process() -> None:
    file = file_of("é\nb".encode())
    assert pickle.loads(pickle.dumps(file)) == file
