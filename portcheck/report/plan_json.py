"""A plan as one JSON document, by the schema `portcheck/plan` version 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck import __version__
from portcheck.pack import Finding
from portcheck.plan.categories import verdict_on
from portcheck.plan.effort import Estimate, Span, accuracy
from portcheck.plan.features import Features
from portcheck.plan.matching import Answer, LimitAnswer
from portcheck.plan.model import Edge, Plan, WorkItem
from portcheck.plan.overview import Undecided, undecided
from portcheck.report.findings_text import shortened
from portcheck.report.json import array, one_line
from portcheck.report.proof_records import assumption_records
from portcheck.report.records import Record, coverage_totals, file_record, place_record, skipped_record
from portcheck.report.schema import PLAN_NAME, PLAN_VERSION
from portcheck.result import ScanResult
from portcheck.source.place import Place
from portcheck.targets.text import Language

_COUNTED = (
    "lines", "helper_lines", "shared_helper_lines", "host_lines", "transfers", "remote", "flags", "rings",
    "barriers", "mbarriers", "collectives", "quantisation",
)  # fmt: skip


def render(
    plan: Plan, result: ScanResult, assumptions: Iterable[tuple[str, str]], language: Language
) -> Iterator[str]:
    """The document's lines; each item and each edge stands on a line of its own."""
    texts = dict(assumptions)
    yield "{"
    yield f'  "schema": "{PLAN_NAME}",'
    yield f'  "version": {PLAN_VERSION},'
    yield f'  "tool": {one_line({"name": "portcheck", "version": __version__})},'
    yield f'  "language": "{language.value}",'
    yield f'  "root": {one_line(result.root)},'
    yield f'  "configuration": {one_line({"defines": list(result.defines)})},'
    yield f'  "target": {one_line({"name": plan.target.name, "products": list(plan.target.products)})},'
    yield f'  "lines": {one_line(span_record(plan.lines))},'
    yield f'  "days": {one_line(span_record(plan.days))},'
    yield f'  "calibration": {one_line(_calibration())},'
    yield from array("  ", "items", (_item(i, plan, language) for i in plan.items.values()), ",")
    yield from array("  ", "edges", map(_edge, plan.edges), ",")
    yield f'  "order": {one_line([list(step) for step in plan.order])},'
    yield f'  "tracks": {one_line([list(track) for track in plan.tracks])},'
    yield f'  "critical_path": {one_line(list(plan.critical_path))},'
    yield from array("  ", "undecided", (_question(u, language) for u in undecided(plan)), ",")
    yield from array("  ", "assumptions", assumption_records(texts, texts), ",")
    yield '  "coverage": {'
    for name, value in coverage_totals(result).items():
        yield f'    "{name}": {value},'
    yield from array("    ", "files", map(file_record, result.files), ",")
    yield from array("    ", "skipped", map(skipped_record, result.skipped), "")
    yield "  }"
    yield "}"


def span_record(span: Span) -> Record:
    """A range, to one digit after the point."""
    return {"least": round(span.least, 1), "most": round(span.most, 1)}


def _calibration() -> Record:
    measured = accuracy()
    return {
        "ports": len(measured.predictions),
        "inside": measured.inside,
        "median_error": round(measured.median_error, 3),
        "worst_error": round(measured.worst.error, 3),
        "rank_correlation": round(measured.rank_correlation(), 3),
    }


def _item(item: WorkItem, plan: Plan, language: Language) -> Record:
    return {
        "id": item.id,
        "kind": item.kind.value,
        "name": item.name,
        "place": _place(item.place),
        "fingerprint": item.fingerprint,
        "category": item.category.value,
        "reason": item.reason.said(language),
        "school": item.school.value if item.school is not None else None,
        "school_reason": item.school_reason.said(language),
        "findings": [_finding(f, plan.target.name, language) for f in item.findings],
        "operators": [_answer(a, language) for a in item.operators],
        "estimate": _estimate(item.estimate, language) if item.estimate is not None else None,
    }


def _place(place: Place | None) -> Record | None:
    return place_record(place) if place is not None else None


def _finding(finding: Finding, target: str, language: Language) -> Record:
    verdict = verdict_on(finding, target)
    return {
        "code": finding.rule.code,
        "identity": finding.identity,
        "severity": finding.rule.severity.value,
        "verdict": (verdict or finding.verdict).value,
        "place": place_record(finding.place),
        "function": finding.function,
        "detail": finding.message(language, shortened),
        "why": finding.why,
    }


def _answer(answer: Answer, language: Language) -> Record:
    return {
        "operator": answer.operator.name,
        "origin": answer.operator.origin,
        "calls": list(answer.call.names),
        "mode": answer.mode,
        "standing": answer.standing.value,
        "limits": [_limit(a, language) for a in answer.limits],
        "semantics": [
            {"name": s.need.semantic, "always": s.need.always, "has": s.has} for s in answer.semantics
        ],
        "notes": [note.text.said(language) for note in answer.notes],
        "sources": list(answer.operator.sources),
    }


def _limit(answer: LimitAnswer, language: Language) -> Record:
    limit, why = answer.limit, answer.why
    return {
        "quantity": answer.quantity.name,
        "limit": limit.text.said(language) if limit is not None else None,
        "source": limit.source if limit is not None else None,
        "standing": answer.standing.value,
        "code": [case.admitted.text.said(language) for case in answer.cases],
        "why": why.said(language) if why is not None else "",
    }


def _estimate(estimate: Estimate, language: Language) -> Record:
    return {
        "features": _features(estimate.features),
        "device": span_record(estimate.device),
        "host": span_record(estimate.host),
        "tests": span_record(estimate.tests),
        "days": span_record(estimate.days),
        "calibrated": estimate.calibrated,
        "assumptions": [text.said(language) for text in estimate.assumptions],
    }


def _features(features: Features) -> Record:
    counted = {name: getattr(features, name) for name in _COUNTED}
    return {"stage": features.stage, "nature": features.nature.value, **counted}


def _edge(edge: Edge) -> Record:
    return {
        "before": edge.before,
        "after": edge.after,
        "kind": edge.kind.value,
        "what": edge.what,
        "place": _place(edge.place),
    }


def _question(one: Undecided, language: Language) -> Record:
    return {
        "question": one.question.said(language),
        "about": one.about.said(language),
        "items": list(one.items),
        "places": [place_record(p) for p in one.places],
        "blocks": one.blocks,
        "decides": one.decides,
    }
