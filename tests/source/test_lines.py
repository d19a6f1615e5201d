from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.source import LineIndex

DATA = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"\r", b"\x0c", b"\xc3\xa9"])).map(b"".join)


@given(DATA)
def test_line_of_counts_the_newlines_before(data: bytes) -> None:
    index = LineIndex(data)
    for byte in range(len(data) + 1):
        assert index.line_of(byte) == data[:byte].count(b"\n") + 1
    assert len(index) == data.count(b"\n") + 1


@given(DATA)
def test_lines_are_those_of_a_split(data: bytes) -> None:
    index = LineIndex(data)
    lines = [data[index.start(n) : index.end(n)] for n in range(1, len(index) + 1)]
    pieces = data.split(b"\n")
    assert lines == [piece.removesuffix(b"\r") for piece in pieces[:-1]] + pieces[-1:]


def test_a_lone_carriage_return_ends_no_line() -> None:
    index = LineIndex(b"a\rb\r\nc")
    assert len(index) == 2
    assert (index.start(1), index.end(1)) == (0, 3)
    assert (index.start(2), index.end(2)) == (5, 6)


def test_offsets_outside_count_as_the_ends() -> None:
    index = LineIndex(b"a\nb")
    assert index.line_of(-5) == 1
    assert index.line_of(500) == 2


@pytest.mark.parametrize("line", [-1, 0, 3])
def test_no_such_line(line: int) -> None:
    with pytest.raises(IndexError):
        LineIndex(b"a\nb").start(line)


def test_empty_file_has_one_empty_line() -> None:
    index = LineIndex(b"")
    assert (len(index), index.start(1), index.end(1)) == (1, 0, 0)


def test_survives_a_trip_to_another_process() -> None:
    index = pickle.loads(pickle.dumps(LineIndex(b"a\nb")))
    assert index.line_of(2) == 2
