"""Copies of sources with what the rules say above the lines that they say it of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from pathlib import Path

from portcheck.pack import Finding
from portcheck.report import words
from portcheck.report.code_tokens import tokens
from portcheck.report.finding_text import shortened
from portcheck.report.style import safe
from portcheck.source import SourceFile
from portcheck.source.encoding import BOM
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language

_OURS = re.compile(rb"[ \t]*// portcheck\[[A-Z]+\d+\]: ")
_CONTINUED = re.compile(rb"\\[ \t]*\r?\n?\Z")


def annotate(
    findings: Iterable[Finding], sources: Iterable[SourceFile], folder: Path, language: Language
) -> int:
    """Writes a copy of each source below the folder, with `// portcheck[CODE]: message` lines in it.

    Comments stand for findings that do not hold; those of an earlier run are replaced. No other
    byte changes, and no comment stands where it would become part of a string, a comment or a
    macro. Returns how many comments were written. Raises ValueError, before anything is
    written, where a copy would take the place of a source; OSError.
    """
    by_path: dict[str, list[Finding]] = {}
    for one in findings:
        if one.open:
            by_path.setdefault(one.place.path, []).append(one)
    copies = [(source, folder / _relative(source.path)) for source in sources]
    originals = {source.absolute.resolve() for source, _ in copies}
    for _, file in copies:
        if file.resolve() in originals:
            raise ValueError(f"{file} is a source: comments are written to copies only")
    count = 0
    for source, file in copies:
        lines, added = _annotated(source, by_path.get(source.path, []), language)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(lines))
        count += added
    return count


def _relative(path: str) -> Path:
    """The path below a folder, whatever it names."""
    return Path(*(("_" if p == ".." else p) for p in path.split("/") if p not in ("", ".")))


def _annotated(source: SourceFile, found: Iterable[Finding], language: Language) -> tuple[list[bytes], int]:
    lines = [line for line in re.split(rb"(?<=\n)", source.data) if line]
    free = _free_lines(source, lines)
    said = _comments(source, found, free, language)
    made: list[bytes] = []
    for number, line in enumerate(lines, 1):
        mark = BOM if number == 1 and line.startswith(BOM) else b""
        code = line[len(mark) :]
        made.append(mark)
        end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        made += [_indent(code) + text + end for text in said.get(number, ())]
        if not (_OURS.match(code) and free[number - 1] == number):
            made.append(code)
    return made, sum(map(len, said.values()))


def _free_lines(source: SourceFile, lines: list[bytes]) -> list[int]:
    """For each line, the nearest at or above it before which a comment changes nothing."""
    text = source.text(0, len(source.data))
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    inside: set[int] = set()
    for role, start, end in tokens(text):
        if role in ("comment", "string") and "\n" in text[start:end]:
            inside.update(range(bisect_right(starts, start) + 1, bisect_right(starts, end - 1) + 1))
    free: list[int] = []
    for number in range(1, len(lines) + 1):
        joined = number > 1 and (_CONTINUED.search(lines[number - 2]) is not None or number in inside)
        free.append(free[-1] if joined else number)
    return free


def _comments(
    source: SourceFile, found: Iterable[Finding], free: list[int], language: Language
) -> Mapping[int, tuple[bytes, ...]]:
    said: dict[int, dict[bytes, None]] = {}
    for one in sorted(found, key=lambda f: (f.place, f.rule.code)):
        if one.place.line <= len(free):
            said.setdefault(free[one.place.line - 1], {})[_comment(source, one, language)] = None
    return {line: tuple(texts) for line, texts in said.items()}


def _comment(source: SourceFile, finding: Finding, language: Language) -> bytes:
    """In English where the file's encoding has no signs for the language."""
    codec = "utf-8" if source.encoding == "utf-8-sig" else source.encoding
    try:
        return _text(finding, language).encode(codec)
    except UnicodeEncodeError:
        return _text(finding, Language.EN).encode(codec, "replace")


def _text(finding: Finding, language: Language) -> str:
    text = finding.message(language, shortened)
    proof = finding.proof
    if finding.verdict is Verdict.UNKNOWN and finding.why:
        text += "; " + words.NOT_DECIDED.fill(language, why=finding.why)
    elif finding.verdict is Verdict.DEPENDS and proof is not None and proof.condition is not None:
        text += "; " + words.HOLDS_WHERE.fill(language, condition=shortened(str(proof.condition)))
    shown = safe(text).strip()
    if shown.endswith(("\\", "??/")):  # would make the next line part of the comment
        shown += "."
    return f"// portcheck[{finding.rule.code}]: {shown}"


def _indent(code: bytes) -> bytes:
    found = re.match(rb"[ \t]*", code)
    return found[0] if found is not None else b""
