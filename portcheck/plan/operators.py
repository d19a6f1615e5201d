"""Operators that exist already: what they cover, what they ask for, what they lack (`rules/operators`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portcheck.plan import vocabulary, window
from portcheck.plan.admitted import range_text
from portcheck.plan.tables import TableFile
from portcheck.plan.vocabulary import Quantity, Semantic, Vocabulary
from portcheck.resources import rules_path
from portcheck.targets import targets
from portcheck.targets.text import Text

# The stages of a mixture-of-experts layer, in the order of the layer: those that the finder of
# the rules gives to kernels.
STAGES = (
    "gate", "layout", "notify", "dispatch", "low-latency dispatch", "cached dispatch", "permute",
    "grouped GEMM", "activation", "combine", "low-latency combine",
)  # fmt: skip
_KEYS = frozenset(
    (
        "name", "origin", "element_bytes", "title", "sources", "call", "target", "limit", "unsourced",
        "semantic", "window", "note",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """What to call for some stages; `inside`: these stages happen within the call."""

    stages: tuple[str, ...]
    aclnn: tuple[str, ...]
    torch_npu: tuple[str, ...]
    inside: bool

    @property
    def names(self) -> tuple[str, ...]:
        return self.torch_npu or self.aclnn


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a file says of some targets, and of some modes there: () for all modes."""

    targets: tuple[str, ...]
    modes: tuple[str, ...]
    source: str

    def speaks_of(self, target: str, mode: str) -> bool:
        return target in self.targets and (not self.modes or not mode or mode in self.modes)


@dataclass(frozen=True, slots=True)
class Limit(Part):
    """What an operator takes of a quantity: a range, multiples, or a set; None and 1 for no limit."""

    quantity: Quantity
    least: int | None
    most: int | None
    multiple: int
    among: tuple[int, ...]
    words: tuple[str, ...]

    def takes(self, value: int) -> bool:
        if self.among:
            return value in self.among
        low = self.least is None or value >= self.least
        return low and (self.most is None or value <= self.most) and value % self.multiple == 0

    def next_above(self, value: int) -> int | None:
        """The smallest number that is taken and not less than `value`."""
        if self.among:
            return min((v for v in self.among if v >= value), default=None)
        start = max(value, self.least or 0)
        found = -(-start // self.multiple) * self.multiple
        return found if self.most is None or found <= self.most else None

    @property
    def text(self) -> Text:
        """`1024 to 8192, a multiple of 512`, without the name of the quantity."""
        if self.words:
            return Text(", ".join(self.words), "、".join(self.words))
        if self.among:
            listed = [str(v) for v in self.among]
            return Text(f"one of {', '.join(listed)}", f"{'、'.join(listed)} 之一")
        return range_text(self.least, self.most, self.multiple)


@dataclass(frozen=True, slots=True)
class Window(Part):
    """The communication window that a call needs; `formula` gives bytes from quantities."""

    formula: str


@dataclass(frozen=True, slots=True)
class Note(Part):
    """What a reader has to know beside the limits."""

    text: Text


@dataclass(frozen=True, slots=True)
class Ability:
    """A semantic that the operator has on some targets and lacks on others; elsewhere no source says."""

    semantic: Semantic
    has: tuple[str, ...]
    lacks: tuple[str, ...]
    source: str

    def on(self, target: str) -> bool | None:
        return True if target in self.has else False if target in self.lacks else None


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator, or several that belong together.

    `modes` gives the modes of each target that it exists for, ("",) for one without modes.
    `element_bytes` is the size of an element of the rows that it takes. `unsourced` are
    quantities that it surely limits, for which no source was found.
    """

    name: str
    origin: str
    title: Text
    element_bytes: int
    calls: tuple[Call, ...]
    modes: Mapping[str, tuple[str, ...]]
    limits: tuple[Limit, ...]
    unsourced: tuple[tuple[str, Quantity], ...]
    abilities: tuple[Ability, ...]
    windows: tuple[Window, ...]
    notes: tuple[Note, ...]
    sources: tuple[str, ...]
    file: Path

    def call(self, stage: str) -> Call | None:
        """What to call for a stage; None where the operator does not cover it."""
        return next((c for c in self.calls if stage in c.stages), None)


@cache
def operators() -> tuple[Operator, ...]:
    """The operators that portcheck ships, by name; raises RuleDataError where one is malformed."""
    return load_operators(rules_path() / "operators")


def load_operators(folder: Path) -> tuple[Operator, ...]:
    """The operators of a folder, one a file, with the words of its vocabulary or of portcheck's own."""
    own = folder / vocabulary.FILE
    words = vocabulary.load(own) if own.is_file() else vocabulary.vocabulary()
    found: dict[str, Operator] = {}
    for file in sorted(folder.glob("*.toml")):
        if file.name == vocabulary.FILE:
            continue
        reader = _Reader(file, words)
        operator = reader.operator()
        other = found.setdefault(operator.name, operator)
        if other is not operator:
            raise reader.error("name", f"{operator.name} is the name in {other.file} too")
    return tuple(found[name] for name in sorted(found))


class _Reader(TableFile):
    """The file of one operator."""

    def __init__(self, file: Path, words: Vocabulary) -> None:
        super().__init__(file, _KEYS)
        self.words = words
        self.modes: dict[str, tuple[str, ...]] = {}

    def operator(self) -> Operator:
        for at, row in self.rows("target", {"names", "modes"}):
            for name in self.list_of(at, row, "names", {t.name for t in targets()}, needed=True):
                if name in self.modes:
                    raise self.error(f"{at}.names", f"{name} twice")
                self.modes[name] = self.list_of(at, row, "modes") or ("",)
        if not self.modes:
            raise self.error("target", "missing")
        sources = self.strings("sources")
        if not sources:
            raise self.error("sources", "must be a list with something in it")
        bytes_ = self.data.get("element_bytes")
        if isinstance(bytes_, bool) or not isinstance(bytes_, int) or bytes_ <= 0:
            raise self.error("element_bytes", "must be a positive number")
        return Operator(
            self.string("name"),
            self.string("origin"),
            self.text_of(self.data.get("title"), "title"),
            bytes_,
            self.calls(),
            self.modes,
            self.limits(),
            self.unsourced(),
            self.abilities(),
            self.windows(),
            self.notes(),
            sources,
            self.file,
        )

    def calls(self) -> tuple[Call, ...]:
        found = []
        seen: set[str] = set()
        for at, row in self.rows("call", {"stages", "aclnn", "torch_npu", "inside"}):
            stages = self.list_of(at, row, "stages", STAGES, needed=True)
            if seen & set(stages):
                raise self.error(f"{at}.stages", f"{min(seen & set(stages))} has a call already")
            seen |= set(stages)
            aclnn, torch = self.list_of(at, row, "aclnn"), self.list_of(at, row, "torch_npu")
            inside = row.get("inside", False)
            if not isinstance(inside, bool):
                raise self.error(f"{at}.inside", "must be true or false")
            if not aclnn and not torch:
                raise self.error(f"{at}.stages", "neither 'aclnn' nor 'torch_npu' says what to call")
            found.append(Call(stages, aclnn, torch, inside))
        if not found:
            raise self.error("call", "missing")
        return tuple(found)

    def limits(self) -> tuple[Limit, ...]:
        keys = {"targets", "modes", "quantity", "least", "most", "multiple", "among", "words", "source"}
        return tuple(self.limit(at, row) for at, row in self.rows("limit", keys))

    def limit(self, at: str, row: dict[str, Any]) -> Limit:
        quantity = self.quantity(f"{at}.quantity", row.get("quantity"))
        least, most = self.number(at, row, "least"), self.number(at, row, "most")
        multiple = self.number(at, row, "multiple") or 1
        among = row.get("among", [])
        if not isinstance(among, list) or not all(type(v) is int and v > 0 for v in among):
            raise self.error(f"{at}.among", "must be a list of positive numbers")
        words = self.list_of(at, row, "words", quantity.words)
        numbers = least is not None or most is not None or multiple > 1
        if sum(map(bool, (numbers, among, words))) != 1 or bool(words) != bool(quantity.words):
            raise self.error(f"{at}.quantity", "needs a range with 'multiple', 'among', or 'words'")
        if least is not None and most is not None and least > most:
            raise self.error(f"{at}.least", f"{least} is more than {most}")
        where = self.targets(at, row), self.modes_of(at, row), self.source(at, row)
        return Limit(*where, quantity, least, most, multiple, tuple(sorted(among)), words)

    def unsourced(self) -> tuple[tuple[str, Quantity], ...]:
        found = []
        for at, row in self.rows("unsourced", {"targets", "quantities"}):
            for name in self.list_of(at, row, "quantities", needed=True):
                quantity = self.quantity(f"{at}.quantities", name)
                found += [(target, quantity) for target in self.targets(at, row)]
        return tuple(found)

    def abilities(self) -> tuple[Ability, ...]:
        found = []
        for at, row in self.rows("semantic", {"name", "has", "lacks", "source"}):
            name = str(row.get("name"))
            if name not in self.words.semantics:
                known = ", ".join(self.words.semantics)
                raise self.error(f"{at}.name", f"no semantic '{name}'; there are {known}")
            has, lacks = (self.list_of(at, row, key, self.modes) for key in ("has", "lacks"))
            if (not has and not lacks) or set(has) & set(lacks):
                raise self.error(f"{at}.name", "a target stands under one of 'has' and 'lacks'")
            found.append(Ability(self.words.semantics[name], has, lacks, self.source(at, row)))
        return tuple(found)

    def windows(self) -> tuple[Window, ...]:
        found = []
        for at, row in self.rows("window", {"targets", "modes", "bytes", "source"}):
            formula = row.get("bytes")
            problem = window.problem(formula, self.words.quantities)
            if not isinstance(formula, str) or problem:
                raise self.error(f"{at}.bytes", problem)
            found.append(Window(self.targets(at, row), self.modes_of(at, row), self.source(at, row), formula))
        return tuple(found)

    def notes(self) -> tuple[Note, ...]:
        found = []
        for at, row in self.rows("note", {"targets", "en", "zh", "source"}):
            text = self.text_of({key: row[key] for key in ("en", "zh") if key in row}, f"{at}.en")
            of = self.targets(at, row) if "targets" in row else tuple(self.modes)
            found.append(Note(of, (), self.source(at, row), text))
        return tuple(found)

    # -- parts of a table --------------------------------------------------------------

    def rows(self, key: str, keys: set[str]) -> list[tuple[str, dict[str, Any]]]:
        """The tables under a key with the name that errors give them, of the given keys only."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.error(key, "must be a list of tables")
        for number, row in enumerate(value, 1):
            unknown = row.keys() - keys
            if unknown:
                name = f"{key}[{number}].{min(unknown)}"
                raise self.error(name, f"unknown key; there are {', '.join(sorted(keys))}")
        return [(f"{key}[{number}]", row) for number, row in enumerate(value, 1)]

    def list_of(
        self, at: str, row: dict[str, Any], key: str, known: Any = None, *, needed: bool = False
    ) -> tuple[str, ...]:
        value = row.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.error(f"{at}.{key}", "must be a list of strings")
        if needed and not value:
            raise self.error(f"{at}.{key}", "must be a list with something in it")
        for word in value if known is not None else ():
            if word not in known:
                raise self.error(f"{at}.{key}", f"no '{word}'; there are {', '.join(sorted(known))}")
        return tuple(value)

    def targets(self, at: str, row: dict[str, Any]) -> tuple[str, ...]:
        return self.list_of(at, row, "targets", self.modes, needed=True)

    def modes_of(self, at: str, row: dict[str, Any]) -> tuple[str, ...]:
        return self.list_of(at, row, "modes", {m for modes in self.modes.values() for m in modes})

    def source(self, at: str, row: dict[str, Any]) -> str:
        value = row.get("source")
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{at}.source", "missing: every limit has a source")
        return value

    def number(self, at: str, row: dict[str, Any], key: str) -> int | None:
        value = row.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value <= 0):
            raise self.error(f"{at}.{key}", "must be a positive number")
        return value

    def quantity(self, at: str, name: object) -> Quantity:
        found = self.words.quantities.get(name) if isinstance(name, str) else None
        if found is None:
            raise self.error(at, f"no quantity '{name}'; there are {', '.join(self.words.quantities)}")
        return found
