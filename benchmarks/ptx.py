"""Reads PTX that nvcc wrote with ``-lineinfo`` and says which source line each instruction came from.

Three things make the attribution:

* ``.loc FILE LINE COLUMN`` holds for every instruction until the next ``.loc``.
* ``.loc ..., function_name LABEL, inlined_at FILE LINE COLUMN`` says that the line belongs to a function that
  was inlined at that place. When that place was inlined too, an earlier ``.loc`` of the same function carries
  exactly that place with its own ``inlined_at``: following these gives the chain of call sites, innermost
  first. A helper that is inlined twice makes two such ``.loc`` with the same place; the latest one before the
  instruction is taken, and :attr:`Instruction.ambiguous` says that there was a choice.
* ``.file NUMBER "PATH"`` lines and the strings behind the function labels stand at the end of the PTX.

Hand-written PTX stands between ``// begin inline asm`` and ``// end inline asm``. An ``asm`` statement over
several source lines has one ``.loc``, and nvcc 13.0 tends to put the line of a late operand there rather than
that of the keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

WIDE_BYTES = 16
"""An access of this many bytes or more is wide: CUDA's 128-bit habit."""

_MEMORY_SPACES = frozenset({"global", "shared", "generic"})

_FILE = re.compile(r'^\s*\.file\s+(\d+)\s+"((?:[^"\\]|\\.)*)"')
_LOC = re.compile(r"^\s*\.loc\s+(\d+)\s+(\d+)\s+(\d+)(.*)$")
_INLINED_AT = re.compile(r"inlined_at\s+(\d+)\s+(\d+)\s+(\d+)")
_FUNCTION_NAME = re.compile(r"function_name\s+([\w$.]+)")
_FUNCTION = re.compile(r"\.(entry|func)\b(?:\s*\([^)]*\))?\s*([\w$]+)?")
_LABEL = re.compile(r"^[\w$%.]+\s*:(?!:)\s*")
_PREDICATE = re.compile(r"^@!?\s*%?[\w$]+\s+")
_OPCODE = re.compile(r"^[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+(?:::[A-Za-z0-9_]+)*)*")
_VECTOR = re.compile(r"^v([248])$")
_TYPE = re.compile(r"^(?:[busf]|bf|e\d+m\d+|tf)(\d+)(?:x(\d))?$")
_STRING_LABEL = re.compile(r"^\s*([$\w]+):\s*$")
_BYTES = re.compile(r"^\s*\.b8\s+([\d,\s]+)$")
_LAMBDA = re.compile(r"Ul.*E\d*_cl")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Place:
    """A position in a source file; line 0 means that the compiler did not say."""

    path: str
    line: int
    column: int


@dataclass(frozen=True)
class Access:
    """What an instruction does to memory.

    ``kind`` is one of ``load``, ``store``, ``async_copy`` (``cp.async``), ``bulk_copy`` (``cp.async.bulk``,
    with or without ``.tensor``, and ``cp.reduce.async.bulk``), ``bulk_control`` (commit, wait, prefetch),
    ``async_control``, ``reduction`` (``red``, ``atom``, ``multimem``) and ``mbarrier``. ``space`` is that of
    a load or store (``generic`` where the opcode names none); a copy has ``destination<-source``.
    ``bytes`` is None where a register holds the number, or where there is none.
    """

    kind: str
    space: str
    bytes: int | None
    detail: str

    @property
    def is_wide_access(self) -> bool:
        """A load, store, ``cp.async`` or vector reduction of 16 bytes or more, outside local memory."""
        if self.bytes is None or self.bytes < WIDE_BYTES:
            return False
        if self.kind in ("load", "store"):
            return self.space in _MEMORY_SPACES
        return self.kind in ("async_copy", "reduction")

    @property
    def is_bulk_copy(self) -> bool:
        return self.kind == "bulk_copy"


@dataclass(frozen=True)
class Instruction:
    """One PTX instruction; ``chain`` is its source place followed by its call sites, innermost first."""

    opcode: str
    operands: str
    ptx_line: int
    kernel: str
    chain: tuple[Place, ...]
    functions: tuple[str, ...]
    """For each place of ``chain``, the mangled name of the function it lies in."""
    inline_asm: bool
    ambiguous: bool

    @property
    def textual_chain(self) -> tuple[Place, ...]:
        """``chain`` without the lines that merely call a lambda: its body is text of the same function."""
        callees = ("", *self.functions)
        pairs = zip(self.chain, callees, strict=False)
        return tuple(place for place, callee in pairs if not _LAMBDA.search(callee))

    @property
    def access(self) -> Access | None:
        return classify(self.opcode, self.operands)


def read_ptx(text: str) -> list[Instruction]:
    """All instructions of ``text`` in order."""
    return list(_Reader(text).instructions())


def classify(opcode: str, operands: str = "") -> Access | None:
    """What ``opcode`` does to memory, or None if it is no memory instruction (or one on parameters)."""
    parts = opcode.split(".")
    base = parts[0]
    if base == "mbarrier":
        return Access("mbarrier", "shared", 8, ".".join(p.split("::")[0] for p in parts[1:]))
    if base == "cp":
        return _classify_copy(parts, operands)
    if base in ("ld", "ldu", "st"):
        space = _space(parts)
        if space == "param" or "bulk" in parts:
            return None
        return Access("store" if base == "st" else "load", space, _width(parts), ".".join(parts[1:]))
    if base in ("red", "atom", "multimem"):
        return Access("reduction", _space(parts), _width(parts), ".".join(parts[1:]))
    return None


def _classify_copy(parts: list[str], operands: str) -> Access | None:
    names = set(parts)
    if "async" not in names:
        return None
    detail = ".".join(parts[1:])
    if "bulk" in names:
        if names & {"commit_group", "wait_group", "prefetch"}:
            return Access("bulk_control", "", None, detail)
        spaces = [p.split("::")[0] for p in parts if p.split("::")[0] in ("global", "shared")]
        return Access("bulk_copy", "<-".join(spaces[:2]), _last_number(operands, position=2), detail)
    if names & {"ca", "cg"}:
        return Access("async_copy", "shared<-global", _last_number(operands, position=2), detail)
    return Access("async_control", "", None, detail)


def _space(parts: Iterable[str]) -> str:
    for part in parts:
        name = part.split("::")[0]
        if name in ("global", "shared", "local", "param", "const"):
            return name
    return "generic"


def _width(parts: Iterable[str]) -> int | None:
    lanes, element_bits = 1, None
    for part in parts:
        if vector := _VECTOR.match(part):
            lanes = int(vector[1])
        elif scalar := _TYPE.match(part):
            element_bits = int(scalar[1]) * int(scalar[2] or 1)
    return None if element_bits is None else lanes * element_bits // 8


def _last_number(operands: str, position: int) -> int | None:
    """The operand at ``position`` (from 0) if it is written as a number."""
    split = [part.strip() for part in operands.split(",")]
    if position >= len(split) or not re.fullmatch(r"\d+|0x[0-9a-fA-F]+", split[position]):
        return None
    return int(split[position], 0)


# ---- reading -------------------------------------------------------------------------------------

_Key = tuple[int, int, int]
"""File number, line, column."""


@dataclass(frozen=True)
class _Chain:
    keys: tuple[_Key, ...]
    functions: tuple[str, ...]
    ambiguous: bool


@dataclass
class _Function:
    """What was read of the function that is being read."""

    name: str
    here: _Chain
    seen: dict[_Key, list[_Chain]] = field(default_factory=dict)


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._files = {int(m[1]): _unescape(m[2]) for line in self._lines if (m := _FILE.match(line))}
        self._strings = _debug_strings(self._lines)

    def instructions(self) -> Iterator[Instruction]:
        function: _Function | None = None
        pending = ""  # an `.entry` or `.func` was read whose `{` has not come yet
        depth = 0
        inline_asm = False
        statement, statement_line = "", 0
        for number, raw in enumerate(self._lines, start=1):
            if "// begin inline asm" in raw:
                inline_asm = True
            elif "// end inline asm" in raw:
                inline_asm = False
            if function is not None and (loc := _LOC.match(raw)):
                self._locate(function, loc)
                continue
            line = _strip(raw)
            if not line:
                continue
            if depth == 0:
                pending, opened = self._outside(line, pending)
                if opened:
                    function = _Function(pending, _Chain((), (), False))
                    pending, depth = "", 1
                continue
            assert function is not None
            if not statement and line.startswith("."):
                continue  # a directive inside a function: .reg, .local, .pragma ...
            for piece in re.split(r"(;)", line):
                if piece == ";":
                    yield from self._instruction(statement, statement_line, function, inline_asm)
                    statement = ""
                    continue
                piece = piece.strip()
                if not statement:
                    # Braces between statements open and close scopes; others belong to vector operands.
                    while piece[:1] in ("{", "}"):
                        depth += 1 if piece[0] == "{" else -1
                        piece = piece[1:].lstrip()
                    piece = _LABEL.sub("", piece)
                    if piece.startswith("."):
                        piece = ""
                    statement_line = number
                statement = f"{statement} {piece}".strip() if piece else statement
            if depth == 0:
                function, statement = None, ""

    def _outside(self, line: str, pending: str) -> tuple[str, bool]:
        """The function name read so far, and whether its body opens on this line."""
        if match := _FUNCTION.search(line):
            pending = match[2] or "?"
        elif pending == "?" and (name := re.match(r"\)?\s*([\w$]+)\s*\(?", line)):
            pending = name[1]
        if line.endswith(";"):
            return "", False  # a declaration, or a variable at module scope
        return pending, bool(pending) and line.startswith("{")

    def _locate(self, function: _Function, loc: re.Match[str]) -> None:
        key = (int(loc[1]), int(loc[2]), int(loc[3]))
        inlined_at = _INLINED_AT.search(loc[4])
        if inlined_at is None:
            chain = _Chain((key,), (function.name,), False)
        else:
            site = (int(inlined_at[1]), int(inlined_at[2]), int(inlined_at[3]))
            name = _FUNCTION_NAME.search(loc[4])
            callers = function.seen.get(site)
            outer = callers[-1] if callers else _Chain((site,), (function.name,), False)
            chain = _Chain(
                (key, *outer.keys),
                (self._strings.get(name[1], name[1]) if name else "?", *outer.functions),
                outer.ambiguous or (callers is not None and len(callers) > 1),
            )
        known = function.seen.setdefault(key, [])
        # Moved to the end: the latest one before an instruction is the one that its call site means.
        known[:] = [other for other in known if other.keys != chain.keys]
        known.append(chain)
        function.here = chain

    def _instruction(
        self, statement: str, ptx_line: int, function: _Function, inline_asm: bool
    ) -> Iterator[Instruction]:
        statement = _PREDICATE.sub("", statement)
        opcode = _OPCODE.match(statement)
        if opcode is None:
            return
        chain = function.here
        yield Instruction(
            opcode=opcode[0],
            operands=statement[opcode.end() :].strip(),
            ptx_line=ptx_line,
            kernel=function.name,
            chain=tuple(Place(self._files.get(f, f"?{f}"), line, column) for f, line, column in chain.keys),
            functions=chain.functions,
            inline_asm=inline_asm,
            ambiguous=chain.ambiguous,
        )


def _debug_strings(lines: list[str]) -> dict[str, str]:
    """The text behind each label of ``.debug_str``: ``.b8`` lines of character codes, ended by 0."""
    found: dict[str, str] = {}
    label, codes = None, list[int]()
    for line in lines:
        if match := _STRING_LABEL.match(line):
            label, codes = match[1], []
        elif label is not None and (data := _BYTES.match(line)):
            codes += [int(code) for code in data[1].split(",") if code.strip()]
            if codes and codes[-1] == 0:
                found[label], label = bytes(codes[:-1]).decode("utf-8", "replace"), None
        else:
            label = None
    return found


def _strip(line: str) -> str:
    """Without strings' contents and comments; ``/* */`` occurs in PTX only on one line."""
    line = _STRING.sub('""', line)
    line = re.sub(r"/\*.*?\*/", " ", line)
    return line.split("//", 1)[0].strip()


def _unescape(path: str) -> str:
    return re.sub(r"\\(.)", r"\1", path)
