"""Which element type of Ascend C stands for a type of CUDA."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.program.types import CType

_SAME: Mapping[str, tuple[str, ...]] = {
    "bfloat16_t": ("__nv_bfloat16", "nv_bfloat16", "__nv_bfloat162", "nv_bfloat162", "BFloat16", "bf16"),
    "half": ("__half", "half", "__half2", "half2", "Half", "float16_t", "fp16"),
    "float": ("float", "float1", "float2", "float4"),
    "fp8_e4m3fn_t": ("__nv_fp8_e4m3", "__nv_fp8_storage_t", "Float8_e4m3fn", "float_e4m3_t"),
    "fp8_e5m2_t": ("__nv_fp8_e5m2", "Float8_e5m2"),
    "int8_t": ("int8_t", "signed char", "char"),
    "uint8_t": ("uint8_t", "unsigned char", "bool", "byte", "void"),
    "int16_t": ("int16_t", "short"),
    "uint16_t": ("uint16_t", "unsigned short"),
    "int32_t": ("int", "int32_t", "int2", "int4", "int3"),
    "uint32_t": ("unsigned", "unsigned int", "uint32_t", "uint2", "uint4"),
    "int64_t": ("int64_t", "long", "long long", "longlong2"),
    "uint64_t": ("uint64_t", "size_t", "unsigned long", "unsigned long long", "ulonglong2", "uintptr_t"),
}
_BY_NAME: Mapping[str, str] = {cuda: ours for ours, listed in _SAME.items() for cuda in listed}
_INTEGERS = frozenset(
    ("int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t")
)


def dtype_of(type_: CType | None) -> str | None:
    """The element type; vector types give that of a lane. None for a type that Ascend C has no element of."""
    return None if type_ is None else _BY_NAME.get(type_.name)


def is_integer(dtype: str) -> bool:
    return dtype in _INTEGERS
