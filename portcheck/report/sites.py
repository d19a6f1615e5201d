"""Transfers and layouts by place: the ways through the code that lead to one are told together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portcheck.analysis.transfers import Layout, Transfer
from portcheck.analysis.verdicts import Judged, Statement
from portcheck.source.place import Place


@dataclass(frozen=True, slots=True)
class Answer:
    """What a requirement says at a site, and the ways that it says this of; () stands for all."""

    statement: Statement
    ways: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A place with the ways that lead to it, in the order in which they were found."""

    place: Place
    ways: tuple[Judged, ...]

    @property
    def subject(self) -> Transfer | Layout:
        """The first way's; the others move the same thing."""
        return self.ways[0].subject

    def answers(self) -> tuple[Answer, ...]:
        """One answer a requirement where all ways agree, else one for each thing that is said."""
        grouped: dict[object, dict[object, list[tuple[Judged, Statement]]]] = {}
        for way in self.ways:
            for statement in way.statements:
                asked = (statement.requirement.code, statement.role, statement.targets)
                said = (statement.verdict, str(statement.proof.condition))
                grouped.setdefault(asked, {}).setdefault(said, []).append((way, statement))
        found: list[Answer] = []
        for answers in grouped.values():
            for listed in answers.values():
                everyone = len(listed) == len(self.ways)
                found.append(Answer(listed[0][1], () if everyone else tuple(way for way, _ in listed)))
        return tuple(found)


def sites(judged: Iterable[Judged]) -> tuple[Site, ...]:
    """In the order of the first way of each."""
    grouped: dict[object, list[Judged]] = {}
    for one in judged:
        subject = one.subject
        what = subject.operation if isinstance(subject, Transfer) else subject.name
        grouped.setdefault((subject.place, type(subject), what), []).append(one)
    return tuple(Site(ways[0].subject.place, tuple(ways)) for ways in grouped.values())


def kernels(ways: Sequence[Judged]) -> tuple[str, ...]:
    """The kernels that the ways start from, each once."""
    return tuple(dict.fromkeys(way.subject.kernel for way in ways))
