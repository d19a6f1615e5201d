"""What tiling needs of a target, and C++ text of arithmetic that tiling functions share.

The arithmetic itself is `portcheck_platform.h`, which the writer puts beside every tiling header:
`portcheck::AlignUp`, `BlocksFor`, `TileElements`, …. Every number of a target comes from its
profile in `rules/targets`, with the source there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from portcheck.ascendc.body import Scalar
from portcheck.targets import Target

PLATFORM_HEADER = "portcheck_platform.h"
FLAGS_HEADER = "portcheck_flags.h"
TEMPLATES = "portcheck.ascendc"

DTYPE_BYTES: Mapping[str, int] = {
    "bool": 1,
    "int8_t": 1,
    "uint8_t": 1,
    "fp8_e4m3fn_t": 1,
    "fp8_e5m2_t": 1,
    "half": 2,
    "bfloat16_t": 2,
    "int16_t": 2,
    "uint16_t": 2,
    "float": 4,
    "int32_t": 4,
    "uint32_t": 4,
    "int64_t": 8,
    "uint64_t": 8,
}
_MODEL_ARCHES: Mapping[int, int] = {2002: 3002}  # the coupled core without DataCopyPad


def buffer_bytes(target: Target) -> int:
    """What a kernel's buffers may take of UB: the end of it that the library writes to is left free."""
    usable = target.number("ub_usable_bytes")
    assert usable is not None  # every profile has it
    scratch = target.number("ub_library_scratch_start_bytes")
    return min(usable, scratch) if scratch is not None else usable


def burst_bytes(target: Target) -> int:
    """The granule of a copy that bandwidth asks for; the block of UB where none is published."""
    best = target.number("gm_length_best_align_bytes") if _has(target, "gm_length_best_align_bytes") else None
    return best or block_bytes(target)


def block_bytes(target: Target) -> int:
    """The block of UB."""
    return target.number("ub_block_bytes") or 32


def has_pad(target: Target) -> bool:
    """Whether copies may have any number of bytes (DataCopyPad)."""
    return target.flag("datacopypad") is True


def cores(target: Target) -> int:
    """The most vector cores that a product of the family has. The number itself is asked at run time."""
    return target.number("vector_cores_max") or 1


def model_arch(target: Target) -> int:
    """The number that `ASCENDC_ARCH` takes for a target when the model is compiled."""
    return _MODEL_ARCHES.get(target.arch, target.arch)


@cache
def shared_header(name: str) -> str:
    """The text of a header that projects share: `PLATFORM_HEADER` or `FLAGS_HEADER`."""
    return (files(TEMPLATES) / "templates" / name).read_text(encoding="utf-8")


def struct(name: str, fields: Sequence[tuple[str, str, str]]) -> str:
    """`struct NAMETiling {…};`, a field a (ctype, name, comment) in the order given, 8-byte fields first."""
    ordered = sorted(fields, key=lambda f: -DTYPE_BYTES.get(f[0], 8))
    lines = [
        f"    {ctype} {field};{f'  // {comment}' if comment else ''}" for ctype, field, comment in ordered
    ]
    return "\n".join([f"struct {name}Tiling {{", *lines, "};"])


def header(name: str, scalars: Sequence[Scalar], fields: Sequence[tuple[str, str, str]], body: str) -> str:
    """A whole tiling header. `body` is the text of MakeTiling between its braces, with its last return."""
    guard = f"PORTCHECK_{name.upper()}_TILING_H"
    given = "".join(f"{s.ctype} {s.name}, " for s in scalars)
    return f"""#ifndef {guard}
#define {guard}

#include <cstdint>

#include "{PLATFORM_HEADER}"

{struct(name, fields)}

// nullptr, or what is wrong with the arguments.
inline const char *MakeTiling({given}const Platform &platform, {name}Tiling *tiling, uint32_t *blocks)
{{
{body.rstrip()}
}}

#endif
"""


def _has(target: Target, key: str) -> bool:
    return key in target.keys
