"""Git's wildcards as regular expressions over bytes.

The rules are those of Git's wildmatch with WM_PATHNAME: `*`, `?` and `[...]` never match a
slash, `**` crosses slashes only where slashes or the pattern's ends enclose it. Git works
on bytes, and so does this: `?` matches one byte. Where Git departs from its own manual
(`foo**/bar`), the manual is followed.
"""

from __future__ import annotations

import re

_SLASH = ord("/")
_STAR = ord("*")
_BACKSLASH = ord("\\")
_CLOSE = ord("]")
_DASH = ord("-")

_POSIX = {
    b"alnum": rb"[0-9A-Za-z]",
    b"alpha": rb"[A-Za-z]",
    b"blank": rb"[ \t]",
    b"cntrl": rb"[\x00-\x1f\x7f]",
    b"digit": rb"[0-9]",
    b"graph": rb"[!-~]",
    b"lower": rb"[a-z]",
    b"print": rb"[ -~]",
    b"punct": rb"[!-/:-@\[-`{-~]",
    b"space": rb"[ \t-\r]",
    b"upper": rb"[A-Z]",
    b"xdigit": rb"[0-9A-Fa-f]",
}


class _InvalidGlobError(Exception):
    """The pattern is malformed: for Git, it matches nothing."""


class _Output:
    """The regular expression so far, in pieces.

    A wildcard followed by another one of its kind need only try its shortest match, as the
    later one can take up the rest. Such a piece becomes an atomic group, which keeps a
    hostile pattern (`*a*a*a*a*b`) from backtracking for hours.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._star: int | None = None
        self._deep: int | None = None

    def literal(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def slash(self) -> None:
        self._star = None
        self.pieces.append(b"/")

    def star(self) -> None:
        self._star = self._open(self._star, b"[^/]*?")
        self.pieces.append(b"[^/]*")

    def folders(self) -> None:
        self._star = None
        self._deep = self._open(self._deep, b"(?:.*?/)??")
        self.pieces.append(b"(?:.*/)?")

    def everything(self) -> None:
        self.pieces.append(b".*")

    def _open(self, earlier: int | None, shortest: bytes) -> int:
        if earlier is not None:
            self.pieces[earlier:] = [b"(?>" + shortest, *self.pieces[earlier + 1 :], b")"]
        return len(self.pieces)


def translate(glob: bytes) -> bytes | None:
    """The regular expression for all of a path (DOTALL), or None where nothing can match."""
    out = _Output()
    at = 0
    try:
        while at < len(glob):
            at = _step(glob, at, out)
    except _InvalidGlobError:
        return None
    return b"".join(out.pieces) if glob else None


def _step(glob: bytes, at: int, out: _Output) -> int:
    char = glob[at]
    if char == _STAR:
        return _stars(glob, at, out)
    if char == _SLASH:
        out.slash()
    elif char == ord("?"):
        out.literal(b"[^/]")
    elif char == ord("["):
        return _bracket(glob, at, out)
    elif char == _BACKSLASH:
        if at + 1 == len(glob):
            raise _InvalidGlobError
        out.literal(re.escape(glob[at + 1 : at + 2]))
        return at + 2
    else:
        out.literal(re.escape(glob[at : at + 1]))
    return at + 1


def _stars(glob: bytes, at: int, out: _Output) -> int:
    end = at
    while end < len(glob) and glob[end] == _STAR:
        end += 1
    opened = at == 0 or glob[at - 1] == _SLASH
    if end - at >= 2 and opened and end == len(glob):
        out.everything()
    elif end - at >= 2 and opened and glob[end] == _SLASH:
        out.folders()
        return end + 1
    else:
        out.star()
    return end


def _bracket(glob: bytes, at: int, out: _Output) -> int:
    """`[...]`: read as the set of bytes that it stands for."""
    at += 1
    negated = glob[at : at + 1] in (b"!", b"^")
    if negated:
        at += 1
    members: set[int] = set()
    previous: int | None = None
    first = True
    while first or _byte(glob, at) != _CLOSE:
        first = False
        char = _byte(glob, at)
        if char == _BACKSLASH:
            at += 1
            previous = _byte(glob, at)
            members.add(previous)
        elif char == _DASH and previous is not None and _byte(glob, at + 1) != _CLOSE:
            at += 1
            last = _byte(glob, at)
            if last == _BACKSLASH:
                at += 1
                last = _byte(glob, at)
            members.update(range(previous, last + 1))
            previous = None
        elif glob[at : at + 2] == b"[:":
            close = glob.find(b"]", at + 2)
            name = glob[at + 2 : close - 1]
            if close > at + 2 and glob[close - 1 : close] == b":":
                if name not in _POSIX:
                    raise _InvalidGlobError
                posix = re.compile(_POSIX[name])
                members.update(b for b in range(256) if posix.match(bytes((b,))))
                at = close
                previous = None
            else:
                members.add(char)
                previous = char
        else:
            members.add(char)
            previous = char
        at += 1
    if negated:
        members = set(range(256)) - members
    members.discard(_SLASH)
    if not members:
        raise _InvalidGlobError
    out.literal(b"[" + b"".join(b"\\x%02x" % member for member in sorted(members)) + b"]")
    return at + 1


def _byte(glob: bytes, at: int) -> int:
    if at >= len(glob):
        raise _InvalidGlobError
    return glob[at]
