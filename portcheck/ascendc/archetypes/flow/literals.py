"""Numbers as they are written."""

from __future__ import annotations

import re

from portcheck.ascendc.archetypes.flow.values import Cast, Const, Unknown, Value

_NUMBER = re.compile(r"(-?)(0[xX][0-9a-fA-F']+|0[bB][01']+|[0-9][0-9']*)([uUlLzZ]*)$")


def number(text: str) -> Value:
    """A literal: an integer of any base, a float, or a double where no f says otherwise."""
    match = _NUMBER.match(text)
    if match:
        digits = match.group(2).replace("'", "").lower()
        base = 0 if digits.startswith(("0x", "0b")) else 8 if digits.startswith("0") else 10
        whole = int(digits, base)
        return Const(-whole if match.group(1) else whole)
    plain = text.replace("'", "").lower()
    is_hexadecimal = plain.startswith("0x")
    kept = plain if is_hexadecimal else plain.rstrip("fl")
    try:
        literal = Const(float.fromhex(kept) if is_hexadecimal else float(kept))
    except ValueError:
        return Unknown(f"the number {text}")
    return literal if plain.endswith("f") and not is_hexadecimal else Cast("double", literal)
