"""C++ types as far as memory needs them: name, arguments, pointers, array extents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_QUALIFIER = re.compile(
    r"\b(?:const|volatile|__restrict__|__restrict|restrict|typename|struct|class|union|enum"
    r"|constexpr|static|inline|extern|register|mutable|thread_local)\b"
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class CType:
    """A type as written, without cv-qualifiers and namespaces.

    `arguments` are the texts of the template arguments. `scope` is the class that a member
    type such as `Traits<T>::vec_t` is looked up in. `extents` are the texts of the array
    bounds, outermost first, () for a non-array.
    """

    name: str
    arguments: tuple[str, ...] = ()
    pointers: int = 0
    extents: tuple[str, ...] = ()
    scope: CType | None = None

    def __str__(self) -> str:
        scope = f"{self.scope}::" if self.scope else ""
        arguments = f"<{', '.join(self.arguments)}>" if self.arguments else ""
        extents = "".join(f"[{e}]" for e in self.extents)
        return f"{scope}{self.name}{arguments}{'*' * self.pointers}{extents}"

    @property
    def is_indirect(self) -> bool:
        """Whether `*` and `[]` apply: a pointer or an array."""
        return bool(self.pointers or self.extents)

    def dereferenced(self) -> CType | None:
        """What `*` or one `[]` gives; None for a type that is neither pointer nor array."""
        if self.extents:
            return CType(self.name, self.arguments, self.pointers, self.extents[1:], self.scope)
        if self.pointers:
            return CType(self.name, self.arguments, self.pointers - 1, (), self.scope)
        return None

    def pointer(self) -> CType:
        """The type of the address of a value of this type (arrays decay to their element)."""
        return CType(self.name, self.arguments, self.pointers + 1, self.extents[1:], self.scope)

    def decayed(self) -> CType:
        """What an array is used as: a pointer to what it holds. Of several extents none is kept."""
        if not self.extents:
            return self
        return CType(self.name, self.arguments, self.pointers + 1, (), self.scope)

    def base(self) -> CType:
        """The pointee or element type, with every pointer and extent removed."""
        return CType(self.name, self.arguments, 0, (), self.scope) if self.is_indirect else self


def split_top(text: str, separator: str = ",") -> list[str]:
    """Split at separators that stand outside every bracket, `<` and `>` included."""
    parts: list[str] = []
    depth = start = 0
    for i, char in enumerate(text):
        if char in "<([{":
            depth += 1
        elif char in ">)]}":
            depth -= 1
        elif char == separator and depth <= 0:
            parts.append(text[start:i].strip())
            start = i + 1
    last = text[start:].strip()
    if last or parts:
        parts.append(last)
    return parts


@lru_cache(maxsize=65536)
def parse_type(text: str) -> CType | None:
    """Read a type as C++ writes it, e.g. `const ns::Vec<int, 4>* __restrict__`.

    Returns None for `auto`, `decltype(...)`, function types and everything else that names
    no type by itself.
    """
    text = _SPACES.sub(" ", _QUALIFIER.sub(" ", text)).strip()
    pointers = 0
    while text and text[-1] in "*& ":
        pointers += text[-1] == "*"
        text = text[:-1]
    if not text or text.startswith(("auto", "decltype")) or "(" in text.split("<", 1)[0]:
        return None
    scope: CType | None = None
    parts = split_scopes(text)
    for position, part in enumerate(parts):
        name, _, rest = part.partition("<")
        arguments = tuple(split_top(rest.rsplit(">", 1)[0])) if rest else ()
        last = position == len(parts) - 1
        name = name.strip().removeprefix("template ")
        if last:
            return CType(name, arguments, pointers, (), scope)
        scope = CType(name, arguments) if arguments else None
    return None


def split_scopes(text: str) -> list[str]:
    parts: list[str] = []
    depth = start = 0
    for i, char in enumerate(text):
        if char in "<(":
            depth += 1
        elif char in ">)":
            depth -= 1
        elif char == ":" and depth == 0 and text[i + 1 : i + 2] == ":":
            parts.append(text[start:i].strip())
            start = i + 2
    parts.append(text[start:].strip())
    return [p for p in parts if p]


def substitute(text: str, bindings: dict[str, str]) -> str:
    """Replace whole identifiers by their bindings, all at once."""
    if not bindings:
        return text
    return re.sub(r"[A-Za-z_]\w*", lambda m: bindings.get(m.group(), m.group()), text)
