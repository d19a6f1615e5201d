"""Values as trees. Integers are kept as polynomials, so that equal addresses are equal objects.

Integer arithmetic is that of mathematics: an address that overflows is outside of what CUDA allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from math import gcd

from portcheck.ascendc.archetypes.flow.elements import Type

FLOATING = frozenset(("half", "bf16", "float", "double", "fp8_e4m3", "fp8_e5m2"))
INTEGERS = frozenset(
    ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "int")
)


@dataclass(frozen=True, slots=True)
class Const:
    """A number; an integer is an int, a floating one a float."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Scalar:
    """What a launch fixes: a parameter of the kernel, of its template, gridDim.x, blockDim.x, …."""

    name: str
    ctype: str = "int"


@dataclass(frozen=True, slots=True)
class Hardware:
    """blockIdx.x, threadIdx.y, …."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """0 <= index < extent, each value exactly once. `name` is unique within one reading."""

    name: str
    extent: Value


@dataclass(frozen=True, slots=True)
class Load:
    """An element of a buffer in GM; `address` counts bytes from the parameter `buffer`."""

    buffer: str
    ctype: str
    address: Value


@dataclass(frozen=True, slots=True)
class Cast:
    """A conversion of a number; `mode` is rn, rz, … where an intrinsic says so, satfinite for FP8."""

    ctype: str
    arg: Value
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Op:
    """Arithmetic: `name` is + - * / fma max min abs exp sqrt rsqrt neg select < <= == and or not …."""

    name: str
    args: tuple[Value, ...]
    ctype: str


@dataclass(frozen=True, slots=True)
class Sum:
    """An integer polynomial: a sum of coefficient times atoms, in a fixed order."""

    terms: tuple[tuple[tuple[Value, ...], int], ...]


@dataclass(frozen=True, slots=True)
class Reduce:
    """init op body(0) op body(1) …, over an index.

    `missing` are the hardware indices over whose values the result is still partial: a thread's own
    share. `running`: what the iteration finds, without its own part.
    """

    op: str
    index: Index
    init: Value
    body: Value
    missing: frozenset[Value] = frozenset()
    running: bool = False


@dataclass(frozen=True, slots=True)
class Lanes:
    """`body` reduced over the lanes of a warp whose number differs in the bits of `mask`."""

    op: str
    body: Value
    mask: int


@dataclass(frozen=True, slots=True)
class Shuffle:
    """`body` of the lane whose number differs in the bits of `mask`."""

    body: Value
    mask: int


@dataclass(frozen=True, slots=True)
class Pack:
    """Bytes put together: (offset, width, value) in ascending order, without gaps."""

    parts: tuple[tuple[int, int, Value], ...]


@dataclass(frozen=True, slots=True)
class Pointer:
    """An address: `space` is gm, local or shared, `offset` counts bytes from `base`."""

    space: str
    base: str
    offset: Value
    pointee: Type


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was not followed, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What the iteration before left in a variable; only inside of a loop that is being read."""

    loop: int
    cell: tuple[str, int]
    ctype: str = ""


Value = (
    Const | Scalar | Hardware | Index | Load | Cast | Op | Sum | Reduce | Lanes | Shuffle | Pack | Pointer
    | Unknown | Carried
)  # fmt: skip
Terms = dict[tuple[Value, ...], int]

ZERO, ONE = Const(0), Const(1)
TRUE, FALSE = Const(1), Const(0)


# -- integers ------------------------------------------------------------------------------


def terms_of(value: Value) -> Terms:
    """The polynomial of an integer; what is no sum is one atom."""
    if isinstance(value, Sum):
        return dict(value.terms)
    if isinstance(value, Const):
        return {(): int(value.value)} if value.value else {}
    return {(value,): 1}


def of_terms(terms: Terms) -> Value:
    kept = {atoms: n for atoms, n in terms.items() if n}
    if not kept:
        return ZERO
    if len(kept) == 1:
        (atoms, n), = kept.items()  # fmt: skip
        if not atoms:
            return Const(n)
        if n == 1 and len(atoms) == 1:
            return atoms[0]
    return Sum(tuple(sorted(kept.items(), key=lambda t: (len(t[0]), repr(t[0])))))


def add(left: Value, right: Value, factor: int = 1) -> Value:
    """left + factor * right."""
    bad = first_unknown(left, right)
    if bad is not None:
        return bad
    terms = terms_of(left)
    for atoms, n in terms_of(right).items():
        terms[atoms] = terms.get(atoms, 0) + factor * n
    return of_terms(terms)


def subtract(left: Value, right: Value) -> Value:
    return add(left, right, -1)


def multiply(left: Value, right: Value) -> Value:
    bad = first_unknown(left, right)
    if bad is not None:
        return bad
    terms: Terms = {}
    for a, m in terms_of(left).items():
        for b, n in terms_of(right).items():
            atoms = tuple(sorted(a + b, key=repr))
            terms[atoms] = terms.get(atoms, 0) + m * n
    return of_terms(terms)


def divide(value: Value, by: Value) -> Value:
    """value / by of integers that are not negative; an atom where it is not a polynomial."""
    bad = first_unknown(value, by)
    if bad is not None:
        return bad
    if by == ONE:
        return value
    if isinstance(by, Const) and by.value > 0:
        n = int(by.value)
        if isinstance(value, Const):
            return Const(int(value.value) // n) if value.value >= 0 else Const(-(-int(value.value) // n))
        whole, rest = _split(value, n)
        if rest == ZERO or (whole != ZERO and is_natural(whole) and below(rest, n)):
            return whole
        common = gcd(n, *terms_of(value).values())
        if common > 1 and is_natural(value):
            smaller = of_terms({atoms: k // common for atoms, k in terms_of(value).items()})
            return divide(smaller, Const(n // common))
        if rest != value and is_natural(rest) and is_natural(whole):
            return add(whole, divide(rest, by))
        if isinstance(value, Op) and value.name == "//" and isinstance(value.args[1], Const):
            return divide(value.args[0], Const(int(value.args[1].value) * n))
    return Op("//", (value, by), "int")


def modulo(value: Value, by: Value) -> Value:
    """value % by of integers that are not negative."""
    bad = first_unknown(value, by)
    if bad is not None:
        return bad
    if isinstance(by, Const) and by.value > 0:
        n = int(by.value)
        if n == 1:
            return ZERO
        if isinstance(value, Const):
            return Const(int(value.value) % n) if value.value >= 0 else Unknown("a remainder of less than 0")
        whole, rest = _split(value, n)
        if rest == ZERO or (is_natural(whole) and below(rest, n)):
            return rest
        if rest != value and is_natural(rest) and is_natural(whole):
            return modulo(rest, by)
        inner = value.args[1] if isinstance(value, Op) and value.name == "%" else None
        if isinstance(value, Op) and isinstance(inner, Const) and int(inner.value) % n == 0:
            return modulo(value.args[0], by)
    return Op("%", (value, by), "int")


def _split(value: Value, n: int) -> tuple[Value, Value]:
    """value = n * whole + rest, by the coefficients."""
    whole: Terms = {}
    rest: Terms = {}
    for atoms, k in terms_of(value).items():
        q, r = divmod(k, n)
        whole[atoms], rest[atoms] = (q, r) if k >= 0 else (0, k)
    return of_terms(whole), of_terms(rest)


def below(value: Value, n: int) -> bool:
    """Whether 0 <= value < n by the extents of what it is made of."""
    most = 0
    for atoms, k in terms_of(value).items():
        top = 1
        for atom in atoms:
            limit = limit_of(atom)
            if limit is None:
                return False
            top *= limit - 1
        if k < 0:
            return False
        most += k * top
    return most < n


def limit_of(atom: Value) -> int | None:
    """n where 0 <= atom < n is known."""
    if isinstance(atom, Index) and isinstance(atom.extent, Const):
        return int(atom.extent.value)
    if isinstance(atom, Op) and atom.name == "%" and isinstance(atom.args[1], Const):
        return int(atom.args[1].value) if is_natural(atom.args[0]) else None
    if isinstance(atom, Const):
        return int(atom.value) + 1
    return None


def is_natural(value: Value) -> bool:
    """Whether an integer is known not to be negative."""
    return all(n >= 0 and all(_is_natural_atom(a) for a in atoms) for atoms, n in terms_of(value).items())


def _is_natural_atom(atom: Value) -> bool:
    if isinstance(atom, Index | Hardware | Scalar):
        return True
    if isinstance(atom, Load):
        return atom.ctype.startswith("uint")
    if isinstance(atom, Cast):
        return atom.ctype.startswith("uint")
    return isinstance(atom, Op) and atom.name in ("//", "%", "min") and all(map(is_natural, atom.args))


# -- trees ---------------------------------------------------------------------------------


def first_unknown(*values: Value) -> Unknown | None:
    return next((v for v in values if isinstance(v, Unknown)), None)


def children(value: Value) -> Iterator[Value]:
    if isinstance(value, Sum):
        for atoms, _ in value.terms:
            yield from atoms
    elif isinstance(value, Pack):
        for _, _, part in value.parts:
            yield part
    else:
        for field in fields(value):
            inner = getattr(value, field.name)
            if isinstance(inner, tuple):
                yield from (v for v in inner if is_dataclass(v))  # type: ignore[misc]
            elif is_dataclass(inner) and not isinstance(inner, Type):
                yield inner  # type: ignore[misc]


def walk(value: Value) -> Iterator[Value]:
    """The value and everything inside of it."""
    yield value
    for inner in children(value):
        yield from walk(inner)


def contains(value: Value, parts: Iterable[Value]) -> bool:
    wanted = set(parts)
    return any(v in wanted for v in walk(value))


def rewrite(value: Value, replace: Callable[[Value], Value | None]) -> Value:
    """Every part for which `replace` gives a value is replaced; integers are put in order again."""
    new = replace(value)
    if new is not None:
        return new

    def again(part: Value) -> Value:
        return rewrite(part, replace)

    match value:
        case Sum():
            total: Value = ZERO
            for atoms, n in value.terms:
                product: Value = Const(n)
                for atom in atoms:
                    product = multiply(product, again(atom))
                total = add(total, product)
            return total
        case Op():
            return operation(value.name, tuple(map(again, value.args)), value.ctype)
        case Load():
            return Load(value.buffer, value.ctype, again(value.address))
        case Cast():
            return Cast(value.ctype, again(value.arg), value.mode)
        case Reduce():
            index = again(value.index)
            if not isinstance(index, Index):
                return Unknown("the index of a reduction was replaced")
            init, body = again(value.init), again(value.body)
            return Reduce(value.op, index, init, body, value.missing, value.running)
        case Lanes():
            return Lanes(value.op, again(value.body), value.mask)
        case Shuffle():
            return Shuffle(again(value.body), value.mask)
        case Pack():
            return Pack(tuple((o, w, again(v)) for o, w, v in value.parts))
        case Pointer():
            return Pointer(value.space, value.base, again(value.offset), value.pointee)
        case Index():
            extent = again(value.extent)
            return value if extent == value.extent else Index(value.name, extent)
        case _:
            return value


def substitute(value: Value, table: dict[Value, Value]) -> Value:
    return rewrite(value, table.get) if table else value


_INTEGER: dict[str, Callable[[Value, Value], Value]] = {
    "+": add, "-": subtract, "*": multiply, "//": divide, "%": modulo,
}  # fmt: skip


def operation(name: str, args: tuple[Value, ...], ctype: str) -> Value:
    """An operation in normal form."""
    if len(args) == 2 and name in ("max", "min", "+"):
        together = with_lanes(name, args[0], args[1])
        if together is not None:
            return together
    if ctype == "int" and name in _INTEGER:
        return _INTEGER[name](args[0], args[1])
    if name == "not":
        return negate(args[0])
    if name in _OPPOSITE:
        return comparison(name, args[0], args[1])
    if name == "select" and isinstance(args[0], Const):
        return args[1] if args[0].value else args[2]
    if name == "select" and args[1] == args[2]:
        return args[1]
    if name in ("max", "min") and args[0] == args[1]:
        return args[0]
    if name in ("max", "min") and all(isinstance(a, Const) for a in args):
        numbers = [a.value for a in args if isinstance(a, Const)]
        return Const(max(numbers) if name == "max" else min(numbers))
    return Op(name, args, ctype)


def with_lanes(name: str, left: Value, right: Value) -> Value | None:
    """x op x of another lane: a step of a reduction over lanes."""
    if isinstance(left, Shuffle):
        left, right = right, left
    if not isinstance(right, Shuffle) or right.body != left:
        return None
    if isinstance(left, Lanes) and left.op == name and not left.mask & right.mask:
        return Lanes(name, left.body, left.mask | right.mask)
    return Lanes(name, left, right.mask)


_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


def comparison(name: str, left: Value, right: Value) -> Value:
    """A comparison: of integers as `difference < 0`, `== 0`, …, so that equal conditions are equal."""
    if type_of(left) in INTEGERS and type_of(right) in INTEGERS:
        gap = subtract(left, right)
        if isinstance(gap, Unknown):
            return gap
        if isinstance(gap, Const):
            return Const(int(_HOLDS[name](gap.value, 0)))
        if name in (">", ">="):  # a > b is b - a < 0; a >= b is b - a <= 0, that is b - a - 1 < 0
            gap = subtract(ZERO, gap)
            name = "<" if name == ">" else "<="
        if name == "<=":
            gap, name = subtract(gap, ONE), "<"
        return Op(name, (gap, ZERO), "bool")
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(int(_HOLDS[name](left.value, right.value)))
    return Op(name, (left, right), "bool")


def negate(condition: Value) -> Value:
    """The condition that holds exactly where this one does not (NaN compares are not turned round)."""
    if isinstance(condition, Const):
        return Const(int(not condition.value))
    if isinstance(condition, Op) and condition.name in _OPPOSITE:
        left, right = condition.args
        if type_of(left) in INTEGERS and type_of(right) in INTEGERS:
            return comparison(_OPPOSITE[condition.name], left, right)
    if isinstance(condition, Op) and condition.name == "not":
        return condition.args[0]
    return Op("not", (condition,), "bool")


def type_of(value: Value) -> str:
    """The type of a number: an integer of whatever size computed is `int`."""
    match value:
        case Const():
            return "int" if isinstance(value.value, int) else "float"
        case Sum() | Hardware() | Index():
            return "int"
        case Scalar() | Load() | Cast() | Op() | Carried():
            return value.ctype
        case Reduce() | Lanes() | Shuffle():
            return type_of(value.body)
        case _:
            return ""
