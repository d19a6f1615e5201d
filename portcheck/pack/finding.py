"""What a rule says at a place, apart from what finds it: a reader of answers needs no more than this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portcheck.analysis.proof import Proof
from portcheck.pack.rule import Rule
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets.text import Language

WORST_FIRST = (Verdict.VIOLATED, Verdict.DEPENDS, Verdict.UNKNOWN, Verdict.HOLDS)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says at one place, for each target that it concerns.

    `why` says for an unknown what is missing. `identity` stays the same when code around it
    changes (`portcheck.pack.identity` has the recipe).
    """

    rule: Rule
    place: Place
    function: str
    verdicts: tuple[tuple[str, Verdict], ...]
    fields: Mapping[str, object]
    why: str = ""
    proof: Proof | None = None
    related: tuple[Place, ...] = ()
    identity: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of the targets."""
        found = {v for _, v in self.verdicts}
        return next(v for v in WORST_FIRST if v in found)

    @property
    def open(self) -> bool:
        """Whether there is something to do on one of the targets: it does not hold everywhere."""
        return self.verdict is not Verdict.HOLDS

    def message(self, language: Language = Language.EN, shorten: Callable[[str], str] = str) -> str:
        """The rule's message about this place; `shorten` is done to the code and expressions in it."""
        fields = {
            k: shorten(v) if isinstance(v, str) and not k.endswith(("_en", "_zh")) else v
            for k, v in self.fields.items()
        }
        return self.rule.message.fill(language, **fields)
