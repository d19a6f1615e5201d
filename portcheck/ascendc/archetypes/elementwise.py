"""y = f(x) for every element: arithmetic in float and casts, with up to a few inputs.

A kernel with one plain store to a buffer that it fills from its start, whose value is arithmetic of
loads at the same element, constants and parameters. The output may be one of the inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.dataflow import Cast, Const, Flow, Load, Op, Scalar, Value, walk
from portcheck.ascendc.archetypes.matching import cuda_name, dtype, uses
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body, floats_text
from portcheck.ascendc.archetypes.rows import first_of, is_count, named, table
from portcheck.ascendc.body import Body, Buffer, Role
from portcheck.ascendc.body import Scalar as HostScalar
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "elementwise"
MAX_INPUTS = 4
MAX_STEPS = 40
_IN = frozenset(("float", "half", "bf16"))
_OUT = frozenset(("float", "half", "bf16", "int32"))
_BINARY = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "max": "Max", "min": "Min"}
_WITH_SCALAR = {"+": "Adds", "*": "Muls", "max": "Maxs", "min": "Mins"}
_COMPARING = frozenset(("Max", "Min", "Maxs", "Mins"))
_UNARY = {"abs": "Abs", "exp": "Exp", "sqrt": "Sqrt"}
_TO_INT = {"rint": "CAST_RINT", "rz": "CAST_TRUNC", "floor": "CAST_FLOOR", "ceil": "CAST_CEIL"}


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction on whole tiles: `into` and `sources` are numbers of float tiles.

    `scalar` is C++ text of a float, "" where there is none. Kinds are those of Ascend C's names,
    "Fill", "Reciprocal" (1 / x by Div) and "Round" (to `cast`'s type and back).
    """

    kind: str
    into: int
    sources: tuple[int, ...] = ()
    scalar: str = ""
    cast: str = ""


@dataclass(frozen=True, slots=True)
class Elementwise:
    """`inputs` are the loads' types by the port's names; tile n holds input n before the first step."""

    out_dtype: str
    inputs: tuple[tuple[str, str], ...]
    parameters: tuple[str, ...]
    steps: tuple[Step, ...]
    result: int
    tiles: int
    rounding: str
    python: str
    in_place: str = ""  # the input that is the output too

    @property
    def is_exact(self) -> bool:
        """Whether every operation is rounded as IEEE 754 says: exp is not."""
        return not any(s.kind == "Exp" for s in self.steps)


@dataclass(frozen=True, slots=True)
class Found:
    spec: Elementwise
    named: Named


class _Archetype:
    name = NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body, None where the kernel does anything else."""
        chosen = first_of(view, function, find)
        if chosen is None or not can_write(chosen[1].spec, target):
            return None
        flow, found = chosen
        places = {"store": uses(flow, found.named.cuda["out"])}
        places |= {
            f"load{n}": uses(flow, found.named.cuda[name]) for n, (name, _) in enumerate(found.spec.inputs)
        }
        return write(identifier(function.name), found, target, {k: p for k, p in places.items() if p})


ARCHETYPE = _Archetype()


# -- recognising ---------------------------------------------------------------------------


def find(flow: Flow) -> Found | None:
    """The function of elements that a kernel computes, if it does nothing else."""
    if len(flow.stores) != 1:
        return None
    found = table(flow.stores[0], most_rows=0)
    if found is None or found.store.store.when or not is_count(found.column.extent):
        return None
    store = found.store.store
    at = found.at(store.address, store.ctype)
    if at is None or at.row is not None or at.index is not None or store.ctype not in _OUT:
        return None
    loads = list(dict.fromkeys(v for v in walk(store.value) if isinstance(v, Load)))
    if not loads or len(loads) > MAX_INPUTS or len({v.buffer for v in loads}) != len(loads):
        return None
    for load in loads:
        place = found.at(load.address, load.ctype)
        if place is None or place.row is not None or place.index is not None or load.ctype not in _IN:
            return None
        if load.buffer == store.buffer and load.ctype != store.ctype:
            return None
    return _compiled(flow, store.ctype, store.buffer, store.value, loads, found.column.extent)


def _compiled(
    flow: Flow, out: str, buffer: str, value: Value, loads: list[Load], count: Value
) -> Found | None:
    compiler = Compiler(flow, {load: n for n, load in enumerate(loads)})
    rounding = "CAST_RINT"
    if out != "float":
        if not isinstance(value, Cast) or value.ctype != out:
            if not (isinstance(value, Load) and value.ctype == out):
                return None
        elif out == "int32":
            value, rounding = _to_int(value)
            if not rounding:
                return None
        elif value.mode in ("rn", ""):
            value = value.arg
        else:
            return None
    result = compiler.tile(value)
    if result is None or len(compiler.steps) > MAX_STEPS:
        return None
    if isinstance(value, Load) and value.ctype == out:
        return None  # a copy
    in_place = next((f"x_{n}" for n, load in enumerate(loads) if load.buffer == buffer), "")
    buffers = {f"x_{n}": load.buffer for n, load in enumerate(loads) if load.buffer != buffer}
    numbers = {"count": count, **{f"p_{n}": v for n, v in enumerate(compiler.parameters)}}
    names = named(flow, {"out": buffer, **buffers}, numbers)
    if names is None or any(not cuda_name(flow, v) for v in compiler.parameters):
        return None
    spec = Elementwise(
        out_dtype=dtype(out),
        inputs=tuple(
            (f"x_{n}" if load.buffer != buffer else "out", dtype(load.ctype)) for n, load in enumerate(loads)
        ),
        parameters=tuple(f"p_{n}" for n in range(len(compiler.parameters))),
        steps=tuple(compiler.steps),
        result=result,
        tiles=compiler.most,
        rounding=rounding,
        python=compiler.python[result],
        in_place=in_place,
    )
    return Found(spec, names)


def _to_int(value: Cast) -> tuple[Value, str]:
    """A number rounded to int32: what is rounded, and how; "" where it is not known."""
    inner = value.arg
    if value.mode == "rz" and isinstance(inner, Op) and inner.name in ("rint", "floor", "ceil", "trunc"):
        return inner.args[0], _TO_INT.get(inner.name, "CAST_TRUNC")
    return inner, _TO_INT.get(value.mode, "")


@dataclass
class Compiler:
    """Expressions in float as steps on tiles. A tile is used again once nothing needs it any more."""

    flow: Flow
    inputs: dict[Load, int]
    steps: list[Step] = field(default_factory=list)
    parameters: list[Scalar] = field(default_factory=list)
    python: dict[int, str] = field(default_factory=dict)
    done: dict[Value, int] = field(default_factory=dict)
    most: int = 0

    def __post_init__(self) -> None:
        self.most = len(self.inputs)
        self.python = {n: f"x_{n}" for n in self.inputs.values()}

    def tile(self, value: Value) -> int | None:
        """The number of the tile that holds a value, after the steps so far."""
        if value in self.done:
            return self.done[value]
        found = self._tile(value)
        if found is not None:
            self.done[value] = found
        return found

    def _tile(self, value: Value) -> int | None:
        if isinstance(value, Load):
            return self.inputs.get(value)
        if isinstance(value, Cast):
            return self._cast(value)
        if not isinstance(value, Op) or value.ctype not in ("float", "half", "bf16"):
            return None
        found = self._operation(value)
        if found is None or value.ctype == "float":
            return found
        return self._new(
            "Round",
            (found,),
            f"rounded({self.python[found]}, '{dtype(value.ctype)}')",
            cast=dtype(value.ctype),
        )

    def _cast(self, value: Cast) -> int | None:
        """A conversion: to float it changes nothing in a tile of floats, else it rounds."""
        inner = self.tile(value.arg)
        if inner is None or value.ctype not in ("float", "half", "bf16") or value.mode not in ("", "rn"):
            return None
        if value.ctype == "float":
            return inner
        return self._new(
            "Round",
            (inner,),
            f"rounded({self.python[inner]}, '{dtype(value.ctype)}')",
            cast=dtype(value.ctype),
        )

    def _operation(self, value: Op) -> int | None:
        args = value.args
        if value.name == "fma" and len(args) == 3:
            return None  # rounded once in CUDA, twice in Ascend C
        if value.name in _UNARY and len(args) == 1:
            inner = self.tile(args[0])
            return None if inner is None else self._unary(value.name, inner)
        if value.name == "neg":
            inner = self.tile(args[0])
            return None if inner is None else self._new("Muls", (inner,), f"-{self.python[inner]}", "-1.0f")
        if value.name in ("rsqrt", "reciprocal"):
            inner = self.tile(args[0])
            if inner is None:
                return None
            root = self._unary("sqrt", inner) if value.name == "rsqrt" else inner
            return self._quotient("1.0f", "np.float32(1)", root)
        if value.name in _BINARY and len(args) == 2:
            return self._binary(value.name, args[0], args[1])
        return None

    def _unary(self, name: str, inner: int) -> int:
        return self._new(_UNARY[name], (inner,), f"np.{name}({self.python[inner]})")

    def _binary(self, name: str, left: Value, right: Value) -> int | None:
        one, other = self._scalar(left), self._scalar(right)
        if one is not None and other is not None:
            return None
        if other is not None:
            inner = self.tile(left)
            return None if inner is None else self._by_scalar(name, inner, *other)
        if one is not None:
            inner = self.tile(right)
            return None if inner is None else self._scalar_first(name, inner, *one)
        a, b = self.tile(left), self.tile(right)
        if a is None or b is None:
            return None
        return self._new(_BINARY[name], (a, b), _spelled(name, self.python[a], self.python[b]))

    def _by_scalar(self, name: str, inner: int, cpp: str, python: str) -> int:
        spelled = _spelled(name, self.python[inner], python)
        if name in _WITH_SCALAR:
            return self._new(_WITH_SCALAR[name], (inner,), spelled, cpp)
        if name == "-":
            return self._new("Adds", (inner,), spelled, f"-({cpp})")
        filled = self._new("Fill", (), python, cpp)
        return self._new(_BINARY[name], (inner, filled), spelled)

    def _scalar_first(self, name: str, inner: int, cpp: str, python: str) -> int:
        spelled = _spelled(name, python, self.python[inner])
        if name in _WITH_SCALAR:
            return self._new(_WITH_SCALAR[name], (inner,), spelled, cpp)
        if name == "-":
            negative = self._new("Muls", (inner,), f"-{self.python[inner]}", "-1.0f")
            return self._new("Adds", (negative,), spelled, cpp)
        return self._quotient(cpp, python, inner)

    def _quotient(self, cpp: str, python: str, inner: int) -> int:
        filled = self._new("Fill", (), python, cpp)
        return self._new("Div", (filled, inner), _spelled("/", python, self.python[inner]))

    def _scalar(self, value: Value) -> tuple[str, str] | None:
        """A constant or a parameter, as C++ and as Python."""
        if isinstance(value, Cast) and value.ctype == "float":
            return self._scalar(value.arg) if isinstance(value.arg, Const) else None
        if isinstance(value, Const):
            text = _float_text(float(value.value))
            return (text, f"np.float32({float(value.value)!r})") if text else None
        if isinstance(value, Op) and value.name == "/" and all(isinstance(a, Const) for a in value.args):
            texts = [self._scalar(a) for a in value.args]
            if all(t is not None for t in texts):
                (a, x), (b, y) = (t for t in texts if t is not None)
                return f"{a} / {b}", f"({x} / {y})"
        if isinstance(value, Scalar) and value.ctype == "float":
            if value not in self.parameters:
                self.parameters.append(value)
            number = self.parameters.index(value)
            return f"tiling_.p_{number}", f"p_{number}"
        return None

    def _new(self, kind: str, sources: tuple[int, ...], python: str, scalar: str = "", cast: str = "") -> int:
        into = self.most
        self.most += 1
        self.steps.append(Step(kind, into, sources, scalar, cast))
        self.python[into] = python
        return into


def _spelled(name: str, left: str, right: str) -> str:
    if name in ("max", "min"):
        return f"np.f{name}({left}, {right})"
    return f"({left} {name} {right})"


def _float_text(number: float) -> str:
    """A float in C++; "" for infinity and NaN, which have no literal."""
    if number != number or number in (float("inf"), float("-inf")):
        return ""
    return f"{number!r}f"


def with_few_tiles(spec: Elementwise) -> tuple[tuple[Step, ...], int, int]:
    """The same steps with tiles used again: a tile whose last use is over holds the next result.

    Inputs' tiles come first. Answers steps, the result's tile and the number of tiles.
    """
    last = {source: n for n, step in enumerate(spec.steps) for source in step.sources}
    last[spec.result] = len(spec.steps)
    place = {n: n for n in range(len(spec.inputs))}
    free: list[int] = []
    most = len(spec.inputs)
    steps: list[Step] = []
    for n, step in enumerate(spec.steps):
        sources = tuple(place[s] for s in step.sources)
        done = [s for s in dict.fromkeys(step.sources) if last[s] == n]
        free += sorted(place[s] for s in done)
        if free:
            into = free.pop(0)
        else:
            into, most = most, most + 1
        place[step.into] = into
        if step.into not in last:
            free.append(into)
        steps.append(Step(step.kind, into, sources, step.scalar, step.cast))
    return tuple(steps), place[spec.result], most


# -- writing -------------------------------------------------------------------------------


def can_write(spec: Elementwise, target: Target) -> bool:
    """Whether the target has the formats, and copies of any length."""
    used = {spec.out_dtype, *(d for _, d in spec.inputs), *(s.cast for s in spec.steps)}
    has_bf16 = "bfloat16_t" not in used or target.flag("bf16_cast_to_float") is True
    return has_bf16 and tiling.has_pad(target)


def write(name: str, found: Found, target: Target, trace: Mapping[str, tuple[Place, ...]]) -> Body:
    """The body of a kernel of elements."""
    spec, names = found.spec, found.named
    steps, result, tiles = with_few_tiles(spec)
    in_bytes = [tiling.DTYPE_BYTES[d] for _, d in spec.inputs]
    out_bytes = tiling.DTYPE_BYTES[spec.out_dtype]
    count = ("count",)
    role = Role.UPDATED if spec.in_place else Role.OUTPUT
    listed = {"out": Buffer("out", spec.out_dtype, role, count, names.cuda.get("out", ""))}
    for buffer, dtype_ in spec.inputs:
        if buffer != "out":
            listed[buffer] = Buffer(buffer, dtype_, Role.INPUT, count, names.cuda.get(buffer, ""))
    scalars: list[HostScalar] = [names.scalar("count", "int64_t", Text("elements", "元素个数"))]
    scalars += [names.scalar(p, "float", Text("a factor or bound", "系数或边界")) for p in spec.parameters]
    fields = [("uint64_t", "count", ""), *(("float", p, "") for p in spec.parameters)]
    fields.append(("uint32_t", "tile_elements", "elements that are in UB at a time"))
    narrow = min(*in_bytes, out_bytes)
    rounds = sorted({s.cast for s in steps if s.cast})
    given = {
        "name": name,
        "spec": spec,
        "steps": steps,
        "result": result,
        "tiles": tiles,
        "rounds": rounds,
        "compares": any(s.kind in _COMPARING for s in steps),
        "floats": floats_text(),
        "narrow": narrow,
        "ub_bytes_per_element": 2 * sum(in_bytes) + 2 * out_bytes + 4 * tiles + 2 * bool(rounds),
        "burst_bytes": tiling.burst_bytes(target),
    }
    return complete_body(
        "elementwise",
        given,
        name=name,
        archetype=NAME,
        buffers=tuple(listed[n] for n in names.order),
        scalars=tuple(scalars),
        fields=fields,
        trace=trace,
        notes=(*names.notes, *_numeric_notes(spec)),
    )


def _numeric_notes(spec: Elementwise) -> tuple[Text, ...]:
    found = []
    if not spec.is_exact:
        found.append(
            Text(
                "exp is rounded as the vector unit does it: the last bits may differ from CUDA's",
                "exp 按向量单元的精度计算：末尾几位可能与 CUDA 不同",
            )
        )
    if any(s.kind in _COMPARING for s in spec.steps):
        found.append(
            Text(
                "max and min of a NaN: CUDA's fmaxf and fminf give the other number; what the vector"
                " unit gives is not documented",
                "最大、最小值遇到 NaN：CUDA 的 fmaxf、fminf 返回另一个数；向量单元的结果没有文档说明",
            )
        )
    products = {s.into for s in spec.steps if s.kind in ("Mul", "Muls")}
    if any(s.kind in ("Add", "Adds", "Sub") and products & set(s.sources) for s in spec.steps):
        found.append(
            Text(
                "nvcc may round a product and a sum once together (-fmad, its default): the port rounds"
                " each, the last bit may differ",
                "nvcc 默认（-fmad）可把乘与加合并为一次舍入；此处逐步舍入，末位可能不同",
            )
        )
    return tuple(found)
