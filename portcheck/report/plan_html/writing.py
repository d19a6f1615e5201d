"""Writes the pages: one environment with autoescape, one policy for all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from portcheck import scan as scanning
from portcheck.pack.subjects import View
from portcheck.plan.edition import Edition
from portcheck.plan.effort import accuracy
from portcheck.plan.layout_model import LayoutTable
from portcheck.plan.matching import Answer, Standing
from portcheck.plan.model import Category, ItemKind, Plan, WorkItem
from portcheck.plan.overview import undecided
from portcheck.report import layout_words, plan_words
from portcheck.report import words as rule_words
from portcheck.report.plan_html import findings, graph, layouts, overview, text, words
from portcheck.report.plan_html.findings import Said
from portcheck.report.plan_html.paths import link, page_names
from portcheck.report.style import elided, safe
from portcheck.result import ScanResult
from portcheck.source import SourceFile
from portcheck.source.place import Place
from portcheck.targets import Language
from portcheck.targets.text import Text

_PACKAGE = "portcheck.report.plan_html"
_FOLDERS = ("kernels", "layouts", "sources")
_MARK = b'<meta name="generator" content="portcheck plan">'
_MARK_WITHIN = 1024
_SHOWN_CHANGES = 12


def write_html(edition: Edition, view: View, folder: Path, language: Language) -> None:
    """Writes `index.html`, `kernels/`, `layouts/` and `sources/` below the folder.

    Equal input gives equal bytes. `language` is the one that pages open in; both are in every page.
    Pages of an earlier edition that this one does not have are removed. Raises OSError.
    """
    written = set()
    for name, content in _Pages(edition, view, language).all():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode("utf-8", "replace"))
        written.add(file)
    for file in (f for part in _FOLDERS for f in (folder / part).rglob("*.html")):
        if file not in written and _is_page(file):
            file.unlink()


def _is_page(file: Path) -> bool:
    """Whether this program wrote a file."""
    with file.open("rb") as opened:
        return _MARK in opened.read(_MARK_WITHIN)


@dataclass(eq=False)
class _Pages:
    """One report."""

    edition: Edition
    view: View
    language: Language

    @property
    def plan(self) -> Plan:
        return self.edition.plan

    def all(self) -> Iterator[tuple[str, str]]:
        """Relative name and text of every page."""
        yield "index.html", self._index()
        for item in self._kernels:
            yield f"kernels/{self._kernel_names[item.id]}.html", self._kernel(item)
        for table in self.edition.layouts.tables:
            yield f"layouts/{self._layout_names[table.id]}.html", self._layout(table)
        for source in self._sources.values():
            yield f"sources/{self._source_names[source.path]}.html", self._source(source)

    # -- what all pages share ------------------------------------------------------------

    @cached_property
    def _found(self) -> list[Said]:
        return findings.said(self.plan, self.edition.decisions)

    @cached_property
    def _found_by_item(self) -> Mapping[str, list[Said]]:
        found: dict[str, list[Said]] = {key: [] for key in self.plan.items}
        for one in self._found:
            for item in one.items:
                found[item.id].append(one)
        return found

    @cached_property
    def _result(self) -> ScanResult:
        return scanning.result_of(self.view.analysis.reading)

    @cached_property
    def _kernels(self) -> list[WorkItem]:
        return [i for i in self.plan.items.values() if i.kind is ItemKind.KERNEL]

    @cached_property
    def _kernel_names(self) -> Mapping[str, str]:
        by_id = {i.id: i.id.removeprefix("kernel:").replace("/", "_") for i in self._kernels}
        names = page_names(by_id.values())
        if len(set(by_id.values())) < len(by_id):
            names = page_names(by_id)
            return {key: names[key] for key in by_id}
        return {key: names[name] for key, name in by_id.items()}

    @cached_property
    def _kernel_by_name(self) -> Mapping[str, WorkItem]:
        return {i.name: i for i in reversed(self._kernels)}

    @cached_property
    def _layout_names(self) -> Mapping[str, str]:
        ids = [t.id for t in self.edition.layouts.tables]
        names = page_names(key.removeprefix("layout:").rstrip(":") for key in ids)
        return {key: names[key.removeprefix("layout:").rstrip(":")] for key in ids}

    @cached_property
    def _sources(self) -> Mapping[str, SourceFile]:
        """Files with CUDA in them, and every other file that something points at."""
        listed = {p.source.path: p.source for p in self.view.analysis.reading.parsed}
        named = {s.finding.place.path for s in self._found} | {
            i.place.path for i in self.plan.items.values() if i.place is not None
        }
        named |= {t.place.path for t in self.edition.layouts.tables}
        return {path: s for path, s in sorted(listed.items()) if s.cuda or path in named}

    @cached_property
    def _source_names(self) -> Mapping[str, str]:
        return page_names(self._sources)

    def _render(self, template: str, up: str, title: Text, **more: object) -> str:
        """`up` is the way from the page to the report's folder."""
        spoken = "zh-Hans" if self.language is Language.ZH else "en"
        fields = {
            "up": up,
            "title": title,
            "language": self.language.value,
            "lang": spoken,
            "edition": self.edition,
            "plan": self.plan,
            "item_numbers": {key: number for number, key in enumerate(self.plan.items, 1)},
            "place_link": lambda place: self._place_link(place, up),
            "item_link": lambda item: self._item_link(item, up),
            "layout_link": lambda table: link(f"{up}layouts/{self._layout_names[table.id]}.html"),
            "kernel_named": self._kernel_by_name.get,
            **more,
        }
        made: str = _environment().get_template(template).render(fields)
        return made

    def _place_link(self, place: Place, up: str) -> str:
        """The address of a line; "" for a file without a page."""
        name = self._source_names.get(place.path)
        return link(f"{up}sources/{name}.html", f"L{place.line}") if name is not None else ""

    def _item_link(self, item: WorkItem, up: str) -> str:
        name = self._kernel_names.get(item.id)
        if name is not None:
            return link(f"{up}kernels/{name}.html")
        return self._place_link(item.place, up) if item.place is not None else ""

    # -- pages -----------------------------------------------------------------------------

    def _index(self) -> str:
        items = list(self.plan.items.values())
        chain = set(self.plan.critical_path)
        return self._render(
            "index.html.jinja",
            "",
            words.PLAIN["plan"],
            answers=overview.answers(self.edition, self._found),
            found=self._found,
            said_by_identity={s.finding.identity: s for s in self._found},
            open_counts={key: sum(s.is_open for s in own) for key, own in self._found_by_item.items()},
            layouts_of=lambda item: layouts.of_item(self.edition.layouts, item),
            tables=layouts.ordered(self.edition.layouts.tables),
            needs=layouts.needs(self.edition.layouts.budgets),
            kernels=self._kernels,
            drawing=graph.draw(self.plan) if items else None,
            chain=chain,
            tracks=overview.tracks_of(self.plan),
            most_days=overview.most_days(items),
            undecided=undecided(self.plan),
            accuracy=accuracy(),
            result=self._result,
            coverage=self._coverage(),
            assumptions=self._assumptions(),
            sources=self._source_rows(),
        )

    def _kernel(self, item: WorkItem) -> str:
        edges = [e for e in self.plan.edges if item.id in (e.before, e.after)]
        calls = [c for c in self._result.calls if c.caller == item.name]
        by_callee = groupby(sorted(calls, key=lambda c: (not c.resolved, c.callee)), lambda c: c.callee)
        return self._render(
            "kernel.html.jinja",
            "../",
            Text(item.name, item.name),
            item=item,
            found=self._found_by_item[item.id],
            decision=self.edition.decisions.of(item.id),
            stale=next((s for s in self.edition.changes.stale if s.id == item.id), None),
            tables=layouts.ordered(layouts.of_item(self.edition.layouts, item)),
            budgets=[b for b in self.edition.layouts.budgets if b.kernel == item.name],
            unfollowed=[u for u in self.edition.layouts.unknown if u.user == item.name],
            edges=edges,
            calls=[list(g) for _, g in by_callee],
            accuracy=accuracy(),
        )

    def _layout(self, table: LayoutTable) -> str:
        return self._render(
            "layout.html.jinja",
            "../",
            Text(table.name, table.name),
            table=table,
            figures=layouts.figures(table),
            drawn=layouts.drawn(table, self.edition.layouts.target),
        )

    def _source(self, source: SourceFile) -> str:
        own = [s for s in self._found if s.finding.place.path == source.path]
        whole = source.text(0, len(source.data))
        return self._render(
            "source.html.jinja",
            "../" * (self._source_names[source.path].count("/") + 1),
            Text(source.path, source.path),
            path=source.path,
            lines=text.code_lines(whole),
            blocks=findings.blocks(own),
            found=own,
            assumptions=self._assumptions(),
        )

    # -- parts -----------------------------------------------------------------------------

    def _coverage(self) -> Text:
        result = self._result
        return overview.said(
            words.COVERAGE,
            files=f"{len(result.files):,}",
            bytes=f"{result.total_bytes:,}",
            unreadable=f"{result.unreadable_bytes:,}",
            inactive=f"{sum(f.inactive_bytes for f in result.files):,}",
            skipped=f"{len(result.skipped):,}",
        )

    def _assumptions(self) -> Mapping[str, Text]:
        assumed = self.view.analysis.assumed
        en, zh = dict(assumed.texts(Language.EN)), dict(assumed.texts(Language.ZH))
        return {key: Text(en[key], zh[key]) for key in en}

    def _source_rows(self) -> list[tuple[SourceFile, str, int, int]]:
        rows = []
        for path, source in self._sources.items():
            own = [s for s in self._found if s.finding.place.path == path]
            address = link(f"sources/{self._source_names[path]}.html")
            breaks = sum(s.breaks and not s.is_settled for s in own)
            rows.append((source, address, breaks, sum(s.is_open for s in own)))
        return rows


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(_PACKAGE, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "both": text.both,
        "message": text.message,
        "prose": text.prose,
        "linked": text.linked,
        "safe_text": safe,
        "span": overview.span,
        "short": _short,
        "breakable": text.breakable,
        "elided": lambda value, width: elided(safe(value), width),
    }
    style, script = _asset("style.css"), _asset("script.js")
    made.globals |= {
        "w": SimpleNamespace(**words.PLAIN),
        "words": words,
        "layout_words": layout_words,
        "plan_words": plan_words,
        "rule_words": rule_words,
        "Standing": Standing,
        "Category": Category,
        "style_text": Markup(style),
        "script_text": Markup(script),
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
        "say": overview.said,
        "shown_proof": findings.shown,
        "factor": overview.factor,
        "calibration": overview.calibration,
        "padding": overview.padding,
        "missed": _missed,
        "severities": list(rule_words.SEVERITIES),
        "shown_changes": _SHOWN_CHANGES,
        "layout_figures": layouts.figures,
        "layout_residues": layouts.residues,
        "budget_bar": layouts.bar,
        "node_width": graph.WIDTH,
        "node_height": graph.HEIGHT,
    }
    return made


def _short(name: str, width: int) -> str:
    """The end of a qualified name or path as far as there is room for whole parts, at least the last."""
    shown = safe(name)
    separator = "/" if "/" in shown else "::"
    parts = shown.split(separator)
    while len(parts) > 1 and len(separator.join(parts)) > width:
        parts.pop(0)
    return elided(separator.join(parts), width)


def _missed(answer: Answer) -> Sequence[Any]:
    """The limits that the code surely or sometimes misses."""
    standings = (Standing.OUTSIDE, Standing.PADDING, Standing.DEPENDS)
    return [limit for standing in standings for limit in answer.limits_at(standing)]


def _asset(name: str) -> str:
    return files(_PACKAGE).joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    """What the policy admits: this text of a style or script, and no other."""
    return "sha256-" + b64encode(sha256(content.encode()).digest()).decode()
