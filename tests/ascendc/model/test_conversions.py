"""Conversions of the model, bit by bit, against NumPy, ml_dtypes or exact arithmetic."""

import ctypes
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from model_building import CASES, compiled

np = pytest.importorskip("numpy")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy, at NaN and infinities

NONE, RINT, FLOOR, CEIL, ROUND, TRUNC, ODD = range(7)
Convert = Callable[..., Any]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    target = tmp_path_factory.mktemp("model") / "conversions.so"
    return ctypes.CDLL(str(compiled(CASES / "conversions.cpp", 3510, target, "-O1", "-fPIC", "-shared")))


@pytest.fixture(scope="module")
def convert(library: ctypes.CDLL) -> Convert:
    """convert(name, values, dtype of the result, mode or nothing)."""

    def call(name: str, values: Any, dtype: Any, *mode: int) -> Any:
        values = np.ascontiguousarray(values)
        out = np.zeros(values.shape, dtype)
        pointers = (ctypes.c_void_p(values.ctypes.data), ctypes.c_void_p(out.ctypes.data))
        getattr(library, name)(*pointers, ctypes.c_uint64(values.size), *map(ctypes.c_uint8, mode))
        return out

    return call


def floats(count: int = 200_000) -> Any:
    """Floats of all magnitudes, ties of the narrower formats among them, infinities and NaN."""
    generator = np.random.default_rng(20261125)
    bits = generator.integers(0, 2**32, count, dtype=np.uint32)
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    ties = halves.view(np.uint32) + np.uint32(0x1000)  # half of a half's last digit more
    bfloats = (np.arange(65536, dtype=np.uint32) << 16) | 0x8000
    near = np.concatenate([ties - 1, ties + 1, bfloats - 1, bfloats + 1])
    small = generator.normal(0, 1, count).astype(np.float32)
    wide = (small * np.float32(500.0)).astype(np.float32)
    parts = [a.view(np.float32) for a in (bits, ties, bfloats, near)]
    return np.concatenate([*parts, halves, small, wide, np.float32([0.0, -0.0, np.inf, -np.inf, np.nan])])


def same(found: Any, wanted: Any, is_nan: Any) -> None:
    """Equal bits, but any NaN for a NaN."""
    differs = np.flatnonzero((found != wanted) & ~is_nan)
    assert differs.size == 0, (differs[:5], found[differs[:5]], wanted[differs[:5]])


def test_every_half(convert: Convert) -> None:
    codes = np.arange(65536, dtype=np.uint16)
    wanted = codes.view(np.float16).astype(np.float32)
    found = convert("half_to_float", codes, np.float32)
    same(found.view(np.uint32), wanted.view(np.uint32), np.isnan(wanted))
    assert np.isnan(found[np.isnan(wanted)]).all()
    back = convert("float_to_half", found, np.uint16, NONE)
    same(back, codes, np.isnan(wanted))


@pytest.mark.parametrize("mode", [NONE, RINT])
def test_float_to_half_rounds_as_numpy(convert: Convert, mode: int) -> None:
    values = floats()
    wanted = values.astype(np.float16).view(np.uint16)
    same(convert("float_to_half", values, np.uint16, mode), wanted, np.isnan(values))


def test_bfloat16_rounds_as_the_bit_trick(convert: Convert) -> None:
    values = floats()
    bits = values.view(np.uint32).astype(np.uint64)
    wanted = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    same(convert("float_to_bfloat16", values, np.uint16, RINT), wanted, np.isnan(values))
    codes = np.arange(65536, dtype=np.uint16)
    exact = (codes.astype(np.uint32) << 16).view(np.float32)
    found = convert("bfloat16_to_float", codes, np.float32)
    same(found.view(np.uint32), exact.view(np.uint32), np.isnan(exact))


@pytest.mark.parametrize(
    ("name", "dtype", "largest"), [("e4m3", "float8_e4m3fn", 448.0), ("e5m2", "float8_e5m2", 57344.0)]
)
def test_every_fp8(convert: Convert, name: str, dtype: str, largest: float) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    kind = getattr(ml_dtypes, dtype)
    codes = np.arange(256, dtype=np.uint8)
    wanted = codes.view(kind).astype(np.float32)
    found = convert(f"{name}_to_float", codes, np.float32)
    same(found.view(np.uint32), wanted.view(np.uint32), np.isnan(wanted))
    assert np.nanmax(np.abs(found[np.isfinite(found)])) == largest
    values = np.clip(floats(), -largest, largest)
    rounded = values.astype(kind).view(np.uint8)
    same(convert(f"float_to_{name}", values, np.uint8, RINT), rounded, np.isnan(values))
    beyond = np.float32([largest * 2, -1e30, np.inf, -np.inf])
    saturated = convert(f"{name}_to_float", convert(f"float_to_{name}", beyond, np.uint8, RINT), np.float32)
    assert saturated.tolist() == [largest, -largest, largest, -largest]


def neighbours(value: float, values: Any) -> tuple[float, float]:
    """The numbers of the sorted array `values` on both sides of `value`, or it itself twice."""
    above = int(np.searchsorted(values, value))
    if values[above] == value:
        return value, value
    return float(values[above - 1]), float(values[above])


def rounded(value: float, low: float, high: float, is_low_odd: bool, mode: int) -> float:
    """What `value` between two neighbours becomes."""
    if low == high or mode == FLOOR:
        return low
    if mode == CEIL:
        return high
    if mode == TRUNC:
        return low if value > 0 else high
    if mode == ODD:
        return low if is_low_odd else high
    middle = (Fraction(low) + Fraction(high)) / 2
    if Fraction(value) != middle:
        return low if Fraction(value) < middle else high
    if mode == ROUND:
        return low if value < 0 else high
    return high if is_low_odd else low


@pytest.mark.parametrize(
    ("name", "mode"),
    [("half", m) for m in (RINT, FLOOR, CEIL, ROUND, TRUNC, ODD)]
    + [("bfloat16", m) for m in (RINT, FLOOR, CEIL, ROUND, TRUNC)],
)
def test_round_modes(convert: Convert, name: str, mode: int) -> None:
    codes = np.arange(65536, dtype=np.uint16)
    every = convert(f"{name}_to_float", codes, np.float32)
    finite = np.unique(every[np.isfinite(every)].astype(np.float64))
    values = floats(1000)[::97]
    values = values[np.isfinite(values) & (np.abs(values) < finite[-1])]
    found = convert(f"{name}_to_float", convert(f"float_to_{name}", values, np.uint16, mode), np.float32)
    for value, got in zip(values.tolist(), found.tolist(), strict=True):
        low, high = neighbours(value, finite)
        code = int(codes[np.flatnonzero(every == np.float32(low))[0]])
        assert got == rounded(value, low, high, bool(code & 1), mode), value


def whole(value: float, mode: int) -> float:
    """`value` rounded to a whole number."""
    if math.isinf(value):
        return value
    if mode == ROUND:
        return math.copysign(math.floor(abs(value) + 0.5), value)
    return float({RINT: np.rint, FLOOR: np.floor, CEIL: np.ceil, TRUNC: np.trunc}[mode](value))


def saturated(number: float, bits: int) -> int:
    """A whole number as an integer of so many bits."""
    limit = 2 ** (bits - 1)
    return limit - 1 if number >= limit else -limit if number < -limit else int(number)


@pytest.mark.parametrize("mode", [RINT, FLOOR, CEIL, ROUND, TRUNC])
@pytest.mark.parametrize(("name", "bits"), [("int16", 16), ("int32", 32), ("int64", 64)])
def test_float_to_integer(convert: Convert, name: str, bits: int, mode: int) -> None:
    values = np.concatenate([floats(1000)[::31], np.arange(-40, 41, dtype=np.float32) / 4])
    dtype = getattr(np, f"uint{bits}")
    found = convert(f"float_to_{name}", values, dtype, mode).view(getattr(np, f"int{bits}"))
    for value, got in zip(values.tolist(), found.tolist(), strict=True):
        assert got == (0 if math.isnan(value) else saturated(whole(value, mode), bits)), value


def test_half_to_int8_saturates(convert: Convert) -> None:
    codes = np.arange(65536, dtype=np.uint16)
    values = codes.view(np.float16).astype(np.float64)
    wanted = np.nan_to_num(np.clip(np.rint(values), -128, 127)).astype(np.int8)
    assert (convert("half_to_int8", codes, np.uint8, NONE).view(np.int8) == wanted).all()
    unsigned = np.nan_to_num(np.clip(np.trunc(values), 0, 255)).astype(np.uint8)
    assert (convert("half_to_uint8", codes, np.uint8, TRUNC) == unsigned).all()


def test_integers_to_float(convert: Convert) -> None:
    generator = np.random.default_rng(7)
    numbers = np.concatenate([generator.integers(-(2**31), 2**31, 50_000), np.arange(2**24 - 9, 2**24 + 9)])
    numbers = numbers.astype(np.int32)
    found = convert("int32_to_float", numbers, np.uint32, RINT)
    assert (found.view(np.float32) == numbers.astype(np.float32)).all()
    long = generator.integers(-(2**63), 2**63 - 1, 50_000, dtype=np.int64)
    found = convert("int64_to_float", long, np.uint32, RINT)
    assert (found.view(np.float32) == long.astype(np.float32)).all()
    short = convert("int32_to_int16", numbers, np.uint16, NONE).view(np.int16)
    assert (short == np.clip(numbers, -32768, 32767)).all()
    narrow = convert("int64_to_int32", long, np.uint32, NONE).view(np.int32)
    assert (narrow == np.clip(long, -(2**31), 2**31 - 1)).all()


@pytest.mark.parametrize(
    ("operation", "numpy"), list(enumerate([np.add, np.subtract, np.multiply, np.divide]))
)
def test_half_arithmetic(library: ctypes.CDLL, operation: int, numpy: Any) -> None:
    generator = np.random.default_rng(operation)
    a, b = (generator.integers(0, 65536, 300_000, dtype=np.uint16) for _ in range(2))
    out = np.zeros_like(a)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (a, b, out)]
    library.half_arithmetic(*pointers, ctypes.c_uint64(a.size), ctypes.c_uint8(operation))
    wanted = numpy(a.view(np.float16), b.view(np.float16))
    same(out, wanted.view(np.uint16), np.isnan(wanted))
