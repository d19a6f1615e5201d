"""How much work a port is: ranges of lines and engineer-days, fitted on real ports, with their error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, exp, floor, log
from statistics import median

from portcheck.plan.calibration import Calibration, calibration
from portcheck.plan.features import Features, Nature
from portcheck.targets.text import Text


@dataclass(frozen=True, slots=True)
class Span:
    """A range, both ends inclusive."""

    least: float
    most: float

    def __add__(self, other: Span) -> Span:
        return Span(self.least + other.least, self.most + other.most)

    def times(self, least: float, most: float) -> Span:
        return Span(self.least * least, self.most * most)

    @property
    def rounded(self) -> tuple[int, int]:
        """Two figures that do not pretend to be exact: outwards, to two digits."""
        return floor(self.least / _unit(self.least)) * _unit(self.least), ceil(
            self.most / _unit(self.most)
        ) * _unit(self.most)


def _unit(value: float) -> int:
    return int(10 ** max(0, len(str(int(value))) - 2))


@dataclass(frozen=True, slots=True)
class Observation:
    """One kernel's port to one target: `factor` lines for each line of CUDA.

    `most_lines` counts what belongs to the same port besides: the longest further variant.
    """

    kernel: str
    nature: Nature
    target: str
    cuda_lines: int
    port_lines: int
    most_lines: int
    alone_lines: int  # of CUDA, without the kernels that were merged into it

    @property
    def factor(self) -> float:
        return self.port_lines / self.cuda_lines

    @property
    def most_factor(self) -> float:
        return self.most_lines / self.alone_lines


@dataclass(frozen=True, slots=True)
class Factor:
    """The factors of one nature: the range that was seen, its middle, and what it rests on."""

    span: Span
    middle: float
    basis: tuple[Observation, ...]
    of_its_nature: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """The work on one kernel for one target.

    Lines are of the port: `device` for the kernel with its own helpers, `host` for tiling,
    shape inference and bindings, `tests`. `days` are engineer-days to a first version that
    works; as much again for its performance. `middle` is the middle of the lines of device and
    host together, by the geometric means of the factors. `calibrated` is False where the table has no
    kernel of this nature: the range is then that of all. `features` are what it rests on.
    """

    features: Features
    target: str
    factor: Factor
    device: Span
    host: Span
    tests: Span
    days: Span
    calibrated: bool
    assumptions: tuple[Text, ...]
    middle: float

    @property
    def code(self) -> Span:
        """Lines of device and host."""
        return self.device + self.host


@dataclass(frozen=True, slots=True)
class Prediction:
    """An observation, and what the rest of the table says of it."""

    observation: Observation
    span: Span
    middle: float

    @property
    def error(self) -> float:
        """How far the middle is from the truth, as a share of it."""
        return abs(self.middle - self.observation.port_lines) / self.observation.port_lines

    @property
    def is_inside(self) -> bool:
        return self.span.least <= self.observation.port_lines <= self.span.most


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The estimator against the table it is fitted on, each kernel left out in turn."""

    predictions: tuple[Prediction, ...]

    @property
    def median_error(self) -> float:
        return median(p.error for p in self.predictions)

    @property
    def worst(self) -> Prediction:
        return max(self.predictions, key=lambda p: p.error)

    @property
    def inside(self) -> int:
        """How many ports have as many lines as the range says."""
        return sum(p.is_inside for p in self.predictions)

    def totals(self) -> dict[str, tuple[Span, int]]:
        """For each target: the likely lines of all its ports together, and how many they have."""
        found = {}
        for target in dict.fromkeys(p.observation.target for p in self.predictions):
            own = [p for p in self.predictions if p.observation.target == target]
            span = likely([(p.span, p.middle) for p in own])
            found[target] = span, sum(p.observation.port_lines for p in own)
        return found

    def rank_correlation(self, target: str = "") -> float:
        """Spearman's, of predicted and real lines; of one target, or of all ports."""
        chosen = [p for p in self.predictions if target in ("", p.observation.target)]
        return spearman([p.middle for p in chosen], [p.observation.port_lines for p in chosen])


def observations(table: Calibration) -> tuple[Observation, ...]:
    """The ports of the table that are not dropped; kernels ported together count as one."""
    found = []
    for kernel in table.kernels:
        merged = [k for k in table.kernels if k.merged_into == kernel.name]
        lines = kernel.lines + sum(k.lines for k in merged)
        for target, port_lines in kernel.port.items() if kernel.nature is not Nature.DROPPED else ():
            most = port_lines + max(kernel.also.get(target, (0,)))
            found.append(
                Observation(kernel.name, kernel.nature, target, lines, port_lines, most, kernel.lines)
            )
    return tuple(found)


def fit(seen: Iterable[Observation], nature: Nature) -> Factor:
    """The factors of a nature: from the smallest to the largest seen, with variants and unmerged lines.

    Where none of its nature was seen, those of all.
    """
    listed = tuple(seen)
    own = tuple(o for o in listed if o.nature is nature)
    basis = own or listed
    span = Span(min(o.factor for o in basis), max(o.most_factor for o in basis))
    middle = exp(sum(log(o.factor) for o in basis) / len(basis))
    return Factor(span, middle, basis, bool(own))


def estimate(
    features: Features, target: str, *, first: bool = True, table: Calibration | None = None
) -> Estimate:
    """The work on a kernel; `first` is False where another target's port exists already."""
    table = table or calibration()
    if features.nature is Nature.DROPPED:
        return _nothing(features, target, table)
    factor = fit(observations(table), features.nature)
    kernel = Span(features.lines, features.lines).times(factor.span.least, factor.span.most)
    helpers = Span(features.helper_lines, features.helper_lines)
    device = kernel + helpers.times(table.helpers.least, table.helpers.most)
    assumptions = [table.helpers.text, table.host.text, table.tests.text, table.lines_a_day.text]
    if not first:
        device = device.times(table.further_target.least, table.further_target.most)
        assumptions.insert(0, table.further_target.text)
    host = device.times(table.host.least, table.host.most)
    code = device + host
    return Estimate(
        features,
        target,
        factor,
        device,
        host,
        code.times(table.tests.least, table.tests.most),
        days_of(code, table),
        factor.of_its_nature,
        tuple(assumptions),
        _middle(features, factor, table, first=first),
    )


def _middle(features: Features, factor: Factor, table: Calibration, *, first: bool) -> float:
    device = features.lines * factor.middle + features.helper_lines * table.helpers.middle
    if not first:
        device *= table.further_target.middle
    return device * (1 + table.host.middle)


def days_of(code: Span, table: Calibration | None = None) -> Span:
    """Engineer-days: few lines at the fastest pace, to many at the slowest."""
    table = table or calibration()
    return Span(code.least / table.lines_a_day.most, code.most / table.lines_a_day.least)


def _nothing(features: Features, target: str, table: Calibration) -> Estimate:
    """Real ports dropped kernels of this nature; a port that keeps it writes no less than an index kernel."""
    kept = fit(observations(table), Nature.INDEX)
    device = Span(0, features.lines * kept.span.most + features.helper_lines * table.helpers.most)
    host = Span(0, device.most * table.host.most)
    code = device + host
    tests = Span(0, code.most * table.tests.most)
    return Estimate(features, target, kept, device, host, tests, days_of(code, table), True, (), 0.0)


def likely(parts: Iterable[tuple[Span, float]]) -> Span:
    """The range of a sum whose parts, each with its middle, err independently of each other.

    The ends of the full range need every part to err the same way, and as far as it can.
    """
    listed = list(parts)
    middle = sum(m for _, m in listed)
    half = sum(((span.most - span.least) / 2) ** 2 for span, _ in listed) ** 0.5
    return Span(
        max(sum(span.least for span, _ in listed), middle - half),
        min(sum(span.most for span, _ in listed), middle + half),
    )


def total(estimates: Sequence[Estimate]) -> tuple[Span, Span]:
    """Lines of device and host, and days, of several kernels.

    Ports have merged kernels that do one stage for one node and for several: the lower end
    counts the largest kernel of a stage only, the upper end all of them.
    """
    lines = _merged([(e.features.stage, e.device + e.host) for e in estimates])
    return lines, _merged([(e.features.stage, e.days) for e in estimates])


def _merged(spans: Iterable[tuple[str, Span]]) -> Span:
    least: dict[str, float] = {}
    alone, most = 0.0, 0.0
    for stage, span in spans:
        most += span.most
        if stage:
            least[stage] = max(least.get(stage, 0.0), span.least)
        else:
            alone += span.least
    return Span(alone + sum(least.values()), most)


def accuracy(table: Calibration | None = None) -> Accuracy:
    """Leave each kernel out, with all its ports, and predict their lines from the others."""
    seen = observations(table or calibration())
    found = []
    for one in seen:
        factor = fit((o for o in seen if o.kernel != one.kernel), one.nature)
        span = Span(one.cuda_lines, one.cuda_lines).times(factor.span.least, factor.span.most)
        found.append(Prediction(one, span, one.cuda_lines * factor.middle))
    return Accuracy(tuple(found))


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """The correlation of ranks; equal values share the mean of their ranks. 0 where one never varies."""
    a, b = _ranks(first), _ranks(second)
    middle = (len(a) + 1) / 2
    both = sum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    spread = sum((x - middle) ** 2 for x in a) * sum((y - middle) ** 2 for y in b)
    return float(both / spread**0.5) if spread else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    return [sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values]
