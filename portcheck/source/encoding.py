"""How a file's bytes are read as text, without moving a single byte.

The names that are used: `utf-8` (ASCII included), `utf-8-sig`, `gb18030` (GBK and GB 2312
are parts of it) and `latin-1`, which takes whatever is left.
"""

from __future__ import annotations

import codecs
import re

BOM = codecs.BOM_UTF8

_WIDE_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"

# As much of a file as the test for binaries reads, in bytes (the amount that Git reads).
_HEAD = 8192
_CONTROL = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a\x1b")

# One character of more than one byte. A trail byte may be ASCII: 0x5C is a backslash.
_GB_CHARACTER = re.compile(rb"[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[\x30-\x39][\x81-\xfe][\x30-\x39])")
# Punctuation, full-width forms and the 3,755 characters of GB 2312's first level, which
# make up nearly all Chinese text in simplified characters and over half of it in others.
_GB_COMMON = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
_GB_COMMON_SHARE = 0.4

_NEUTRAL = bytes(b if b < 0x80 else ord("x") for b in range(256))


def unreadable(data: bytes) -> str | None:
    """Why `data` is not text that can be analysed, or None where it is."""
    for bom, name in _WIDE_BOMS:
        if data.startswith(bom):
            return f"{name}: not supported, convert to UTF-8"
    head = data[:_HEAD]
    if 0 in head:
        return "binary"
    controls = len(head) - len(head.translate(None, _CONTROL))
    if controls > 4 and controls * 20 > len(head):
        return "binary"
    if data.startswith(_LFS_POINTER):
        return "Git LFS pointer: the content is not checked out"
    return None


def detect(data: bytes) -> str:
    """The encoding of `data`, found without decoding where all of it is ASCII."""
    if data.isascii():
        return "utf-8"
    if _decodes(data, "utf-8"):
        return "utf-8-sig" if data.startswith(BOM) else "utf-8"
    if _decodes(data, "gb18030") and _looks_chinese(data):
        return "gb18030"
    return "latin-1"


def neutral(data: bytes, encoding: str) -> bytes:
    """`data` for a parser that expects UTF-8, every byte at its own offset.

    Characters of other encodings become as many letters `x`, so that no trail byte passes
    for a backslash or a bracket; a byte order mark becomes spaces.
    """
    if encoding == "utf-8-sig":
        return b"   " + data[len(BOM) :]
    if encoding == "gb18030":
        return _GB_CHARACTER.sub(lambda match: b"x" * len(match[0]), data)
    if encoding == "latin-1":
        return data.translate(_NEUTRAL)
    return data


def characters(data: bytes, encoding: str) -> tuple[int, bool]:
    """The number of whole characters in `data`, and whether part of another one follows.

    `data` begins at a character; it holds no byte order mark.
    """
    if encoding == "latin-1" or data.isascii():
        return len(data), False
    if encoding == "gb18030":
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        text = decoder.decode(data)
        return len(text), bool(decoder.getstate()[0])
    text, used = codecs.utf_8_decode(data, "replace", False)
    return len(text), used < len(data)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(data: bytes) -> bool:
    """Tell Chinese from Latin-1 (and from damaged UTF-8) that happens to decode."""
    found = _GB_CHARACTER.findall(data)
    common = sum(1 for character in found if _GB_COMMON.fullmatch(character))
    return common >= _GB_COMMON_SHARE * len(found)
