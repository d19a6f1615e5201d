"""Rules that said nothing about a tree, and why: silence is told apart from never having looked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portcheck.pack import Finding, Rule
from portcheck.pack.subjects import View
from portcheck.targets import Target
from portcheck.targets.text import Text

_TARGET = Text("does not concern {target}", "不涉及 {target}")
_NO_FACT = Text("the tree has no {kind}", "代码中没有 {kind}")
_OTHER_FACTS = Text("{count} {kind}, none of which it speaks of", "{count} 处 {kind}，均不在其范围内")
_NO_STATEMENT = Text("nothing in the tree has to meet its requirement", "代码中没有须满足该要求之处")
_NOT_FOUND = Text("what it looks for is not in the tree", "代码中没有它所查找的内容")


@dataclass(frozen=True, slots=True)
class Unapplied:
    """A rule without a finding."""

    rule: Rule
    why: Text


def unapplied(
    view: View, rules: Iterable[Rule], found: Iterable[Finding], target: Target
) -> tuple[Unapplied, ...]:
    """The rules that gave no finding for this target, in the order of their codes."""
    spoke = {one.rule.code for one in found if any(name == target.name for name, _ in one.verdicts)}
    silent = sorted((rule for rule in rules if rule.code not in spoke), key=lambda rule: rule.code)
    return tuple(Unapplied(rule, _why(view, rule, target)) for rule in silent)


def _why(view: View, rule: Rule, target: Target) -> Text:
    if rule.concerns is not None and rule.concerns.test({}, target) is not True:
        return _filled(_TARGET, target=target.name)
    if rule.to:
        count = len(view.of_kind[rule.to])
        return _filled(_OTHER_FACTS if count else _NO_FACT, count=count, kind=rule.to)
    return _NOT_FOUND if rule.find else _NO_STATEMENT


def _filled(text: Text, **fields: object) -> Text:
    return Text(text.en.format(**fields), text.zh.format(**fields))
