"""What a tree's kernels of a mixture-of-experts layer are instantiated with, and what they can do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from portcheck.analysis.launches import Context
from portcheck.facts.base import Fact
from portcheck.facts.checks import Check
from portcheck.pack.functions import FUNCTIONS
from portcheck.pack.functions.zero_buffer import facts_in, name_place
from portcheck.pack.subjects import Match, View
from portcheck.plan.admitted import Admitted, Evidence, bounds, hull, read_check
from portcheck.plan.helpers import Helpers
from portcheck.plan.vocabulary import Vocabulary, snake_case, vocabulary
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.symbolic.expr import Expr, Symbol, of
from portcheck.targets.text import Text

_QUANTISES = re.compile(r"^(?:(?:is|use|enable|do|with)_)?(?:fp8|quant(?:ise|ize)?d?)$")
_LOW_LATENCY = re.compile(r"low_latency|(?:^|[_:])ll(?:[_:]|$)")
_PREPARES = re.compile(r"notify|layout|prepare|config|clean")
_ROWS = re.compile(r"^(?:(?:recv|send|packed_recv|combined|in|input|out|output)_)?(?:x|rows?|hidden_states)$")
_STATEMENTS = ("expression_statement", "static_assert_declaration")
_TYPES = (
    ("bf16", re.compile(r"bf(?:loat)?_?16", re.IGNORECASE)),
    ("fp16", re.compile(r"\bhalf\b|__half\b|float16", re.IGNORECASE)),
    ("fp32", re.compile(r"\bfloat\b")),
)
_OTHERS = Text("there may be launches that were not seen", "可能存在未见到的启动")
_UNSEEN = Text("no launch of the kernel is seen", "未见到该核函数的启动")
_UNTYPED = Text("the kernel moves rows without naming their type", "核函数搬运数据行但不写明类型")
_OTHER_GROUP = Text("groups of another size share a scale", "共享比例的分组为其他大小")
_UNCOUNTED = Text("how many elements share a scale is not counted", "未数出多少元素共享一个比例")
_CALLERS = Text("rows and scales are the caller's", "数据行与比例由调用者决定")
_ELEMENT_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a kernel does or can do. `always` is False where its caller chooses."""

    semantic: str
    always: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True, eq=False)
class Instantiated:
    """One kernel that is a stage, with what its launches let each quantity be.

    `quantities` gives the alternatives of every quantity of the vocabulary, one at least.
    `complete` says whether these are all: no launch escaped the analysis.
    """

    kernel: str
    place: Place
    stage: str
    quantities: Mapping[str, tuple[Admitted, ...]]
    complete: bool
    needs: tuple[Need, ...]


def instantiated(view: View) -> tuple[Instantiated, ...]:
    """Every kernel of the tree that is a stage of the layer, in the order of places."""
    kernels = {
        (f.origin.file.path, name_place(f).start_byte): f for f in view.analysis.functions if f.is_kernel
    }
    reader = _Reader(view)
    found = []
    for match in FUNCTIONS["moe_stages"].find(view):
        kernel = kernels.get((match.place.path, match.place.start_byte))
        if kernel is not None:
            found.append(reader.read(kernel, str(match.fields["stage"])))
    return tuple(found)


class _Reader:
    """Reads kernels of one tree; what all of them need is computed once."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.words: Vocabulary = vocabulary()
        self.helpers = Helpers(view.analysis)
        self.roles: dict[tuple[str, int], list[Match]] = {}
        for match in FUNCTIONS["moe_parameters"].find(view):
            self.roles.setdefault((match.place.path, match.place.start_byte), []).append(match)
        self.groups = list(FUNCTIONS["scale_groups"].find(view))
        self.int8 = {m.function for m in FUNCTIONS["int8_casts"].find(view)}

    def read(self, kernel: Function, stage: str) -> Instantiated:
        contexts, complete = self.view.analysis.launches.of(kernel)
        names = self._names(kernel)
        checks = list(self._checks(kernel))
        rows = [self._launch(kernel, c, names, checks) for c in contexts]
        if not complete:
            rows.append(self._unseen(names, checks, _OTHERS if contexts else _UNSEEN))
        for row in rows:
            self._derive(row)
        quantities = {name: _distinct(row[name] for row in rows) for name in self.words.quantities}
        needs = tuple(self._needs(kernel, stage, contexts))
        return Instantiated(kernel.qualified, name_place(kernel), stage, quantities, complete, needs)

    # -- numbers -----------------------------------------------------------------------

    def _names(self, kernel: Function) -> dict[str, tuple[str, ...]]:
        """The kernel's own names of each quantity: those of the preferred pattern."""
        found: dict[str, list[tuple[int, str]]] = {}
        for parameter in (*kernel.template_parameters, *kernel.parameters):
            if parameter.is_type or (parameter.type is not None and parameter.type.is_indirect):
                continue
            meant = self.words.quantity(parameter.name)
            if meant is not None:
                found.setdefault(meant[0], []).append((meant[1], parameter.name))
        return {q: tuple(n for p, n in listed if p == min(listed)[0]) for q, listed in found.items()}

    def _launch(
        self, kernel: Function, context: Context, names: Mapping[str, tuple[str, ...]], checks: list[_Said]
    ) -> dict[str, Admitted]:
        known: dict[Expr, Admitted] = {}
        for one in context.known:
            evidence = Evidence(one.step.text, one.step.place)
            for bound in bounds(one.condition):
                before = known.get(bound.expr, Admitted())
                known[bound.expr] = before.within(bound.low, bound.high, bound.multiple, evidence)
        hosted = self._hosted(known)
        row: dict[str, Admitted] = {}
        for quantity in self.words.quantities.values():
            own = names.get(quantity.name, ())
            found = hosted.get(quantity.name, Admitted())
            if own:
                listed = [self._named_by(group, context, known, checks) for group in _one_meaning(own)]
                found = listed[0] if len(listed) == 1 else hull(listed)
            row[quantity.name] = found
        row["dtype"] = self._dtype(kernel, context)
        row["quantisation"] = self._quantisation(kernel, context.parameters, context.place, row["dtype"])
        return row

    def _named_by(
        self, names: list[str], context: Context, known: Mapping[Expr, Admitted], checks: list[_Said]
    ) -> Admitted:
        """What is known of names that mean the same: `kNumRanks` and `num_ranks`."""
        found = Admitted(name=names[0])
        for name in names:
            value = context.parameters.get(name)
            if value is not None:
                found = _as(found, value, name, context.place, known)
        return _checked(found, names, checks)

    def _hosted(self, known: Mapping[Expr, Admitted]) -> dict[str, Admitted]:
        """Quantities that only the host has a name for; what holds for all variables of that meaning."""
        found: dict[str, list[tuple[int, Admitted]]] = {}
        for expr, admitted in known.items():
            symbol = _symbol(expr)
            if symbol is None:
                continue
            name = re.sub(r"[@#].*", "", symbol.name)
            meant = self.words.quantity(name) if re.fullmatch(r"\w+", name) else None
            if meant is not None:
                found.setdefault(meant[0], []).append((meant[1], replace(admitted, name=name)))
        return {
            quantity: hull(a for p, a in listed if p == min(at for at, _ in listed))
            for quantity, listed in found.items()
        }

    def _unseen(
        self, names: Mapping[str, tuple[str, ...]], checks: list[_Said], why: Text
    ) -> dict[str, Admitted]:
        """What the kernel itself says, whoever launches it."""
        row = {}
        for quantity in self.words.quantities:
            own = names.get(quantity, ())
            listed = [_checked(Admitted(name=g[0], why=why), g, checks) for g in _one_meaning(own)]
            row[quantity] = (listed[0] if len(listed) == 1 else hull(listed)) if own else Admitted(why=why)
        return row

    def _checks(self, kernel: Function) -> Iterator[_Said]:
        """The kernel's checks of its own parameters against literals, where every path comes to them."""
        for fact in facts_in(self.view, kernel, "check", "align_assert"):
            assert isinstance(fact, Check)
            if not _is_unconditional(kernel, fact):
                continue
            for name, low, high, multiple in read_check(fact.requires):
                if not _is_assigned(kernel, name):
                    evidence = Evidence(fact.requires, fact.place)
                    yield _Said(name, low, high, multiple, evidence)

    def _derive(self, row: dict[str, Admitted]) -> None:
        """Quantities that others give: bytes of a row, products, quotients."""
        words = row["dtype"].words
        width = _ELEMENT_BYTES.get(words[0]) if len(words) == 1 else None
        for name, unit in (("row_bytes", 1), ("row_int4", 16)):
            row_ = row[name]
            if width is not None and not row["hidden"].is_fixed and row_.is_fixed:
                shown = (*row_.evidence, *row["dtype"].evidence)
                row["hidden"] = _scaled(row_, unit, width, shown)
        if not row["experts"].is_fixed:
            row["experts"] = _product([row["experts_per_rank"], row["ranks"]])
        experts, ranks = row["experts"].value, row["ranks"].value
        if experts and ranks and not row["experts_per_rank"].is_fixed and experts % ranks == 0:
            shown = (*row["experts"].evidence, *row["ranks"].evidence)
            row["experts_per_rank"] = Admitted(experts // ranks, experts // ranks, evidence=shown)
        for quantity in self.words.quantities.values():
            parts = [row[p] for p in quantity.product]
            if parts and not row[quantity.name].is_fixed:
                row[quantity.name] = _product(parts)

    # -- words -------------------------------------------------------------------------

    def _dtype(self, kernel: Function, context: Context) -> Admitted:
        """The type of a row's elements, from a type argument or from the type of a pointer to rows."""
        for name, text in re.findall(r"(\w+)=([^,]+)", context.label):
            parameter = next((p for p in kernel.template_parameters if p.name == name), None)
            word = _word(text)
            if parameter is not None and parameter.is_type and word:
                shown = Evidence(f"{name} = {text}", context.place)
                return Admitted(words=(word,), name=name, evidence=(shown,))
        for given in kernel.parameters:
            word = _word(given.type_text)
            if word and _ROWS.search(snake_case(given.name)):
                shown = Evidence(f"{given.type_text} {given.name}", name_place(kernel))
                return Admitted(words=(word,), name=given.name, evidence=(shown,))
        return Admitted(why=_UNTYPED)

    def _quantisation(
        self, kernel: Function, given: Mapping[str, Expr], place: Place, dtype: Admitted
    ) -> Admitted:
        """How rows are quantised, from the groups that share a scale and from a flag that turns it off."""
        found = self._group(kernel)
        flags = [p.name for p in kernel.template_parameters if _QUANTISES.search(snake_case(p.name))]
        values = [(n, v) for n in flags if (v := given[n].value if n in given else None) is not None]
        if values and not values[0][1]:
            shown = Evidence(f"{values[0][0]} = false", place)
            return Admitted(words=("none",), name=values[0][0], evidence=(shown,))
        if found is not None:
            elements = found.fields["elements"]
            shown = Evidence(f"one scale for {found.fields['group']} elements", found.place)
            flag = (Evidence(f"{values[0][0]} = true", place),) if values else ()
            if elements == 128:
                words = ("fp8 per 128",) if values else ("none", "fp8 per 128")
                return Admitted(words=words, name=flags[0] if flags else "", evidence=(shown, *flag))
            return Admitted(evidence=(shown, *flag), why=_OTHER_GROUP)
        steps = any(True for _ in facts_in(self.view, kernel, "fp8_quant", "lowp_wire"))
        if steps or self._inside(kernel) & self.int8:
            return Admitted(why=_UNCOUNTED)
        if not dtype.words:
            return Admitted(why=_CALLERS)
        shown = Evidence("no step of a quantisation in the kernel", name_place(kernel))
        return Admitted(words=("none",), evidence=(shown, *dtype.evidence))

    def _group(self, kernel: Function) -> Match | None:
        inside = self._inside(kernel)
        return next((m for m in self.groups if m.function in inside), None)

    def _inside(self, kernel: Function) -> set[str]:
        """The names of a kernel and of everything that it can come to."""
        return {kernel.qualified} | {f.qualified for f in self.helpers.reached_from(kernel).values()}

    # -- what it can do ----------------------------------------------------------------

    def _needs(self, kernel: Function, stage: str, contexts: list[Context]) -> Iterator[Need]:
        at = name_place(kernel)
        roles = {str(m.fields["role"]): m for m in self.roles.get((at.path, at.start_byte), ())}
        for semantic in self.words.semantics.values():
            if stage in semantic.stages:
                yield Need(semantic.name, True, Evidence(f"{kernel.name} is nothing else", at))
                continue
            role = next((roles[r] for r in semantic.roles if r in roles), None)
            if role is not None:
                text = f"{kernel.name} takes {role.fields['parameter']}"
                yield Need(semantic.name, False, Evidence(text, role.place))
                continue
            if semantic.scale_groups:
                group = self._group(kernel)
                if group is not None:
                    text = f"one scale for {group.fields['group']} elements"
                    yield Need(semantic.name, False, Evidence(text, group.place))
                continue
            yield from self._named(kernel, stage, semantic.name, semantic.parameters, contexts)

    def _named(
        self,
        kernel: Function,
        stage: str,
        semantic: str,
        patterns: Iterable[re.Pattern[str]],
        contexts: list[Context],
    ) -> Iterator[Need]:
        """A need by the name of a parameter: of the kernel, else of the host function of the stage."""
        patterns = tuple(patterns)
        for parameter in (*kernel.template_parameters, *kernel.parameters):
            if not any(p.search(snake_case(parameter.name)) for p in patterns):
                continue
            values = {c.parameters[parameter.name].value for c in contexts if parameter.name in c.parameters}
            if values == {0}:
                return
            text = f"{kernel.name} takes {parameter.name}"
            yield Need(semantic, bool(values) and not values & {0, None}, Evidence(text, name_place(kernel)))
            return
        for host in self._hosts(kernel, stage):
            for parameter in host.parameters:
                if any(p.search(snake_case(parameter.name)) for p in patterns):
                    text = f"{host.name} takes {parameter.name}"
                    yield Need(semantic, False, Evidence(text, name_place(host)))
                    return

    def _hosts(self, kernel: Function, stage: str) -> Iterator[Function]:
        """The host functions around a kernel whose names say that they run its stage."""
        verb = stage.removeprefix("low-latency ")
        if verb not in ("dispatch", "combine"):
            return
        for function in self.view.analysis.functions:
            name = function.name.lower()
            if verb not in name or function.is_kernel or "__device__" in function.qualifiers:
                continue
            around = function.namespace == kernel.namespace[: len(function.namespace)]
            quick = bool(_LOW_LATENCY.search(snake_case(function.qualified)))
            if around and quick == (stage != verb) and not _PREPARES.search(name):
                yield function


@dataclass(frozen=True, slots=True)
class _Said:
    """What a check of the kernel says of one of its names."""

    name: str
    low: int | None
    high: int | None
    multiple: int
    evidence: Evidence


def _one_meaning(names: Iterable[str]) -> list[list[str]]:
    """Names in groups that differ in style only."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(snake_case(name).removeprefix("num_"), []).append(name)
    return list(found.values())


def _checked(found: Admitted, names: Iterable[str], checks: Iterable[_Said]) -> Admitted:
    for said in checks:
        if said.name in names:
            found = found.within(said.low, said.high, said.multiple, said.evidence)
    return found


def _as(found: Admitted, value: Expr, name: str, place: Place, known: Mapping[Expr, Admitted]) -> Admitted:
    """What a launch's argument adds: its value, else what is known of the expression."""
    if value.value is not None:
        return found.within(value.value, value.value, 1, Evidence(f"{name} = {value.value}", place))
    other = known.get(value)
    if other is None:
        return found
    return found.within(other.low, other.high, other.multiple, *other.evidence)


def _symbol(expr: Expr) -> Symbol | None:
    symbols = expr.symbols()
    if len(symbols) != 1:
        return None
    (symbol,) = symbols
    return symbol if expr == of(symbol) else None


def _scaled(given: Admitted, unit: int, width: int, shown: tuple[Evidence, ...]) -> Admitted:
    """Elements of `width` bytes from a count of units; bounds are rounded inwards to whole elements."""
    low = None if given.low is None else -(-given.low * unit // width)
    high = None if given.high is None else given.high * unit // width
    bytes_ = given.multiple * unit
    return Admitted(low, high, bytes_ // width if bytes_ % width == 0 else 1, name=given.name, evidence=shown)


def _product(parts: list[Admitted]) -> Admitted:
    """The product of counts: bounded where each is."""
    low: int | None = 1
    high: int | None = 1
    multiple = 1
    for part in parts:
        low = None if low is None or part.low is None else low * max(part.low, 0)
        high = None if high is None or part.high is None else high * max(part.high, 0)
        multiple *= part.multiple
    shown = tuple(dict.fromkeys(e for p in parts for e in p.evidence))
    if low is None and high is None and multiple == 1:
        return Admitted()
    return Admitted(low, high, multiple, evidence=shown)


def _word(text: str) -> str:
    return next((word for word, pattern in _TYPES if pattern.search(text)), "")


def _distinct(found: Iterable[Admitted]) -> tuple[Admitted, ...]:
    """Alternatives that differ, in the order of numbers; the first of each shows where it comes from."""
    kept: dict[tuple[object, ...], Admitted] = {}
    for one in found:
        kept.setdefault((one.low, one.high, one.multiple, one.words), one)
    return tuple(sorted(kept.values(), key=lambda a: (a.low or 0, a.high or 0, a.words)))


def _is_unconditional(kernel: Function, fact: Fact) -> bool:
    """Whether a fact's statement stands directly in the kernel's body, with no way out before it."""
    body = kernel.body
    if body is None or fact.place.path != kernel.origin.file.path:
        return False
    for child in body.named_children:
        if child.start_byte <= fact.place.start_byte < child.end_byte:
            return child.start_byte == fact.place.start_byte and child.type in _STATEMENTS
        text = kernel.origin.text[child.start_byte : child.end_byte]
        if re.search(rb"\breturn\b|\bgoto\b", text):
            return False
    return False


def _is_assigned(kernel: Function, name: str) -> bool:
    body = kernel.body
    assert body is not None
    text = kernel.origin.text[body.start_byte : body.end_byte]
    word = re.escape(name.encode())
    return bool(re.search(rb"\b" + word + rb"\b\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|(?:\+\+|--)\s*" + word, text))
