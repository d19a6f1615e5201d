"""What the scan knows about macros: every `#define` of every file, and which are attributes."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Sequence

from portcheck.resources import rules_path
from portcheck.syntax.conditions import Configuration, off_branches
from portcheck.syntax.directives import Lexed, MacroDefinition, lex, macro_definition

_ATTRIBUTE_WORDS = frozenset(
    b"__global__ __device__ __host__ __shared__ __constant__ __managed__ __forceinline__ "
    b"__noinline__ __inline__ __forceinline __inline __restrict__ __restrict __grid_constant__ "
    b"__nv_pure__ __extension__ __volatile__ inline static constexpr const extern volatile "
    b"noexcept explicit consteval constinit register thread_local restrict __thread _Noreturn "
    b"friend virtual typename __cdecl __stdcall __fastcall __CLRCALL_OR_CDECL".split()
)
# Leaving these out of the view changes nothing that portcheck reads.
_ATTRIBUTE_CALL = re.compile(
    rb"(?:__attribute__|__declspec|__launch_bounds__|__align__|__builtin_align__|__cluster_dims__|__maxnreg__|"
    rb"__block_size__|alignas|_Pragma|__pragma|noexcept|explicit)\s*"
    rb"\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\)|\[\[(?:[^\[\]]|\[[^\[\]]*\])*\]\]|extern\s+\"C\""
)
# `__tile__` and its like: words of a compiler, unless they stand for a value.
_COMPILER_WORD = re.compile(rb"__(?!func__|asm__|typeof__|FILE|LINE|typeof)[a-z_]+__\Z")
# What a namespace macro opens or closes; both halves go, so brackets stay balanced.
_NAMESPACE = re.compile(rb"(?:\binline\s+)?\bnamespace\b[^{};]*\{|extern\s*\"C(?:\+\+)?\"\s*\{")
_CLOSES = re.compile(r"END|CLOSE|NAMESPACE|POP", re.IGNORECASE)
_ONLY_NAMES = re.compile(rb"[\w\s]*\Z")
_CALLED = re.compile(rb"(\w+)\s*\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)")


def collect_macros(
    path: str, data: bytes, configuration: Configuration | None = None, lexed: Lexed | None = None
) -> list[MacroDefinition]:
    """Every `#define` of a file, in order; `active` says whether its `#if` branches are on."""
    if b"define" not in data:
        return []
    lexed = lexed or lex(data)
    off = off_branches(lexed, configuration or _default())
    return definitions_of(path, lexed, [(b.start, b.end) for b in off if b.parent is None])


def definitions_of(path: str, lexed: Lexed, off: list[tuple[int, int]]) -> list[MacroDefinition]:
    """The definitions of a lexed file; `off` are its outermost ranges that are off."""
    found: list[MacroDefinition] = []
    data = lexed.data
    line, counted, branch = 1, 0, 0
    for directive in lexed.directives:
        if directive.keyword != b"define":
            continue
        line += data.count(b"\n", counted, directive.start)
        counted = directive.start
        while branch < len(off) and off[branch][1] <= directive.start:
            branch += 1
        active = not (branch < len(off) and off[branch][0] <= directive.start)
        definition = macro_definition(path, data, directive, line, active)
        if definition is not None:
            found.append(definition)
    return found


@functools.cache
def _default() -> Configuration:
    return Configuration.default()


@functools.cache
def _shipped_attributes() -> tuple[frozenset[bytes], frozenset[bytes]]:
    with (rules_path() / "cuda" / "attribute_macros.toml").open("rb") as file:
        table = tomllib.load(file)
    plain = frozenset(name.encode() for name in table["plain"]["names"])
    return plain, frozenset(name.encode() for name in table["with_arguments"]["names"])


class MacroTable:
    """All definitions of a scan, looked up as a reader would: own file, folder, anywhere."""

    def __init__(self, definitions: Iterable[MacroDefinition] = ()) -> None:
        self._by_name: dict[str, list[MacroDefinition]] = {}
        for definition in definitions:
            self._by_name.setdefault(definition.name, []).append(definition)
        plain, called = _shipped_attributes()
        own_plain, own_called, other = _attribute_macros(self._by_name)
        # The scan's own definitions win over the shipped table.
        self.plain_attributes: frozenset[bytes] = (plain - other - own_called) | own_plain
        self.called_attributes: frozenset[bytes] = (called - other - own_plain) | own_called
        self.attribute_names: frozenset[bytes] = self.plain_attributes | self.called_attributes

    def __contains__(self, name: object) -> bool:
        return (name.decode("latin-1") if isinstance(name, bytes) else name) in self._by_name

    def definitions(self, name: str) -> Sequence[MacroDefinition]:
        """Every definition of `name`."""
        return self._by_name.get(name, ())

    def get(
        self, name: bytes | str, path: str | None = None, offset: int | None = None
    ) -> MacroDefinition | None:
        """The definition of `name` that a use at byte `offset` of `path` most likely means."""
        if isinstance(name, bytes):
            name = name.decode("latin-1")
        candidates = self._by_name.get(name)
        if not candidates:
            return None
        if len(candidates) == 1:
            return candidates[0]
        folder = path.rpartition("/")[0] if path is not None else None

        def rank(item: tuple[int, MacroDefinition]) -> tuple[int, bool, bool, int]:
            index, definition = item
            same = definition.path == path
            near = 2 if same else int(definition.path.rpartition("/")[0] == folder)
            before = same and (offset is None or definition.start_byte < offset)
            # In one file the last one counts; among files the first, to be stable.
            return near, definition.active, before, index if same else -index

        return max(enumerate(candidates), key=rank)[1]


def _attribute_macros(
    by_name: dict[str, list[MacroDefinition]],
) -> tuple[frozenset[bytes], frozenset[bytes], frozenset[bytes]]:
    """Names that stand for attributes only: (without, with arguments), and all that do not.

    An empty function-like macro never counts: `#define assert(x)` is no attribute, and
    blanking its uses would lose the asserts.
    """
    plain: set[str] = set()
    called: set[str] = set()
    pending: dict[str, list[set[str]]] = {}
    shipped_plain, shipped_called = _shipped_attributes()
    outside = {n.decode() for n in shipped_plain | shipped_called} - by_name.keys()
    for name, definitions in by_name.items():
        counted = [d for d in definitions if d.active] or definitions
        needs = [need for d in counted if (need := _needs(d)) is not None]
        if len(needs) == len(counted):
            pending[name] = needs
    # Greatest fix point: drop names until each one's needs are attributes themselves.
    # A name whose only definitions are empty is an attribute by use only.
    changed = True
    while changed:
        changed = False
        for name in list(pending):
            if any(not all(n in pending or n in outside for n in need) for need in pending[name]):
                del pending[name]
                changed = True
    for name in pending:
        definitions = by_name[name]
        if any(d.parameters is not None for d in definitions):
            if any(d.parameters is not None and not d.body.strip() for d in definitions):
                continue
            called.add(name)
        if any(d.parameters is None for d in definitions):
            plain.add(name)
    other = {name.encode("latin-1") for name in by_name if name not in plain and name not in called}
    return (
        frozenset(n.encode("latin-1") for n in plain),
        frozenset(n.encode("latin-1") for n in called),
        frozenset(other),
    )


def _needs(definition: MacroDefinition) -> set[str] | None:
    """Other names the body relies on to be attributes; None if it is something else."""
    body = definition.body
    if len(body) > 600:
        return None
    if not body.strip():
        return set()
    if b"{" in body or b"}" in body:
        body = _NAMESPACE.sub(b" ", body)
        if _CLOSES.search(definition.name):
            body = body.replace(b"}", b" ")
    if b"(" in body or b"[[" in body or b'"' in body:
        body = _ATTRIBUTE_CALL.sub(b" ", body)
        needed = {m[1].decode("latin-1") for m in _CALLED.finditer(body)}
        body = _CALLED.sub(b" ", body)
    else:
        needed = set()
    if not _ONLY_NAMES.match(body):
        return None
    words = [w for w in body.split() if w not in _ATTRIBUTE_WORDS and not _COMPILER_WORD.match(w)]
    if any(w[:1].isdigit() for w in words):
        return None
    names = needed | {w.decode("latin-1") for w in words}
    parameters = set(definition.parameters or ())
    return None if names & parameters else names
