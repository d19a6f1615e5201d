"""Which finding says why something of a kernel does not carry over as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from portcheck.ascendc.intent import ActionKind
from portcheck.pack import Finding
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity, Target

_FAMILIES: dict[ActionKind, tuple[str, ...]] = {
    ActionKind.NAMED_BARRIER: ("SYN",),
    ActionKind.PUBLISH: ("SYN",),
    ActionKind.WAIT: ("SYN",),
    ActionKind.COUNTER: ("SYN",),
    ActionKind.GRID_BARRIER: ("SYN",),
    ActionKind.REMOTE: ("COM",),
    ActionKind.REDUCE_MAX: ("WRP",),
    ActionKind.REDUCE_SUM: ("WRP",),
    ActionKind.COLLECTIVE: ("WRP",),
    ActionKind.QUANTISE: ("QNT",),
    ActionKind.ACCUMULATE: ("ACC",),
    ActionKind.MBARRIER: ("TMA",),
    ActionKind.ACCESS: ("MTE", "VEC", "ALN"),
}
MOVES = ("MTE", "VEC", "ALN", "TMA", "MEM")


@dataclass(eq=False)
class Codes:
    """Looks findings up by place. Only those that do not hold on the target count."""

    findings: Sequence[Finding]
    target: Target

    @cached_property
    def _by_path(self) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for one in self.findings:
            if dict(one.verdicts).get(self.target.name) not in (None, Verdict.HOLDS):
                found.setdefault(one.place.path, []).append(one)
        return found

    def at(self, places: Iterable[Place], families: Sequence[str] = ()) -> tuple[Finding, ...]:
        """The findings whose lines overlap, of rules whose codes begin so; the most severe first."""
        order = list(Severity)
        found = {
            id(one): one
            for place in places
            for one in self._by_path.get(place.path, ())
            if one.place.line <= place.end_line and place.line <= one.place.end_line
            and (not families or one.rule.code.startswith(tuple(families)))
        }  # fmt: skip
        return tuple(sorted(found.values(), key=lambda f: (order.index(f.rule.severity), f.rule.code)))

    def code(self, places: Iterable[Place], families: Sequence[str] = ()) -> str:
        """The code of the most severe finding, "" for none."""
        found = self.at(places, families)
        return found[0].rule.code if found else ""

    def of_action(self, kind: ActionKind, place: Place) -> str:
        return self.code((place,), _FAMILIES.get(kind, ()))
