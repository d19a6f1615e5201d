"""A layout as a drawing: bytes as they lie in CUDA above, as proposed below, with ticks every 32 bytes.

Short fields are to scale; of a long one the two ends are, with a gap between them. The drawing holds
classes and no styles: the page that it stands in decides on colours, so that a content security policy
need not allow styles at elements.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from portcheck.plan.layout_model import LayoutKind, LayoutTable
from portcheck.report import layout_words as words
from portcheck.report.style import columns
from portcheck.targets.text import Language

BLOCK = 32
_SCALE = 2  # pixels a byte
_ENDS = 64  # bytes drawn to scale at each end of a long field
_GAP = 40  # pixels for what is left out
_LEFT, _TOP, _HEIGHT, _LINE = 12, 26, 34, 18
_LETTER = 7.5  # pixels of a character, roughly
_NAME = 60


@dataclass(frozen=True, slots=True)
class Block:
    """A field to draw: `padding` are the bytes at its end that nothing uses."""

    name: str
    offset: int
    bytes: int
    padding: int = 0


@dataclass(frozen=True, slots=True)
class _Strip:
    """One row of fields. `is_placed` is False for variables that each count from their own start."""

    title: str
    blocks: tuple[Block, ...]
    end: int
    is_placed: bool = True


def draw(table: LayoutTable, at: int, target: str, language: Language = Language.EN) -> str:
    """The SVG of one instance, by its position; a drawing with text alone where numbers are missing."""
    strips = [_as_is(table, at, language)]
    proposal = table.proposals[at]
    if proposal is not None:
        blocks = tuple(Block(s.name, s.offset, s.bytes, s.padding) for s in proposal.slots)
        cost = words.COST.fill(language, bytes=proposal.cost_bytes)
        said = cost if proposal.cost_bytes else words.NO_COST.said(language)
        title = f"{words.PROPOSED.fill(language, target=target)}: {proposal.pitch_bytes:,} ({said})"
        strips.append(_Strip(title, blocks, proposal.pitch_bytes))
    name = f"{words.KINDS[table.kind].said(language)} {table.name}"
    label = table.instances[at].label
    return _svg(
        f"{name} {label}".strip(), words.DRAWN.fill(language, name=name, target=target), strips, language
    )


def _as_is(table: LayoutTable, at: int, language: Language) -> _Strip:
    blocks = [
        Block(row.name, row.offsets[at] or 0, row.sizes[at] or 0)
        for row in table.rows
        if row.offsets[at] is not None and row.sizes[at]
    ]
    is_placed = table.kind is not LayoutKind.MEMORY
    blocks = list(blocks if is_placed else _side_by_side(blocks))
    end = max((b.offset + b.bytes for b in blocks), default=0)
    pitch = table.instances[at].pitch_bytes
    whole = end if pitch is None else pitch
    title = f"{words.IN_CUDA.said(language)}: {whole:,}" if blocks else f"{words.IN_CUDA.said(language)}: ?"
    if pitch and table.pitch:
        title += f"; {words.NEXT.fill(language, bytes=pitch, residue=pitch % BLOCK)}"
    return _Strip(title, tuple(blocks), whole, is_placed)


def _side_by_side(blocks: Sequence[Block]) -> Iterator[Block]:
    """Variables in a row that each count from themselves."""
    end = 0
    for block in blocks:
        yield Block(block.name, end, block.bytes, block.padding)
        end += block.bytes


def _svg(title: str, description: str, strips: Sequence[_Strip], language: Language) -> str:
    parts: list[str] = []
    y, width = 0.0, 320.0
    for strip in strips:
        drawn, right, y = _strip(strip, y, language)
        parts += drawn
        width = max(width, right + _LEFT)
    mark = sha256(f"{language}{title}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {y:g}" width="{width:g}" '
        f'height="{y:g}" role="img" aria-labelledby="t{mark} d{mark}" class="layout">'
        f'<title id="t{mark}">{_text(title)}</title><desc id="d{mark}">{_text(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _strip(strip: _Strip, y: float, language: Language) -> tuple[list[str], float, float]:
    """The strip's elements, how far it reaches to the right, and where the next one begins."""
    parts = [_label(_LEFT, y + 16, strip.title, "layout-title")]
    width = columns(strip.title) * _LETTER
    top, x, end = y + _TOP, float(_LEFT), 0
    for number, block in enumerate(strip.blocks, 1):
        if block.offset > end:
            parts.append(_unused(x, top, block.offset - end))
            x += _width(block.offset - end)
        size = _width(block.bytes)
        parts += _block(block, number, x, top, size, strip.is_placed)
        x, end = x + size, max(end, block.offset + block.bytes)
    if strip.end > end and strip.blocks:
        parts.append(_unused(x, top, strip.end - end))
        x += _width(strip.end - end)
    y = top + _HEIGHT + 16
    for number, block in enumerate(strip.blocks, 1):
        y += _LINE
        said = _said(block, number, strip.is_placed, language)
        width = max(width, columns(said) * _LETTER)
        parts.append(_label(_LEFT, y, said, "layout-field"))
    return parts, max(x, _LEFT + width), y + _LINE


def _said(block: Block, number: int, is_placed: bool, language: Language) -> str:
    name = block.name if len(block.name) <= _NAME else block.name[: _NAME - 1] + "…"
    text = f"{number}  {name}"
    if is_placed:
        residue = f"(% {BLOCK} = {block.offset % BLOCK})"
        text += f"  {words.OFFSET.said(language)} {block.offset:,} {residue}"
    text += f"  {block.bytes - block.padding:,} {words.BYTES.said(language)}"
    return text + (f" + {words.PADDING.fill(language, bytes=block.padding)}" if block.padding else "")


def _width(size: int) -> float:
    return float(size * _SCALE) if size <= 2 * _ENDS else float(2 * _ENDS * _SCALE + _GAP)


def _block(block: Block, number: int, x: float, top: float, width: float, is_placed: bool) -> Iterator[str]:
    """The rectangle with its number, offset, ticks, and a mark where it starts off a block of 32."""
    yield _rectangle(x, top, width, "layout-block")
    if block.padding:
        hidden = min(block.padding * _SCALE, width)
        yield _rectangle(x + width - hidden, top, hidden, "layout-padding")
    for tick in _ticks(block, x, width) if is_placed else ():
        yield f'<path d="M{tick:g} {top + _HEIGHT:g}v6" class="layout-tick"/>'
    if width > 2 * _ENDS * _SCALE:
        middle = x + width / 2
        zigzag = f"M{middle - 6:g} {top - 3:g}l6 10-6 10 6 10-6 10"
        yield f'<path d="{zigzag}" class="layout-gap"/>'
    if is_placed and block.offset % BLOCK:
        yield f'<path d="M{x:g} {top - 4:g}v{_HEIGHT + 8}" class="layout-off"/>'
    if width >= 14:
        yield _label(x + 4, top + 14, str(number), "layout-number")
    if is_placed and width >= 8 * len(f"{block.offset:,}") + 8:
        yield _label(x + 4, top + 29, f"{block.offset:,}", "layout-offset")


def _ticks(block: Block, x: float, width: float) -> Iterator[float]:
    """Where the multiples of 32 lie in the parts that are to scale."""
    end = block.offset + block.bytes
    spans = [(block.offset, end, x - block.offset * _SCALE)]
    if block.bytes > 2 * _ENDS:
        last = x + width - end * _SCALE
        spans = [(block.offset, block.offset + _ENDS, spans[0][2]), (end - _ENDS, end, last)]
    for low, high, shift in spans:
        for byte in range(-(-low // BLOCK) * BLOCK, high + 1, BLOCK):
            yield shift + byte * _SCALE


def _unused(x: float, top: float, size: int) -> str:
    """Bytes that no field has."""
    return _rectangle(x, top, _width(size), "layout-unused")


def _rectangle(x: float, top: float, width: float, name: str) -> str:
    return f'<rect x="{x:g}" y="{top:g}" width="{width:g}" height="{_HEIGHT}" class="{name}"/>'


def _label(x: float, y: float, text: str, name: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{name}">{_text(text)}</text>'


def _text(text: str) -> str:
    """Escaped; characters that control or that turn the direction of text are written out."""
    plain = (c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") else f"\\u{ord(c):04x}" for c in text)
    return escape("".join(plain), quote=True)
