"""The options that say more than the code does: values, assumptions, and what findings are compared with."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping

_SET = re.compile(r"([A-Za-z_]\w*)=(.+)", re.DOTALL)


def add_assumed(parser: argparse.ArgumentParser) -> None:
    """`--set` and `--assume`: what the proofs are told beyond the code."""
    parser.add_argument(
        "--set",
        metavar="NAME=N[,N]",
        action="append",
        default=[],
        type=_symbol,
        help="an integer argument of this name takes these values; may be repeated",
    )
    parser.add_argument(
        "--assume",
        metavar="ID=VALUE",
        action="append",
        default=[],
        type=_assumption,
        help="switch an assumption on or off, or set its bytes; may be repeated",
    )


def add_known(parser: argparse.ArgumentParser) -> None:
    """The files of findings that count no more."""
    parser.add_argument("--baseline", metavar="FILE", help="only what this file of known findings lacks")
    parser.add_argument(
        "--decisions",
        metavar="FILE",
        help="decisions about findings; default: portcheck-plan.toml at the root of the scan",
    )


def add_comparisons(parser: argparse.ArgumentParser) -> None:
    """What is read around files, and which findings count no more."""
    parser.add_argument(
        "--tree",
        metavar="PATH",
        action="append",
        default=[],
        help="read these files around PATH, and report PATH only; may be repeated; "
        "default for a file: what the configuration includes, else its Git repository",
    )
    parser.add_argument(
        "--diff", metavar="REV", help="only what is not yet found in this revision of the Git repository"
    )
    parser.add_argument(
        "--write-baseline", metavar="FILE", help="write the findings to FILE: from now on they are known"
    )
    parser.add_argument(
        "--prune-baseline", action="store_true", help="take out of the baseline what is found no more"
    )
    add_known(parser)


def _symbol(text: str) -> tuple[str, tuple[int, ...]]:
    match = _SET.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=N or NAME=N,N")
    try:
        values = tuple(int(part, 0) for part in match.group(2).split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}': values must be integers") from None
    return match.group(1), tuple(dict.fromkeys(values))


def _assumption(text: str) -> tuple[str, int | bool]:
    from portcheck.targets.assumptions import AssumptionError, check_change

    name, equals, said = text.partition("=")
    words: Mapping[str, int | bool] = {"true": True, "on": True, "false": False, "off": False}
    value = words.get(said.lower(), int(said) if said.isdecimal() else None)
    if not equals or value is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not ID=true, ID=false or ID=BYTES")
    try:
        check_change(name, value)
    except AssumptionError as error:
        raise argparse.ArgumentTypeError(f"{name}: {error}") from None
    return name, value
