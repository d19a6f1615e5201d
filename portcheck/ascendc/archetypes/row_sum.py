"""Sums of rows in float: what combines do, with or without indices, weights and biases.

    out[t, h] = biases + sum over k of weights[t, k] * rows[row_of[t, k], h]

The spec says which of these parts a kernel has; the archetypes that recognise kernels fill it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body, floats_text
from portcheck.ascendc.body import Body, Buffer, Role, Scalar
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

_FLOATS_WITHOUT_BF16 = frozenset({"half", "float"})


@dataclass(frozen=True, slots=True)
class RowSum:
    """Which parts a kernel's sum has.

    Without an index, term k of a token is row k * part_rows + token (`rank_major`) or row
    token * num_terms + k. `skips`: a negative index adds nothing. `from_zero`: the sum starts at 0.0
    and not at its first summand, which matters for the sign of a sum of nothing but -0.0.
    """

    in_dtype: str
    out_dtype: str
    index_dtype: str = ""
    skips: bool = False
    weighted: bool = False
    rank_major: bool = False
    biases: int = 0
    biases_first: bool = True
    from_zero: bool = True

    @property
    def indexed(self) -> bool:
        return bool(self.index_dtype)

    @property
    def formula(self) -> str:
        """What the kernel computes, in one line."""
        row = "row_of[t, k]" if self.indexed else "k, t" if self.rank_major else "t, k"
        term = f"{'weights[t, k] * ' if self.weighted else ''}rows[{row}, h]"
        biases = "".join(f" + bias_{i}[t, h]" for i in range(self.biases))
        skipped = " with row_of[t, k] >= 0" if self.skips else ""
        return f"out[t, h] = sum over k{skipped} of {term}{biases}"


def can_write(spec: RowSum, target: Target) -> bool:
    """Whether the target has the number formats."""
    dtypes = {spec.in_dtype, spec.out_dtype}
    return dtypes <= _FLOATS_WITHOUT_BF16 or (target.flag("bf16_cast_to_float") is True)


def write(
    name: str,
    archetype: str,
    spec: RowSum,
    named: Named,
    target: Target,
    trace: Mapping[str, tuple[Place, ...]],
) -> Body:
    """The body of a kernel that is this sum."""
    buffers = _buffers(spec, named)
    scalars = tuple(_scalars(spec, named))
    in_bytes, out_bytes = tiling.DTYPE_BYTES[spec.in_dtype], tiling.DTYPE_BYTES[spec.out_dtype]
    pad = tiling.has_pad(target)
    staged = pad and (spec.indexed or spec.weighted)
    narrow = min(in_bytes, out_bytes)
    has_terms = spec.indexed or spec.weighted
    terms_ctype = "uint32_t" if staged else "uint64_t"
    given = {
        "name": name,
        "class_name": "KernelRowSum",
        "in_dtype": spec.in_dtype,
        "out_dtype": spec.out_dtype,
        "in_bytes": in_bytes,
        "out_bytes": out_bytes,
        "narrow_bytes": narrow,
        "granule_elements": 32 // narrow,
        "index_dtype": spec.index_dtype,
        "indexed": spec.indexed,
        "skips": spec.skips,
        "weighted": spec.weighted,
        "rank_major": spec.rank_major,
        "biases": spec.biases,
        "biases_first": spec.biases_first,
        "formula": spec.formula,
        "start": "0.0f" if spec.from_zero else "-0.0f",  # -0.0 + x is x, whatever x is
        "floats": floats_text(saturates=not pad),
        "pad": pad,
        # The coupled core narrows float with CAST_NONE alone, which rounds to the nearest (Cast.md).
        "rounding": "CAST_RINT" if pad else "CAST_NONE",
        "staged": staged,
        "terms_parameter": f", {terms_ctype} terms" if has_terms else "",
        "terms_argument": "terms, " if has_terms else "",
        "staged_words": " and ".join(["indices"] * spec.indexed + ["weights"] * spec.weighted),
        "staged_bytes": tiling.DTYPE_BYTES.get(spec.index_dtype, 0) + 4 * spec.weighted,
        "staged_slack_bytes": 64 * (spec.indexed + spec.weighted),
        "ub_bytes_per_element": 2 * in_bytes + 2 * out_bytes + 4 * (in_bytes != 4) + 4 * (out_bytes != 4),
        "burst_bytes": tiling.burst_bytes(target),
    }
    fields = [
        ("uint64_t", "num_tokens", ""),
        ("uint64_t", "hidden", "elements of a row"),
        ("uint32_t", "num_terms", "terms of a token"),
        ("uint32_t", "tile_elements", "elements of a row that are in UB at a time"),
    ]
    if spec.rank_major:
        fields.append(("uint64_t", "part_rows", "rows from a rank's part to the next"))
    if staged:
        fields.append(("uint32_t", "batch_tokens", "tokens whose indices or weights are in UB at a time"))
    return complete_body(
        "row_sum",
        given,
        name=name,
        archetype=archetype,
        buffers=buffers,
        scalars=scalars,
        fields=fields,
        trace=trace,
        notes=(*_notes(spec, pad), *named.notes),
    )


def _buffers(spec: RowSum, named: Named) -> tuple[Buffer, ...]:
    shapes: dict[str, tuple[str, Role, tuple[str, ...]]] = {
        "out": (spec.out_dtype, Role.OUTPUT, ("num_tokens", "hidden")),
        "rows": (spec.in_dtype, Role.INPUT, ("num_rows", "hidden")),
        "row_of": (spec.index_dtype, Role.INPUT, ("num_tokens", "num_terms")),
        "weights": ("float", Role.INPUT, ("num_tokens", "num_terms")),
        **{f"bias_{i}": (spec.in_dtype, Role.INPUT, ("num_tokens", "hidden")) for i in range(spec.biases)},
    }
    if not spec.indexed:
        outer = ("num_terms", "part_rows") if spec.rank_major else ("num_tokens", "num_terms")
        shapes["rows"] = (spec.in_dtype, Role.INPUT, (*outer, "hidden"))
    return tuple(Buffer(n, *shapes[n], cuda=named.cuda.get(n, "")) for n in named.order)


def _scalars(spec: RowSum, named: Named) -> Iterator[Scalar]:
    meanings = {
        "num_tokens": Text("tokens, rows of the result", "token 数，即结果的行数"),
        "num_terms": Text("rows that a token's sum has", "每个 token 求和的行数"),
        "hidden": Text("elements of a row", "每行的元素个数"),
    }
    if spec.indexed:
        meanings["num_rows"] = Text("rows that there are to choose from", "可供选取的行数")
    elif spec.rank_major:
        meanings["part_rows"] = Text("rows from a rank's part to the next", "相邻两个 rank 数据之间的行数")
    for name, meaning in meanings.items():
        yield named.scalar(name, "int64_t", meaning)


def _notes(spec: RowSum, pad: bool) -> tuple[Text, ...]:
    fused = Text(
        "CUDA's compiler makes one fused multiply-add of a product and a sum, which rounds once; here each "
        "is rounded to float. The result differs by at most one unit in the last place of its type, and by "
        "more only where terms cancel: the difference is that of one rounding to float of each product.",
        "CUDA 编译器会把乘法与加法合并为一次融合乘加（只舍入一次）；此处乘积与和分别舍入到 float。"
        "结果最多相差其类型的一个最低位单位；仅当各项相互抵消时差异更大，其大小为每个乘积一次 float 舍入。",
    )
    saturated = Text(
        "A sum that is too large for half becomes the largest half here and NaN becomes 0: the target knows "
        "saturation alone. In CUDA they stay infinity and NaN.",
        "超出 half 范围的和在此变为最大的 half，NaN 变为 0：该目标只支持饱和模式。"
        "CUDA 中则保留无穷大与 NaN。",
    )
    return (
        *([fused] if spec.weighted else []),
        *([saturated] if not pad and spec.out_dtype == "half" else []),
    )
