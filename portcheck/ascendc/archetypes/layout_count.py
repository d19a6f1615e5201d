"""Layout counting: tokens for each expert and each rank from the top-k indices, without fetch-and-add.

A CUDA kernel counts by atomics or by a thread an expert; on 910B and 910C there is no atomic on GM
that a scalar could use (shared facts: port map, row 17), so cores count on their own and add up
behind SyncAll.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body
from portcheck.ascendc.body import Body, Buffer, Role, Scalar
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "layout-count"
_MAX_BLOCKS = 128  # rows of the workspace; no product has as many vector cores
_WORKSPACE = Text(
    "`workspace` has no counterpart in CUDA: give a buffer of the stated shape in GM, cleared or not.",
    "`workspace` 在 CUDA 中没有对应：请按所列形状在 GM 中分配，无需清零。",
)
_TOGETHER = Text(
    "SyncAll: every block must be resident, so launch no more blocks than MakeTiling gives, and build the "
    "kernel as KERNEL_TYPE_MIX_AIV_1_0.",
    "SyncAll 要求所有 block 同时驻留：启动的 block 数不得超过 MakeTiling 的结果，"
    "并以 KERNEL_TYPE_MIX_AIV_1_0 编译核函数。",
)


@dataclass(frozen=True, slots=True)
class LayoutCount:
    """Which results a kernel has; `adds`: onto what the counters held before."""

    index_dtype: str
    experts: bool = False
    ranks: bool = False
    in_rank: bool = False
    adds: bool = False

    @property
    def formulas(self) -> tuple[str, ...]:
        """What the kernel computes, a line a result."""
        op = "+=" if self.adds else "="
        found = []
        if self.experts:
            found.append(f"tokens_per_expert[e] {op} number of (t, k) with topk_idx[t, k] == e")
        if self.ranks:
            found.append(f"tokens_per_rank[r] {op} number of t with an expert of rank r among topk_idx[t, :]")
        if self.in_rank:
            found.append("in_rank[t, r] = whether an expert of rank r is among topk_idx[t, :]")
        return tuple(found)


def can_write(target: Target) -> bool:
    """Whether the target has what the body needs: copies of any length and the hardware's SyncAll."""
    return tiling.has_pad(target)


def write(
    name: str, spec: LayoutCount, named: Named, target: Target, trace: Mapping[str, tuple[Place, ...]]
) -> Body:
    """The body of a kernel that counts."""
    buffers, scalars = _buffers(spec, named), tuple(_scalars(spec, named))
    rank_start = "tiling_.rank_start" if spec.experts else "0"
    counted = [
        {"member": member, "buffer": buffer, "start": start, "extent": extent}
        for has, member, buffer, start, extent in (
            (spec.experts, "perExpert", "tokens_per_expert", "0", "num_experts"),
            (spec.ranks, "perRank", "tokens_per_rank", rank_start, "num_ranks"),
        )
        if has
    ]
    given = {
        "name": name,
        "index_dtype": spec.index_dtype,
        "index_bytes": tiling.DTYPE_BYTES[spec.index_dtype],
        "experts": spec.experts,
        "ranks": spec.ranks,
        "in_rank": spec.in_rank,
        "adds": spec.adds,
        "formulas": spec.formulas,
        "counted": counted,
        "rank_start": rank_start,
        "max_blocks": _MAX_BLOCKS,
    }
    return complete_body(
        "layout_count",
        given,
        name=name,
        archetype=NAME,
        buffers=buffers,
        scalars=scalars,
        fields=_fields(spec),
        trace=trace,
        notes=(_WORKSPACE, _TOGETHER, *named.notes),
    )


def _fields(spec: LayoutCount) -> list[tuple[str, str, str]]:
    fields = [
        ("uint64_t", "num_tokens", ""),
        ("uint32_t", "num_topk", "choices of a token"),
        ("uint32_t", "num_experts", ""),
        ("uint32_t", "batch_tokens", "tokens whose indices are in UB at a time"),
        ("uint32_t", "row_elements", "counters of a block, whole UB blocks"),
        ("uint32_t", "tile_elements", "counters that are added up at a time"),
    ]
    if spec.ranks or spec.in_rank:
        fields += [("uint32_t", "num_ranks", ""), ("uint32_t", "experts_per_rank", "")]
    if spec.in_rank:
        fields.append(("uint32_t", "flag_bytes", "flags of a batch, whole UB blocks"))
    if spec.experts and spec.ranks:
        fields.append(("uint32_t", "rank_start", "where the ranks' counters start in a row"))
    return fields


def _buffers(spec: LayoutCount, named: Named) -> tuple[Buffer, ...]:
    counts = Role.UPDATED if spec.adds else Role.OUTPUT
    shapes: dict[str, tuple[str, Role, tuple[str, ...]]] = {
        "topk_idx": (spec.index_dtype, Role.INPUT, ("num_tokens", "num_topk")),
        "tokens_per_expert": ("int32_t", counts, ("num_experts",)),
        "tokens_per_rank": ("int32_t", counts, ("num_ranks",)),
        "in_rank": ("uint8_t", Role.OUTPUT, ("num_tokens", "num_ranks")),
    }
    ranks = " + num_ranks" if spec.ranks else ""
    workspace = Buffer("workspace", "int32_t", Role.SCRATCH, (str(_MAX_BLOCKS), f"(num_experts{ranks} + 16)"))
    return (*(Buffer(n, *shapes[n], cuda=named.cuda.get(n, "")) for n in named.order), workspace)


def _scalars(spec: LayoutCount, named: Named) -> Iterator[Scalar]:
    meanings = {
        "num_tokens": Text("tokens", "token 数"),
        "num_topk": Text("experts that a token chose", "每个 token 选择的专家数"),
        "num_experts": Text("experts of all ranks", "所有 rank 的专家总数"),
    }
    if spec.ranks or spec.in_rank:
        meanings["num_ranks"] = Text("ranks, each with as many experts", "rank 数，每个 rank 的专家数相同")
    for name, meaning in meanings.items():
        yield named.scalar(name, "int64_t", meaning)
