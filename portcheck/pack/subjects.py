"""What rules look at: facts, statements about transfers, and what functions find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property

from portcheck.analysis.engine import Analysis
from portcheck.analysis.proof import Proof
from portcheck.facts.base import Fact, FactKind
from portcheck.facts.registry import FINDERS
from portcheck.source import SourceFile
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Match:
    """Something that a rule may report.

    `fields` are what predicates and messages use. `verdict` is set where the finder decided
    itself, with `why` for an unknown; `targets` are those that it speaks of, () for all.
    """

    place: Place
    function: str
    fields: Mapping[str, object]
    verdict: Verdict | None = None
    why: str = ""
    targets: tuple[str, ...] = ()
    proof: Proof | None = None
    related: tuple[Place, ...] = ()


COMMON_FIELDS: Mapping[str, str] = {
    "function": "the qualified name of the enclosing function, '' at file scope",
    "detail": "the fact in one line",
    "width_bytes": "what one execution moves, views or reserves, None where not constant",
    "definition": "whether it is the body of a wrapper; facts that are, are left out",
    "device": "whether it stands in code of the device",
    "together": "the kinds of facts in the same function",
    "source": "the text of its first line",
    "path": "the file",
}


@cache
def fact_classes() -> Mapping[str, type[Fact]]:
    """The class of each kind of fact."""
    assert FINDERS  # every class is imported with its finder
    found: dict[str, type[Fact]] = {}
    pending = list(Fact.__subclasses__())
    for class_ in pending:
        pending += class_.__subclasses__()
        kind = class_.__dict__.get("kind")
        if isinstance(kind, FactKind) and class_.__module__.startswith("portcheck."):
            found[kind.value] = class_
    return found


def fact_fields(kind: str) -> frozenset[str]:
    """The names that a predicate over facts of one kind may use."""
    own = {f.name for f in fields(fact_classes()[kind])} - {f.name for f in fields(Fact)}
    return frozenset(own | COMMON_FIELDS.keys())


@dataclass(eq=False)
class View:
    """A tree as rules see it. Everything is computed when first read."""

    analysis: Analysis

    def __post_init__(self) -> None:
        self.analysis.for_rules = True

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Facts of lines that are on, bodies of wrappers left out."""
        return tuple(f for f in self.analysis.reading.facts if f.active and not f.definition)

    @cached_property
    def of_kind(self) -> Mapping[str, list[Fact]]:
        found: dict[str, list[Fact]] = {kind.value: [] for kind in FactKind}
        for fact in self.facts:
            found[fact.kind.value].append(fact)
        return found

    @cached_property
    def kinds_in(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The kinds of facts of each function, by path and name."""
        found: dict[tuple[str, str], set[str]] = {}
        for fact in self.facts:
            found.setdefault((fact.place.path, fact.function), set()).add(fact.kind.value)
        return {key: frozenset(kinds) for key, kinds in found.items()}

    @cached_property
    def device_functions(self) -> frozenset[str]:
        return frozenset(
            f.qualified
            for f in self.analysis.functions
            if f.is_kernel or "__device__" in f.qualifiers or f.name == "operator()"
        )

    def line(self, place: Place) -> str:
        """The source line that a place begins on."""
        return self._sources[place.path].line_text(place.line).strip()

    @cached_property
    def _sources(self) -> Mapping[str, SourceFile]:
        return {p.source.path: p.source for p in self.analysis.reading.parsed}

    def matches(self, kind: str) -> Iterator[Match]:
        """Every fact of one kind."""
        for fact in self.of_kind[kind]:
            yield Match(fact.place, fact.function, self.fields(fact), related=fact.related)

    def fields(self, fact: Fact) -> dict[str, object]:
        """The fields of a fact that predicates and messages use."""
        return {
            **fact.content(),
            "function": fact.function,
            "detail": fact.detail,
            "width_bytes": fact.width_bytes,
            "definition": fact.definition,
            "device": fact.function in self.device_functions,
            "together": tuple(sorted(self.kinds_in[fact.place.path, fact.function])),
            "source": self.line(fact.place),
            "path": fact.place.path,
        }
