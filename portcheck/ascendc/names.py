"""Names for generated code: valid in C++ and Python, safe as paths, each given once.

Identifiers of CUDA code may be templates, operators, words of another language or keywords; what
comes out is lower-case-safe ASCII that neither language reserves. Names that differ only in case
count as one, because some file systems do not tell them apart.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

_CPP_WORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t
    class compl concept const consteval constexpr constinit const_cast continue co_await co_return co_yield
    decltype default delete do double dynamic_cast else enum explicit export extern false float for friend
    goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
    protected public register reinterpret_cast requires return short signed sizeof static static_assert
    static_cast struct switch template this thread_local throw true try typedef typeid typename union
    unsigned using virtual void volatile wchar_t while xor xor_eq half main std"""
_CPP = frozenset(_CPP_WORDS.split())
# Names of the generated files themselves, of what Ascend C defines at file scope, and of functions of
# the C library, which cannot be defined again with C linkage.
_TAKEN_WORDS = """
    ascendc portcheck platform tiling blocks pipe maketiling reference buffers scalars test conftest
    copy add sub mul div max min abs exp ln sqrt cast select gather duplicate compare transpose sort relu
    printf exit abort malloc free memcpy memset qsort rand read write open close send recv bind accept
    time clock remove rename signal index log pow floor ceil round trunc sin cos tan"""
_TAKEN = frozenset(_TAKEN_WORDS.split())
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10)))
)
_OPERATORS: Mapping[str, str] = {
    "()": "call", "[]": "at", "<<": "shift_left", ">>": "shift_right", "==": "equal", "!=": "unequal",
    "<=": "at_most", ">=": "at_least", "<": "less", ">": "greater", "+": "plus", "-": "minus",
    "*": "times", "/": "over", "%": "modulo", "&": "and_bits", "|": "or_bits", "^": "xor_bits",
    "~": "not_bits", "!": "not_it", "=": "assign", ",": "comma",
}  # fmt: skip
_MAX = 60  # characters: paths of a few levels stay far below the limits of file systems


def identifier(text: str) -> str:
    """A valid identifier that reads like the text; equal texts give equal identifiers."""
    if "operator" in text:
        for sign, word in _OPERATORS.items():
            text = text.replace(f"operator{sign}", f"operator_{word}")
    text = text.split("<", 1)[0] if not text.startswith("<") else text
    words = _words(text)
    return f"{words}_kernel" if is_reserved(words) else words


def argument(text: str) -> str:
    """A valid identifier for a parameter or variable: names of functions at file scope are free."""
    words = _words(text)
    is_word = words in _CPP or keyword.iskeyword(words) or keyword.issoftkeyword(words)
    return f"{words}_argument" if is_word else words


def _words(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    spelled = "".join(map(_spelled, plain))
    words = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", spelled)).strip("_")[:_MAX].rstrip("_")
    if not words or words[0].isdigit():
        words = f"k_{words}".rstrip("_")
    return words


def _spelled(char: str) -> str:
    if char.isascii():
        return char
    return "" if unicodedata.combining(char) else f"_u{ord(char):x}_"


def is_reserved(name: str) -> bool:
    """Whether C++, Python, a file system or generated code keeps the name for itself."""
    folded = name.casefold()
    return (
        name in _CPP or folded in _TAKEN or folded in _DEVICES or keyword.iskeyword(name)
        or keyword.issoftkeyword(name)
    )  # fmt: skip


@dataclass(eq=False)
class Names:
    """Gives each name once, whatever its case. `taken` are names that are gone from the start.

    `spell` makes an identifier of a text: `identifier` for functions and files, `argument` for variables.
    """

    taken: set[str] = field(default_factory=set)
    spell: Callable[[str], str] = identifier

    def give(self, *candidates: str) -> str:
        """The first candidate that is free as an identifier, else the last with a number."""
        listed = [self.spell(c) for c in candidates]
        for name in listed:
            if name.casefold() not in self.taken:
                self.taken.add(name.casefold())
                return name
        number = 2
        while f"{listed[-1]}_{number}".casefold() in self.taken:
            number += 1
        name = f"{listed[-1]}_{number}"
        self.taken.add(name.casefold())
        return name


def kernel_names(keys: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A name for each kernel of a tree, by its key; `keys` are (key, qualified name).

    A kernel keeps its own name where no other has it; else namespaces are added. The names depend
    on the set of kernels only, not on the order in which they are listed.
    """
    listed = sorted(keys)
    plain: dict[str, int] = {}
    for _, qualified in listed:
        short = identifier(_last(qualified)).casefold()
        plain[short] = plain.get(short, 0) + 1
    names = Names({short for short, count in plain.items() if count > 1})
    found: dict[str, str] = {}
    alone = [k for k in listed if plain[identifier(_last(k[1])).casefold()] == 1]
    for key, qualified in (*alone, *(k for k in listed if k not in alone)):
        found[key] = names.give(_last(qualified), _without_arguments(qualified))
    return found


def _last(qualified: str) -> str:
    return _without_arguments(qualified).rsplit("::", 1)[-1]


def _without_arguments(text: str) -> str:
    """The text without template arguments, so that `a<b::c>` ends in `a`."""
    if "operator" in text:
        return text
    depth, kept = 0, []
    for char in text:
        depth += char == "<"
        if not depth:
            kept.append(char)
        depth -= char == ">" and depth > 0
    return "".join(kept)
