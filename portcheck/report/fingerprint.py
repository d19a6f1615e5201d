"""The identity of a fact, which stays the same when its lines move.

The recipe, version 1: the SHA-256 of kind, path, enclosing function and detail, each
followed by a NUL, as UTF-8; the first 16 hexadecimal digits. Equal facts of one file are
told apart by a count in the order of the file, which the report appends.
"""

from __future__ import annotations

from hashlib import sha256

from portcheck.facts.base import Fact


def fingerprint(fact: Fact) -> str:
    """16 hexadecimal digits; line and column do not enter it."""
    parts = (fact.kind.value, fact.place.path, fact.function, fact.detail)
    text = "".join(f"{part}\0" for part in parts)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
