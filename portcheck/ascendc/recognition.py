"""Which archetype a kernel is, and its complete body."""

from __future__ import annotations

import re
from dataclasses import replace

from portcheck.ascendc.archetypes import ARCHETYPES
from portcheck.ascendc.body import Body
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.targets import Target


def recognise(view: View, kernel: Function, name: str, target: Target) -> Body | None:
    """The body of the first archetype that the kernel is, under a name; None where it is none."""
    for archetype in ARCHETYPES:
        body = archetype.recognise(view, kernel, target)
        if body is not None:
            return named(body, name)
    return None


def named(body: Body, name: str) -> Body:
    """The body under another name, which no other kernel of the tree has: entries have C linkage."""
    if name == body.name:
        return body
    old = re.escape(body.name)
    changes = (
        (rf"\b{old}Tiling\b", f"{name}Tiling"),
        (rf'"{old}_tiling\.h"', f'"{name}_tiling.h"'),
        (rf"\bPORTCHECK_{old.upper()}_TILING_H\b", f"PORTCHECK_{name.upper()}_TILING_H"),
        (rf'(extern "C" __global__ __aicore__ void\s+){old}\b', rf"\g<1>{name}"),
    )
    kernel, tiling = body.kernel, body.tiling
    for pattern, new in changes:
        kernel, tiling = re.sub(pattern, new, kernel), re.sub(pattern, new, tiling)
    return replace(body, name=name, kernel=kernel, tiling=tiling)
