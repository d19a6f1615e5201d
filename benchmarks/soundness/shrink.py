"""Makes a disagreement small: takes statements and helpers out while it stays."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from benchmarks.soundness.reference.parser import ParseError, parse
from benchmarks.soundness.subject import probes_of


def shrunk(text: str, probe: int, still: Callable[[str], bool], seconds: float = 60) -> str:
    """The smallest text found in that time for which `still` is true and the probe is left."""
    end = time.monotonic() + seconds
    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for start, stop in _pieces(text):
            if time.monotonic() > end:
                break
            shorter = _without(text, start, stop)
            if not any(p.number == probe for p in probes_of(shorter)):
                continue
            if still(shorter):
                text = shorter
                changed = True
                break
    return text


def _pieces(text: str) -> list[tuple[int, int]]:
    try:
        file = parse(text)
    except ParseError:
        return []
    found = {(s.start, s.end) for s in file.statements}
    found |= {(f.start, f.end) for f in file.functions if f.body is not None}
    found |= {(s.start, s.end) for s in file.structs.values()}
    found |= {(g.start, g.end) for g in file.globals}
    found |= {m.span() for m in re.finditer(r"^#define (?:.*\\\n)*.*\n", text, re.MULTILINE)}
    return sorted(found, key=lambda piece: piece[0] - piece[1])


def _without(text: str, start: int, end: int) -> str:
    rest = re.sub(r"\A  // mod .*", "", text[end:])
    shorter = text[:start].rstrip(" ") + rest
    return re.sub(r"\n{3,}", "\n\n", shorter)
