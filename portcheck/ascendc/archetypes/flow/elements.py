"""Types of elements under one name each, whatever a code base calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

WIDTHS: Mapping[str, int] = {
    "bool": 1, "int8": 1, "uint8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1, "int16": 2, "uint16": 2, "half": 2,
    "bf16": 2, "int32": 4, "uint32": 4, "float": 4, "int64": 8, "uint64": 8, "double": 8,
}  # fmt: skip
ASCEND: Mapping[str, str] = {
    "bool": "uint8_t", "int8": "int8_t", "uint8": "uint8_t", "fp8_e4m3": "fp8_e4m3fn_t",
    "fp8_e5m2": "fp8_e5m2_t", "int16": "int16_t", "uint16": "uint16_t", "half": "half",
    "bf16": "bfloat16_t", "int32": "int32_t", "uint32": "uint32_t", "float": "float", "int64": "int64_t",
    "uint64": "uint64_t",
}  # fmt: skip

_NAMES: Mapping[str, tuple[str, ...]] = {
    "bool": ("bool",),
    "int8": ("char", "signed char", "int8_t"),
    "uint8": ("unsigned char", "uint8_t", "uchar", "std::byte", "byte", "std::uint8_t"),
    "int16": ("short", "int16_t"),
    "uint16": ("unsigned short", "uint16_t", "ushort"),
    "int32": ("int", "int32_t", "signed", "signed int"),
    "uint32": ("unsigned", "unsigned int", "uint32_t", "uint"),
    "int64": ("long", "long long", "long long int", "int64_t", "ssize_t", "ptrdiff_t", "intptr_t"),
    "uint64": ("unsigned long", "unsigned long long", "unsigned long long int", "uint64_t", "size_t",
               "uintptr_t"),
    "half": ("half", "__half", "nv_half", "float16_t", "half_t", "Half"),
    "bf16": ("nv_bfloat16", "__nv_bfloat16", "bfloat16_t", "bfloat16", "BFloat16"),
    "float": ("float", "float32_t"),
    "double": ("double",),
    "fp8_e4m3": ("__nv_fp8_e4m3", "float_e4m3_t", "Float8_e4m3fn"),
    "fp8_e5m2": ("__nv_fp8_e5m2", "float_e5m2_t", "Float8_e5m2"),
}  # fmt: skip
_CANONICAL = {name: canonical for canonical, names in _NAMES.items() for name in names}
_VECTOR = {
    "char": "int8", "uchar": "uint8", "short": "int16", "ushort": "uint16", "int": "int32", "uint": "uint32",
    "long": "int64", "ulong": "uint64", "longlong": "int64", "ulonglong": "uint64", "float": "float",
    "double": "double",
}  # fmt: skip
_PAIRS = {
    "half2": "half", "__half2": "half", "nv_bfloat162": "bf16", "__nv_bfloat162": "bf16",
    "__nv_fp8x2_e4m3": "fp8_e4m3", "__nv_fp8x2_e5m2": "fp8_e5m2",
}  # fmt: skip
_QUADS = {"__nv_fp8x4_e4m3": "fp8_e4m3", "__nv_fp8x4_e5m2": "fp8_e5m2"}
# One or several FP8 numbers, the format not in the type: the bytes say no more than that.
_STORAGE = {"__nv_fp8_storage_t": ("uint8", 1), "__nv_fp8x2_storage_t": ("uint8", 2),
            "__nv_fp8x4_storage_t": ("uint8", 4)}  # fmt: skip


def element(name: str) -> tuple[str, int] | None:
    """The element and how many of them a type holds, e.g. ("int32", 4) for int4; None for other types."""
    name = name.removeprefix("std::").removeprefix("cuda::")
    if name in _CANONICAL:
        return _CANONICAL[name], 1
    if name in WIDTHS and name != "int":
        return name, 1
    if name in _PAIRS:
        return _PAIRS[name], 2
    if name in _QUADS:
        return _QUADS[name], 4
    if name in _STORAGE:
        return _STORAGE[name]
    match = re.fullmatch(r"([a-z]+)([1-4])", name)
    if match and match.group(1) in _VECTOR:
        return _VECTOR[match.group(1)], int(match.group(2))
    return None


@dataclass(frozen=True, slots=True)
class Type:
    """A type as memory needs it: `count` elements of `element`, behind `pointers` stars, `extents` times.

    `element` is a key of WIDTHS, "void", or the name of a class; "" for `auto` and what is not known.
    `width_bytes` is that of a class, of which nothing else is known.
    """

    element: str
    count: int = 1
    pointers: int = 0
    extents: tuple[int | None, ...] = ()
    width_bytes: int = 0

    @property
    def bytes(self) -> int | None:
        """What one value takes; None where it is not known."""
        size = self._one()
        for extent in self.extents:
            if extent is None or size is None:
                return None
            size *= extent
        return size

    def _one(self) -> int | None:
        if self.pointers:
            return 8
        if self.element in WIDTHS:
            return WIDTHS[self.element] * self.count
        if self.element == "void":
            return 1
        return self.width_bytes or None

    @property
    def is_number(self) -> bool:
        return self.element in WIDTHS and self.count == 1 and not self.pointers and not self.extents

    def dereferenced(self) -> Type:
        if self.extents:
            return replace(self, extents=self.extents[1:])
        return replace(self, pointers=self.pointers - 1)

    def pointer(self) -> Type:
        """A pointer to it; an array decays to a pointer to what it holds."""
        if self.extents:
            return replace(self, extents=self.extents[1:], pointers=self.pointers + 1)
        return replace(self, pointers=self.pointers + 1)


AUTO = Type("")
INT = Type("int32")
