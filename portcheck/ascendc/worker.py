"""Runs a compiled kernel in a process of its own: a kernel that never ends takes only this process along.

Reads a request as JSON from standard input, writes the answer as JSON to standard output. Needs nothing
but the standard library, and no package around it.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    request = json.load(sys.stdin)
    library = ctypes.CDLL(request["library"])
    library.portcheck_model_run.restype = ctypes.c_int64
    library.portcheck_model_report.restype = ctypes.c_char_p
    for case in request["cases"]:
        print(json.dumps(run(library, case)), flush=True)


def run(library: ctypes.CDLL, case: dict[str, Any]) -> dict[str, Any]:
    """One run. The buffers are files; those that change are written back."""
    files = [Path(name) for name in case["buffers"]]
    held = [ctypes.create_string_buffer(data, max(len(data), 1)) for data in (f.read_bytes() for f in files)]
    sizes = [file.stat().st_size for file in files]
    addresses = (ctypes.c_void_p * len(held))(*[ctypes.addressof(h) for h in held])
    given = b"".join(_eight_bytes(value, ctype) for value, ctype in case["scalars"])
    numbers = (ctypes.c_uint64 * len(case["scalars"])).from_buffer_copy(given)
    result = library.portcheck_model_run(
        ctypes.c_uint32(case["cores"]),
        ctypes.c_uint32(case["ub_bytes"]),
        ctypes.c_uint64(case["seed"]),
        ctypes.c_uint32(len(held)),
        addresses,
        (ctypes.c_uint64 * len(sizes))(*sizes),
        ctypes.c_uint32(len(numbers)),
        numbers,
    )
    for file, size, buffer in zip(files, sizes, held, strict=True):
        file.write_bytes(buffer.raw[:size])
    return {"result": result, "report": json.loads(library.portcheck_model_report().decode("utf-8"))}


def _eight_bytes(value: float, ctype: str) -> bytes:
    return bytes(ctypes.c_double(value)) if ctype == "float" else bytes(ctypes.c_int64(int(value)))


if __name__ == "__main__":
    main()
