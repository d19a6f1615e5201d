"""What options take: each function turns the text of the command line into a value, or refuses it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from portcheck.cli.errors import unknown


class OneOf:
    """One of these words; `known` is what a shell completes."""

    def __init__(self, what: str, known: Sequence[str]) -> None:
        self.what, self.known = what, tuple(known)

    def __call__(self, text: str) -> str:
        if text not in self.known:
            raise argparse.ArgumentTypeError(unknown(self.what, text, self.known))
        return text


def kind(text: str) -> str:
    from portcheck.facts.base import FactKind

    return OneOf("kind", [one.value for one in FactKind])(text)


def integer(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not an integer") from None


def positive(text: str) -> int:
    number = integer(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not positive")
    return number


def percent(text: str) -> float:
    try:
        share = float(text.removesuffix("%"))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 100")
    return share


def define(text: str) -> str:
    name = text.partition("=")[0]
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME or NAME=VALUE")
    return text
