"""Runs of CUDA kernels on a GPU as small files (`record.py` is the command).

A case is one launch of one kernel of `tests/ascendc/cuda`. Its inputs come from a seed that is the
case's name. Elements of types that NumPy does not have are stored as the integers of their bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

TOP = Path(__file__).parents[2]
SOURCES = TOP / "tests" / "ascendc" / "cuda"
RECORDED = TOP / "tests" / "ascendc" / "recorded"
Array = NDArray[np.generic]
Random = np.random.Generator


@dataclass(frozen=True)
class Buffer:
    """An array that the kernel gets the address of; `type` is the parameter's in CUDA."""

    type: str
    make: Callable[[Random], Array]


@dataclass(frozen=True)
class Case:
    """One launch. `arguments` are the kernel's, in order: a buffer by its name, a number as itself."""

    source: str
    kernel: str
    grid: int
    block: int
    arguments: Mapping[str, Buffer | int | float]


def bfloat16(count: int, scale: float = 1.0) -> Callable[[Random], Array]:
    """Normal numbers with a few NaN, infinities and zeros, as bits."""
    return lambda random: (special(random, count, scale).view(np.uint32) >> 16).astype(np.uint16)


def half(count: int, scale: float = 1.0) -> Callable[[Random], Array]:
    return lambda random: special(random, count, scale).astype(np.float16)


def single(count: int, scale: float = 1.0) -> Callable[[Random], Array]:
    return lambda random: special(random, count, scale)


def finite(count: int, scale: float = 1.0) -> Callable[[Random], Array]:
    return lambda random: (random.normal(size=count) * scale).astype(np.float32)


def finite_bfloat16(count: int, scale: float = 1.0) -> Callable[[Random], Array]:
    return lambda random: (finite(count, scale)(random).view(np.uint32) >> 16).astype(np.uint16)


def special(random: Random, count: int, scale: float) -> NDArray[np.float32]:
    values = random.normal(size=count) * scale * 10.0 ** random.integers(-2, 3, count)
    kind = random.random(count)
    for low, value in ((0.0, np.nan), (0.01, np.inf), (0.02, -np.inf), (0.03, 0.0), (0.04, -0.0)):
        values[(kind >= low) & (kind < low + 0.01)] = value
    return values.astype(np.float32)


def integers(low: int, high: int, count: int, dtype: type = np.int32) -> Callable[[Random], Array]:
    """Numbers from `low` to `high`, both included."""
    return lambda random: random.integers(low, high + 1, count).astype(dtype)


def distinct(slots: int, count: int, dropped: int) -> Callable[[Random], Array]:
    """Places that no two rows share; -1 for `dropped` of them."""

    def make(random: Random) -> Array:
        found = random.permutation(slots)[:count].astype(np.int32)
        found[random.permutation(count)[:dropped]] = -1
        return found

    return make


def zeros(count: int, dtype: type = np.int32) -> Callable[[Random], Array]:
    return lambda random: np.zeros(count, dtype)


def ones(count: int, dtype: type = np.uint8) -> Callable[[Random], Array]:
    """Bytes of 1: what a kernel leaves alone is seen."""
    return lambda random: np.ones(count, dtype)


def inputs(name: str, case: Case) -> dict[str, Array]:
    random = np.random.default_rng(crc32(name.encode()))
    return {key: given.make(random) for key, given in case.arguments.items() if isinstance(given, Buffer)}


def write(folder: Path, cases: Mapping[str, Case]) -> None:
    """The inputs of every case, and one program that runs them all."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "#include <cstdio>", "#include <cstdlib>", "#include <string>", "#include <vector>",
        *(f'#include "{source}"' for source in dict.fromkeys(c.source for c in cases.values())),
        _SUPPORT,
    ]  # fmt: skip
    calls = []
    for name, case in cases.items():
        for key, array in inputs(name, case).items():
            (folder / f"{name}.{key}.in").write_bytes(array.tobytes())
        lines += _function(name, case)
        calls.append(f"    run_{name}(folder);")
    head = ["int main(int, char** argv) {", "    const std::string folder = argv[1];"]
    lines += [*head, *calls, "    return 0;", "}"]
    (folder / "program.cu").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _function(name: str, case: Case) -> list[str]:
    lines = [f"static void run_{name}(const std::string& folder) {{"]
    given = []
    for key, value in case.arguments.items():
        if isinstance(value, Buffer):
            lines.append(f'    Held {key}(folder + "/{name}.{key}");')
            given.append(f"{key}.as<{value.type}>()")
        else:
            given.append(repr(value) if isinstance(value, int) else f"{value!r}f")
    lines += [
        f"    {case.kernel}<<<{case.grid}, {case.block}>>>({', '.join(given)});",
        f'    check(cudaDeviceSynchronize(), "{name}");',
        *(f"    {key}.store();" for key, value in case.arguments.items() if isinstance(value, Buffer)),
        "}",
    ]
    return lines


_SUPPORT = """
static void check(cudaError_t result, const char* what) {
    if (result != cudaSuccess) {
        std::fprintf(stderr, "%s: %s\\n", what, cudaGetErrorString(result));
        std::exit(1);
    }
}

// A buffer on the GPU with the bytes of a file; `store` writes what it holds beside that file.
struct Held {
    explicit Held(const std::string& path) : path(path) {
        std::FILE* file = std::fopen((path + ".in").c_str(), "rb");
        if (file == nullptr) check(cudaErrorInvalidValue, path.c_str());
        for (int c; (c = std::fgetc(file)) != EOF;) bytes.push_back(static_cast<char>(c));
        std::fclose(file);
        check(cudaMalloc(&data, bytes.size() + 256), "cudaMalloc");
        check(cudaMemcpy(data, bytes.data(), bytes.size(), cudaMemcpyHostToDevice), "cudaMemcpy");
    }
    template <typename T> T as() { return static_cast<T>(data); }
    void store() {
        check(cudaMemcpy(bytes.data(), data, bytes.size(), cudaMemcpyDeviceToHost), "cudaMemcpy");
        std::FILE* file = std::fopen((path + ".out").c_str(), "wb");
        if (file == nullptr) check(cudaErrorInvalidValue, path.c_str());
        std::fwrite(bytes.data(), 1, bytes.size(), file);
        std::fclose(file);
    }
    std::string path;
    std::vector<char> bytes;
    void* data = nullptr;
};
"""


def store(folder: Path, cases: Mapping[str, Case]) -> None:
    """Inputs, numbers and what came out: `in_NAME`, `scalar_NAME`, `out_NAME` in one file a case."""
    RECORDED.mkdir(parents=True, exist_ok=True)
    for name, case in cases.items():
        before = inputs(name, case)
        parts: dict[str, Array] = {}
        for key, array in before.items():
            after = np.frombuffer((folder / f"{name}.{key}.out").read_bytes(), array.dtype)
            parts[f"in_{key}"] = array
            if after.tobytes() != array.tobytes():
                parts[f"out_{key}"] = after
        for key, value in case.arguments.items():
            if not isinstance(value, Buffer):
                parts[f"scalar_{key}"] = np.array(value)
        np.savez_compressed(RECORDED / f"{name}.npz", **parts)
