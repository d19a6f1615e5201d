"""Finders for the stages of a mixture-of-experts layer, by what kernels do and by the field's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.facts.checks import Check
from portcheck.pack.functions.registry import finder
from portcheck.pack.functions.zero_buffer import facts_in, kernels, name_place
from portcheck.pack.subjects import Match, View
from portcheck.program.model import Function
from portcheck.symbolic.verdict import Verdict

_TOPK = re.compile(r"top_?k|num_?topk|expert|routing|route", re.IGNORECASE)
_TOPK_INDEX = re.compile(r"top_?k_?(?:idx|ids|indices|index)|expert_?(?:ids?|idx|indices)$", re.IGNORECASE)
_LOW_LATENCY = re.compile(
    r"(?:^|[:_])(?:ll|low_?latency)(?:[:_]|$)|_ll(?:::|_|$)|max_(?:dispatch_)?tokens?_per_rank|packed_recv",
    re.IGNORECASE,
)
_WIDE = frozenset(("int64_t", "long", "long long", "uint64_t", "longlong", "int64"))


@dataclass(frozen=True, slots=True)
class _Words:
    """A kernel's names as patterns see them: its own, those of parameters, and both at once."""

    name: str
    scope: str
    parameters: str

    @classmethod
    def of(cls, function: Function) -> _Words:
        given = (*function.parameters, *function.template_parameters)
        return cls(function.name.lower(), function.qualified.lower(), " ".join(p.name.lower() for p in given))

    def named(self, pattern: str) -> bool:
        return re.search(pattern, self.name) is not None

    def takes(self, pattern: str) -> bool:
        return re.search(pattern, self.parameters) is not None


def _stage(view: View, function: Function) -> str:
    """The stage of the layer that a kernel is, "" for a kernel that is none."""
    words = _Words.of(function)
    remote = any(True for _ in facts_in(view, function, "remote_comm"))
    moves = remote or any(True for _ in facts_in(view, function, "tma_copy", "vec_access", "sync_scope"))
    routed = words.takes(r"top_?k|expert|token") or "moe" in words.scope
    if words.named(r"cached") and words.named(r"notify|dispatch|layout"):
        # what prepares a combine runs before every combine, whatever its dispatch was
        return "" if words.named(r"combine") else "cached dispatch"
    if words.named(r"notify|exchange_\w*(?:count|size|num)") and routed:
        return "notify"
    if words.named(r"combine") and routed and moves:
        return "low-latency combine" if _is_low_latency(words) else "combine"
    if words.named(r"layout|histogram|count") and words.takes(r"top_?k|expert_?id") and not remote:
        return "layout" if words.takes(r"expert") else ""
    if words.named(r"dispatch|all_?to_?all|a2a") and routed and moves:
        if words.named(r"prepare|indices|count|epilogue|sanitize|clean"):
            return ""
        return "low-latency dispatch" if _is_low_latency(words) else "dispatch"
    if words.named(r"permute|finalize\w*rout|expand\w*input|moe_sum|moe_align|sort\w*expert") and routed:
        return "permute"
    if words.named(r"top_?k|gating|routing") and words.takes(r"logit|score|gating|expert") and not remote:
        about_experts = r"expert|gating|routing|moe"
        return "gate" if re.search(about_experts, f"{words.scope} {words.parameters}") else ""
    if words.named(r"gemm|matmul|\bmm\b") and (
        words.named(r"group|moe|masked|expert")
        or words.takes(r"grouped_layout|masked_m|group_(?:offset|size|list)|problem_sizes|expert_offset")
    ):
        return "grouped GEMM"
    if words.named(r"silu|swiglu|gelu|gated_?act|act_and_mul|doactivation|activation") and not remote:
        return "activation"
    return _by_work(view, function, words) if remote else ""


def _by_work(view: View, function: Function, words: _Words) -> str:
    """The stage of a kernel whose name says nothing: rows for or from other ranks, chosen by top-k.

    What sums them is a combine; what is given indices and no weights sends them out.
    """
    moves = any(True for _ in facts_in(view, function, "tma_copy", "vec_access"))
    if not moves or not words.takes(r"top_?k|expert"):
        return ""
    quick = _is_low_latency(words)
    if any(True for _ in facts_in(view, function, "fp32_accum", "lowp_accum")):
        return "low-latency combine" if quick else "combine"
    if words.takes(r"top_?k_?(?:idx|ids|ind)|expert_?(?:id|idx|ind)") and not words.takes(r"weights"):
        return "low-latency dispatch" if quick else "dispatch"
    return ""


def _is_low_latency(words: _Words) -> bool:
    return bool(_LOW_LATENCY.search(words.scope) or _LOW_LATENCY.search(words.parameters.replace(" ", ":")))


@finder("moe_stages", "stage", "kernel")
def moe_stages(view: View) -> Iterator[Match]:
    """One match for each kernel that is a stage of the layer."""
    for function in kernels(view):
        stage = _stage(view, function)
        if stage:
            yield Match(name_place(function), function.qualified, {"stage": stage, "kernel": function.name})


_ROLES: tuple[tuple[str, str], ...] = (
    ("alignment", r"^k?_?(?:num_?)?(?:expert|mk|m)_?align(?:ment)?$"),
    ("zero padding", r"zero_?padding$"),
    ("masked layout", r"^masked_m$"),
    ("contiguous layout", r"^(?:m_indices|grouped_layout)$"),
    ("phases", r"^phases$|^return_recv_hook$"),
    ("rank mask", r"^(?:rank_)?mask_buffer(?:_ptr)?$|^(?:active|alive)_ranks?\w*$"),
    ("rank bitmap", r"^is_(?:combined_)?token_in_rank$"),
    ("wait statistics", r"wait_recv_cost_stats$"),
)


_SPLIT = "950DT has split operators within limits, and whether the sizes keep them is not seen"


@finder("moe_parameters", "kernel", "parameter", "role", "type", "bits", "split_fits")
def moe_parameters(view: View) -> Iterator[Match]:
    """Parameters of kernels whose name has a meaning in the field: one match a kernel and role.

    `role` is "top-k index" (with `bits`), "combined weights" or one of those above.
    `split_fits`, whether the shapes are those of the split operators of 950DT, is never known.
    """
    typer = view.analysis.reading.context.typer
    for function in kernels(view):
        roles: dict[str, tuple[str, str, int | None]] = {}
        combine = "combine" in function.name.lower()
        for parameter in (*function.parameters, *function.template_parameters):
            name, type_ = parameter.name, parameter.type
            if type_ is not None and type_.is_indirect and _TOPK_INDEX.search(name):
                resolved = {t.base().name for t in typer.resolve(type_.base(), function)}
                if resolved & _WIDE:
                    roles.setdefault("top-k index", (name, str(type_), 64))
            writes = type_ is not None and type_.is_indirect and "const" not in parameter.type_text
            if combine and writes and re.search(r"(?:recv|combined|out)\w*_topk_weights", name):
                roles.setdefault("combined weights", (name, str(type_), None))
            for role, pattern in _ROLES:
                if re.search(pattern, name, re.IGNORECASE):
                    roles.setdefault(role, (name, str(type_ or ""), None))
        for role, (name, text, bits) in roles.items():
            fields = {"kernel": function.name, "parameter": name, "role": role, "type": text, "bits": bits}
            why = _SPLIT if role == "phases" else ""
            yield Match(name_place(function), function.qualified, {**fields, "split_fits": None}, why=why)


_BOUND = re.compile(r"([A-Za-z_][\w.>-]*(?:\(\d\))?)\s*(<=|<)\s*([A-Za-z_]\w*|\d+)")
_QUANTITIES: tuple[tuple[str, str], ...] = (
    ("top-k", r"^k?_?(?:num_?)?top_?k$"),
    ("experts", r"^k?_?num_?experts$"),
)
# K and the number of experts that the published operators take, by target: dispatch and combine
# of A2 and A3; on 950 the elastic buffer's operators.
_LIMITS = {
    "top-k": ((16, ("910B", "910C")), (32, ("950",))),
    "experts": ((1024, ("910B", "910C")), (2048, ("950",))),
}


@finder("moe_bounds", "quantity", "bound", "limit", "targets", "name", "requires")
def moe_bounds(view: View) -> Iterator[Match]:
    """The code's own upper bounds on top-k and experts, against those of the operators.

    One match for each function and quantity. A bound within the limit holds; a wider one
    depends on what the model uses.
    """
    known: dict[str, int | None] = {}
    done: set[tuple[str, str]] = set()
    for fact in (*view.of_kind["check"], *view.of_kind["align_assert"]):
        assert isinstance(fact, Check)
        for name, operator, text in _BOUND.findall(fact.requires):
            quantity = next((q for q, p in _QUANTITIES if re.search(p, name, re.IGNORECASE)), "")
            if not quantity or (fact.function, quantity) in done:
                continue
            if text not in known:
                known[text] = int(text) if text.isdigit() else _constant(view, text)
            value = known[text]
            if value is None:
                continue
            done.add((fact.function, quantity))
            bound = value - (operator == "<")
            for limit, names in _LIMITS[quantity]:
                fields = {
                    "quantity": quantity,
                    "bound": bound,
                    "limit": limit,
                    "targets": ", ".join(names),
                    "name": name,
                    "requires": fact.requires,
                }
                verdict = Verdict.HOLDS if bound <= limit else Verdict.DEPENDS
                if verdict is Verdict.HOLDS and names == ("950",):
                    continue  # the first limit is the one that the reader has to know
                yield Match(fact.place, fact.function, fields, verdict, targets=names)


def _constant(view: View, name: str) -> int | None:
    """The value of a macro or of a constant, where one literal gives it everywhere."""
    values = {
        definition.body.decode("utf-8", "replace").strip()
        for definition in view.analysis.reading.context.macros.definitions(name)
    }
    pattern = re.compile(rf"\b{re.escape(name)}\s*=\s*(\d+)\s*[;,]".encode())
    for parsed in view.analysis.reading.parsed:
        values |= {m.group(1).decode() for m in pattern.finditer(parsed.source.data)}
    found = values.pop() if len(values) == 1 else ""
    return int(found) if found.isdigit() else None


# H of the dispatch and combine operators, by target: the least, the most, and the multiple.
# Published for MoeDistributeDispatchV2 to V4 and CombineV2 to V5; 950 publishes none.
_HIDDEN = {"910B": (32, 10240, 32), "910C": (1024, 8192, 1)}
_SWITCH = re.compile(rb"switch\s*\(\s*\w*hidden\w*\s*\)", re.IGNORECASE)
_CASE = re.compile(rb"case\s+(\d+)\s*:")


@finder("hidden_instances", "sizes", "outside", "target")
def hidden_instances(view: View) -> Iterator[Match]:
    """The hidden sizes that a `switch` instantiates kernels for, against the operators' limits."""
    for parsed in view.analysis.reading.parsed:
        data = parsed.source.data
        for found in _SWITCH.finditer(data):
            end = _closing(data, found.end())
            sizes = sorted({int(c) for c in _CASE.findall(data, found.end(), end)})
            if not sizes or sizes[0] < 128:
                continue
            place = parsed.source.place(found.start(), found.end())
            for target, (least, most, multiple) in _HIDDEN.items():
                outside = [s for s in sizes if not (least <= s <= most and s % multiple == 0)]
                fields = {
                    "sizes": ", ".join(map(str, sizes)),
                    "outside": ", ".join(map(str, outside)) or "none",
                    "target": target,
                }
                verdict = Verdict.VIOLATED if outside else Verdict.HOLDS
                yield Match(place, "", fields, verdict, targets=(target,))


def _closing(data: bytes, start: int) -> int:
    """Where the braces that open next close again."""
    depth = 0
    for at in range(start, min(len(data), start + 20000)):
        if data[at] == 0x7B:
            depth += 1
        elif data[at] == 0x7D:
            depth -= 1
            if depth == 0:
                return at
    return min(len(data), start + 20000)
