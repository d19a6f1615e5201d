"""Reading inline PTX: which instructions an `asm` statement holds, and what they do.

Source of the opcode meanings: PTX ISA 9.0, table in `rules/cuda/ptx.toml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from portcheck.program import knowledge

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LABEL = re.compile(r"^[\w$%]+:\s*")
_PREDICATE = re.compile(r"^@!?%*[\w$]+\s+")
_INSTRUCTION = re.compile(r"^([a-z][a-z0-9]*(?:(?:\.|::)[A-Za-z0-9_]+)*)\b\s*(.*)$", re.DOTALL)
_ELEMENT = re.compile(r"\.(?:b|u|s|f|bf|e)(8|16|32|64|128)(?:x2)?$")
_SCOPES = {"cta": "block", "cluster": "cluster", "gpu": "device", "sys": "system"}
_ORDERS = ("acq_rel", "acquire", "release", "relaxed", "volatile", "sc", "weak", "mmio")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One PTX instruction of an `asm` statement.

    `operands` are the operand texts in order, brackets kept, e.g. ("[%0]", "{%1, %2}").
    """

    opcode: str
    operands: tuple[str, ...]

    @property
    def modifiers(self) -> tuple[str, ...]:
        return tuple(p for p in re.split(r"\.|::", self.opcode) if p)

    @property
    def kind(self) -> str:
        """The fact kind; "load" or "store" for plain accesses, "" for everything else."""
        for row in knowledge.ptx_table():
            if self.opcode.startswith(row["opcode"]) and all(
                any(m.startswith(c) for m in self.modifiers[1:]) for c in row.get("contains", ())
            ):
                return str(row["kind"])
        head = self.modifiers[0] if self.modifiers else ""
        if head in ("ld", "ldu"):
            return "load"
        return "store" if head == "st" else ""

    @property
    def width_bytes(self) -> int | None:
        """Bytes moved by one thread, for loads and stores with an element type."""
        lanes = 1
        for modifier in self.modifiers:
            if re.fullmatch(r"v[248]", modifier):
                lanes = int(modifier[1])
        element = _ELEMENT.search("." + self.modifiers[-1]) if self.modifiers else None
        return lanes * int(element.group(1)) // 8 if element else None

    @property
    def is_vector(self) -> bool:
        return any(re.fullmatch(r"v[248]", m) for m in self.modifiers)

    @property
    def scope(self) -> str:
        """The memory scope in words: block, cluster, device or system; "" where none is named."""
        return next((_SCOPES[m] for m in self.modifiers if m in _SCOPES), "")

    @property
    def order(self) -> str:
        """The memory order: acquire, release, acq_rel, relaxed, volatile or ""."""
        return next((o for o in _ORDERS if o in self.modifiers), "")


@lru_cache(maxsize=4096)
def instructions(text: str) -> tuple[Instruction, ...]:
    """The instructions of the string literals in `text` (the template of an `asm`)."""
    body = "".join(m.group(1) for m in _STRING.finditer(text))
    body = re.sub(r"\\[nt]", " ", body).replace("%%", "%")
    found: list[Instruction] = []
    for statement in re.split(r"[;\n]", body):
        statement = statement.strip().lstrip("{").strip()
        statement = _LABEL.sub("", statement)
        statement = _PREDICATE.sub("", statement).strip()
        match = _INSTRUCTION.match(statement)
        if match is None or statement.startswith("."):
            continue
        found.append(Instruction(match.group(1), tuple(_operands(match.group(2)))))
    return tuple(found)


def _operands(text: str) -> list[str]:
    parts: list[str] = []
    depth = start = 0
    for i, char in enumerate(text):
        depth += (char in "{[(") - (char in "}])")
        if char == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    last = text[start:].strip().rstrip("}").strip() if depth < 0 else text[start:].strip()
    return [p for p in [*parts, last] if p]
