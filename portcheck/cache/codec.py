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
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from types import MemberDescriptorType
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
_PATH_MODULES = frozenset(("pathlib", "pathlib._local"))  # the latter in Python 3.13
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
        if value is kind or not is_dataclass(kind):
            return NotImplemented
        return kind, tuple([getattr(value, name) for name in _names(kind)])


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What makes the objects of a class, given their fields."""
        if not (module in _PATH_MODULES and name in _PATHS) and not module.startswith(_PACKAGES):
            raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
        kind = getattr(import_module(module), name, None)
        if not isinstance(kind, type) or not _allowed(kind):
            raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
        return _maker(kind) if is_dataclass(kind) else kind


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _maker(kind: type) -> Callable[..., object]:
    """A function that makes an object from its fields, in their order: written out for the class, as its
    own `__init__` is, but several times faster, since it need not ask whether the object is frozen."""
    names = _names(kind)
    own_new = kind.__dict__.get("__new__")
    known: dict[str, Any] = {"kind": kind, "new": kind.__new__, "put": object.__setattr__}
    given = [f"value{number}" for number in range(len(names))]
    lines = [f"def make({', '.join(given)}):", f"    made = new(kind{'' if own_new is None else ', value0'})"]
    for name, value in zip(names, given, strict=True):
        slot = getattr(kind, name, None)
        if isinstance(slot, MemberDescriptorType):
            known[f"put_{value}"] = slot.__set__
            lines.append(f"    put_{value}(made, {value})")
        else:
            lines.append(f"    put(made, {name!r}, {value})")
    lines.append("    return made")
    exec("\n".join(lines), known)
    made: Callable[..., object] = known["make"]
    return made


@cache
def _allowed(kind: type) -> bool:
    """Whether a class only holds its fields."""
    if kind.__module__ in _PATH_MODULES:
        return kind.__name__ in _PATHS
    if not kind.__module__.startswith(_PACKAGES):
        return False
    if (kind.__module__, kind.__name__) in _AS_PLAIN:
        return True
    parameters = getattr(kind, "__dataclass_params__", None)
    frozen = parameters is not None and parameters.frozen and not hasattr(kind, "__post_init__")
    return frozen or issubclass(kind, enum.Enum)
