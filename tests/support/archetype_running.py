"""Compiles a body against the CPU model once and runs it on arrays, as a project's own test does."""

from __future__ import annotations

import ctypes
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import portcheck.ascendc
from portcheck.ascendc.body import Body
from portcheck.ascendc.tiling import FLAGS_HEADER, PLATFORM_HEADER, shared_header

MODEL = Path(portcheck.ascendc.__file__).parent / "model"
FLAGS = ("-std=c++17", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared")


@dataclass(frozen=True)
class Ran:
    """What a run reported."""

    refused: bool
    violations: tuple[Mapping[str, Any], ...]


class Compiled:
    """A body that runs on the model."""

    def __init__(self, body: Body, arch: int) -> None:
        self.body = body
        self._library = ctypes.CDLL(str(_compile(body, arch)))
        self._library.portcheck_model_run_ranks.restype = ctypes.c_int64
        self._library.portcheck_model_report.restype = ctypes.c_char_p
        space: dict[str, Any] = {}
        exec(body.reference, space)
        self.reference = space["reference"]
        self.example = space["example"]

    def run(
        self,
        buffers: Mapping[str, Any],
        scalars: Mapping[str, int | float],
        cores: int = 4,
        seed: int = 0,
        ub_bytes: int = 0,
    ) -> Ran:
        """Runs on NumPy arrays, which are updated. Little UB makes small tiles; 0 is all of it."""
        return self.run_ranks([buffers], scalars, cores, seed, ub_bytes)

    def run_ranks(
        self,
        ranks: Sequence[Mapping[str, Any]],
        scalars: Mapping[str, int | float],
        cores: int = 4,
        seed: int = 0,
        ub_bytes: int = 0,
    ) -> Ran:
        """Runs several ranks at once; an array that two of them have is the same memory."""
        count = len(self.body.buffers)
        arrays = [buffers[b.name] for buffers in ranks for b in self.body.buffers]
        assert all(a.flags.c_contiguous for a in arrays)
        addresses = (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])
        sizes = (ctypes.c_uint64 * len(arrays))(*[a.nbytes for a in arrays])
        given = b"".join(_eight_bytes(scalars[s.name], s.ctype) for s in self.body.scalars) * len(ranks)
        numbers = (ctypes.c_uint64 * (len(given) // 8)).from_buffer_copy(given)
        result = self._library.portcheck_model_run_ranks(
            ctypes.c_uint32(len(ranks)), ctypes.c_uint32(cores), ctypes.c_uint32(ub_bytes),
            ctypes.c_uint64(seed), ctypes.c_uint32(count), addresses, sizes,
            ctypes.c_uint32(len(self.body.scalars)), numbers,
        )  # fmt: skip
        report = json.loads(self._library.portcheck_model_report().decode())
        assert result != -2, report
        return Ran(result == -1, tuple(report["violations"]))


def _eight_bytes(value: int | float, ctype: str) -> bytes:
    if ctype == "float":
        return bytes(ctypes.c_double(value))
    return bytes(ctypes.c_int64(int(value)))


def _compile(body: Body, arch: int) -> Path:
    folder = Path(_folder()) / f"{body.name}-{arch}-{abs(hash(body.kernel + body.tiling)):x}"
    library = folder / "kernel.so"
    if library.exists():
        return library
    folder.mkdir()
    (folder / f"{body.name}.cpp").write_text(body.kernel)
    (folder / f"{body.name}_tiling.h").write_text(body.tiling)
    for header in (PLATFORM_HEADER, FLAGS_HEADER):
        (folder / header).write_text(shared_header(header))
    (folder / "driver.cpp").write_text(
        f'#include "{body.name}.cpp"\n#include "driver.h"\nASCENDC_MODEL_ENTRY({body.name})\n'
    )
    command = ["g++", *FLAGS, f"-DASCENDC_ARCH={arch}", "-I", str(MODEL), "driver.cpp", "-o", "kernel.so"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


@cache
def _folder() -> str:
    return tempfile.mkdtemp(prefix="archetypes-")
