"""How threads and blocks divide an iteration space: mixed radix numbers of hardware indices."""

from __future__ import annotations

from dataclasses import dataclass

from portcheck.ascendc.archetypes.flow.values import (
    Const,
    Hardware,
    Op,
    Scalar,
    Value,
    children,
    divide,
    multiply,
    of_terms,
    substitute,
    terms_of,
    walk,
)

WARP = 32  # lanes of a warp, CUDA C++ Programming Guide


@dataclass(frozen=True, slots=True)
class Digits:
    """scale * (a0 + size0 * a1 + size0 * size1 * a2 …), each combination of its atoms a number once."""

    atoms: tuple[Value, ...]
    total: Value  # how many numbers there are
    scale: int


def is_hardware(value: Value) -> bool:
    """threadIdx.x, and its quotients and remainders by constants."""
    if isinstance(value, Hardware):
        return True
    if isinstance(value, Op) and value.name in ("//", "%") and isinstance(value.args[1], Const):
        return is_hardware(value.args[0])
    return False


def hardware_in(value: Value) -> frozenset[Value]:
    """The outermost hardware atoms inside of a value."""
    if is_hardware(value):
        return frozenset((value,))
    found: set[Value] = set()
    for inner in children(value):
        found |= hardware_in(inner)
    return frozenset(found)


def divides_warps(condition: Value) -> bool:
    """Whether a condition may hold for some lanes of a warp alone."""
    return any(hardware_base(a) == THREAD and not _is_warp(a) for a in hardware_in(condition))


def _is_warp(atom: Value) -> bool:
    """The number of a warp, or of several."""
    while isinstance(atom, Op):
        if atom.name == "//" and atom.args[0] == THREAD and isinstance(atom.args[1], Const):
            return atom.args[1].value % WARP == 0
        atom = atom.args[0]
    return False


def size_of(atom: Value) -> Value:
    """How many values a hardware atom takes."""
    if isinstance(atom, Hardware):
        return Scalar(atom.name.replace("blockIdx", "gridDim").replace("threadIdx", "blockDim"))
    assert isinstance(atom, Op)
    inner, by = atom.args
    if atom.name == "%":
        return by
    return divide(size_of(inner), by)


def independent(atoms: tuple[Value, ...]) -> bool:
    """Whether each combination of values of the atoms exists, once: of one thread number, its parts."""
    for position, one in enumerate(atoms):
        for other in atoms[position + 1 :]:
            if hardware_base(one) == hardware_base(other) and not _complementary(one, other):
                return False
    return True


def hardware_base(atom: Value) -> Value:
    while isinstance(atom, Op):
        atom = atom.args[0]
    return atom


def _complementary(one: Value, other: Value) -> bool:
    """t // c and t % c; t // c and (t % c) // d or (t % c) % d; and t % c // d with t % d."""
    for a, b in ((one, other), (other, one)):
        if isinstance(a, Op) and a.name == "//":
            inner, by = a.args
            while isinstance(b, Op):
                if b.name == "%" and b.args[0] == inner and b.args[1] == by:
                    return True
                if (
                    b.name == "%"
                    and isinstance(inner, Op)
                    and inner.name == "%"
                    and b.args == (inner.args[0], by)
                ):
                    return True
                b = b.args[0]
    return False


class Sizes:
    """Equality of sizes, and what has to be assumed about the launch for it.

    Blocks may be as large as a constant of the template says, never as a parameter of the kernel says.
    """

    def __init__(self) -> None:
        self.constants: set[str] = set()
        self.whole_warps = False
        self.block: Value | None = None  # what blockDim.x is

    def same(self, left: Value, right: Value) -> bool:
        left, right = self.known(left), self.known(right)
        if left == right:
            return True
        if self._with_whole_warps(left) == self._with_whole_warps(right):
            self.whole_warps = True
            return True
        if self.block is not None:
            return False
        names = [v for side in (left, right) for v in walk(side) if isinstance(v, Scalar)]
        candidates: list[Value] = [v for v in names if v.name in self.constants]
        candidates += [v for side in (left, right) if isinstance(side, Const) for v in (side,)]
        for candidate in dict.fromkeys(candidates):
            table: dict[Value, Value] = {_BLOCK: candidate}
            if substitute(left, table) == substitute(right, table):
                self.block = candidate
                return True
        return False

    def known(self, value: Value) -> Value:
        return substitute(value, {_BLOCK: self.block}) if self.block is not None else value

    def _with_whole_warps(self, value: Value) -> Value:
        block = self.block if isinstance(self.block, Scalar) else _BLOCK
        return substitute(value, {block: multiply(Const(WARP), Scalar("warps of a block"))})

    def assumptions(self) -> tuple[str, ...]:
        found = []
        if self.block is not None:
            named = (
                self.block.name if isinstance(self.block, Scalar) else str(getattr(self.block, "value", ""))
            )
            found.append(f"blockDim.x == {named}")
        if self.whole_warps:
            found.append(f"blockDim.x % {WARP} == 0")
        return tuple(found)


_BLOCK = Scalar("blockDim.x")
THREAD = Hardware("threadIdx.x")


def digits_of(value: Value, sizes: Sizes) -> Digits | None:
    """The mixed radix number that a sum of hardware atoms is; None where it is none."""
    found: list[tuple[Value, Value]] = []  # atom, weight
    for atoms, n in terms_of(value).items():
        hardware = [a for a in atoms if is_hardware(a)]
        rest = tuple(a for a in atoms if not is_hardware(a))
        if len(hardware) != 1 or any(not isinstance(a, Scalar | Op) for a in rest):
            return None
        found.append((hardware[0], of_terms({rest: n})))
    if not found or not independent(tuple(a for a, _ in found)):
        return None
    scales = [w for _, w in found if isinstance(w, Const)]
    if not scales:
        return None
    scale = min(int(w.value) for w in scales if isinstance(w, Const))
    if scale < 1:
        return None
    expected: Value = Const(scale)
    ordered: list[Value] = []
    left = dict(found)
    while left:
        atom = next((a for a, w in left.items() if sizes.same(w, expected)), None)
        if atom is None:
            return None
        ordered.append(atom)
        expected = multiply(expected, sizes.known(size_of(atom)))
        del left[atom]
    if any(isinstance(a, Op) for a in ordered):
        sizes.whole_warps = True  # every lane of every warp is there
    total = divide(expected, Const(scale)) if scale != 1 else expected
    return Digits(tuple(ordered), total, scale)
