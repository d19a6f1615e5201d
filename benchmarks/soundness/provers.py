"""What is put to the test: portcheck's prover, and mock provers that test the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from portcheck.symbolic.condition import Condition


class Proof(Protocol):
    """Attributes of `portcheck.analysis`'s proof that the judge reads."""

    @property
    def verdict(self) -> Any: ...
    @property
    def condition(self) -> Condition | None: ...
    @property
    def witness(self) -> Mapping[str, int]: ...
    @property
    def residues(self) -> tuple[int, ...]: ...
    @property
    def why(self) -> str: ...


class Prover(Protocol):
    """Answers about the files of one folder; `path` is relative to it."""

    def prove(self, path: str, line: int, text: str, modulus: int, equals: int) -> Proof: ...


@dataclass(frozen=True)
class Claim:
    """The proof of a mock."""

    verdict: str
    condition: Condition | None = None
    witness: Mapping[str, int] = field(default_factory=dict)
    residues: tuple[int, ...] = ()
    why: str = ""
    assumptions: tuple[str, ...] = ()


class Real:
    """portcheck itself."""

    def __init__(self, folder: Path) -> None:
        from portcheck.analysis.engine import analyse

        self.analysis = analyse([str(folder)])

    def prove(self, path: str, line: int, text: str, modulus: int, equals: int) -> Proof:
        proof: Proof = self.analysis.prove(path, line, text, modulus=modulus, equals=equals)
        return proof


class Always:
    """A mock that gives one answer to everything."""

    verdict = "unknown"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prove(self, path: str, line: int, text: str, modulus: int, equals: int) -> Proof:
        return Claim(self.verdict, why=f"a mock that says {self.verdict}")


class AlwaysHolds(Always):
    verdict = "holds"


class AlwaysViolated(Always):
    verdict = "violated"


class Sampler(Always):
    """An honest mock: `violated` with the witness of a run that fails, `unknown` otherwise."""

    def prove(self, path: str, line: int, text: str, modulus: int, equals: int) -> Proof:
        import random

        from benchmarks.soundness.subject import Subject

        subject = Subject((self.folder / path).read_text(encoding="utf-8"))
        number = next(p.number for p in subject.probes if p.line == line)
        for drawn in subject.draw(random.Random(path), 200):
            entries, _ = subject.run(drawn)
            for entry in entries:
                if any(n == number and (v - equals) % modulus for n, v, _ in entry.seen):
                    return Claim("violated", witness=entry.values)
        return Claim("unknown", why="no run fails")


PROVERS: dict[str, type[Real] | type[Always]] = {
    "portcheck": Real,
    "unknown": Always,
    "holds": AlwaysHolds,
    "violated": AlwaysViolated,
    "sampler": Sampler,
}
