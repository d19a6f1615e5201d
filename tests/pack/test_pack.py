"""The rules that portcheck ships: each is complete in both languages, and its examples are true."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from portcheck.pack import Rule, check_examples, pack
from portcheck.pack.rule import SILENT
from portcheck.targets.text import Text

FAMILIES = (
    "ACC", "ALN", "BNK", "COM", "LIB", "MEM", "MOE", "MTE", "QNT", "SYN", "TMA", "VEC", "WRP", "ZBF",
)  # fmt: skip
CHINESE = re.compile("[一-鿿]")
BY_FAMILY = {family: list(rules) for family, rules in groupby(pack(), lambda rule: rule.family)}


def test_there_are_the_families_of_the_documentation() -> None:
    assert tuple(sorted(BY_FAMILY)) == FAMILIES
    assert len(pack()) >= 60


@pytest.mark.parametrize("family", FAMILIES)
def test_the_examples_of_a_family_are_true(family: str) -> None:
    assert [str(failure) for failure in check_examples(BY_FAMILY[family])] == []


@pytest.mark.parametrize("rule", pack(), ids=lambda rule: rule.code)
def test_a_rule_is_complete(rule: Rule) -> None:
    page = rule.page
    texts = {
        "title": page.title, "what": page.what, "why": page.why,
        "decided": page.decided, "instead": page.instead,
    }  # fmt: skip
    assert [name for name, text in texts.items() if not _in_both(text)] == []
    assert rule.message.zh != rule.message.en
    assert page.depends.en == "" or _in_both(page.depends)
    assert rule.sources
    assert any(example.expect == SILENT for example in rule.examples)
    assert rule.file.parent.name == rule.family.lower()


def test_names_are_as_unique_as_codes() -> None:
    names = [rule.name for rule in pack()]
    assert sorted(set(names)) == sorted(names)


def _in_both(text: Text) -> bool:
    return bool(text.en.strip()) and CHINESE.search(text.zh) is not None and text.zh != text.en
