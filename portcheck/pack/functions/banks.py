"""Finders about banks: what the lanes of a warp hit in shared memory, and what remains of it in UB."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from portcheck.analysis import declarations
from portcheck.analysis.machine import Machine
from portcheck.analysis.shared_accesses import LANES, Lanes, SharedAccess, SharedUse, symbols_of
from portcheck.facts.base import Fact
from portcheck.facts.layouts import Layout
from portcheck.pack.functions.alignment_checks import functions_by_name
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.symbolic.evaluate import substitute
from portcheck.symbolic.expr import Atom, Bits, Expr, Quotient, Role, Symbol, number, of

BANK_BYTES = 4  # a bank of CUDA's shared memory, of which there are 32
BLOCK_BYTES = 32  # a block of UB: what a bank group serves in a cycle
GROUPS = 16  # (addr >> 5) & 15: the bank group on 2201, group and bank on 3510
SUBBANK_BYTES = 8  # what gathers and SIMT code of 3510 meet: four to a block
SUBBANKS = 4 * GROUPS
GROUP_PERIOD_BYTES = BLOCK_BYTES * GROUPS
REPEAT_BLOCKS = 8  # blocks of one repeat of a vector instruction
MAX_PAD_ELEMENTS = 8
MAX_VECTOR_BYTES = 16
MAX_ELEMENT_BYTES = 16
MAX_PITCH_BYTES = 1100  # rows of up to 1024 bytes; what is larger is a stage or a record


def _degree(one: Lanes) -> int:
    """The most different words of one CUDA bank in one phase: 32 words are served at a time."""
    lanes = max(1, min(LANES, LANES * BANK_BYTES // max(one.width, BANK_BYTES)))
    worst = 1
    for first in range(0, len(one.offsets), lanes):
        words = {
            (offset + byte) // BANK_BYTES
            for offset in one.offsets[first : first + lanes]
            for byte in range(0, one.width, BANK_BYTES)
        }
        worst = max(worst, *Counter(word % LANES for word in words).values())
    return worst


def _subbank_degree(one: Lanes) -> int:
    """The most different entries of one sub-bank of 8 bytes, of which 3510 has 64, for SIMT code."""
    entries = {
        (offset + byte) // SUBBANK_BYTES
        for offset in one.offsets
        for byte in range(0, one.width, SUBBANK_BYTES)
    }
    return max(Counter(entry % SUBBANKS for entry in entries).values())


def _group_cycles(one: Lanes) -> int:
    """The most blocks of one bank group that a repeat over eight of these rows would touch."""
    blocks = {offset // BLOCK_BYTES for offset in one.offsets[:REPEAT_BLOCKS]}
    return max(Counter(block % GROUPS for block in blocks).values())


def _accesses(view: View) -> Iterator[tuple[SharedUse, SharedAccess, Lanes]]:
    """Every access of shared memory whose address the lanes fix, the same one once."""
    seen: set[object] = set()
    for use in view.analysis.shared_uses:
        for access in use.accesses:
            key = access.place, access.way, access.address
            if access.lanes is not None and key not in seen:
                seen.add(key)
                yield use, access, access.lanes


def _is_joined(access: SharedAccess, lanes: Lanes) -> bool:
    """Whether a lane walks over neighbours that the compiler may load as one vector of 16 bytes."""
    steps = any(
        c == lanes.width and len(m) == 1 and isinstance(m[0], Symbol) and m[0].role is Role.INDEX
        for m, c in access.address.terms
    )
    return steps and lanes.stride is not None and lanes.width < lanes.stride <= MAX_VECTOR_BYTES


@finder(
    "lane_access",
    *("access", "way", "array", "width", "stride", "degree", "group_cycles", "subbank_degree", "kernel"),
)
def lane_access(view: View) -> Iterator[Match]:
    """Every access of shared memory whose address the lanes fix; of those alike in a function the worst."""
    worst: dict[object, Match] = {}
    for use, access, lanes in _accesses(view):
        joined = _is_joined(access, lanes)
        degree = _degree(lanes)
        fields = {
            "access": access.text,
            "way": access.way,
            "array": _array(use, access),
            "width": lanes.width,
            "stride": lanes.stride,
            "degree": 1 if joined else degree,
            "group_cycles": _group_cycles(lanes),
            "subbank_degree": 1 if joined else _subbank_degree(lanes),
            "kernel": use.root,
        }
        key = access.place.path, access.function, fields["array"], lanes.stride, lanes.width
        before = worst.get(key)
        if before is None or degree > int(str(before.fields["degree"])):
            worst[key] = Match(access.place, access.function, fields)
    yield from worst.values()


def _array(use: SharedUse, access: SharedAccess) -> str:
    """The name of the shared array that an access is in."""
    declared = use.variable(access)
    return declared.name if declared is not None else ""


# -- padding ---------------------------------------------------------------------------


@finder("padded_array", "name", "declaration", "row", "pad", "row_bytes")
def padded_array(view: View) -> Iterator[Match]:
    """A shared array of several dimensions whose rows carry elements that only space them out.

    `row_bytes` is None where the extent is not a constant of the source. An element whose size
    is not known counts as the largest, if the row can be no whole number of blocks.
    """
    for fact in view.of_kind["smem_layout"]:
        assert isinstance(fact, Layout)
        if fact.step != "shared array" or fact.expression.count("[") < 2:
            continue
        extents = re.findall(r"\[([^\[\]]*)\]", fact.expression)
        element = fact.expression.split("[", 1)[0].rsplit(None, 1)[0]
        row = _number(view, fact, extents[-1])
        written = re.search(r"\+\s*(\w+)\s*\)?$", extents[-1].strip())
        pad = _number(view, fact, written.group(1)) if written else _spacing(row)
        if not pad or pad > MAX_PAD_ELEMENTS:
            continue
        size = _number(view, fact, f"sizeof({element})")
        if row is not None and size is None and row % 2:
            size = MAX_ELEMENT_BYTES  # no type of up to 16 bytes makes an odd row whole blocks
        fields = {
            "name": fact.name,
            "declaration": fact.expression,
            "row": extents[-1],
            "pad": pad,
            "row_bytes": row * size if row is not None and size is not None else None,
        }
        why = f"the value of {extents[-1]} is not a constant of the source"
        yield Match(fact.place, fact.function, fields, why=why)


def _spacing(row: int | None) -> int:
    """How many elements a constant extent has beyond a multiple of 16; 0 where that is no padding."""
    if row is None or row < 16:
        return 0
    beyond = row % 16
    return beyond if beyond in (1, 2, 4) else 0


def _number(view: View, fact: Fact, text: str) -> int | None:
    """The number that an expression is: by file scope, else with the function's own constants."""
    function = functions_by_name(view).get(fact.function)
    if function is None or function.body is None:
        return int(text, 0) if re.fullmatch(r"\d+", text) else None
    machine = Machine(view.analysis.tree)
    frame = declarations.root_frame(machine, function)
    body = function.origin.read(function.body)
    for name in set(re.findall(r"[A-Za-z_]\w*", text)):
        own = re.search(rf"\b(?:constexpr|const)\b[\w\s:]*\b{name}\s*=\s*(\d+)\s*;", body)
        text = re.sub(rf"\b{name}\b", own.group(1), text) if own else text
    found = machine.text_number(text, frame)
    return found.value if found is not None else None


@finder("padded_pitch", "array", "pitch", "pad", "access")
def padded_pitch(view: View) -> Iterator[Match]:
    """An index that steps by a row of 128 bytes, or several, and a few elements: a padded pitch."""
    seen: set[tuple[str, str, int]] = set()
    for use in view.analysis.shared_uses:
        for access in use.accesses:
            width = access.width.value if access.width is not None else None
            array = _array(use, access)
            declared = next((v for _, v in use.variables if v.name == array), None)
            if not width or declared is None or "][" in view.line(declared.place):
                continue
            for monomial, pitch in access.address.terms:
                steps = len(monomial) == 1 and isinstance(monomial[0], Symbol)
                if not steps or getattr(monomial[0], "role", None) is not Role.INDEX:
                    continue
                beyond = pitch % (LANES * BANK_BYTES)
                padded = LANES * BANK_BYTES < pitch <= MAX_PITCH_BYTES and beyond == width <= 8
                if not padded or (use.root, array, pitch) in seen:
                    continue
                seen.add((use.root, array, pitch))
                fields = {"array": array, "pitch": pitch, "pad": beyond, "access": access.text}
                yield Match(access.place, access.function, fields)


# -- swizzles and matrix loads -----------------------------------------------------------


@finder("xor_address", "array", "access", "way", "width")
def xor_address(view: View) -> Iterator[Match]:
    """An access of shared memory whose address holds an exclusive or: a swizzled layout."""
    seen: set[object] = set()
    for use in view.analysis.shared_uses:
        for access in use.accesses:
            key = access.place.path, access.place.line
            if key not in seen and _is_swizzled(access.address):
                seen.add(key)
                fields = {
                    "array": _array(use, access),
                    "access": access.text,
                    "way": access.way,
                    "width": access.width.value if access.width is not None else None,
                }
                yield Match(access.place, access.function, fields)


def _is_swizzled(address: Expr) -> bool:
    """Whether what an exclusive or combines also stands elsewhere in the address: a row and its columns.

    A butterfly (`tid ^ step`) and the other of two buffers (`k ^ 1`) are no swizzles.
    """
    for monomial, _ in address.terms:
        mixed = {s for atom in monomial for x in _exclusive(atom) for s in x.symbols()}
        others = [m for m, _ in address.terms if m != monomial]
        if mixed and any(mixed & symbols_of(m) for m in others):
            return True
    return False


def _exclusive(atom: Atom) -> Iterator[Expr]:
    """The exclusive ors of two unknowns in an atom, each as an expression."""
    if isinstance(atom, Bits):
        if atom.operator == "^" and atom.left.terms and atom.right.terms:
            yield of(atom)
    elif isinstance(atom, Quotient):
        for inner in atom.dividend.atoms():
            yield from _exclusive(inner)


_MATRIX = re.compile(
    r"\b(?P<what>(?:ld|st)matrix\.sync[\w.:]*|wmma::(?:load|store)_matrix_sync)|"
    r"\b(?P<swizzle>CU_TENSOR_MAP_SWIZZLE_(?:32|64|128)B\w*|Swizzle\s*<\s*\d+\s*,\s*\d+\s*,\s*\d+\s*>)"
)


@finder("matrix_layout", "text", "step")
def matrix_layout(view: View) -> Iterator[Match]:
    """Matrix loads ("matrix load") and swizzle modes ("swizzle mode"), each once a file, off comments."""
    for parsed in view.analysis.reading.parsed:
        source = parsed.source
        if not re.search(rb"matrix|(?i:swizzle)", source.data):
            continue
        seen: set[str] = set()
        for line in range(1, source.data.count(b"\n") + 2):
            text = source.line_text(line)
            found = _MATRIX.search(text)
            if found is None or text.lstrip().startswith(("//", "*", "/*")) or "//" in text[: found.start()]:
                continue
            if found.group(0) in seen:
                continue
            seen.add(found.group(0))
            start = source.lines.start(line) + len(text[: found.start()].encode())
            place = source.place(start, start + len(found.group(0).encode()))
            step = "matrix load" if found.group("what") else "swizzle mode"
            yield Match(place, "", {"text": found.group(0), "step": step})


# -- operands of one instruction ---------------------------------------------------------


@finder("same_group", "first", "second", "distance", "array")
def same_group(view: View) -> Iterator[Match]:
    """Two rows that one statement reads side by side, a multiple of 512 bytes apart.

    Rows of one array are as far apart as their addresses say, two arrays as far as their
    declarations say if a port carves them in this order.
    """
    by_line: dict[tuple[int, str, int], list[SharedAccess]] = {}
    owner: dict[int, SharedUse] = {}
    for use, access, lanes in _accesses(view):
        if access.way == "load" and lanes.stride == lanes.width:
            owner[id(use)] = use
            by_line.setdefault((id(use), access.place.path, access.place.line), []).append(access)
    for key, listed in by_line.items():
        use = owner[key[0]]
        pairs = ((one, other) for i, other in enumerate(listed) for one in listed[:i])
        for one, other in pairs:
            distance = _distance(use, one, other)
            if distance and distance % GROUP_PERIOD_BYTES == 0:
                fields = {
                    "first": one.text,
                    "second": other.text,
                    "distance": abs(distance),
                    "array": _array(use, other),
                }
                yield Match(other.place, other.function, fields)
                break


def _distance(use: SharedUse, one: SharedAccess, other: SharedAccess) -> int | None:
    """How far apart two accesses lie in bytes; None where that is not a constant."""
    sizes = {symbol: variable.size for symbol, variable in use.variables}
    listed = list(sizes)
    bases = [next((s for s in listed if s in a.address.symbols()), None) for a in (one, other)]
    first, second = bases
    if first is None or second is None:
        return None
    between = other.address - one.address
    if first is second:
        return between.value
    start, end = sorted((listed.index(first), listed.index(second)))
    total = 0
    for symbol in listed[start:end]:
        size = sizes[symbol]
        if size is None or size.value is None:
            return None
        total += -(-size.value // BLOCK_BYTES) * BLOCK_BYTES
    within = substitute(between, {first: number(0), second: number(0)}).value
    sign = 1 if listed.index(second) > listed.index(first) else -1
    return None if within is None else sign * total + within
