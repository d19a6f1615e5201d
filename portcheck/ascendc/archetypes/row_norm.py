"""Root mean square normalisation of rows: out = rows / sqrt(mean of squares + epsilon) * weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body, floats_text
from portcheck.ascendc.body import Body, Buffer, Role, Scalar
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "row-norm"
_NUMBERS = Text(
    "The squares are added up in another order than in CUDA, and the root is a square root and a division, "
    "not rsqrtf: results differ by a few roundings to float, at most one unit in the last place of bfloat16.",
    "平方和的累加次序与 CUDA 不同，且用开方与除法代替 rsqrtf：结果相差数次 float 舍入，"
    "最多为 bfloat16 的一个最低位单位。",
)


@dataclass(frozen=True, slots=True)
class RowNorm:
    """The element types; `weight_dtype` is "" where rows are not weighted."""

    in_dtype: str
    out_dtype: str
    weight_dtype: str = ""

    @property
    def formula(self) -> str:
        """What the kernel computes, in one line."""
        weighted = " * weights[h]" if self.weight_dtype else ""
        return f"out[t, h] = rows[t, h] / sqrt(mean over h of rows[t, h]^2 + epsilon){weighted}"


def can_write(target: Target) -> bool:
    """Whether the target has what the body needs: copies and sums of any length, bfloat16."""
    return tiling.has_pad(target) and target.flag("bf16_cast_to_float") is True


def write(
    name: str, spec: RowNorm, named: Named, target: Target, trace: Mapping[str, tuple[Place, ...]]
) -> Body:
    """The body of a kernel that normalises rows."""
    buffers, scalars = _buffers(spec, named), _scalars(named)
    widths = [tiling.DTYPE_BYTES[d] for d in (spec.in_dtype, spec.out_dtype)]
    weight_bytes = tiling.DTYPE_BYTES.get(spec.weight_dtype, 0)
    given = {
        "name": name,
        "formula": spec.formula,
        "floats": floats_text(),
        "in_dtype": spec.in_dtype,
        "out_dtype": spec.out_dtype,
        "weight_dtype": spec.weight_dtype,
        "narrow_bytes": min(*widths, weight_bytes or 4),
        "ub_bytes_per_element": 2 * sum(widths) + 2 * weight_bytes + 9,
        "burst_bytes": tiling.burst_bytes(target),
    }
    fields = [
        ("uint64_t", "num_tokens", "rows"),
        ("uint64_t", "hidden", "elements of a row"),
        ("uint32_t", "tile_elements", "elements of a row that are in UB at a time"),
        ("uint32_t", "work_bytes", "what ReduceSum works in"),
        ("float", "epsilon", ""),
        ("float", "divisor", "elements of a row, as a float"),
    ]
    return complete_body(
        "row_norm",
        given,
        name=name,
        archetype=NAME,
        buffers=buffers,
        scalars=scalars,
        fields=fields,
        trace=trace,
        notes=(_NUMBERS, *named.notes),
    )


def _buffers(spec: RowNorm, named: Named) -> tuple[Buffer, ...]:
    shapes: dict[str, tuple[str, Role, tuple[str, ...]]] = {
        "out": (spec.out_dtype, Role.OUTPUT, ("num_tokens", "hidden")),
        "rows": (spec.in_dtype, Role.INPUT, ("num_tokens", "hidden")),
        "weights": (spec.weight_dtype, Role.INPUT, ("hidden",)),
    }
    return tuple(Buffer(n, *shapes[n], cuda=named.cuda.get(n, "")) for n in named.order)


def _scalars(named: Named) -> tuple[Scalar, ...]:
    return (
        named.scalar("num_tokens", "int64_t", Text("rows", "行数")),
        named.scalar("hidden", "int64_t", Text("elements of a row", "每行的元素个数")),
        named.scalar("epsilon", "float", Text("added to the mean", "加到均方值上的小量")),
    )
