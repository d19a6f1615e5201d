"""Congruence classes: what is known of an integer modulo some number."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd


@dataclass(frozen=True, slots=True)
class Congruence:
    """The integers ≡ `residue` modulo `modulus`; modulus 0 is one number, modulus 1 any number."""

    modulus: int
    residue: int

    def __post_init__(self) -> None:
        if self.modulus < 0 or (self.modulus and not 0 <= self.residue < self.modulus):
            raise ValueError(f"not in normal form: {self.residue} mod {self.modulus}")

    def __contains__(self, value: int) -> bool:
        return (value - self.residue) % self.modulus == 0 if self.modulus else value == self.residue

    def join(self, other: Congruence) -> Congruence:
        """The smallest class that contains both."""
        return congruence(gcd(self.modulus, other.modulus, self.residue - other.residue), self.residue)

    def widen(self, other: Congruence) -> Congruence:
        """As `join`: a modulus has finitely many divisors, so that a chain of joins ends."""
        return self.join(other)

    def meet(self, other: Congruence) -> Congruence | None:
        """The integers in both classes, None where there are none."""
        shared = gcd(self.modulus, other.modulus)
        if (self.residue - other.residue) % shared if shared else self.residue != other.residue:
            return None
        if self.modulus == 0 or other.modulus == 0:
            return self if self.modulus == 0 else other
        step = other.modulus // shared
        factor = (other.residue - self.residue) // shared * pow(self.modulus // shared, -1, step)
        return congruence(self.modulus * step, self.residue + self.modulus * (factor % step))

    def add(self, other: Congruence) -> Congruence:
        return congruence(gcd(self.modulus, other.modulus), self.residue + other.residue)

    def scale(self, factor: int) -> Congruence:
        return congruence(self.modulus * abs(factor), self.residue * factor)

    def multiply(self, other: Congruence) -> Congruence:
        modulus = gcd(
            self.modulus * other.modulus, self.modulus * other.residue, other.modulus * self.residue
        )
        return congruence(modulus, self.residue * other.residue)

    def floor_divide(self, divisor: int) -> Congruence:
        """The class of floor(n / divisor) for n in this class and a positive divisor."""
        if self.modulus % divisor:
            return ANY
        return congruence(self.modulus // divisor, self.residue // divisor)

    def holds(self, modulus: int, residue: int) -> bool | None:
        """Whether every member is ≡ residue mod modulus; False if none is, None if some are."""
        if (self.residue - residue) % gcd(self.modulus, modulus):
            return False
        return True if self.modulus % modulus == 0 else None


def congruence(modulus: int, residue: int) -> Congruence:
    """The class of `residue` modulo `modulus`, in normal form."""
    return Congruence(modulus, residue % modulus if modulus else residue)


ANY = Congruence(1, 0)
