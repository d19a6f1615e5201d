"""Finders about transfers between GM and UB: pitches, block lengths, stores, shared units of GM."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portcheck.analysis.pitches import blocks as whole_blocks
from portcheck.analysis.pitches import pitches_of
from portcheck.analysis.proof import Proof
from portcheck.analysis.transfers import Pattern, Transfer
from portcheck.analysis.verdicts import Statement
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.model import Function, Observation
from portcheck.source.place import Place
from portcheck.symbolic.expr import Atom, Expr, Symbol, of
from portcheck.symbolic.verdict import Verdict

_WORD_BYTES = 8
_DEPTH = 4
_OPEN = (Verdict.VIOLATED, Verdict.DEPENDS, Verdict.UNKNOWN)
_REDUCES = frozenset(("fp32_accum", "lowp_accum"))


def transfers(view: View) -> Iterator[tuple[Transfer, tuple[Statement, ...]]]:
    """Every transfer with what is required of it; layouts are left out."""
    for judged in view.analysis.judged:
        if isinstance(judged.subject, Transfer):
            yield judged.subject, judged.statements


@finder("ub_pitches", "pitch", "operation", "index", "path", "function")
def ub_pitches(view: View) -> Iterator[Match]:
    """How far apart the stages or rows lie that a bulk copy fills: the factor of the index in its
    address in UB. One match a copy, for the first pitch that is not a number of blocks."""
    for transfer, statements in transfers(view):
        if transfer.pattern is not Pattern.BULK:
            continue
        for role, end in (("source", transfer.source), ("destination", transfer.destination)):
            if end is None or end.space != "UB":
                continue
            starts = [s.verdict for s in statements if s.requirement.name == "ub-start" and s.role == role]
            proved = Verdict.HOLDS in starts  # the address is on its block in every launch
            found = [(p, i, *_judged(view, transfer, p, proved)) for p, i in pitches_of(end)]
            found.sort(key=lambda f: _rank(f[2]))
            for pitch, index, verdict, why, proof in found[:1]:
                fields = {
                    "pitch": str(pitch),
                    "operation": transfer.operation,
                    "index": index,
                    "path": transfer.place.path,
                    "function": transfer.function,
                }
                place, name, related = transfer.place, transfer.function, transfer.calls
                yield Match(place, name, fields, verdict, why, proof=proof, related=related)


def _judged(view: View, transfer: Transfer, pitch: Expr, proved: bool) -> tuple[Verdict, str, Proof | None]:
    """Whether a pitch is a number of blocks, why that is not known, and the proof from the launches."""
    verdict = Verdict.HOLDS if proved else whole_blocks(pitch, transfer)
    if verdict not in (Verdict.UNKNOWN, Verdict.DEPENDS):
        return verdict, "", None
    proof = _by_launches(view, transfer, pitch)
    if proof is not None:
        return proof.verdict, proof.why, proof
    return verdict, "the sizes in the pitch are not known" if verdict is Verdict.UNKNOWN else "", None


def _by_launches(view: View, transfer: Transfer, pitch: Expr) -> Proof | None:
    """What the launches say of a pitch that the kernel's own code leaves open; None where the
    transfer is not met again when its kernel is run."""
    for one in view.analysis.pitches:
        same = one.kernel == transfer.kernel and one.place == transfer.place and one.ends == transfer.ends
        if same and one.pitch == pitch:
            return one.proof
    return None


def _rank(verdict: Verdict) -> int:
    """The worst first."""
    return _OPEN.index(verdict) if verdict in _OPEN else len(_OPEN)


@finder("blocks", "bytes", "operation", "path", "function")
def blocks(view: View) -> Iterator[Match]:
    """The contiguous bytes of transfers, where they are a number."""
    for transfer, _ in transfers(view):
        if transfer.pattern not in (Pattern.BULK, Pattern.CONTIGUOUS) or transfer.length is None:
            continue
        fields = {
            "bytes": transfer.length.value,
            "operation": transfer.operation,
            "path": transfer.place.path,
            "function": transfer.function,
        }
        yield Match(transfer.place, transfer.function, fields, related=transfer.calls)


@finder("small_copies", "bytes", "operation", "path", "function")
def small_copies(view: View) -> Iterator[Match]:
    """Bulk copies of a known number of bytes: each is an instruction of the transfer engines."""
    for transfer, _ in transfers(view):
        if transfer.pattern is Pattern.BULK and transfer.length is not None:
            fields = {
                "bytes": transfer.length.value,
                "operation": transfer.operation,
                "path": transfer.place.path,
                "function": transfer.function,
            }
            yield Match(transfer.place, transfer.function, fields, related=transfer.calls)


@finder("byte_lengths", "lengths", "copies", "path", "function")
def byte_lengths(view: View) -> Iterator[Match]:
    """Functions of the device with one-dimensional bulk copies, whose lengths are in bytes."""
    found: dict[tuple[str, str], list[tuple[Place, str]]] = {}
    for fact in view.of_kind["tma_copy"]:
        said = fact.content()
        operation = str(said.get("operation"))
        if "bulk" in operation and "tensor" not in operation and fact.function in view.device_functions:
            key = (fact.place.path, fact.function)
            found.setdefault(key, []).append((fact.place, str(said.get("length") or "")))
    for (path, function), copies in found.items():
        lengths = dict.fromkeys(text for _, text in copies if text)
        fields = {
            "lengths": ", ".join(f"`{text}`" for text in list(lengths)[:3]),
            "copies": len(copies),
            "path": path,
            "function": function,
        }
        if lengths:
            yield Match(copies[0][0], function, fields, related=tuple(p for p, _ in copies[1:9]))


@finder("ragged_stores", "length", "operation", "condition", "path", "function")
def ragged_stores(view: View) -> Iterator[Match]:
    """Stores to GM whose length is not proved to be what DataCopy moves."""
    for transfer, statements in transfers(view):
        if transfer.destination is None or transfer.destination.space != "GM":
            continue
        for one in statements:
            if one.requirement.name == "datacopy-length":
                yield _of_length(transfer, one, one.targets)


@finder("ragged_loads", "length", "operation", "condition", "path", "function")
def ragged_loads(view: View) -> Iterator[Match]:
    """Loads from GM of a length that leaves a filler in UB, in functions that reduce what they load.

    A place that loads and stores at once, such as a copying macro, reduces nothing.
    """
    stores = {t.place for t, _ in transfers(view) if t.destination is not None and t.source is None}
    for transfer, statements in transfers(view):
        if transfer.source is None or transfer.source.space != "GM" or transfer.place in stores:
            continue
        if not _reduces(view, transfer):
            continue
        for one in statements:
            if one.requirement.name == "datacopy-length" and one.verdict in _OPEN:
                yield _of_length(transfer, one, one.targets)


def _of_length(transfer: Transfer, one: Statement, targets: tuple[str, ...]) -> Match:
    condition = one.proof.condition
    fields = {
        "length": one.proof.expression,
        "operation": transfer.operation,
        "condition": str(condition) if condition is not None else "",
        "path": transfer.place.path,
        "function": transfer.function,
    }
    return Match(
        transfer.place,
        transfer.function,
        fields,
        one.verdict,
        one.proof.why,
        targets,
        one.proof,
        transfer.calls,
    )


def _reduces(view: View, transfer: Transfer) -> bool:
    """Whether the function reduces along the row: a maximum for a scale, or a sum over lanes of a sum.

    A sum over rows, element by element, leaves the filler in lanes that are not stored.
    """
    sums = lanes = False
    for kind in ("fp32_accum", "lowp_accum", "fp8_quant", "warp_collective"):
        for fact in view.of_kind[kind]:
            if fact.place.path != transfer.place.path or fact.function != transfer.function:
                continue
            said = fact.content()
            if said.get("step") == "amax":
                return True
            sums |= kind in _REDUCES
            if kind == "warp_collective":
                text = f"{said.get('operation')} {said.get('through')}"
                lanes |= re.search(r"reduce|shfl_xor|shfl_down|redux", text) is not None
    return sums and lanes


@finder("rows_apart", "pattern", "operation", "address", "width", "path", "function")
def rows_apart(view: View) -> Iterator[Match]:
    """Vector accesses to GM whose lanes do not lie side by side.

    A constant distance is certain. An address that is computed otherwise leaves it open: pointers
    that walk on in a loop may also form a row that the analysis did not see.
    """
    for transfer, _ in transfers(view):
        if transfer.pattern not in (Pattern.STRIDED, Pattern.GATHER):
            continue
        if any(e.space == "GM" for e in transfer.ends) and transfer.length is not None:
            fields = {
                "pattern": transfer.pattern.value,
                "operation": transfer.operation,
                "address": transfer.text,
                "width": str(transfer.length),
                "path": transfer.place.path,
                "function": transfer.function,
            }
            strided = transfer.pattern is Pattern.STRIDED and _constant_distance(transfer)
            yield Match(
                transfer.place,
                transfer.function,
                fields,
                Verdict.VIOLATED if strided else Verdict.UNKNOWN,
                "" if strided else "whether the lanes' addresses form a row is not known",
                related=transfer.calls,
            )


def _constant_distance(transfer: Transfer) -> bool:
    """Whether neighbouring lanes are a known number of bytes apart, and not a number of the launch's."""
    for end in transfer.ends:
        for monomial, _ in end.start.terms:
            lanes = [a for a in monomial if str(of(a)).startswith(("threadIdx.", "lane"))]
            if lanes and len(monomial) > 1:
                return False
    return True


@finder("stores_by_block", "pitch_bytes", "address", "path", "function")
def stores_by_block(view: View) -> Iterator[Match]:
    """What each block of a launch stores to GM at its own number, with the distance of neighbours.

    Vector stores and bulk copies by the factor of `blockIdx` in their address; a store of one word by
    what is written: `out[blockIdx.x] = v`, also through a name that was given the number.
    """
    for transfer, _ in transfers(view):
        end = transfer.destination
        if end is None or end.space != "GM":
            continue
        by_block = [(m, c) for m, c in end.start.terms if any(_is_block(a) for a in m)]
        for monomial, coefficient in by_block if len(by_block) == 1 else ():
            if len(monomial) == 1 and isinstance(monomial[0], Symbol):
                fields = {
                    "pitch_bytes": abs(coefficient),
                    "address": transfer.text,
                    "path": transfer.place.path,
                    "function": transfer.function,
                }
                yield Match(transfer.place, transfer.function, fields, related=transfer.calls)
    for match in words_by_block(view):
        yield Match(
            match.place,
            match.function,
            {
                "pitch_bytes": match.fields["bytes"],
                "address": match.fields["address"],
                "path": match.place.path,
                "function": match.function,
            },
        )


def _is_block(atom: Atom) -> bool:
    return any(s.name.startswith("blockIdx.") for s in of(atom).symbols())


@finder("words_by_block", "bytes", "address", "path", "function")
def words_by_block(view: View) -> Iterator[Match]:
    """Single words that neighbouring blocks store side by side in GM."""
    typer = view.analysis.reading.context.typer
    for function in view.analysis.functions:
        if not function.is_kernel and "__device__" not in function.qualifiers:
            continue
        for seen in function.observations:
            left = seen.node.child_by_field_name("left") if seen.kind == "assign" else None
            if left is None or left.type != "subscript_expression" or not seen.origin.active:
                continue
            base = left.child_by_field_name("argument")
            index = left.child_by_field_name("indices") or left.child_by_field_name("index")
            if base is None or index is None or base.type != "identifier":
                continue
            binding = function.lookup(seen.origin.read(base), base.start_byte)
            if binding is None or not binding.parameter or binding.type is None or not binding.type.pointers:
                continue
            element = binding.type.dereferenced()
            width = typer.width_bytes(element, function) if element is not None else None
            if width is None or width > _WORD_BYTES:
                continue
            if _is_block_number(seen.origin.read(index).strip("[] "), function, seen):
                place = seen.origin.place(left.start_byte, left.end_byte)
                fields = {
                    "bytes": width,
                    "address": seen.origin.read(left),
                    "path": place.path,
                    "function": function.qualified,
                }
                yield Match(place, function.qualified, fields)


def _is_block_number(text: str, function: Function, seen: Observation) -> bool:
    """Whether an index is the block's number, with at most something added to it."""
    for _ in range(_DEPTH):
        for term in re.split(r"[+-]", text):
            if re.fullmatch(r"(\(\w+\)|static_cast<\w+>\()?\s*blockIdx\.x\)?", term.strip()):
                return True
        names = [t.strip() for t in re.split(r"[+-]", text) if re.fullmatch(r"\s*[A-Za-z_]\w*\s*", t)]
        values = []
        for name in names:
            binding = function.lookup(name, seen.node.start_byte)
            if binding is not None and binding.value is not None:
                values.append(binding.origin.read(binding.value))
        if not values:
            return False
        text = "+".join(values)
    return False
