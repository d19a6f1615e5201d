"""Answers come back as they were; nothing but plain data of portcheck is read."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.cache import CodecError, decode, encode
from portcheck.pack import findings, pack
from portcheck.scan import scan
from portcheck.source.place import Place
from portcheck.targets import targets

SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"


def test_rules_come_back_as_they_were() -> None:
    assert decode(encode(pack())) == pack()


def test_a_scan_of_the_samples_comes_back_as_it_was() -> None:
    result = scan([str(SAMPLES)])
    assert decode(encode(result)) == result


def test_findings_of_the_samples_come_back_as_they_were() -> None:
    found = findings(analyse([str(SAMPLES)]), pack(), targets())
    back = decode(encode(found))
    assert back == found
    assert [str(f.proof.condition) for f in back if f.proof] == [
        str(f.proof.condition) for f in found if f.proof
    ]


class Runs:
    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (exec, ("raise SystemExit('ran')",)),
        (eval, ("1/0",)),
        (getattr, (Place, "__init__")),
        (__import__, ("os",)),
        (open, ("/dev/null",)),
        (pack, ()),
        (analyse, (["/"],)),
    ],
)
def test_a_pickle_that_runs_something_is_no_entry(
    function: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    with pytest.raises(CodecError):
        decode(pickle.dumps(Runs(function, *arguments)))


@pytest.mark.parametrize("data", [b"", b"\x80\x05", b"junk", pickle.dumps(1)[:-1], b"\x80\x05cos\nsystem\n."])
def test_other_bytes_are_no_entry(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data)


def test_what_is_no_plain_data_is_not_written() -> None:
    for value in (open, print, object(), lambda: 1, pickle, Runs(print)):
        with pytest.raises(CodecError):
            encode([value])
