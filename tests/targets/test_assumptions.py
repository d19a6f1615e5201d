from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest

from portcheck.targets import AssumptionError, Language, assumptions

DEFAULTS = {
    "shared_maps_to_ub": 1024,
    "allocated_bases": 512,
    "sizes_not_negative": True,
    "no_overflow": True,
    "tree_is_program": True,
    "elected_lane": True,
    "lines_reached": True,
}


def test_defaults() -> None:
    assert asdict(assumptions()) == DEFAULTS


def test_every_assumption_has_a_sentence_in_both_languages() -> None:
    english, chinese = dict(assumptions().texts()), dict(assumptions().texts(Language.ZH))
    assert [name.replace("-", "_") for name in english] == list(DEFAULTS)
    assert english.keys() == chinese.keys()
    assert all(re.search("[一-鿿]", text) for text in chinese.values())
    assert "multiple of 1024 bytes" in english["shared-maps-to-ub"]
    assert "512 字节" in chinese["allocated-bases"]


def test_changes_override_and_switch_off() -> None:
    found = assumptions({"shared-maps-to-ub": 32, "allocated-bases": False, "elected-lane": False})
    assert asdict(found) == DEFAULTS | {
        "shared_maps_to_ub": 32,
        "allocated_bases": None,
        "elected_lane": False,
        "lines_reached": True,
    }
    texts = dict(found.texts())
    assert "multiple of 32 bytes" in texts["shared-maps-to-ub"]
    assert "allocated-bases" not in texts
    assert "elected-lane" not in texts


def test_true_is_the_default() -> None:
    assert asdict(assumptions({"elected-lane": True, "allocated-bases": True})) == DEFAULTS


BAD: list[tuple[str, Any, str]] = [
    ("no-overflow", False, "the proofs compute so; it cannot be switched off"),
    ("elected-lane", 3, "must be true or false, which switches it off"),
    ("allocated-bases", 0, "must be false or a power of two, in bytes"),
    ("allocated-bases", -32, "must be false or a power of two, in bytes"),
    ("allocated-bases", 48, "must be false or a power of two, in bytes"),
    ("allocated-bases", "32", "must be false or a power of two, in bytes"),
    ("allocated_bases", 32, "no such assumption; there are shared-maps-to-ub, allocated"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_change_that_cannot_be_made_says_why(name: str, value: Any, message: str) -> None:
    with pytest.raises(AssumptionError, match=re.escape(message)) as caught:
        assumptions({name: value})
    assert "\n" not in str(caught.value)
