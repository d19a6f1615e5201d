"""Finders about checks of divisibility: what they imply in bytes, and what relies on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from portcheck.analysis import declarations
from portcheck.analysis.check_uses import Implied, is_smaller_unit, is_worse
from portcheck.analysis.machine import Machine
from portcheck.facts.base import Fact
from portcheck.facts.checks import AlignmentCheck
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict

if TYPE_CHECKING:
    from portcheck.program.model import Function

_CONJUNCTION = re.compile(r"\s(?:and|&&)\s|&&")
_REMAINDER = re.compile(r"(.+?)\s*%\s*([^%=!<>]+?)\s*==\s*0[uUlL]*\)*\s*$")
_ALIGNED = re.compile(r"aligned\w*\s*<\s*([^<>]+)\s*>\s*\((.+)\)\s*$", re.IGNORECASE)
_MASKED = re.compile(r"(.+?)\s*&\s*\(?\s*(\d+|0x[\da-fA-F]+)[uUlL]*\s*\)*\s*==\s*0\s*\)*$")
_POINTER = re.compile(r"u?intptr_t|data_ptr|_cast<(?:std::)?uint64_t>\s*\((?!\s*\w*(?:size|bytes))")
_IN_BYTES = re.compile(r"sizeof|element_?size|itemsize|bytes", re.IGNORECASE)
_ELEMENTS = re.compile(r"\.size\s*\(|->size\s*\(|numel|\.shape|sizes\s*\(")
_SHARED = re.compile(r"smem|shared|shm|cvta", re.IGNORECASE)


# -- what a check implies in bytes -----------------------------------------------------


@finder("implied_bytes", "requires", "condition", "role", "quantity", "bytes")
def implied_bytes(view: View) -> Iterator[Match]:
    """What a check on the device means in bytes: of the least quantity that counts what it divides."""
    best: dict[Place, Implied] = {}
    for uses in view.analysis.check_uses:
        for one in uses.units:
            if is_smaller_unit(one, best.get(one.place)):
                best[one.place] = one
    for one in best.values():
        yield Match(one.place, one.function, _implied_fields(one), related=(one.other,))


@finder("weak_check", "requires", "condition", "role", "quantity", "bytes")
def weak_check(view: View) -> Iterator[Match]:
    """A check on the device that lets through lengths, or pitches in UB, that are no whole blocks.

    The verdict is about the transfer, with everything that is known there: another check may
    say more. One match a check: the worst.
    """
    worst: dict[Place, Implied] = {}
    for uses in view.analysis.check_uses:
        for one in uses.weak:
            if is_worse(one, worst.get(one.place)):
                worst[one.place] = one
    for one in worst.values():
        assert one.proof is not None
        yield Match(
            one.place,
            one.function,
            _implied_fields(one),
            one.proof.verdict,
            one.proof.why,
            proof=one.proof,
            related=(one.other,),
        )


def _implied_fields(one: Implied) -> dict[str, object]:
    return {
        "requires": one.text,
        "condition": one.condition,
        "role": one.role,
        "quantity": one.quantity,
        "bytes": one.implied_bytes,
    }


# -- checks as they are written --------------------------------------------------------


@finder("written_check", "requires", "by", "what", "modulus", "divisor", "counts", "shared", "device")
def written_check(view: View) -> Iterator[Match]:
    """Every check of divisibility by its text, on host and device.

    `counts` is what is divided: "bytes", "pointer", "elements" or "" where the text does not
    say; `modulus` is the number that it is divided by, `divisor` as it is written.
    """
    for fact in view.of_kind["align_assert"]:
        assert isinstance(fact, AlignmentCheck)
        for part in _CONJUNCTION.split(fact.requires):
            read = _divided(part.strip())
            if read is None or re.search(r"\bor\b|\|\|", part):
                continue
            what, divisor, below = read
            modulus = _constant(view, fact, divisor)
            if modulus is None or _constant(view, fact, what) is not None:
                continue  # of constants the compiler decides
            fields = view.fields(fact) | {
                "what": what,
                "modulus": modulus + below,
                "divisor": divisor,
                "counts": _counts(what),
                "shared": bool(_SHARED.search(what)),
            }
            yield Match(fact.place, fact.function, fields)


def _divided(text: str) -> tuple[str, str, int] | None:
    """What is divided, by what as written, and 1 where that is a mask of the low bits."""
    inverted = re.match(r"(?:!|not\b)\s*\(?(.+?)\)*$", text)
    if inverted and "==" not in text and "!=" not in text and ("%" in text or "&" in text):
        text = f"{inverted.group(1)} == 0"
    elif inverted:
        text = inverted.group(1).replace("!=", "==")
    for pattern, below in ((_ALIGNED, 0), (_MASKED, 1), (_REMAINDER, 0)):
        found = pattern.match(text)
        if found is not None:
            first, second = found.group(1).strip(), found.group(2).strip()
            if pattern is _ALIGNED:
                return f"pointer {second}", first, 0
            return first, second, below
    return None


def _counts(what: str) -> str:
    if what.startswith("pointer ") or _POINTER.search(what):
        return "pointer"
    if re.match(r"\(?sizeof\b[^*+]*$", what):
        return "record"
    if _IN_BYTES.search(what):
        return "bytes"
    return "elements" if _ELEMENTS.search(what) else ""


@lru_cache(maxsize=1)
def functions_by_name(view: View) -> Mapping[str, Function]:
    """The functions with a body by their qualified names; the first of each."""
    return {f.qualified: f for f in reversed(view.analysis.functions)}


def _constant(view: View, fact: Fact, text: str) -> int | None:
    """The number that an expression is in the function of a fact, without running it."""
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1]
    function = functions_by_name(view).get(fact.function)
    if function is None:
        return int(text, 0) if re.fullmatch(r"\d+|0x[\da-fA-F]+", text) else None
    machine = Machine(view.analysis.tree)
    found = machine.text_number(text, declarations.root_frame(machine, function))
    return found.value if found is not None else None


# -- where checks stand, and whether they agree ----------------------------------------


@finder("unguarded_use", "requires", "use", "quantity", "modulus", "line")
def unguarded_use(view: View) -> Iterator[Match]:
    """A transfer that a check would make sound, at a place where the check is not in force.

    Without the check the number is not known to be the multiple that the access itself or
    UB asks for; with it, it is. One match a check.
    """
    for uses in view.analysis.check_uses:
        for one in uses.unguarded:
            fields = {
                "requires": one.text,
                "use": one.use,
                "quantity": one.quantity,
                "modulus": one.modulus,
                "line": one.place.line,
            }
            yield Match(
                one.other, one.used_in, fields, Verdict.DEPENDS, proof=one.proof, related=(one.place,)
            )


@finder("host_device_check", "requires", "condition", "host", "launch")
def host_device_check(view: View) -> Iterator[Match]:
    """A check on the device that the host's own check of the same quantity does not imply."""
    for uses in view.analysis.check_uses:
        for one in uses.on_host:
            fields = {
                "requires": one.text,
                "condition": one.condition,
                "host": one.host,
                "launch": one.launch,
            }
            yield Match(one.place, one.function, fields, one.verdict, related=(one.other,))


@finder("tight_check", "requires", "launch", "slack")
def tight_check(view: View) -> Iterator[Match]:
    """A bound on a size in bytes that is met with less than one block to spare in a launch."""
    for uses in view.analysis.check_uses:
        for one in uses.tight:
            fields = {"requires": one.text, "launch": one.launch, "slack": one.slack_bytes}
            yield Match(one.place, one.function, fields, related=(one.other,))


__all__ = ["functions_by_name"]
