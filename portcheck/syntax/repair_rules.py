"""The repairs in their order: what tree-sitter-cpp cannot read, as text that it can.

Each rule looks at one neighbourhood of an error and yields same-length edits. `kind` names
what was taken out, for the side table; an edit without a kind only changes punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from portcheck.syntax import macro_rules
from portcheck.syntax.calls import Site
from portcheck.syntax.directives import BLANK
from portcheck.syntax.edits import Edit, blank

Rule = Callable[[Site], Iterator[Edit]]

_P3 = rb"\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\)"


def _blanking(pattern: bytes, kind: str, flags: int = 0) -> Rule:
    """A rule that blanks every group of each match that has no name."""
    compiled = re.compile(pattern, flags)
    named = set(compiled.groupindex.values())

    def rule(site: Site) -> Iterator[Edit]:
        for match in compiled.finditer(site.code, site.low, site.high):
            for group in range(1, compiled.groups + 1):
                if match.start(group) >= 0 and group not in named:
                    yield blank(site, *match.span(group), kind)

    return rule


def _replacing(pattern: bytes, by: bytes, kind: str = "rewrite") -> Rule:
    """A rule that puts `by`, padded with spaces, for group 1 of each match."""
    compiled = re.compile(pattern)

    def rule(site: Site) -> Iterator[Edit]:
        for match in compiled.finditer(site.code, site.low, site.high):
            size = match.end(1) - match.start(1)
            if size >= len(by):
                yield Edit(match.start(1), match.end(1), by.ljust(size), kind)

    return rule


_EMPTY_DEFAULT = re.compile(rb"=\s*(\{)([^{};]*)(\})(?=\s*[,)])")


def _brace_default(site: Site) -> Iterator[Edit]:
    """A default argument `= {}` reads as `= 0`, `= {a, b}` as `= (a, b)`."""
    for match in _EMPTY_DEFAULT.finditer(site.code, site.low, site.high):
        start, end = match.start(1), match.end(3)
        if match[2].strip():
            yield Edit(start, start + 1, b"(", "")
            yield Edit(end - 1, end, b")", "")
        else:
            yield Edit(start, end, b"0" + site.code[start + 1 : end - 1].translate(BLANK) + b" ", "")


_OPERATOR_CALL = re.compile(
    rb"(?:(?:->|\.)\s*|(?<=[;{}=(!,])\s*|\breturn\s+)(operator\s*(?:\(\)|\[\]|[^\w\s(;]+))(?=\s*\()"
)


def _operator_call(site: Site) -> Iterator[Edit]:
    """`p->operator[](i)` is a call of a member with a plain name of that length."""
    for match in _OPERATOR_CALL.finditer(site.code, site.low, site.high):
        size = match.end(1) - match.start(1)
        yield Edit(match.start(1), match.end(1), b"operator".ljust(size, b"_"), "rewrite")


_COMMA_IN_DECLTYPE = re.compile(rb"\b(?:decltype|sizeof|noexcept)\s*(" + _P3 + rb")")


def _decltype_comma(site: Site) -> Iterator[Edit]:
    for match in _COMMA_IN_DECLTYPE.finditer(site.code, site.low, site.high):
        depth = 0
        for token in re.finditer(rb"[(){}<>,]", match[1]):
            depth += (token[0] in b"({<") - (token[0] in b")}>")
            if token[0] == b"," and depth == 1:
                at = match.start(1) + token.start()
                yield Edit(at, at + 1, b"+", "")


_typename = _blanking(rb"\b(typename)\s+(?=(?:::)?\w+(?:\s*<[^;{}]{0,300}?>)?\s*(?:::|[{(]))", "keyword")
_instantiation = _blanking(rb"\b(?:(extern)\s+)?(template)\s+(?=(?:class|struct|union)\b)", "keyword")
_extern_template = _blanking(rb"\b(extern)\s+template\b", "keyword")
_dot_template = _blanking(rb"(?:\.|->|::)\s*(template)\b", "keyword")
_default_pointer = _blanking(
    rb"=\s*(?:const\s+)?\w[\w:]*(?:\s*<[^;{}<>]*>)?\s*([*&]+)(?=\s*[,>])", "declarator"
)
_default_function = _blanking(rb"=\s*[\w:]+\s*(\(\s*\*\s*\)\s*\([^()]*\))(?=\s*[,>])", "declarator")
_attributes = _blanking(rb"(\[\[(?:[^\[\]]|\[[^\[\]]*\])*\]\])", "attribute")
_alignas = _blanking(rb"\b(alignas\s*" + _P3 + rb")", "attribute")
_noexcept = _blanking(rb"\b((?:noexcept|explicit)\s*" + _P3 + rb")", "attribute")
_pack_reference = _blanking(rb"\*\s*(&&?)\s*\.\.\.", "declarator")
_destructor = _blanking(rb"(?:\.|->)\s*(~)\s*[\w:]+\s*<", "keyword")
_bit_gap = _blanking(rb"(,\s*:\s*\d+)(?=\s*[,;])", "declarator")
_bit_first = _blanking(rb"\b\w+\s*(:\s*\d+\s*,)(?=\s*\w+\s*:)", "declarator")
_decltype_value = _blanking(rb"(?<=[(,<=+*/?:&|-])\s*\b(decltype)\s*" + _P3 + rb"(?=\s*\{)", "keyword")
_decltype_in_typeid = _blanking(rb"\btypeid\s*\(\s*(decltype)\s*\(", "keyword")
_typeid = _replacing(rb"\btypeid\s*\(\s*(\w[\w:<>,\s*&]*?)\s*\)", b"t_")
_greater_equal = _replacing(rb"\w\s*<(?:[^;(){}<>]|\([^()]*\)){0,300}?(>=)", b"==")


def _greater_equal_at_error(site: Site) -> Iterator[Edit]:
    """A `>=` that itself is where the parse broke stands in template brackets."""
    for low, high in site.errors:
        for at in range(max(low - 4, site.low), min(high + 2, low + 4, site.high)):
            if site.code[at : at + 2] == b">=":
                yield Edit(at, at + 2, b"==", "rewrite")


_functional_cast = _replacing(
    rb"(?<=[\w(,=<>&|+*/!?:-])\s*\b(unsigned|int|float|double|bool|long|char|short)\s*\(", b"T_"
)
_member_pointer = _replacing(rb"\(\s*(\w+::\*)\s*\)\s*\(", b"*m_")
_struct_attribute = _blanking(
    rb"\b(?:struct|class|union)\s+(\w+\s*" + _P3 + rb")(?=\s*[\w{:])", "attribute_macro"
)

# Not before a call of the same macro: those are a list of its uses.
_attribute_shape = _blanking(
    rb"(?<![\w.>:])((?P<name>[A-Z_][A-Z0-9_]{3,})(?:[ \t]*"
    + _P3
    + rb")?)(?!\s+(?P=name)\s*\()(?=\s+(?:[A-Za-z_]|\[\[|::|~))",
    "attribute_macro",
)
_attribute_tail = _blanking(rb"(?<=[\w>*&)\]])\s+([A-Z_][A-Z0-9_]{3,})(?=\s*[),;{=])", "attribute_macro")
_lone_word = _blanking(rb"^[ \t]*([A-Z_][A-Z0-9_]{3,})[ \t]*$", "attribute_macro", re.MULTILINE)

_arrow_star = _blanking(rb"(->)\*", "rewrite")
_enum_base = _blanking(rb"\benum\s*(:\s*[\w:]+(?:\s+[\w:]+)?)(?=\s*\{)", "declarator")
_unnamed_pointer = _replacing(rb">\s*([*&]+)\s*=", b"_", "declarator")
_OFFSETOF = re.compile(rb"\boffsetof\s*\(" + rb"([^(),]*),\s*([\w.]+)")


def _offsetof(site: Site) -> Iterator[Edit]:
    for match in _OFFSETOF.finditer(site.code, site.low, site.high):
        start, end = match.span(2)
        yield Edit(start, end, match[2].replace(b".", b"_"), "rewrite")


_GAPS: tuple[Rule, ...] = (
    _typename, _instantiation, _extern_template, _dot_template, _default_pointer,
    _default_function, _attributes, _alignas, _brace_default, _pack_reference, _destructor,
    _bit_gap, _bit_first, _decltype_value, _decltype_in_typeid, _decltype_comma, _typeid,
    _operator_call, _member_pointer, macro_rules.string_macros, macro_rules.static_asserts,
    _arrow_star, _enum_base, _unnamed_pointer, _offsetof,
)  # fmt: skip
_ONCE: tuple[tuple[Rule, ...], ...] = (
    _GAPS,
    (macro_rules.template_macros, macro_rules.word_macros),
    (macro_rules.named_bodies,),
    (macro_rules.statement_arguments, macro_rules.control_macros),
    (macro_rules.semicolons,),
    (macro_rules.type_arguments,),
    (_greater_equal,),
    (_greater_equal_at_error,),
    (_lone_word,),
    (_struct_attribute, _attribute_shape),
    (macro_rules.attribute_calls,),
    (_attribute_tail,),
    (macro_rules.body_argument,),
    (_noexcept,),
    (_functional_cast,),
)
_LAST: tuple[tuple[Rule, ...], ...] = (
    (macro_rules.semicolon_at_missing,),
    (macro_rules.broken_calls,),
)
# A repair may uncover what another one can mend: the second round is for that.
ROUNDS: tuple[tuple[tuple[Rule, ...], ...], ...] = (_ONCE, _ONCE, _LAST)
