"""Text for a page: both languages where they differ, code as it stands, nothing that a browser obeys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from portcheck.report.code_tokens import tokens
from portcheck.report.style import cell, safe
from portcheck.targets.text import Text

_KEYWORDS = frozenset(
    (
        "__constant__", "__device__", "__forceinline__", "__global__", "__host__", "__launch_bounds__",
        "__restrict__", "__shared__", "alignas", "asm", "auto", "bfloat16_t", "bool", "break", "case",
        "catch", "char", "class", "const", "constexpr", "continue", "decltype", "default", "delete", "do",
        "double", "else", "enum", "explicit", "extern", "false", "float", "float16_t", "for", "friend",
        "goto", "half", "if", "inline", "int", "int16_t", "int32_t", "int4", "int64_t", "int8_t", "long",
        "mutable", "namespace", "new", "noexcept", "nullptr", "operator", "private", "protected", "public",
        "register", "reinterpret_cast", "return", "short", "signed", "size_t", "sizeof", "static",
        "static_assert", "static_cast", "struct", "switch", "template", "this", "throw", "true", "try",
        "typedef", "typename", "uint16_t", "uint32_t", "uint64_t", "uint8_t", "union", "unsigned", "using",
        "virtual", "void", "volatile", "while",
    )
)  # fmt: skip
_ADDRESS = re.compile(r"https?://[^\s()<>\"'，。；（）]+[^\s()<>\"'，。；（）.,;:]")


def both(text: Text) -> Markup:
    """A text in both languages, of which the page shows one."""
    return _spans(escape(safe(text.en)), escape(safe(text.zh)))


def message(text: Text) -> Markup:
    """A text in both languages in which backticks mark code."""
    return _spans(_ticks(safe(text.en)), _ticks(safe(text.zh)))


def prose(text: Text) -> Markup:
    """Markdown of rules in both languages: paragraphs, lists, code."""
    return _blocks(_markdown(text.en), _markdown(text.zh))


def breakable(name: str) -> Markup:
    """A qualified name or a path that may go on in the next line after each part."""
    return Markup(re.sub("(::|/)", r"\1<wbr>", str(escape(name))))


def linked(text: str) -> Markup:
    """A source of documentation, with its addresses as links."""
    shown = safe(text)
    made, at = Markup(), 0
    for found in _ADDRESS.finditer(shown):
        address = found[0]
        made += escape(shown[at : found.start()])
        made += Markup('<a rel="noreferrer" href="{0}">{0}</a>').format(address)
        at = found.end()
    return made + escape(shown[at:])


def code_lines(text: str) -> list[Markup]:
    """The lines of C++ code, the kinds of words marked; controls show as replacement signs."""
    lines = [Markup()]
    for role, part in _coloured(text):
        for number, piece in enumerate(part.split("\n")):
            if number:
                lines.append(Markup())
            if piece:
                shown = escape(visible(piece.removesuffix("\r")))
                lines[-1] += Markup('<i class="{}">{}</i>').format(role, shown) if role else shown
    return lines


def visible(text: str) -> str:
    """One line of code with everything in it that a browser would obey replaced; tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c == "\t" else cell(c)[0] for c in text)


def _coloured(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    for role, start, end in tokens(text):
        if role == "word" and text[start:end] not in _KEYWORDS:
            continue
        if start > at:
            yield "", text[at:start]
        yield "keyword" if role == "word" else role, text[start:end]
        at = end
    if at < len(text):
        yield "", text[at:]


def _spans(en: Markup, zh: Markup) -> Markup:
    if en == zh:
        return en
    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(en, zh)


def _blocks(en: Markup, zh: Markup) -> Markup:
    if en == zh:
        return en
    return Markup('<div lang="en">{}</div><div lang="zh">{}</div>').format(en, zh)


def _ticks(text: str) -> Markup:
    """`code` between backticks; the rest escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one is left alone: none marks anything
        return escape(text)
    return Markup().join(
        Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts)
    )


def _markdown(text: str) -> Markup:
    made = Markup()
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if block.startswith("```"):
            inside = "\n".join(visible(x) for x in lines if not x.startswith("```"))
            made += Markup("<pre>{}</pre>").format(inside)
        elif lines and all(x.startswith(("- ", "  ")) for x in lines):
            rows = re.split(r"^- ", block, flags=re.MULTILINE)[1:]
            items = (Markup("<li>{}</li>").format(_ticks(safe(" ".join(r.split())))) for r in rows)
            made += Markup("<ul>{}</ul>").format(Markup().join(items))
        elif lines:
            made += Markup("<p>{}</p>").format(_ticks(safe(" ".join(lines))))
    return made
