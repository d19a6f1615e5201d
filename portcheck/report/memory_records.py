"""Maps of shared memory, what kernels need, repairs and checks as plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.analysis.bases import Base
from portcheck.analysis.capacity import Fit
from portcheck.analysis.repairs import Repair
from portcheck.report.memory_map import MODULUS, MemoryMap, Row, User
from portcheck.report.memory_needs import Check, Need
from portcheck.report.memory_report import MemoryReport
from portcheck.report.proof_records import proof_record
from portcheck.report.records import Record, place_record
from portcheck.result import ScanResult
from portcheck.source.place import Place


def sections(result: ScanResult, found: MemoryReport) -> list[tuple[str, list[Record]]]:
    """The arrays of a JSON document; their records in this order are the JSON lines."""
    places = {kernel.name: kernel.place for kernel in reversed(result.kernels)}
    memory = [memory_record(m, places.get(m.kernel), found.needs.get(m.kernel, ())) for m in found.maps]
    return [
        ("memory", memory),
        ("repairs", [repair_record(one) for one in found.repairs]),
        ("size_checks", [check_record(one) for one in found.checks]),
        ("bases", [base_record(one) for one in found.bases]),
    ]


def memory_record(one: MemoryMap, place: Place | None, needs: Sequence[Need]) -> Record:
    """A kernel's shared memory; a JSON line as it stands. Without its own place, its first variable's."""
    numbers = [need.number for need in needs if need.number is not None]
    return {
        "kind": "memory",
        **place_record(place or one.variables[0].place),
        "function": one.kernel,
        "bytes": max(numbers) if len(numbers) == len(needs) and numbers else None,
        "detail": f"shared memory of {one.kernel}",
        "variables": [_variable_record(base) for base in one.variables],
        "map": [_row_record(row) for row in one.rows],
        "needs": [_need_record(need) for need in needs],
    }


def repair_record(repair: Repair) -> Record:
    return {
        "kind": "repair",
        **place_record(repair.place),
        "function": "",
        "bytes": repair.cost_bytes,
        "detail": f"{repair.name} {repair.bytes_now} -> {repair.bytes_needed}",
        "name": repair.name,
        "bytes_now": repair.bytes_now,
        "bytes_needed": repair.bytes_needed,
        "breaks": [{**place_record(b.place), "text": b.text} for b in repair.breaks],
    }


def check_record(check: Check) -> Record:
    return {
        "kind": "size_check",
        **place_record(check.place),
        "function": check.kernels[0],
        "bytes": None,
        "detail": check.text,
        "text": check.text,
        "kernels": list(check.kernels),
        **proof_record(check.proof),
    }


def base_record(base: Base) -> Record:
    return {
        "kind": "base",
        **place_record(base.place),
        "function": base.kernel,
        "bytes": None if base.size is None else base.size.value,
        "detail": f"{base.space} base {base.name}",
        "name": base.name,
        "space": base.space,
        "modulus": MODULUS,
        **proof_record(base.proof),
    }


def _variable_record(base: Base) -> Record:
    return {
        **place_record(base.place),
        "name": base.name,
        "alignment": base.alignment_bytes,
        "size": None if base.size is None else str(base.size),
        "bytes": None if base.size is None else base.size.value,
    }


def _row_record(row: Row) -> Record:
    return {
        "base": row.base or None,
        "offset": row.offset,
        "constant": row.constant,
        "modulus": MODULUS,
        "residues": list(row.residues),
        "verdict": row.verdict.value,
        "condition": row.condition or None,
        "why": row.why,
        "users": [_user_record(user) for user in row.users],
    }


def _user_record(user: User) -> Record:
    return {
        **place_record(user.place),
        "function": user.function,
        "what": "layout" if user.is_layout else "transfer",
        "name": user.what,
        "length": user.length,
    }


def _need_record(need: Need) -> Record:
    memory = need.memory
    return {
        "bytes": need.number,
        "dynamic_bytes": need.dynamic,
        "expression": None if memory.bytes_needed is None else str(memory.bytes_needed),
        "launches": [{**place_record(x.place), "label": x.label} for x in need.launches],
        "fits": [_fit_record(need, fit) for fit in need.fits],
    }


def _fit_record(need: Need, fit: Fit) -> Record:
    requirement = fit.requirement
    return {
        "code": requirement.code,
        "name": requirement.name,
        "severity": requirement.severity.value,
        "target": fit.target.name,
        "limit": requirement.limit(fit.target),
        "over": need.over(fit),
        **proof_record(fit.proof),
    }
