"""A layout as a drawing: bytes as they lie in CUDA above, as proposed below, with ticks every 32 bytes.

Short fields are to scale; of a long one the two ends are, with a gap between them. Colours come from
CSS variables with a fallback, lines and text from `currentColor`: the page decides on light or dark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from portcheck.plan.layout_model import LayoutTable
from portcheck.report import layout_words as words
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
    title: str
    blocks: tuple[Block, ...]
    end: int


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
    end = max((b.offset + b.bytes for b in blocks), default=0)
    pitch = table.instances[at].pitch_bytes
    whole = end if pitch is None else pitch
    title = f"{words.IN_CUDA.said(language)}: {whole:,}" if blocks else f"{words.IN_CUDA.said(language)}: ?"
    if pitch and table.pitch:
        title += f"; {words.NEXT.fill(language, bytes=pitch, residue=pitch % BLOCK)}"
    return _Strip(title, tuple(_side_by_side(blocks)), whole)


def _side_by_side(blocks: Sequence[Block]) -> Iterator[Block]:
    """Blocks that do not overlap, as they are; variables that each count from themselves, in a row."""
    end = 0
    for block in blocks:
        start = max(block.offset, end)
        yield Block(block.name, start, block.bytes, block.padding)
        end = start + block.bytes


def _svg(title: str, description: str, strips: Sequence[_Strip], language: Language) -> str:
    parts: list[str] = []
    y, width = 0.0, 320.0
    for strip in strips:
        drawn, right, y = _strip(strip, y, language)
        parts += drawn
        width = max(width, right + _LEFT)
    mark = sha256(title.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {y:g}" width="{width:g}" '
        f'height="{y:g}" role="img" aria-labelledby="t{mark} d{mark}" class="layout" fill="currentColor" '
        f'font-family="ui-monospace, monospace" font-size="12">'
        f'<title id="t{mark}">{_text(title)}</title><desc id="d{mark}">{_text(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _strip(strip: _Strip, y: float, language: Language) -> tuple[list[str], float, float]:
    """The strip's elements, how far it reaches to the right, and where the next one begins."""
    parts = [_label(_LEFT, y + 16, strip.title, "layout-title", bold=True)]
    width = len(strip.title) * _LETTER
    top, x = y + _TOP, float(_LEFT)
    for number, block in enumerate(strip.blocks, 1):
        size = _width(block.bytes)
        parts += _block(block, number, x, top, size)
        x += size
    rest = strip.end - max((b.offset + b.bytes for b in strip.blocks), default=strip.end)
    if rest > 0:
        parts.append(_rectangle(x, top, _width(rest), "layout-padding", "none", 'stroke-dasharray="3 3"'))
        x += _width(rest)
    y = top + _HEIGHT + 16
    for number, block in enumerate(strip.blocks, 1):
        y += _LINE
        said = _said(block, number, language)
        width = max(width, len(said) * _LETTER)
        parts.append(_label(_LEFT, y, said, "layout-field"))
    return parts, max(x, _LEFT + width), y + _LINE


def _said(block: Block, number: int, language: Language) -> str:
    name = block.name if len(block.name) <= _NAME else block.name[: _NAME - 1] + "…"
    offset, size = words.OFFSET.said(language), words.BYTES.said(language)
    text = f"{number}  {name}  {offset} {block.offset:,} (% 32 = {block.offset % BLOCK})"
    text += f"  {block.bytes - block.padding:,} {size}"
    return text + (f" + {words.PADDING.fill(language, bytes=block.padding)}" if block.padding else "")


def _width(size: int) -> float:
    return float(size * _SCALE) if size <= 2 * _ENDS else float(2 * _ENDS * _SCALE + _GAP)


def _block(block: Block, number: int, x: float, top: float, width: float) -> Iterator[str]:
    """The rectangle with its number, offset, ticks, and a mark where it starts off a block of 32."""
    fill = "var(--layout-field, rgba(70, 130, 220, .25))"
    yield _rectangle(x, top, width, "layout-block", fill)
    if block.padding:
        hidden = min(block.padding * _SCALE, width)
        shade = "var(--layout-padding, rgba(128, 128, 128, .3))"
        yield _rectangle(x + width - hidden, top, hidden, "layout-padding", shade)
    for tick in _ticks(block, x, width):
        yield f'<path d="M{tick:g} {top + _HEIGHT:g}v6" stroke="currentColor" class="layout-tick"/>'
    if width > 2 * _ENDS * _SCALE:
        middle = x + width / 2
        zigzag = f"M{middle - 6:g} {top - 3:g}l6 10-6 10 6 10-6 10"
        yield f'<path d="{zigzag}" fill="none" stroke="currentColor" class="layout-gap"/>'
    if block.offset % BLOCK:
        red = "var(--layout-off, #c62828)"
        line = f'd="M{x:g} {top - 4:g}v{_HEIGHT + 8}" stroke="{red}" stroke-width="3"'
        yield f'<path {line} class="layout-off"/>'
    if width >= 14:
        yield _label(x + 4, top + 14, str(number), "layout-number")
    if width >= 8 * len(f"{block.offset:,}") + 8:
        yield _label(x + 4, top + 29, f"{block.offset:,}", "layout-offset")


def _ticks(block: Block, x: float, width: float) -> Iterator[float]:
    """Where the multiples of 32 lie in the parts that are to scale."""
    first = -(-block.offset // BLOCK) * BLOCK
    for byte in range(first, block.offset + block.bytes + 1, BLOCK):
        inside = byte - block.offset
        if block.bytes <= 2 * _ENDS or inside <= _ENDS:
            yield x + inside * _SCALE
        elif block.bytes - inside <= _ENDS:
            yield x + width - (block.bytes - inside) * _SCALE


def _rectangle(x: float, top: float, width: float, name: str, fill: str, more: str = "") -> str:
    place = f'x="{x:g}" y="{top:g}" width="{width:g}" height="{_HEIGHT}"'
    return f'<rect {place} fill="{fill}" stroke="currentColor" class="{name}" {more}/>'


def _label(x: float, y: float, text: str, name: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" class="{name}"{weight}>{_text(text)}</text>'


def _text(text: str) -> str:
    """Escaped; characters that control or that turn the direction of text are written out."""
    plain = (c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") else f"\\u{ord(c):04x}" for c in text)
    return escape("".join(plain), quote=True)
