"""Repairs of macro calls: what stands between their brackets is often no expression.

The inner code is kept at its own offsets wherever possible: `SWITCH(t, T, f<T>(); g();)`
becomes `            { f<T>(); g(); }`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portcheck.syntax.calls import Call, Site, macro_calls, scope_of
from portcheck.syntax.directives import BLANK
from portcheck.syntax.edits import Edit, blank

_STATEMENT = re.compile(
    rb"\s*(?:\{|(?:if|for|while|switch|do|return|break|continue|goto|using|const|constexpr|static|auto|else|typedef)\b|"
    rb"\[&\]|\w[\w:]*(?:<[^;<>]*>)?[\s*&]+\w+\s*=[^=])"
)
_NOT_LAMBDA = re.compile(rb"\s*\[")
_KEYWORDS = frozenset(
    b"int float double char void bool unsigned signed long short const constexpr static inline "
    b"auto struct class enum union return if for while do switch case default break continue new "
    b"delete sizeof typename template operator and or not xor bitand bitor compl typedef using "
    b"namespace public private protected goto else volatile int8_t int16_t int32_t int64_t uint8_t "
    b"uint16_t uint32_t uint64_t size_t ssize_t char8_t char16_t char32_t wchar_t nullptr_t "
    b"max_align_t ptrdiff_t intptr_t uintptr_t charptr_t this true false nullptr extern register "
    b"mutable friend virtual explicit throw try catch asm decltype".split()
)
_TYPE = re.compile(
    rb"\s*(?:(?:const|volatile|unsigned|signed|long|short|struct|typename|class|enum|static|inline|constexpr)\s+)*"
    rb"[A-Za-z_:][\w:]*(?:\s*<[^;(){}]*>)?(?:\s+(?:int|long|char|const|double))*\s*(?:[*&]\s*(?:const)?\s*)*\Z"
)
_WORD = re.compile(rb"\s*\w+\s*\Z")
_PUNCTUATION = re.compile(rb"\s*[^\w\s\"'(){}\[\]]+\s*\Z")
_NON_WORD = re.compile(rb"\W")


def statement_arguments(site: Site) -> Iterator[Edit]:
    """`M(a, T, stmt; stmt;)`: a block of the statements, the rest blanked."""
    for call in macro_calls(site):
        first = _first_statement(site, call)
        if first is None or scope_of(site.tree, call.start) != "statement":
            continue
        yield from _as_block(site, call, first)


def _as_block(site: Site, call: Call, first: int) -> Iterator[Edit]:
    at = call.arguments[first][0]
    head = site.code[call.start : at].translate(BLANK)[:-1] + b"{"
    yield Edit(call.start, at, head, "macro_arguments")
    yield Edit(call.end - 1, call.end, b"}", "")


def _first_statement(site: Site, call: Call) -> int | None:
    """Index of the argument from which on the call holds statements."""
    code = site.code
    text = code[call.open + 1 : call.end - 1]
    if b";" not in text and b"{" not in text:
        return None
    definition = site.macros.get(call.name, site.path, call.start)
    if definition is not None and definition.parameters and definition.parameters[-1].endswith("..."):
        index = len(definition.parameters) - 1
        if 0 <= index < len(call.arguments):
            low, _ = call.arguments[index]
            if _holds_statements(code[low : call.end - 1]):
                return index
    for index, (low, high) in enumerate(call.arguments):
        if not _holds_statements(code[low:high]):
            continue
        # A comma in template brackets is no separator: `g<A, B>(x); h();` began earlier.
        while index > 0 and not _STATEMENT.match(code, low, high):
            part = _ARROW.sub(b"  ", code[low:high])
            if part.count(b">") <= part.count(b"<"):
                break
            index -= 1
            low = call.arguments[index][0]
        return index
    return None


_ARROW = re.compile(rb"->|>=|>>(?=\s*\w)")


def _holds_statements(text: bytes) -> bool:
    stripped = text.strip()
    if not stripped or _NOT_LAMBDA.match(text):
        return False
    if stripped.startswith(b"{"):
        return b";" in stripped or stripped == b"{}"
    return _top_level_semicolon(stripped) or (_STATEMENT.match(stripped) is not None and b"{" in stripped)


def _top_level_semicolon(text: bytes) -> bool:
    depth = 0
    for token in re.findall(rb"[(){}\[\];]", text):
        if token in b"([{":
            depth += 1
        elif token == b";":
            if depth == 0:
                return True
        else:
            depth -= 1
    return False


def body_argument(site: Site) -> Iterator[Edit]:
    """`M(a, b, { body })` outside a function: `M(a, b) { body } `, a definition."""
    for call in macro_calls(site):
        if not call.arguments:
            continue
        low, high = call.arguments[-1]
        last = site.code[low:high]
        if not last.lstrip().startswith(b"{") or not last.rstrip().endswith(b"}"):
            continue
        yield Edit(low - 1, low, b")" if len(call.arguments) > 1 else b" ", "")
        yield Edit(call.end - 1, call.end, b" ", "")


def type_arguments(site: Site) -> Iterator[Edit]:
    """Types, operators, keywords and nothing at all as arguments: names of that length."""
    for call in macro_calls(site):
        for index, (low, high) in enumerate(call.arguments):
            text = site.code[low:high]
            stripped = text.strip()
            if not stripped:
                if len(call.arguments) > 1:
                    yield from _empty_argument(site, call, index)
                continue
            if _WORD.match(text):
                if stripped not in _KEYWORDS:
                    continue
            elif not (_TYPE.match(text) or _PUNCTUATION.match(text)):
                continue
            start = low + len(text) - len(text.lstrip())
            yield Edit(start, start + len(stripped), _as_name(stripped), "macro_argument")


def _as_name(text: bytes) -> bytes:
    name = _NON_WORD.sub(b"_", text)
    if name[:1].isdigit():
        name = b"_" + name[1:]
    return name[:-1] + b"_" if name in _KEYWORDS else name


def _empty_argument(site: Site, call: Call, index: int) -> Iterator[Edit]:
    low, high = call.arguments[index]
    if high > low and site.code[low : low + 1] in (b" ", b"\t"):
        yield Edit(low, low + 1, b"_", "")
    elif index + 1 < len(call.arguments):
        yield Edit(high, high + 1, b" ", "")
    else:
        yield Edit(low - 1, low, b" ", "")


def semicolons(site: Site) -> Iterator[Edit]:
    """`M(x)` or `M({..})` without `;`: it goes into the white space that follows."""
    for call in macro_calls(site):
        after = site.code[call.end : call.end + 200]
        follow = after.lstrip()[:1]
        if not follow or (follow in b";,)]}.+-*/%&|^=<>?:{([" and follow != b"}"):
            continue
        gap = after[: len(after) - len(after.lstrip())]
        line = site.code[site.code.rfind(b"\n", 0, call.start) + 1 : call.start]
        if line.strip() and not line.rstrip().endswith((b";", b"}", b"{", b")", b":", b"else")):
            continue
        at = min((i for i in (gap.find(b" "), gap.find(b"\t")) if i >= 0), default=-1)
        at = gap.find(b"\n") if at < 0 else at  # lines are counted in the file, not in this text
        if at >= 0:
            yield Edit(call.end + at, call.end + at + 1, b";", "")


def semicolon_at_missing(site: Site) -> Iterator[Edit]:
    """Where tree-sitter itself missed a `;`, if there is room for one."""
    for at in site.missing:
        if site.low <= at < site.high and site.code[at : at + 1] in (b" ", b"\t"):
            yield Edit(at, at + 1, b";", "")


def template_macros(site: Site) -> Iterator[Edit]:
    """`TEMPLATE(class T)` with a body `template <..>` reads as `template<class T>`."""
    for call in macro_calls(site):
        definition = site.macros.get(call.name, site.path, call.start)
        if definition is None or not _TEMPLATE.match(definition.body):
            continue
        size = call.open - call.start
        if size >= 8:
            yield Edit(call.start, call.open + 1, b"template".ljust(size) + b"<", "macro_name")
            yield Edit(call.end - 1, call.end, b">", "")


_TEMPLATE = re.compile(rb"\s*template\s*<[^{};]*\Z")


def word_macros(site: Site) -> Iterator[Edit]:
    """An object-like macro for a keyword or two, such as `concept`: written out if it fits."""
    for match in _NAME.finditer(site.code, site.low, site.high):
        definition = site.macros.get(match[0], site.path, match.start())
        if definition is None or definition.parameters is not None or not _WORDS_ONLY.match(definition.body):
            continue
        words = definition.body.split()
        size = len(match[0])
        text = b" ".join(words)
        if len(text) > size:
            text = b" ".join(w for w in words if w not in (b"inline", b"constexpr", b"static", b"const"))
        if words and text and len(text) <= size and text != match[0]:
            yield Edit(match.start(), match.end(), text.ljust(size), "macro_name")


_NAME = re.compile(rb"\b[A-Z_][A-Z0-9_]{3,}\b")
_WORDS_ONLY = re.compile(rb"[\w\s]+\Z")


def attribute_calls(site: Site) -> Iterator[Edit]:
    """`REQUIRES((a) AND (b)) T f()`: a macro call before a declaration is an attribute.

    One before a call of the same macro is no attribute: they are a list of uses.
    """
    for call in macro_calls(site):
        follow = site.code[call.end : call.end + 200].lstrip()
        if re.match(re.escape(call.name) + rb"\s*\(", follow):
            continue
        after = follow[:2]
        if (after[:1].isalpha() or after[:1] in (b"_", b"~") or after in (b"[[", b"::")) and scope_of(
            site.tree, call.start
        ) != "statement":
            yield blank(site, call.start, call.end, "attribute_macro")


def named_bodies(site: Site) -> Iterator[Edit]:
    """`TEST("name", "[tag]") { .. }`: a function definition once the arguments are blank."""
    for call in macro_calls(site):
        if (
            site.code[call.end : call.end + 200].lstrip()[:1] == b"{"
            and scope_of(site.tree, call.start) != "statement"
        ):
            yield blank(site, call.open + 1, call.end - 1, "macro_arguments")


def control_macros(site: Site) -> Iterator[Edit]:
    """`FOR_EACH(i, n) {`: reads as `while(i, n) {`; `IF_X(c) {` as `if(c) {`."""
    for call in macro_calls(site):
        after = site.code[call.end : call.end + 100].lstrip()[:1]
        if after != b"{" or scope_of(site.tree, call.start) != "statement":
            continue
        definition = site.macros.get(call.name, site.path, call.start)
        body = definition.body.lstrip() if definition is not None else b""
        loops = body.startswith((b"for", b"while")) or (not body and re.search(rb"FOR|LOOP|WHILE", call.name))
        word = b"while" if loops else b"if"
        size = len(call.name)
        if size >= len(word):
            yield Edit(call.start, call.start + size, word.ljust(size), "macro_name")


def static_asserts(site: Site) -> Iterator[Edit]:
    """`X_STATIC_ASSERT(c, "m")` reads as `static_assert`, which may be a class member."""
    for call in macro_calls(site):
        size = len(call.name)
        if b"STATIC_ASSERT" in call.name.upper() and size >= 13:
            yield Edit(call.start, call.start + size, b"static_assert".ljust(size), "macro_name")


def string_macros(site: Site) -> Iterator[Edit]:
    """`"%" PRIu64 "\\n"`: the name between the strings is blanked."""
    for match in _BETWEEN_STRINGS.finditer(site.code, site.low, site.high):
        yield blank(site, *match.span(1), "macro_name")


_BETWEEN_STRINGS = re.compile(rb'"[ \t\n]*\b(?!and\b|or\b|xor\b)([A-Za-z_]\w*)(?=\s*["),])')


def broken_calls(site: Site) -> Iterator[Edit]:
    """The last resort: the arguments of a macro call that hold an error are blanked."""
    spots = [s for s in site.errors if s[0] < site.high and s[1] >= site.low]
    spots += [(m, m) for m in site.missing if site.low <= m <= site.high]
    for call in macro_calls(site):
        if call.end - call.open > 4000 or not any(s < call.end and e >= call.start for s, e in spots):
            continue
        scope = scope_of(site.tree, call.start)
        if scope == "statement":
            yield blank(site, call.open + 1, call.end - 1, "macro_arguments")
        else:
            rest = site.code[call.end : call.end + 100]
            end = call.end + rest.find(b";") + 1 if rest.lstrip().startswith(b";") else call.end
            yield blank(site, call.start, end, "macro_call")
