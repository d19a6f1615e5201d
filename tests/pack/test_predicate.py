"""The language of rules: three-valued logic over fields and a target."""

from __future__ import annotations

import pytest

from portcheck.pack.predicate import PredicateError, compile_predicate
from portcheck.targets import targets

FIELDS = {"n": 48, "name": "cvt.rn.f16", "missing": None, "words": ("a1", "b2")}
ASCEND = {t.name: t for t in targets()}


def value(text: str, target: str = "910B") -> bool | None:
    keys = ASCEND[target].keys
    return compile_predicate(text, FIELDS, keys).test(FIELDS, ASCEND[target])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n % 32 == 16", True),
        ("n // 32 == 1 and n - 40 == 2 * 4", True),
        ("32 < n <= 48", True),
        ("n in (16, 32)", False),
        ("'a1' in words", True),
        ("not n == 48", False),
        (r"matches(name, 'rn\.f\d+$')", True),
        (r"matches(name, '^rn\b')", False),
        ("any_matches(words, '^b')", True),
        ("missing == 3", None),
        ("missing == 3 or n == 48", True),
        ("missing == 3 and n == 47", False),
        ("not missing == 3", None),
        ("matches(missing, 'x')", None),
        ("target.fp8_type", False),
        ("n * 4096 <= target.ub_bytes", True),
    ],
)
def test_value(text: str, expected: bool | None) -> None:
    assert value(text) is expected


def test_what_no_source_gives_is_unknown() -> None:
    assert value("target.datacopypad_block_count_max >= 1", "310P") is None
    assert value("target.datacopypad_block_count_max >= 1", "950") is True


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bytes == 1", "no field 'bytes' here; there are missing, n, name, words"),
        ("target.ub_size == 1", "no value 'ub_size' in the target profiles"),
        ("n.real == 1", "not part of the language: n.real"),
        ("open('x')", "not part of the language: open('x')"),
        ("[x for x in words]", "not part of the language"),
        ("n ==", "invalid syntax"),
        ("n == 'a", "unterminated string"),
        ("n == 1.5", "not a string, an integer, True or False"),
    ],
)
def test_what_is_no_predicate_is_said_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(PredicateError) as raised:
        compile_predicate(text, FIELDS, ASCEND["910B"].keys)
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)
