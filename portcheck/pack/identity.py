"""The identity of a finding, which stays the same when code around it changes.

The recipe, version 1. The SHA-256, first 16 hexadecimal digits, of these parts, each followed by a
NUL, as UTF-8:

1. the word `finding-1`;
2. the rule's code;
3. the file's path below the root of the scan, as the report shows it;
4. the enclosing function's qualified name, "" outside of functions;
5. the statement at the finding's place, without comments and white space (a space stays only where two
   tokens would become one), each parameter and local name of the function as `$1`, `$2`, … in the order
   in which they appear in it: the innermost simple statement or declaration around the place, or, where
   there is none or it spans a body in braces, the text of the place itself;
6. the finding's number, from 1, among those of the same file for which 2, 4 and 5 are the same, in the
   order of their places.

So an identity survives lines that move, indentation, comments, a body that is reformatted, a parameter or
local variable that is renamed, and changes in other statements. It changes with the statement itself, with
the function's or the file's name, and for equal statements of one function where one before it is added or
removed. The target does not enter it: a decision holds for what is said, on whichever target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from portcheck.pack.code_print import tokens_of
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.pack.findings import Finding
    from portcheck.scan import Parsed

VERSION = "finding-1"
_SIMPLE = frozenset(
    (
        "expression_statement", "declaration", "field_declaration", "return_statement",
        "parameter_declaration", "static_assert_declaration", "alias_declaration", "type_definition",
        "throw_statement",
    )
)  # fmt: skip
_BODIES = frozenset(("compound_statement", "field_declaration_list", "lambda_expression"))


class Statements:
    """The statement that a place stands in, of the files of one scan."""

    def __init__(self, parsed: Iterable[Parsed]) -> None:
        self._parsed = {p.source.path: p for p in parsed}

    def __call__(self, place: Place) -> bytes:
        """The statement without comments and white space; b"" for a file that was not read."""
        parsed = self._parsed.get(place.path)
        if parsed is None:
            return b""
        start, end = place.start_byte, place.end_byte
        around = _statement(parsed.syntax.tree.root_node, start, end)
        if around is not None:
            start, end = around.start_byte, around.end_byte
        return tokens_of(parsed.source.data[start:end], _locals(parsed, place))


def identities(findings: Sequence[Finding], statement: Callable[[Place], bytes]) -> tuple[str, ...]:
    """The identity of each finding, in the order given; `statement` is a `Statements`."""
    texts = [statement(one.place) for one in findings]
    order = sorted(
        range(len(findings)),
        key=lambda at: (findings[at].place, findings[at].rule.code, findings[at].message()),
    )
    counts: dict[tuple[str, str, str, bytes], int] = {}
    found: dict[int, str] = {}
    for at in order:
        one = findings[at]
        key = one.rule.code, one.place.path, one.function, texts[at]
        counts[key] = counts.get(key, 0) + 1
        found[at] = identity(*key, counts[key])
    return tuple(found[at] for at in range(len(findings)))


def identity(code: str, path: str, function: str, statement: bytes, ordinal: int) -> str:
    """The recipe itself; `statement` is already without comments and white space."""
    words = (VERSION, code, path, function)
    parts = [word.encode("utf-8", "surrogatepass") for word in words]
    parts += [statement, str(ordinal).encode()]
    return sha256(b"".join(part + b"\0" for part in parts)).hexdigest()[:16]


def _locals(parsed: Parsed, place: Place) -> frozenset[bytes]:
    """The parameters and local names of the functions around a place."""
    return frozenset(
        name.encode("utf-8", "surrogatepass")
        for function in parsed.unit.functions
        if function.name and function.start_byte <= place.start_byte < function.end_byte
        for name in function.bindings
    )


def _statement(root: Node, start: int, end: int) -> Node | None:
    """The innermost simple statement around a span, if it has no body in braces."""
    node = root.descendant_for_byte_range(start, max(start, end - 1))
    while node is not None:
        if node.type in _BODIES:
            return None
        if node.type in _SIMPLE and node.start_byte <= start and end <= node.end_byte:
            return None if _has_body(node) else node
        node = node.parent
    return None


def _has_body(node: Node) -> bool:
    pending = list(node.named_children)
    while pending:
        one = pending.pop()
        if one.type in _BODIES:
            return True
        pending += one.named_children
    return False
