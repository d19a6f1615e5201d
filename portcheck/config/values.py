"""What each key may hold: checked as it is read, so that nothing is accepted in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portcheck.program.knowledge import OwnLaunch

_NAME = re.compile(r"[A-Za-z_]\w*")
FAIL_ON = ("breaks", "redesign", "slow", "note", "never")
LANGUAGES = ("en", "zh")


class ValueRefusedError(Exception):
    """Why a value cannot be used; `inside` is the name within a table that is to blame."""

    def __init__(self, problem: str, inside: str = "") -> None:
        super().__init__(problem)
        self.inside = inside


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the configuration; `check` gives the value of its field or raises ValueRefusedError."""

    name: str
    check: Callable[[Any], Any]

    @property
    def field(self) -> str:
        return self.name.replace("-", "_")


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise ValueRefusedError("must be a list of strings")
    return tuple(value)


def _string(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueRefusedError("must be a string with something in it")
    return value


def _one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in known or not isinstance(value, str):
            raise ValueRefusedError(f"must be one of {', '.join(known)}")
        return value

    return check


def _defines(value: Any) -> tuple[str, ...]:
    found = _strings(value)
    for text in found:
        if not _NAME.fullmatch(text.partition("=")[0]):
            raise ValueRefusedError(f"'{text}' is not NAME or NAME=VALUE")
    return found


def _names(value: Any) -> tuple[str, ...]:
    found = _strings(value)
    for text in found:
        _check_name(text)
    return found


def _percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ValueRefusedError("must be a number from 0 to 100, in percent of the bytes")
    return float(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueRefusedError("must be true or false")
    return value


def _table(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueRefusedError(f"must be a table of {what}")
    return value


def _symbols(value: Any) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for name, given in _table(value, "names and their values").items():
        _check_name(name, name)
        listed = given if isinstance(given, list) else [given]
        if not listed or not all(isinstance(one, int) and not isinstance(one, bool) for one in listed):
            raise ValueRefusedError("must be an integer or a list of integers", name)
        found[name] = tuple(dict.fromkeys(listed))
    return found


def _assume(value: Any) -> dict[str, int | bool]:
    from portcheck.targets.assumptions import AssumptionError, check_change

    found: dict[str, int | bool] = {}
    for name, given in _table(value, "assumptions").items():
        try:
            check_change(name, given)
        except AssumptionError as error:
            raise ValueRefusedError(str(error), name) from None
        found[name] = given
    return found


def _launch_macros(value: Any) -> dict[str, OwnLaunch]:
    from portcheck.program.knowledge import OwnLaunch

    found: dict[str, OwnLaunch] = {}
    for name, given in _table(value, "macros and the positions of the kernel").items():
        _check_name(name, name)
        table = given if isinstance(given, dict) else {"kernel": given}
        if "kernel" not in table or table.keys() - {"kernel", "arguments"}:
            raise ValueRefusedError("must have 'kernel', and may have 'arguments'", name)
        if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in table.values()):
            raise ValueRefusedError("must be the position of the kernel among the arguments, from 0", name)
        found[name] = OwnLaunch(table["kernel"], table.get("arguments"))
    return found


def _check_name(name: str, inside: str = "") -> None:
    if not _NAME.fullmatch(name):
        raise ValueRefusedError(f"'{name}' is not a name", inside)


KEYS: Mapping[str, Key] = {
    key.name: key
    for key in (
        Key("include", _strings),
        Key("exclude", _strings),
        Key("defines", _defines),
        Key("select", _strings),
        Key("ignore", _strings),
        Key("rules", _strings),
        Key("targets", _strings),
        Key("fail-on", _one_of(FAIL_ON)),
        Key("coverage-floor", _percent),
        Key("language", _one_of(LANGUAGES)),
        Key("baseline", _string),
        Key("decisions", _string),
        Key("assume", _assume),
        Key("symbols", _symbols),
        Key("assert-macros", _names),
        Key("launch-macros", _launch_macros),
        Key("cache", _switch),
    )
}
# Keys whose strings are paths relative to the configuration file.
PATHS = frozenset(("include", "rules", "baseline", "decisions"))
