"""Inputs for a run of a project, and the comparison of its outputs with the NumPy reference."""

from __future__ import annotations

import ast
import operator
import random as stdlib_random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import util
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

from portcheck.ascendc.body import Buffer, Role
from portcheck.ascendc.building import ROOM, WINDOW_BYTES, WINDOWS
from portcheck.ascendc.manifest import Manifest
from portcheck.ascendc.tiling import DTYPE_BYTES

REFERENCE_NAME = "reference.py"
_SIZES = (2, 4, 8, 1, 16, 32, 64, 128, 256, 512)
_TRIES = 150
_THREADS = 64
_ROOM_ELEMENTS, _WINDOW_BYTES = 1 << 16, 1 << 16
_ARCH_WITHOUT_PAD, _SLACK_BYTES = 3002, 32  # reads whole blocks
_NUMPY: Mapping[str, str] = {
    "bool": "uint8",
    "half": "float16",
    "float": "float32",
    "bfloat16_t": "uint16",
    "fp8_e4m3fn_t": "uint8",
    "fp8_e5m2_t": "uint8",
}
_FLOATS = {"half": (10, 16), "float": (23, 32), "bfloat16_t": (7, 16)}  # mantissa bits, bits
_MAX_SHOWN = 5
_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@dataclass(frozen=True, slots=True)
class Case:
    """Inputs of one run, the buffers as bytes in the order of the entry."""

    buffers: tuple[bytes, ...]
    scalars: Mapping[str, float]


def cases(manifest: Manifest, project: Path, seed: int) -> Iterator[Case]:
    """Cases to try, the best first: the reference's own example, else what a launch of the CUDA code fixes
    with small sizes for the rest, then small sizes that are all equal, then mixed ones."""
    example = _example(manifest, project, seed)
    if example is not None:
        yield example
        return
    generator = stdlib_random.Random(seed)
    names = [s.name for s in manifest.scalars]
    threads = {n: _THREADS for n in names if n.startswith("blockDim")}
    for known in ({**threads, **manifest.typical}, threads, {}):
        for size in _SIZES:
            yield _generic(manifest, {**dict.fromkeys(names, size), **known}, generator)
    for _ in range(_TRIES):
        sizes = {s.name: generator.choice(_SIZES) for s in manifest.scalars}
        yield _generic(manifest, sizes, generator)


def numpy() -> Any | None:
    """The module, None where it is not installed."""
    try:
        import numpy as found
    except ImportError:
        return None
    return found


def has_reference(project: Path) -> bool:
    return (project / REFERENCE_NAME).is_file()


def differences(
    manifest: Manifest, project: Path, case: Case, outputs: Sequence[bytes]
) -> tuple[str, ...] | None:
    """Where the outputs are not what the reference computes; None without a reference or NumPy.

    Numbers with a fraction may differ by one unit in the last place, everything else by nothing. What the
    port added for itself, a workspace, is not compared.
    """
    np = numpy()
    if np is None or not has_reference(project):
        return None
    expected = {b.name: _array(np, b, data) for b, data in zip(manifest.buffers, case.buffers, strict=True)}
    _module(project).reference(expected, dict(case.scalars))
    found: list[str] = []
    for buffer, data in zip(manifest.buffers, outputs, strict=True):
        if buffer.role not in (Role.INPUT, Role.SCRATCH):
            found += _compared(np, buffer, expected[buffer.name], _array(np, buffer, data))
    return tuple(found)


def _compared(np: Any, buffer: Buffer, expected: Any, got: Any) -> Iterator[str]:
    if buffer.dtype in _FLOATS:
        both_nan = _is_nan(np, buffer.dtype, expected) & _is_nan(np, buffer.dtype, got)
        apart = np.abs(_ordered(np, buffer.dtype, expected) - _ordered(np, buffer.dtype, got))
        wrong = (apart > 1) & ~both_nan
    else:
        wrong = expected != got
    at = np.flatnonzero(wrong)
    for index in at[:_MAX_SHOWN]:
        yield f"{buffer.name}[{int(index)}] is {got[index]}, NumPy says {expected[index]}"
    if len(at) > _MAX_SHOWN:
        yield f"{buffer.name}: {len(at)} of {len(got)} elements differ"


def _bits(np: Any, dtype: str, array: Any) -> Any:
    return array.view(f"uint{_FLOATS[dtype][1]}").astype(np.int64)


def _ordered(np: Any, dtype: str, array: Any) -> Any:
    """Integers in the order of the numbers: neighbours differ by one, and 0 is -0."""
    bits, width = _bits(np, dtype, array), _FLOATS[dtype][1]
    sign = bits >> (width - 1)
    magnitude = bits & ((1 << (width - 1)) - 1)
    return np.where(sign == 1, -magnitude, magnitude)


def _is_nan(np: Any, dtype: str, array: Any) -> Any:
    mantissa, width = _FLOATS[dtype]
    infinity = ((1 << (width - 1 - mantissa)) - 1) << mantissa
    return (_bits(np, dtype, array) & ((1 << (width - 1)) - 1)) > infinity


def _array(np: Any, buffer: Buffer, data: bytes) -> Any:
    whole = len(data) // DTYPE_BYTES[buffer.dtype] * DTYPE_BYTES[buffer.dtype]
    return np.frombuffer(data[:whole], _NUMPY.get(buffer.dtype, buffer.dtype.removesuffix("_t"))).copy()


def _example(manifest: Manifest, project: Path, seed: int) -> Case | None:
    np = numpy()
    if np is None or not has_reference(project):
        return None
    made: Callable[[Any], tuple[Mapping[str, Any], Mapping[str, float]]] | None
    made = getattr(_module(project), "example", None)
    if made is None:
        return None
    buffers, scalars = made(np.random.default_rng(seed))
    numbers = {s.name: np.asarray(scalars[s.name]).item() for s in manifest.scalars}
    return Case(tuple(np.ascontiguousarray(buffers[b.name]).tobytes() for b in manifest.buffers), numbers)


def _module(project: Path) -> ModuleType:
    """The project's reference. What it raises goes to the caller."""
    spec = util.spec_from_file_location(f"portcheck_reference_{project.name}", project / REFERENCE_NAME)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _generic(manifest: Manifest, sizes: Mapping[str, int], generator: stdlib_random.Random) -> Case:
    """Indices are permutations of what is there, so that no two rows meet; everything else is noise."""
    fixed = {ROOM: _ROOM_ELEMENTS, WINDOWS: 2, WINDOW_BYTES: _WINDOW_BYTES}
    scalars = {
        s.name: fixed.get(s.name, sizes[s.name]) if s.ctype != "float" else generator.uniform(0.5, 2.0)
        for s in manifest.scalars
    }
    least = min((int(v) for n, v in scalars.items() if n not in fixed), default=1)
    slack = _SLACK_BYTES if manifest.arch == _ARCH_WITHOUT_PAD else 1
    made = (_noise(b, scalars, max(least, 1), slack, generator) for b in manifest.buffers)
    return Case(tuple(made), scalars)


def _noise(
    buffer: Buffer, scalars: Mapping[str, float], least: int, slack: int, generator: stdlib_random.Random
) -> bytes:
    names = {name: int(value) for name, value in scalars.items()}
    count = max(0, prod(extent(text, names) for text in buffer.shape))
    size = DTYPE_BYTES[buffer.dtype]
    if buffer.dtype.removeprefix("u") in ("int32_t", "int64_t"):
        order = list(range(least))
        generator.shuffle(order)
        pattern = b"".join(n.to_bytes(size, "little") for n in order)
    elif buffer.dtype in _FLOATS:
        one = {"half": 0x3C00, "bfloat16_t": 0x3F80, "float": 0x3F800000}[buffer.dtype]
        pattern = b"".join((one + generator.randrange(1 << 7)).to_bytes(size, "little") for _ in range(64))
    else:
        pattern = generator.randbytes(max(count, 1) * size)
    data = (pattern * (count * size // len(pattern) + 1))[: count * size]
    return data + bytes(-len(data) % slack)


def extent(text: str, names: Mapping[str, int]) -> int:
    """The number that an extent of a shape is: whole numbers, names and arithmetic. Raises ValueError."""
    try:
        return _evaluated(ast.parse(text, mode="eval").body, names)
    except (SyntaxError, KeyError, ZeroDivisionError) as error:
        raise ValueError(f"the extent {text!r} cannot be computed: {error}") from error


def _evaluated(node: ast.expr, names: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _ARITHMETIC[type(node.op)](_evaluated(node.left, names), _evaluated(node.right, names))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluated(node.operand, names)
    raise ValueError(f"no arithmetic: {ast.dump(node)[:60]}")
