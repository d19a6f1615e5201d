"""A kernel as what it stores: for archetypes, which recognise kernels by it and not by their names.

`read(view, function)` interprets a `__global__` function symbolically and answers with a `Flow`:

* `flow.stores`: every write to GM. `store.buffer` is the kernel's parameter, `store.ctype` the type of
  the element ("bf16", "float", "int32", …; see `flow.elements`), `store.address` counts bytes from
  the parameter, `store.value` is a tree of `Load`, `Const`, `Scalar`, `Cast`, `Op`, `Reduce`, …
  (see `flow.values`), `store.when` are conditions that are left, `store.atomic` is "", "add", …,
  "release" for an ordered store, "await" for a loop that waits: then `value` says when it goes on waiting.
* `spanned.indices`: the store happens once for every combination of these; each has an extent. Thread
  and block numbers are gone from address and value: they became indices, whether by a loop that
  strides over a grid, a bound, or standing alone. `spanned.by` says which of them are covered: what
  is not is written again by every thread that differs in it.
* integers are polynomials in normal form, so that equal addresses compare equal with ==;
  `coefficient(address, index)` takes them apart.
* stores of vector types are stores of elements: `int4` is four int32 with an index of extent 4.
  `merged` puts indices that are side by side together.
* reductions, over loops, lanes of a warp or unrolled elements, are `Reduce` nodes: op, index, start,
  body. `missing` is not empty where a value is a thread's own share. A body `Op("where", (c, e))`
  counts only where c holds (`if (…) continue;`). `running=True`: what an iteration finds, before it
  adds its own part.
* `flow.stopped`: why the kernel was not followed to its end; then nothing is known, and no archetype
  may recognise it. It says so for everything that is not modelled: shared memory, calls without a
  body, volatile, ordered accesses, inline assembly but plain loads and stores, jumps out of loops.
* `flow.effects`: barriers, fences, and `assumption`: checks of the code that are taken as true.
* `flow.assumes`: what must be true of the launch, as CUDA text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from portcheck.ascendc.archetypes.flow.base import Frame
from portcheck.ascendc.archetypes.flow.elements import WIDTHS, Type
from portcheck.ascendc.archetypes.flow.loops import Loops, chain, coefficient
from portcheck.ascendc.archetypes.flow.memory import Effect, NotFollowedError, Store, Where
from portcheck.ascendc.archetypes.flow.rolling import rolled_chains, rolled_stores
from portcheck.ascendc.archetypes.flow.spans import NOTHING, Spanned, Spanner, conjuncts, indices_in
from portcheck.ascendc.archetypes.flow.text import cuda_text
from portcheck.ascendc.archetypes.flow.values import (
    ZERO,
    Carried,
    Cast,
    Const,
    Hardware,
    Index,
    Lanes,
    Load,
    Op,
    Pointer,
    Reduce,
    Scalar,
    Shuffle,
    Sum,
    Unknown,
    Value,
    add,
    children,
    contains,
    divide,
    modulo,
    multiply,
    substitute,
    subtract,
    type_of,
    walk,
)
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.program.types import parse_type
from portcheck.source.place import Place

MAX_INSTANCES = 8


@dataclass(frozen=True, slots=True)
class Given:
    """A scalar parameter of the kernel, or of its template where `from_template`."""

    name: str
    ctype: str
    from_template: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """What a kernel does to GM; see the module's text."""

    function: Function
    texts: dict[str, str]
    buffers: dict[str, str]  # parameters that are addresses, and the type behind them
    scalars: tuple[Given, ...]
    stores: tuple[Spanned, ...] = ()
    effects: tuple[Effect, ...] = ()
    assumes: tuple[str, ...] = ()
    stopped: str = ""
    stopped_at: Place | None = None

    def loads(self) -> Iterator[Load]:
        """Every load that a store depends on: by its value, its address or its conditions."""
        for one in self.stores:
            for value in (one.store.address, one.store.value, *one.store.when):
                yield from (v for v in walk(value) if isinstance(v, Load))

    @property
    def is_known(self) -> bool:
        """Whether every store is a value of loads, with nothing that was not followed.

        Nor may a thread number be left, a value of another lane, or a share that was not put together.
        """
        values = (v for s in self.stores for v in (s.store.address, s.store.value, *s.store.when))
        return not self.stopped and not any(_is_open(p) for v in values for p in walk(v))


def _is_open(part: Value) -> bool:
    if isinstance(part, Reduce):
        return bool(part.missing)
    return isinstance(part, Unknown | Hardware | Lanes | Shuffle | Carried)


def read(view: View, function: Function, texts: dict[str, str] | None = None) -> Flow:
    """The flow of one kernel, template parameters put in by `texts` (see `instances`)."""
    reader = Loops(view)
    texts = dict(texts or {})
    frame = Frame(function, function.origin, texts)
    reader.frames.append(frame)
    buffers: dict[str, str] = {}
    scalars: list[Given] = []
    for parameter in function.template_parameters:
        if not parameter.is_type and parameter.name not in texts and parameter.name:
            frame.constants[parameter.name] = Scalar(parameter.name)
            reader.sizes.constants.add(parameter.name)
            scalars.append(Given(parameter.name, _scalar_type(parameter.type_text), from_template=True))
    try:
        for parameter in function.parameters:
            _parameter(reader, parameter.name, parameter.type_text, buffers, scalars)
        if function.body is None:
            raise NotFollowedError("a kernel without a body")
        reader.must_be_parsed(function.body)
        reader.run([*function.body.named_children])
    except NotFollowedError as error:
        return Flow(function, texts, buffers, tuple(scalars), stopped=error.why, stopped_at=error.place)
    except RecursionError:
        return Flow(function, texts, buffers, tuple(scalars), stopped="nested too deeply to be read")
    spanned = []
    for store in reader.stores:
        ready = replace(store, value=rolled_chains(store.value))
        one = Spanner(reader.sizes, dict(reader.owners)).spanned(ready)
        spanned.append(replace(one, store=replace(one.store, value=rolled_chains(one.store.value))))
    return Flow(
        function,
        texts,
        buffers,
        tuple(scalars),
        tuple(rolled_stores(spanned)),
        tuple(reader.effects),
        (*reader.sizes.assumptions(), *_covering(spanned)),
    )


def _covering(stores: Sequence[Spanned]) -> Iterator[str]:
    """That launches have as many threads as there is to do."""
    for threads, count in dict.fromkeys(pair for s in stores for pair in sorted(s.covered, key=repr)):
        yield f"{cuda_text(threads)} >= {cuda_text(count)}"


def instances(view: View, function: Function) -> Iterator[dict[str, str]]:
    """What the tree puts in for the kernel's template parameters: types and flags; numbers stay open.

    One empty answer for a kernel that is no template of types or flags.
    """
    program = view.analysis.tree.context.program
    listed = [p for p in function.template_parameters if p.is_type or p.type_text.strip() == "bool"]
    if not listed:
        yield {}
        return
    seen: list[dict[str, str]] = []
    for arguments in program.template_arguments.get(function.name, ())[:64]:
        found: dict[str, str] = {}
        for position, parameter in enumerate(function.template_parameters):
            text = arguments[position] if position < len(arguments) else parameter.default
            if parameter in listed:
                found[parameter.name] = text
        if all(found.values()) and found not in seen and len(seen) < MAX_INSTANCES:
            seen.append(found)
            yield found


def _parameter(reader: Loops, name: str, text: str, buffers: dict[str, str], scalars: list[Given]) -> None:
    if "volatile" in text:
        raise NotFollowedError("a volatile parameter")
    type_ = reader.type_named(text)
    if type_.pointers == 1 and not type_.extents:
        buffers[name] = type_.element
        pointer = Pointer("gm", name, ZERO, type_.dereferenced())
        reader.frame.names[name] = Where("local", name, ZERO, type_)
        reader.state.write(name, 0, 8, pointer)
    elif type_.is_number:
        scalars.append(Given(name, type_.element, from_template=False))
        ctype = type_.element if type_.element in ("float", "half", "bf16", "double") else "int"
        reader.frame.names[name] = Where("local", name, ZERO, type_)
        reader.state.write(name, 0, WIDTHS[type_.element], Scalar(name, ctype))
    else:
        reader.frame.names[name] = Where("local", name, ZERO, type_)
        reader.state.cells[name] = {}


def _scalar_type(text: str) -> str:
    parsed = parse_type(text)
    return "float" if parsed is not None and parsed.name == "float" else "int32"


# -- help for recognising ------------------------------------------------------------------


def merged(one: Spanned, name: str = "element") -> tuple[Spanned, Index] | None:
    """Indices that are side by side in the store's address as one index, which is returned too.

    As many as possible, the innermost at least: what the value loads moves along with them.
    """
    width = WIDTHS.get(one.store.ctype)
    if width is None:
        return None
    done: list[Index] = []
    count: Value = Const(1)
    found: tuple[Spanned, Index] | None = None
    while True:
        stride = multiply(Const(width), count)
        rest = (i for i in one.indices if i not in done)
        index = next((i for i in rest if coefficient(one.store.address, i) == stride), None)
        if index is None:
            return found
        done.append(index)
        count = multiply(count, index.extent)
        longer = (one, index) if len(done) == 1 else _joined(one, done, Index(name, count))
        if longer is None:
            return found
        found = longer


def _joined(one: Spanned, done: list[Index], joined: Index) -> tuple[Spanned, Index] | None:
    """The store by one index instead of those in `done`, the fastest first."""
    whole: Value = ZERO
    count: Value = Const(1)
    for index in done:
        whole = add(whole, multiply(count, index))
        count = multiply(count, index.extent)
    low = done[0]
    table: dict[Value, Value] = {low: subtract(joined, subtract(whole, low))}
    number: Value = Const(1)
    apart: dict[Value, Value] = {}  # what is left of the others stands in quotients
    for index in done:
        if isinstance(number, Const) and index != low:
            quotient = divide(joined, number)
            apart[index] = quotient if index == done[-1] else modulo(quotient, index.extent)
        number = multiply(number, index.extent)

    def moved(value: Value) -> Value:
        return substitute(substitute(value, table), apart)

    address, value = moved(one.store.address), moved(one.store.value)
    when = tuple(moved(c) for c in one.store.when)
    if any(contains(v, done) for v in (address, value, *when)):
        return None
    left = tuple(i for i in one.indices if i not in done)
    store = replace(one.store, address=address, value=value, when=when)
    return replace(one, store=store, indices=(*left, joined)), joined


__all__ = [
    "NOTHING", "Cast", "Const", "Effect", "Flow", "Given", "Index", "Load", "Op", "Reduce", "Scalar",
    "Spanned", "Store", "Sum", "Type", "Unknown", "Value", "add", "chain", "children", "coefficient",
    "conjuncts", "contains", "cuda_text", "indices_in", "instances", "merged", "multiply", "read",
    "substitute", "subtract", "type_of", "walk",
]  # fmt: skip
