"""Trees for the text that the main tree leaves out: branches that are off, macro bodies.

Each is parsed at its own offsets, over a buffer shared by the whole file: tree-sitter is
told which ranges to read, so the cost follows the size of the fragment, not of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tree_sitter import Parser, Tree

from portcheck.syntax.conditions import OffBranch
from portcheck.syntax.directives import MacroDefinition
from portcheck.syntax.tree import Lines, broken, language


@dataclass(frozen=True, slots=True)
class Fragment:
    """A parse of text outside the main tree. Offsets are the user's, in bytes.

    `view` is what was parsed, shared by the fragments of a file; only start..end of it
    belongs to this one. `condition` is the `#if` text of a branch that is off. `has_error`: there
    are ERROR nodes; a `;` that misses at the end of a macro body is none.
    """

    kind: str  # "inactive" | "macro"
    tree: Tree
    view: bytes = field(repr=False)
    start_byte: int
    end_byte: int
    condition: str
    macro: MacroDefinition | None
    has_error: bool


_WORTH_PARSING = re.compile(rb"[(;*]")


def off_condition(branch: OffBranch) -> str:
    """The condition of a branch that is off, innermost first."""
    texts: list[str] = []
    here: OffBranch | None = branch
    while here is not None and len(texts) < 8:
        texts.append(here.condition)
        here = here.parent
    return ", inside ".join(texts)


def inactive_fragments(text: bytes, branches: Iterable[OffBranch], lines: Lines) -> list[Fragment]:
    """One fragment per branch that is off; branches nested in it are their own fragments."""
    found: list[Fragment] = []
    reader = Parser(language())
    for branch in branches:
        spans: list[tuple[int, int]] = []
        at = branch.start
        for child in branch.children:
            spans.append((at, child.start))
            at = child.end
        spans.append((at, branch.end))
        spans = [span for span in spans if text[span[0] : span[1]].strip()]
        if not spans:
            continue
        reader.included_ranges = [lines.range(*span) for span in spans]
        tree = reader.parse(text)
        found.append(
            Fragment(
                "inactive",
                tree,
                text,
                branch.start,
                branch.end,
                off_condition(branch),
                None,
                bool(broken(tree)[0]),
            )
        )
    return found


def macro_fragments(text: bytes, macros: Iterable[MacroDefinition], lines: Lines) -> list[Fragment]:
    """One fragment per macro body that can hold anything of interest."""
    found: list[Fragment] = []
    reader = Parser(language())
    for macro in macros:
        start, end = macro.body_start, macro.body_end
        if end - start < 4 or not _WORTH_PARSING.search(text, start, end):
            continue
        reader.included_ranges = [lines.range(start, end)]
        tree = reader.parse(text)
        found.append(Fragment("macro", tree, text, start, end, "", macro, bool(broken(tree)[0])))
    return found
