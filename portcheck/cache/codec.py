"""Answers as bytes, and back.

The format is that of `pickle`, which is fast and keeps what is shared shared, but only a small part of
it is accepted. Reading pickles runs whatever functions they name; here they may name nothing but
portcheck's own frozen dataclasses and enumerations in the modules listed below, and paths. These do
nothing when they are made but hold their fields. So even an entry that someone else wrote could at
worst say something wrong; that no one else can have written it is what `store` sees to. JSON would be
as safe and several times slower, and would lose which parts of a proof are the same.

What may not be written raises when it is written, so that nothing is kept that cannot be read.
"""

from __future__ import annotations

import enum
import gc
import io
import pickle
from importlib import import_module
from typing import Any

# The packages whose plain data answers are made of.
_PACKAGES = (
    "portcheck.analysis.",
    "portcheck.checked",
    "portcheck.facts.",
    "portcheck.pack.",
    "portcheck.plan.ported",
    "portcheck.result",
    "portcheck.source.",
    "portcheck.suppression.",
    "portcheck.symbolic.",
    "portcheck.targets.",
)
_PATHS = frozenset(("PosixPath", "WindowsPath"))
_AS_PLAIN = frozenset((("portcheck.symbolic.nodes", "Expr"),))  # immutable, and no dataclass only for speed
_UNREADABLE = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError, LookupError, MemoryError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip


class CodecError(Exception):
    """The value has parts that an entry may not hold, or the bytes are no such entry."""


def encode(value: object) -> bytes:
    """The value as bytes. Raises CodecError."""
    stream = io.BytesIO()
    try:
        _Writer(stream, protocol=5).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
        raise CodecError(str(error)) from error
    return stream.getvalue()


def decode(data: bytes) -> Any:
    """The value that the bytes stand for. Raises CodecError for anything else."""
    collecting = gc.isenabled()
    gc.disable()  # nothing of what is built here is garbage, and looking for it triples the time
    try:
        return _Reader(io.BytesIO(data)).load()
    except _UNREADABLE as error:
        raise CodecError(str(error)) from error
    finally:
        if collecting:
            gc.enable()


class _Writer(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        kind = value if isinstance(value, type) else type(value)
        if not _allowed(kind):
            raise pickle.PicklingError(f"{kind.__module__}.{kind.__qualname__} is no plain data")
        return NotImplemented


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if not (module == "pathlib" and name in _PATHS) and not module.startswith(_PACKAGES):
            raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
        kind = getattr(import_module(module), name, None)
        if not isinstance(kind, type) or not _allowed(kind):
            raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
        return kind


def _allowed(kind: type) -> bool:
    """Whether a class only holds its fields."""
    if kind.__module__ == "pathlib":
        return kind.__name__ in _PATHS
    if not kind.__module__.startswith(_PACKAGES):
        return False
    if (kind.__module__, kind.__name__) in _AS_PLAIN:
        return True
    parameters = getattr(kind, "__dataclass_params__", None)
    frozen = parameters is not None and parameters.frozen and not hasattr(kind, "__post_init__")
    return frozen or issubclass(kind, enum.Enum)
