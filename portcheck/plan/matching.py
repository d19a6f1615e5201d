"""Operators for a stage: whether what the code instantiates lies inside their limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from portcheck.plan import window
from portcheck.plan.admitted import Admitted, Evidence
from portcheck.plan.instances import Instantiated, Need
from portcheck.plan.operators import STAGES, Ability, Call, Limit, Note, Operator, operators
from portcheck.plan.vocabulary import Quantity, vocabulary
from portcheck.targets.text import Text


class Standing(StrEnum):
    """How code stands to an operator, or to one of its limits. Nothing is guessed.

    `DEPENDS`: some launches are inside, others are not, or callers choose what is missing.
    `UNKNOWN`: the code, or the operator's documentation, does not fix it.
    """

    INSIDE = "inside"
    PADDING = "outside by padding only"
    DEPENDS = "depends"
    UNKNOWN = "unknown"
    MISSING = "missing semantics"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Padding:
    """How a value gets inside: `bytes_a_row` more for columns, `rows` more for rows."""

    quantity: str
    value: int
    to: int
    bytes_a_row: int
    rows: int


@dataclass(frozen=True, slots=True)
class Case:
    """One alternative of a quantity against a limit."""

    admitted: Admitted
    standing: Standing
    padding: Padding | None = None


@dataclass(frozen=True, slots=True)
class LimitAnswer:
    """A limit with every alternative that the code has; `limit` is None where no source gives one."""

    quantity: Quantity
    limit: Limit | None
    standing: Standing
    cases: tuple[Case, ...]

    @property
    def why(self) -> Text | None:
        """Why it is unknown, None where it is not."""
        if self.limit is None:
            return Text("no source gives a limit", "未找到给出约束的来源")
        first = next((c.admitted for c in self.cases if c.standing is Standing.UNKNOWN), None)
        if first is None:
            return None
        if first.is_fixed:
            return Text(f"the code admits {first.text.en}", f"代码允许 {first.text.zh}")
        if first.why is not None:
            return first.why
        if first.name:
            return Text(f"`{first.name}` is the caller's", f"`{first.name}` 由调用者给出")
        return Text("the code has no name for it", "代码中没有对应的名称")


@dataclass(frozen=True, slots=True)
class SemanticAnswer:
    """Something that the code does; `has` is None where no source says whether the operator does."""

    need: Need
    ability: Ability | None
    has: bool | None


@dataclass(frozen=True, slots=True)
class WindowNeed:
    """The communication window: bytes for the largest values, None while `missing` are not fixed."""

    formula: str
    bytes: int | None
    missing: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one operator, in one of its modes on a target, is to a kernel."""

    operator: Operator
    call: Call
    target: str
    mode: str
    standing: Standing
    limits: tuple[LimitAnswer, ...]
    semantics: tuple[SemanticAnswer, ...]
    windows: tuple[WindowNeed, ...]
    notes: tuple[Note, ...]

    def limits_at(self, standing: Standing) -> tuple[LimitAnswer, ...]:
        return tuple(a for a in self.limits if a.standing is standing)

    @property
    def missing(self) -> tuple[SemanticAnswer, ...]:
        return tuple(s for s in self.semantics if s.has is False)


_ORDER = tuple(Standing)


def match(
    stage: str,
    code: Instantiated,
    target: str,
    *,
    given: Mapping[str, int | str] | None = None,
    unused: Collection[str] = (),
    known: Iterable[Operator] | None = None,
) -> tuple[Answer, ...]:
    """Every operator that covers a stage on a target, the best first; () where there is none.

    `given` are values of quantities that the user knows, such as `{"batch_tokens": 128}`, and
    `unused` semantics that no caller uses, such as `split-phases`.
    Raises ValueError for a stage or quantity that does not exist, and for a value that no
    launch of the code admits.
    """
    if stage not in STAGES:
        raise ValueError(f"no stage '{stage}'; there are {', '.join(STAGES)}")
    quantities = _given(code.quantities, given or {})
    needs = tuple(n for n in code.needs if n.semantic not in unused and not _is_off(n, quantities))
    answers = []
    for operator in operators() if known is None else known:
        call = operator.call(stage)
        for mode in operator.modes.get(target, ()) if call is not None else ():
            assert call is not None
            answers.append(_answer(operator, call, target, mode, quantities, needs))
    return tuple(sorted(answers, key=_rank))


def _is_off(need: Need, quantities: Mapping[str, tuple[Admitted, ...]]) -> bool:
    """Whether groups of scales are no question, because rows are not quantised at all."""
    grouped = vocabulary().semantics[need.semantic].scale_groups
    return grouped and all(a.words == ("none",) for a in quantities["quantisation"])


def _rank(answer: Answer) -> tuple[int, bool, bool, int, str, str]:
    """By standing; what covers more of the layer than asked, and what is no part of CANN, comes later."""
    outside = len(answer.limits_at(Standing.OUTSIDE)) + len(answer.missing)
    wider = "grouped GEMM" in answer.call.stages and len(answer.call.stages) > 1
    foreign = answer.operator.origin != "CANN"
    return _ORDER.index(answer.standing), wider, foreign, outside, answer.operator.name, answer.mode


def _given(
    quantities: Mapping[str, tuple[Admitted, ...]], given: Mapping[str, int | str]
) -> dict[str, tuple[Admitted, ...]]:
    found = dict(quantities)
    for name, value in given.items():
        check_given(name, value)
        kept = [fixed for a in found[name] if (fixed := _fixed(a, name, value)) is not None]
        if not kept:
            raise ValueError(f"{name}: the code admits only {', '.join(a.text.en for a in found[name])}")
        found[name] = (kept[0],)
    return _completed(found, given)


def check_given(name: str, value: int | str) -> None:
    """Raises ValueError for a quantity that does not exist, and for a value that it cannot have."""
    known = vocabulary().quantities
    if name not in known:
        raise ValueError(f"no quantity '{name}'; there are {', '.join(known)}")
    words, least = known[name].words, known[name].least
    if isinstance(value, str) != bool(words) or (words and value not in words):
        raise ValueError(f"{name}: must be {'one of ' + ', '.join(words) if words else 'a number'}")
    if isinstance(value, int) and least is not None and value < least:
        raise ValueError(f"{name}: must be at least {least}")


def admits(code: Instantiated, name: str, value: int | str) -> bool:
    """Whether some launch of the code lets a quantity have that value."""
    return any(_fixed(a, name, value) is not None for a in code.quantities[name])


def _fixed(admitted: Admitted, name: str, value: int | str) -> Admitted | None:
    """What the user fixed, None where the code does not admit it."""
    shown = (Evidence(f"{name} = {value}, given", None),)
    if isinstance(value, str):
        fits = value in admitted.words or not admitted.words
        return replace(admitted, words=(value,), evidence=shown) if fits else None
    return replace(admitted, low=value, high=value, evidence=shown) if admitted.admits(value) else None


def _completed(
    found: dict[str, tuple[Admitted, ...]], given: Mapping[str, int | str]
) -> dict[str, tuple[Admitted, ...]]:
    """What follows from given numbers: experts a rank, and their product with the ranks."""
    if not given.keys() & {"experts", "ranks", "experts_per_rank"}:
        return found
    one = {n: found[n][0] for n in ("experts", "ranks", "experts_per_rank") if len(found[n]) == 1}
    ranks = one["ranks"].value if "ranks" in one else None
    experts = one["experts"].value if "experts" in one else None
    local = one["experts_per_rank"].value if "experts_per_rank" in one else None
    if local is None and ranks and experts is not None and experts % ranks == 0:
        local = experts // ranks
        shown = (*one["experts"].evidence, *one["ranks"].evidence)
        found["experts_per_rank"] = (Admitted(local, local, evidence=shown),)
    if local is not None and ranks is not None:
        shown = (*found["experts_per_rank"][0].evidence, *one["ranks"].evidence)
        found["expert_slots"] = (Admitted(local * ranks, local * ranks, evidence=shown),)
    return found


def _answer(
    operator: Operator,
    call: Call,
    target: str,
    mode: str,
    quantities: Mapping[str, tuple[Admitted, ...]],
    needs: tuple[Need, ...],
) -> Answer:
    limits = [
        _limited(limit, quantities[limit.quantity.name], operator.element_bytes)
        for limit in operator.limits
        if limit.speaks_of(target, mode)
    ]
    for of, quantity in operator.unsourced:
        if of == target:
            cases = tuple(Case(a, Standing.UNKNOWN) for a in quantities[quantity.name])
            limits.append(LimitAnswer(quantity, None, Standing.UNKNOWN, cases))
    semantics = tuple(_semantic(operator, target, need) for need in needs)
    windows = tuple(
        _window(w.formula, w.source, quantities) for w in operator.windows if w.speaks_of(target, mode)
    )
    notes = tuple(n for n in operator.notes if n.speaks_of(target, mode))
    standing = _overall(limits, semantics)
    return Answer(operator, call, target, mode, standing, tuple(limits), semantics, windows, notes)


def _overall(limits: Iterable[LimitAnswer], semantics: Iterable[SemanticAnswer]) -> Standing:
    """What blocks for certain comes first, then what is open, then what costs."""
    found = {answer.standing for answer in limits}
    for one in semantics:
        if one.has is False:
            found.add(Standing.MISSING if one.need.always else Standing.DEPENDS)
        elif one.has is None:
            found.add(Standing.UNKNOWN)
    order = (Standing.OUTSIDE, Standing.MISSING, Standing.UNKNOWN, Standing.DEPENDS, Standing.PADDING)
    return next((s for s in order if s in found), Standing.INSIDE)


def _semantic(operator: Operator, target: str, need: Need) -> SemanticAnswer:
    ability = next((a for a in operator.abilities if a.semantic.name == need.semantic), None)
    return SemanticAnswer(need, ability, ability.on(target) if ability is not None else None)


def _limited(limit: Limit, alternatives: tuple[Admitted, ...], element_bytes: int) -> LimitAnswer:
    cases = tuple(_case(limit, one, element_bytes) for one in alternatives)
    return LimitAnswer(limit.quantity, limit, _together({case.standing for case in cases}), cases)


def _together(found: set[Standing]) -> Standing:
    """Of a limit with several alternatives: some of them outside is a condition, not a verdict."""
    if len(found) == 1:
        return next(iter(found))
    if Standing.OUTSIDE in found and found != {Standing.OUTSIDE, Standing.UNKNOWN}:
        return Standing.DEPENDS
    return Standing.UNKNOWN if Standing.UNKNOWN in found else Standing.PADDING


def _case(limit: Limit, admitted: Admitted, element_bytes: int) -> Case:
    quantity = limit.quantity
    if quantity.words:
        allowed = [word in limit.words for word in admitted.words]
        if not allowed:
            return Case(admitted, Standing.UNKNOWN)
        if all(allowed):
            return Case(admitted, Standing.INSIDE)
        return Case(admitted, Standing.UNKNOWN if any(allowed) else Standing.OUTSIDE)
    if admitted.value is not None:
        value = admitted.value
        if limit.takes(value):
            return Case(admitted, Standing.INSIDE)
        padding = _padding(limit, value, element_bytes)
        return Case(admitted, Standing.PADDING if padding else Standing.OUTSIDE, padding)
    return Case(admitted, _range(limit, admitted))


def _range(limit: Limit, admitted: Admitted) -> Standing:
    """Where every value of a range stands; unknown where they differ or the range is open."""
    least = limit.quantity.least
    low = admitted.low if admitted.low is not None else least
    if admitted.low is not None and least is not None:
        low = max(admitted.low, least)
    high = admitted.high
    if limit.among:
        beyond = (low is not None and low > limit.among[-1]) or (high is not None and high < limit.among[0])
        if beyond:
            return _outside(limit)
        inside = low is not None and high is not None and high - low < len(limit.among)
        if inside and all(limit.takes(v) for v in range(low or 0, (high or 0) + 1) if admitted.admits(v)):
            return Standing.INSIDE
        return Standing.UNKNOWN
    if limit.most is not None and low is not None and low > limit.most:
        return Standing.OUTSIDE
    if limit.least is not None and high is not None and high < limit.least:
        return _outside(limit)
    below = limit.least is not None and (low is None or low < limit.least)
    above = limit.most is not None and (high is None or high > limit.most)
    if below or above or admitted.multiple % limit.multiple:
        return Standing.UNKNOWN
    return Standing.INSIDE


def _outside(limit: Limit) -> Standing:
    """Outside, where padding may help but not for every value that the code admits: not decided."""
    return Standing.UNKNOWN if limit.quantity.padding else Standing.OUTSIDE


def _padding(limit: Limit, value: int, element_bytes: int) -> Padding | None:
    """The next value that the operator takes, where more of the quantity can be made up."""
    to = limit.next_above(value) if limit.quantity.padding else None
    if to is None:
        return None
    more = to - value
    bytes_, rows = (more * element_bytes, 0) if limit.quantity.padding == "columns" else (0, more)
    return Padding(limit.quantity.name, value, to, bytes_, rows)


def _window(formula: str, source: str, quantities: Mapping[str, tuple[Admitted, ...]]) -> WindowNeed:
    """The bytes for the largest value of each quantity: the formula grows with all of them."""
    values: dict[str, int] = {}
    missing = []
    for name in sorted(window.names(formula)):
        highs = [a.high for a in quantities[name]]
        if any(h is None for h in highs):
            missing.append(name)
        else:
            values[name] = max(h for h in highs if h is not None)
    bytes_ = None if missing else window.evaluate(formula, values)
    return WindowNeed(formula, bytes_, tuple(missing), source)


@dataclass(frozen=True, slots=True)
class LayerStage:
    """A stage of the layer around the code: who runs it in the tree, and the operators for it."""

    stage: str
    kernels: tuple[str, ...]
    operators: tuple[Operator, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What there is to call."""
        calls = (call for o in self.operators if (call := o.call(self.stage)) is not None)
        return tuple(dict.fromkeys(name for call in calls for name in call.names))


def layer(code: Iterable[Instantiated], target: str) -> tuple[LayerStage, ...]:
    """All stages in the order of the layer, also those that the tree has no kernel for."""
    listed = list(code)
    found = []
    for stage in STAGES:
        kernels = tuple(i.kernel for i in listed if i.stage == stage)
        fitting = tuple(o for o in operators() if target in o.modes and o.call(stage) is not None)
        found.append(LayerStage(stage, kernels, fitting))
    return tuple(found)
