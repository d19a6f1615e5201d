"""The text so far, the names in scope, and random integer expressions over them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LIMIT = 1 << 30
MODULI = (32,) * 15 + (16, 16, 64, 64, 128, 512)
POWERS = (2, 4, 8, 16, 32, 64, 128)
HELPER_NAMES = ("align_up", "align_down", "ceil_div")


@dataclass(slots=True)
class Var:
    """A name in scope. `high` bounds its magnitude; `negative` says that it may be below zero."""

    name: str
    type: str = "int"
    high: int = 16400
    negative: bool = False
    mutable: bool = False
    thread: bool = False


@dataclass(slots=True)
class Num:
    text: str
    high: int
    negative: bool = False
    type: str = "int"
    simple: bool = True

    @property
    def factor(self) -> str:
        return self.text if self.simple else f"({self.text})"


@dataclass
class Ptr:
    """A pointer in scope: its name, its element type, and whether it points into shared memory."""

    name: str
    element: str
    mutable: bool = False


@dataclass
class Writer:
    rng: random.Random
    lines: list[str] = field(default_factory=list)
    depth: int = 0
    probes: int = 0
    serial: int = 0
    scopes: list[list[Var]] = field(default_factory=lambda: [[]])
    pointers: list[list[Ptr]] = field(default_factory=lambda: [[]])
    memories: list[str] = field(default_factory=list)  # int pointers that can be read
    read_only: set[str] = field(default_factory=set)
    constants: list[Num] = field(default_factory=list)  # template parameters, enumerators, macros
    booleans: list[str] = field(default_factory=list)  # constant conditions
    device: bool = False  # code of the device, where helpers may be called
    helpers: set[str] = field(default_factory=set)
    top: list[str] = field(default_factory=list)  # helper definitions that a feature wants
    macros: dict[str, str] = field(default_factory=dict)
    shared: bool = False
    in_loop: int = 0

    # -- text ----------------------------------------------------------------------------

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text if text else "")

    @contextmanager
    def block(self, head: str, tail: str = "}") -> Iterator[None]:
        self.line(f"{head} {{" if head else "{")
        self.depth += 1
        self.scopes.append([])
        self.pointers.append([])
        yield
        self.scopes.pop()
        self.pointers.pop()
        self.depth -= 1
        self.line(tail)

    def fresh(self, stem: str) -> str:
        self.serial += 1
        return f"{stem}_{self.serial}"

    def probe(self, text: str, modulus: int | None = None, equals: int | None = None) -> None:
        modulus = modulus or self.rng.choice(MODULI)
        if equals is None:
            equals = 0 if self.rng.random() < 0.9 else self.rng.choice((1, 4, 8, 16)) % modulus
        if text.strip("()").isdigit():
            text = f"0 + {text}"
            text = f"{text} * 1"
        self.line(f"probe({self.probes}, {text});  // mod {modulus} equals {equals}")
        self.probes += 1

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # -- names ---------------------------------------------------------------------------

    def add(self, var: Var) -> Var:
        self.scopes[-1].append(var)
        return var

    def add_pointer(self, pointer: Ptr) -> Ptr:
        self.pointers[-1].append(pointer)
        return pointer

    def visible(self, test: Callable[[Var], bool] = lambda v: True) -> list[Var]:
        found: dict[str, Var] = {}
        for scope in self.scopes:
            for var in scope:
                found[var.name] = var
        return [v for v in found.values() if test(v)]

    def pick(self, test: Callable[[Var], bool] = lambda v: True) -> Var | None:
        found = self.visible(test)
        if not found:
            return None
        if self.chance(0.5):
            found = found[-6:]
        return self.rng.choice(found)

    def visible_pointers(self) -> list[Ptr]:
        return [p for scope in self.pointers for p in scope]

    def local(self, stem: str, num: Num, mutable: bool | None = None, const: str = "") -> Var:
        """Declare a local with a value."""
        rng = self.rng
        name = self.fresh(stem)
        mutable = self.chance(0.4) if mutable is None else mutable
        if num.type == "int" and num.high < LIMIT:
            kind = "int" if self.chance(0.85) or mutable else rng.choice(("auto", "int64_t"))
        else:
            kind = num.type
        prefix = const or ("" if mutable else rng.choice(("const ", "const ", "")))
        self.line(f"{prefix}{kind} {name} = {num.text};")
        known = num.type if kind == "auto" else kind
        return self.add(Var(name, known, num.high, num.negative, mutable))

    # -- expressions ---------------------------------------------------------------------

    def literal(self) -> Num:
        value = self.rng.choice((0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 24, 32, 40, 48, 64, 96, 100, 128, 256))
        return Num(str(value), value)

    def sizeof(self) -> Num:
        kind, size = self.rng.choice(
            (("int4", 16), ("int", 4), ("float", 4), ("__nv_bfloat16", 2), ("uint64_t", 8), ("int2", 8))
        )
        return Num(f"static_cast<int>(sizeof({kind}))", size)

    def atom(self) -> Num:
        roll = self.rng.random()
        if roll < 0.62:
            var = self.pick(lambda v: v.type == "int")
            if var is not None:
                return Num(var.name, var.high, var.negative)
        if roll < 0.8 and self.constants:
            return self.rng.choice(self.constants)
        if roll < 0.86:
            return self.sizeof()
        return self.literal()

    def scaled(self) -> Num:
        """A name times a size, as offsets are made of."""
        base = self.atom()
        factor = self.rng.choice((1, 2, 4, 8, 16, 16, 32, 32, 64, 96, 128))
        if base.high * factor >= LIMIT:
            return base
        if factor == 1:
            return base
        if factor == 16 and self.chance(0.4):
            return Num(
                f"{base.factor} * static_cast<int>(sizeof(int4))", base.high * 16, base.negative, simple=False
            )
        text = f"{base.factor} * {factor}" if self.chance(0.7) else f"{factor} * {base.factor}"
        if self.chance(0.1) and factor & (factor - 1) == 0 and not base.negative:
            text = f"({base.factor} << {factor.bit_length() - 1})"
            return Num(text, base.high * factor)
        return Num(text, base.high * factor, base.negative, simple=False)

    def offset(self) -> Num:
        """A sum of scaled names: what a probe asks about most."""
        found = self.scaled()
        for _ in range(self.rng.choice((0, 0, 1, 1, 2))):
            more = self.scaled()
            if found.high + more.high < LIMIT:
                sign = " - " if self.chance(0.12) else " + "
                right = more.text if sign == " + " or more.simple or "*" in more.text else more.factor
                if sign == " - ":
                    right = more.factor
                found = Num(
                    f"{found.text}{sign}{right}",
                    found.high + more.high,
                    found.negative or more.negative or sign == " - ",
                    simple=False,
                )
        if self.chance(0.25):
            found = self.rounded(found)
        return found

    def rounded(self, of: Num) -> Num:
        rng = self.rng
        a = rng.choice((16, 32, 32, 64, 128))
        high = of.high + a
        if high >= LIMIT:
            return of
        way = rng.randrange(8)
        if way == 0:
            return Num(f"({of.text} + {a - 1}) / {a} * {a}", high, of.negative, simple=False)
        if way == 1:
            return Num(f"({of.text} + {a - 1}) & ~{a - 1}", high, of.negative, simple=False)
        if way == 2:
            return Num(f"{of.factor} / {a} * {a}", high, of.negative, simple=False)
        if way == 3:
            return Num(f"({of.text}) - ({of.text}) % {a}", high * 2, of.negative, simple=False)
        if way == 4:
            return Num(f"({of.factor} & -{a})", high, of.negative)
        if way == 5 and not of.negative:
            shift = a.bit_length() - 1
            return Num(f"(({of.text}) >> {shift} << {shift})", high)
        if way == 6 and "ALIGN_UP" in self.macros:
            return Num(f"ALIGN_UP({of.text}, {a})", high, of.negative)
        helper = rng.choice(HELPER_NAMES)
        if helper in self.helpers and self.device:
            call = f"{helper}({of.text}, {a})" if self.chance(0.6) else f"{helper}<int>({of.text}, {a})"
            return Num(call, high, of.negative)
        return Num(f"({of.text} + {a - 1}) / {a} * {a}", high, of.negative, simple=False)

    def value(self, depth: int = 2) -> Num:
        """Any integer expression."""
        rng = self.rng
        if depth == 0:
            return self.atom()
        way = rng.randrange(17)
        a = self.value(depth - 1)
        b = self.value(depth - 1) if way in (0, 1, 2, 8, 9, 14) else self.literal()
        if way in (0, 1) and a.high + b.high < LIMIT:
            sign, negative = ("+", a.negative or b.negative) if way == 0 else ("-", True)
            return Num(f"{a.factor} {sign} {b.factor}", a.high + b.high, negative, simple=False)
        if way == 2 and a.high * b.high < LIMIT:
            return Num(f"{a.factor} * {b.factor}", a.high * b.high, a.negative or b.negative, simple=False)
        if way == 3 and a.high * b.high < LIMIT:
            return Num(f"{a.factor} * {b.text}", a.high * b.high, a.negative, simple=False)
        power = rng.choice(POWERS)
        divisor = rng.choice((power, power, power, 3, 5, 7, 12, 48))
        if way == 4:
            return Num(f"{a.factor} / {divisor}", a.high // divisor + 1, a.negative, simple=False)
        if way == 5:
            return Num(f"{a.factor} % {divisor}", divisor, a.negative, simple=False)
        if way == 6:
            return Num(f"({a.factor} & {rng.choice((power - 1, power, ~31, 24, 7, 48))})", a.high, a.negative)
        if way == 7:
            return self.rounded(a)
        if way == 8:
            name = rng.choice(("min", "max"))
            if a.type == b.type == "int" and self.device:
                return Num(f"{name}({a.text}, {b.text})", max(a.high, b.high), a.negative or b.negative)
        if way == 9:
            test = self.condition(1)
            return Num(f"({test} ? {a.text} : {b.text})", max(a.high, b.high), a.negative or b.negative)
        if way == 10:
            return Num(f"-{a.factor}", a.high, True, simple=False)
        if way == 11 and a.high * power < LIMIT and not a.negative:
            return Num(f"({a.factor} << {power.bit_length() - 1})", a.high * power)
        if way == 12:
            return Num(f"({a.factor} >> {power.bit_length() - 1})", a.high, a.negative)
        if way == 13:
            mask = rng.choice((1, 3, 15, 16, 31))
            return Num(f"({a.factor} {rng.choice('|^')} {mask})", 2 * a.high + 64, a.negative)
        if way == 14 and not a.negative and not b.negative:
            if self.chance(0.5) and "ceil_div" in self.helpers and self.device:
                return Num(f"ceil_div({a.text}, {divisor})", a.high + 1)
            return Num(f"{a.factor} / ({b.text} + 1)", a.high, simple=False)
        if way == 15:
            kind = rng.choice(("int64_t", "size_t", "int64_t")) if not a.negative else "int64_t"
            inner = f"static_cast<{kind}>({a.text})"
            if a.high * divisor < LIMIT:
                return Num(f"static_cast<int>({inner} * {divisor})", a.high * divisor, a.negative)
        if way == 16 and self.device:
            return self.helper_call(a)
        return a

    def helper_call(self, a: Num) -> Num:
        known = sorted(self.helpers - set(HELPER_NAMES))
        if not known:
            return a
        name = self.rng.choice(known)
        if name == "clamp_bytes":
            return Num(f"clamp_bytes({a.text}, {self.literal().text})", max(a.high, 8192) + 64, a.negative)
        if name == "pick_stride":
            return Num(f"pick_stride({a.text})", 4096, a.negative)
        if name == "sum_to":
            return Num(f"sum_to(({a.factor} & 7))", 400)
        if name == "round_pow2":
            return Num(f"round_pow2<{self.rng.choice((4, 16, 32))}>({a.text})", a.high + 64, a.negative)
        if name == "scale_by" and a.high * 32 < LIMIT:
            return Num(f"scale_by{self.rng.choice(('', '<16>', '<8>'))}({a.text})", a.high * 32, a.negative)
        return a

    def condition(self, depth: int = 2) -> str:
        rng = self.rng
        if depth > 1 and self.chance(0.25):
            joint = rng.choice(("&&", "&&", "||"))
            return f"({self.condition(1)}) {joint} ({self.condition(1)})"
        way = rng.randrange(9)
        a = self.atom()
        if way == 0 and self.booleans:
            return rng.choice(self.booleans)
        if way in (0, 1, 2):
            return f"{a.factor} % {rng.choice(POWERS[:6])} {rng.choice(('==', '==', '!='))} 0"
        if way == 3:
            bound = rng.choice((0, 1, 4, 16, 31, 32, 64, 100, 256, 1024))
            return f"{a.factor} {rng.choice(('<', '>', '<=', '>=', '=='))} {bound}"
        if way == 4:
            b = self.atom()
            return f"{a.factor} {rng.choice(('<', '>', '=='))} {b.factor}"
        if way == 5:
            return f"({a.factor} & {rng.choice((1, 3, 15, 16, 31))}) == 0"
        if way == 6:
            return f"!({self.condition(1)})" if depth > 1 else f"{a.factor} > 8"
        if way == 7:
            return a.text
        return f"{a.factor} {rng.choice(('<', '>='))} {rng.choice((8, 48, 96, 2048))}"
