"""What Ascend asks of a transfer or layout: predicates over a number and a profile (`rules/requirements`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portcheck.targets.target import Target
from portcheck.targets.text import Language, Text

_SPACE = {Language.EN: " ", Language.ZH: ""}


class Severity(StrEnum):
    """What it means on the target where a requirement fails."""

    BREAKS = "breaks"  # a wrong result or a fault
    SLOW = "slow"  # bandwidth or cycles, the result is right
    REDESIGN = "redesign"  # there is no equivalent
    NOTE = "note"


class Quantity(StrEnum):
    """The number of a transfer or layout that is constrained; all are in bytes."""

    UB_START = "ub_start"  # the address of a transfer in UB
    UB_PITCH = "ub_pitch"  # the distance of successive rows, stages or records in UB
    LENGTH = "length"  # the contiguous bytes of one block of a transfer
    VECTOR_START = "vector_start"  # the address of a vector operand in UB
    CAPACITY = "capacity"  # the UB in use at once
    GM_START = "gm_start"  # the address of a transfer in GM


class Kind(StrEnum):
    """The predicate: `quantity mod n == 0` or `quantity <= n`, n being the profile's value."""

    CONGRUENT = "congruent"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Instead:
    """What to write in Ascend C, where the target has, or lacks, a capability; "" does not ask."""

    has: str
    lacks: str
    text: Text

    def fits(self, target: Target) -> bool:
        has = not self.has or target.flag(self.has) is True
        return has and (not self.lacks or target.flag(self.lacks) is False)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. `key` names the value of the profile; `needs` a capability, or is ""."""

    code: str
    name: str
    severity: Severity
    quantity: Quantity
    kind: Kind
    key: str
    needs: str
    demand: Text
    failure: Text
    absent: Text | None
    instead: tuple[Instead, ...]
    sources: tuple[str, ...]

    def applies(self, target: Target) -> bool:
        """Whether the target has what is constrained, and a published number for it."""
        able = not self.needs or target.flag(self.needs) is True
        return able and target.number(self.key) is not None

    def modulus(self, target: Target) -> int | None:
        """The number of bytes that must divide the quantity; None for another kind or target."""
        return self._number(target, Kind.CONGRUENT)

    def limit(self, target: Target) -> int | None:
        """The most bytes that the quantity may be; None for another kind or target."""
        return self._number(target, Kind.AT_MOST)

    def statement(self, target: Target, language: Language = Language.EN) -> str:
        """What is required on this target; "" where it does not apply."""
        return self._fill(self.demand, target, language) if self.applies(target) else ""

    def consequence(self, target: Target, language: Language = Language.EN) -> str:
        """What failing means on this target, then what to write instead.

        Where the requirement does not apply: why not, and what that means.
        """
        if not self.applies(target):
            return self._fill(self.absent, target, language) if self.absent else ""
        texts = [self.failure, *(i.text for i in self.instead if i.fits(target))]
        return _SPACE[language].join(self._fill(text, target, language) for text in texts)

    def _number(self, target: Target, kind: Kind) -> int | None:
        return target.number(self.key) if self.kind is kind and self.applies(target) else None

    def _fill(self, text: Text, target: Target, language: Language) -> str:
        return text.fill(language, target=target.name, value=target.number(self.key))
