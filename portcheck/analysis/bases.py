"""What the addresses of a kernel are counted from: its pointers, and its variables in shared memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portcheck.analysis.machine import Machine
from portcheck.analysis.proof import Proof
from portcheck.analysis.proofs import Judge, Question
from portcheck.analysis.state import Known
from portcheck.analysis.transfers import Layout
from portcheck.analysis.values import NO_TAGS
from portcheck.analysis.verdicts import Judged
from portcheck.program.declarators import unwrap
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition, condition_symbols, congruent
from portcheck.symbolic.expr import Expr, Role, Symbol, of
from portcheck.symbolic.verdict import Verdict

if TYPE_CHECKING:
    from tree_sitter import Node

MODULUS = 32
_WORST_FIRST = (Verdict.VIOLATED, Verdict.DEPENDS, Verdict.UNKNOWN, Verdict.HOLDS)


@dataclass(frozen=True, slots=True)
class Base:
    """A base of addresses in global memory (GM) or in shared memory (UB).

    `proof` says whether the code itself makes it a multiple of 32, with no assumption about
    who allocates it. `alignment_bytes` and `size` in bytes are a shared variable's, as
    declared; a size of None is the launch's to decide.
    """

    kernel: str
    name: str
    place: Place
    space: str
    proof: Proof
    alignment_bytes: int | None = None
    size: Expr | None = None


def bases(m: Machine, judge: Judge, kernel: str, judged: Iterable[Judged]) -> Iterator[Base]:
    """Each shared variable of the run, then each pointer of a kernel that something moves from or to."""
    for symbol, shared in m.shared.items():
        proof = _proof(m, judge, symbol, ())
        yield Base(kernel, symbol.name, shared.place, "UB", proof, shared.alignment_bytes, shared.size)
    function = m.root.function if m.root is not None else None
    if function is None or not function.is_kernel:
        return
    ways: dict[Symbol, dict[frozenset[Condition], tuple[Known, ...]]] = {}
    for one in judged:
        subject = one.subject
        for end in (subject.end,) if isinstance(subject, Layout) else subject.ends:
            if end.space == "GM":
                for symbol in _pointers(m, function, end.start):
                    known = tuple(k for k in subject.known if symbol in condition_symbols(k.condition))
                    ways.setdefault(symbol, {})[frozenset(k.condition for k in known)] = known
    for symbol, checked in sorted(ways.items(), key=lambda way: _position(function, way[0])):
        proofs = [_outside(m, judge, symbol, known) for known in checked.values()]
        worst = min(proofs, key=lambda proof: _WORST_FIRST.index(proof.verdict))
        yield Base(kernel, symbol.name, _place(function, symbol), "GM", worst)


def _pointers(m: Machine, function: Function, address: Expr) -> list[Symbol]:
    """The kernel's own pointers in an address, those in a parameter that is an object too."""
    names = {p.name for p in function.parameters}
    found = (s for s in address.symbols() if s.role is Role.BASE and s in m.bases and s not in m.shared)
    return [s for s in found if _parameter(s) in names]


def _parameter(symbol: Symbol) -> str:
    return symbol.name.split(".", 1)[0]


def _proof(m: Machine, judge: Judge, symbol: Symbol, known: tuple[Known, ...]) -> Proof:
    text = f"{symbol.name} is a multiple of {MODULUS}"
    goal = congruent(of(symbol), MODULUS)
    return judge.answer(Question(goal, of(symbol), text, NO_TAGS, (*known, *m.universal)))


def _outside(m: Machine, judge: Judge, symbol: Symbol, known: tuple[Known, ...]) -> Proof:
    """The proof for a pointer; where there is none, why not in words about pointers."""
    proof = _proof(m, judge, symbol, known)
    if proof.verdict is not Verdict.UNKNOWN:
        return proof
    name = symbol.name
    why = f"{name} is given from outside: no check in the tree constrains its address"
    if 0 < len(proof.residues) < MODULUS:
        left = " or ".join(map(str, proof.residues))
        why = f"{name} is given from outside: by the code its address is {left} modulo {MODULUS}"
    why += "; a tensor view may start at any element"
    would = f"a check on its address, such as reinterpret_cast<uintptr_t>({name}) % {MODULUS} == 0"
    lines = [line for line in proof.derivation if line.kind != "conclusion"]
    told = [replace(line, text=f"not decided: {why}") for line in proof.derivation[len(lines) :]]
    return replace(proof, why=why, would_decide=would, derivation=(*lines, *told))


# -- where a parameter is declared ---------------------------------------------------------


def _position(function: Function, symbol: Symbol) -> tuple[int, str]:
    names = [p.name for p in function.parameters]
    return names.index(_parameter(symbol)), symbol.name


def _place(function: Function, symbol: Symbol) -> Place:
    """Where the parameter is declared, or else the function."""
    origin, node = function.origin, function.node
    pending = [node] if node is not None else []
    while pending:
        current = pending.pop(0)
        if current.type == "parameter_list":
            found = next((c for c in current.named_children if _declares(c, function, symbol)), None)
            if found is not None:
                return origin.place(found.start_byte, found.end_byte)
        pending += [c for c in current.named_children if c.type != "compound_statement"]
    return origin.place(function.start_byte, function.start_byte)


def _declares(node: Node, function: Function, symbol: Symbol) -> bool:
    declarator = node.child_by_field_name("declarator")
    found = unwrap(declarator, None, "", function.origin) if declarator is not None else None
    return found is not None and found.name == _parameter(symbol)
