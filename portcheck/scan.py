"""The main job: files in, facts and coverage out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from portcheck.facts.base import Fact
from portcheck.facts.collect import Collector
from portcheck.facts.context import Context
from portcheck.program import knowledge
from portcheck.program.extract import extract, template_uses
from portcheck.program.model import Function, Origin, Record, Unit
from portcheck.program.typing import Program
from portcheck.result import Call, FileCoverage, Kernel, Parameter, Region, ScanResult
from portcheck.source import Collection, Patterns, Skipped, SourceFile, collect
from portcheck.source.place import Place
from portcheck.summary import call_graph, kernels
from portcheck.syntax import Configuration, MacroTable, SyntaxFile, collect_macros, lex, parse_file
from portcheck.syntax.includes import configurations, header

__all__ = ["Call", "FileCoverage", "Kernel", "Parameter", "Region", "ScanResult", "Skipped", "scan"]

MAX_NESTED_MACROS = 40

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file between parsing and linking."""

    source: SourceFile
    syntax: SyntaxFile
    unit: Unit


@dataclass(frozen=True, slots=True)
class Reading:
    """A tree, read and linked, with its facts: what every question starts from."""

    collection: Collection
    parsed: tuple[Parsed, ...]
    context: Context
    collector: Collector
    facts: tuple[Fact, ...]
    defines: tuple[str, ...]

    @property
    def functions(self) -> Iterator[Function]:
        return chain.from_iterable(p.unit.functions for p in self.parsed)


def scan(
    paths: Iterable[str],
    *,
    defines: Iterable[str] = (),
    exclude: Iterable[str] | Patterns = (),
    progress: Progress | None = None,
    root: str | None = None,
    own_macros: knowledge.OwnMacros = knowledge.NO_OWN_MACROS,
) -> ScanResult:
    """Analyse files and folders under one configuration of the preprocessor.

    `defines` are NAME or NAME=VALUE, on top of the defaults in `rules/cuda/defines.toml`.
    `progress` is called with (files done, files in all). Paths are shown relative to `root`; what it
    is by default says `discover`. Raises SourceError for a path that
    does not exist.
    """
    with no_garbage_collection():
        reading = read(
            paths, defines=defines, exclude=exclude, progress=progress, root=root, own_macros=own_macros
        )
        return result_of(reading)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Everything a scan builds lives until its end: looking for garbage only costs time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read(
    paths: Iterable[str],
    *,
    defines: Iterable[str] = (),
    exclude: Iterable[str] | Patterns = (),
    progress: Progress | None = None,
    root: str | None = None,
    own_macros: knowledge.OwnMacros = knowledge.NO_OWN_MACROS,
) -> Reading:
    """Read a tree and find its facts; arguments as those of `scan`."""
    defines = tuple(defines)
    collection = collect(paths, exclude=exclude, root=root)
    base = Configuration.default(defines)
    lexed = [lex(s.parse_bytes) for s in collection.files]
    pairs = list(zip(collection.files, lexed, strict=True))
    headers = [header(s.path, x, collect_macros(s.path, s.parse_bytes, base, x)) for s, x in pairs]
    configured = configurations(headers, base)
    macros = MacroTable(
        chain.from_iterable(collect_macros(s.path, s.parse_bytes, configured[s.path], x) for s, x in pairs)
    )
    parsed: list[Parsed] = []
    for done, (source, tokens) in enumerate(pairs):
        if source.cuda:
            syntax = parse_file(source.path, source.parse_bytes, macros, configured[source.path], tokens)
            parsed.append(Parsed(source, syntax, declare(source, syntax, macros)))
        if progress is not None:
            progress(done + 1, len(pairs))
    context = Context(Program(p.unit for p in parsed), macros, own_macros)
    collector = Collector(context)
    facts = collector.collect(chain.from_iterable(p.unit.functions for p in parsed))
    return Reading(collection, tuple(parsed), context, collector, tuple(facts), defines)


def result_of(reading: Reading) -> ScanResult:
    """What a scan reports of a tree that was read."""
    collector, facts = reading.collector, list(reading.facts)
    return ScanResult(
        root=str(reading.collection.root),
        files=tuple(_coverage(p, collector.given_up) for p in reading.parsed),
        skipped=tuple(reading.collection.skipped),
        facts=reading.facts,
        kernels=tuple(kernels(reading.context, facts, collector.instantiations, collector.dispatches)),
        calls=tuple(call_graph(reading.context)),
        defines=reading.defines,
    )


def declare(source: SourceFile, syntax: SyntaxFile, macros: MacroTable) -> Unit:
    """What one file declares: its main tree, then the fragments outside it."""
    unit = Unit(source.path)
    main = Origin(file=syntax, text=syntax.data, place=source.place)
    unit.functions = extract(syntax.tree.root_node, main, unit)
    unit.template_uses = template_uses(syntax.data)
    own = [f for f in unit.functions if f.node is not None]
    for fragment in syntax.fragments:
        macro = fragment.macro
        active = fragment.kind == "macro" and (macro is None or macro.active)
        origin = Origin(
            file=syntax,
            text=syntax.data,
            place=source.place,
            active=active,
            condition=fragment.condition,
            is_macro=macro is not None,
            macro_parameters=frozenset(macro.parameters or ()) if macro is not None else frozenset(),
        )
        inside = None if macro is not None else _around(own, fragment.start_byte)
        at = fragment.start_byte
        namespace = next((n for s, e, n in reversed(unit.namespaces) if s <= at < e), ())
        owner = None if macro is not None or inside is not None else _around_record(unit, at)
        found = extract(fragment.tree.root_node, origin, unit, inside, namespace, owner)
        unit.functions += found
        if macro is None:
            own += [f for f in found if f.node is not None]
        if inside is not None:
            inside.shadows += [f for f in found if f.shadow_of is inside]
    for function in unit.functions:
        function.qualifiers |= _spelled_out(function.qualifiers, macros, source.path)
    return unit


def _spelled_out(words: frozenset[str], macros: MacroTable, path: str) -> frozenset[str]:
    """The CUDA qualifiers that the attribute macros among a function's words stand for."""
    found: set[str] = set()
    known = knowledge.qualifier_macros()
    pending = [w for w in words if not w.startswith("__")]
    for _ in range(MAX_NESTED_MACROS):
        if not pending:
            break
        word = pending.pop()
        macro = macros.get(word, path)
        if macro is None:
            found.update([known[word]] if word in known else [])
            continue
        for inner in macro.body.decode("utf-8", "replace").replace("(", " ").split():
            if inner in ("__global__", "__device__", "__host__"):
                found.add(inner)
            elif inner.isidentifier() and not inner.startswith("__"):
                pending.append(inner)
    return frozenset(found)


def _around(functions: list[Function], offset: int) -> Function | None:
    """The innermost function whose body an offset stands in."""
    around = [f for f in functions if f.start_byte <= offset < f.end_byte]
    return max(around, key=lambda f: f.start_byte, default=None)


def _around_record(unit: Unit, offset: int) -> Record | None:
    """The innermost class whose body an offset stands in."""
    around = [r for r in unit.records if r.node is not None and r.node.start_byte <= offset < r.node.end_byte]
    return max(around, key=lambda r: r.node.start_byte if r.node is not None else 0, default=None)


def _coverage(parsed: Parsed, given_up: list[Place]) -> FileCoverage:
    place = parsed.source.place
    unreadable = [Region(place(s, e), "the parser cannot read this") for s, e in parsed.syntax.unreadable] + [
        Region(p, "nested too deeply to analyse") for p in given_up if p.path == parsed.source.path
    ]
    return FileCoverage(
        path=parsed.source.path,
        encoding=parsed.source.encoding,
        total_bytes=len(parsed.source.data),
        unreadable=tuple(unreadable),
        inactive=tuple(Region(place(r.start_byte, r.end_byte), r.condition) for r in parsed.syntax.inactive),
    )
