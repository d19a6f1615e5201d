"""The command line's grammar. Only the parser of the command that was given is built."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import NoReturn

from portcheck.cli.errors import UsageError, unknown
from portcheck.cli.formats import ALIASES, DEFAULT, FORMATS
from portcheck.cli.option_values import OneOf, define, integer, kind, percent, positive
from portcheck.cli.setting_arguments import add_assumed, add_comparisons, add_known

COMMANDS = {
    "scan": "analyse files and folders, and report what they do",
    "check": "evaluate the rules: what the port breaks, and on which target",
    "plan": "write a migration plan for one target into a folder",
    "ported": "say whether CUDA code changed after its port was recorded",
    "skeleton": "write an Ascend C project for each kernel, complete or with marked gaps",
    "verify": "compile such projects against a model of the device, and run them here",
    "show": "print the model itself: facts, kernels, calls, transfers or memory",
    "prove": "say whether an expression at a line is divisible, and show the working",
    "rules": "list the rules, or run their examples",
    "explain": "print the page of a rule, a topic or a CUDA API",
    "targets": "print what is known of the targets, with sources",
    "config": "print every setting in force, and where it comes from",
    "cache": "say what is kept of earlier runs and where, or remove it",
    "schema": "print the JSON schema of a format, or of the configuration",
    "completion": "print a script that completes commands and options in a shell",
}
SCAN_FORMATS = ("text", "json", "jsonl", "sarif")
SHOW_FORMATS = ("text", "json", "jsonl")
SHOW_SECTIONS = ("facts", "kernels", "calls", "transfers", "memory")
PROVE_FORMATS = ("text", "json")
FAIL_ON = ("breaks", "redesign", "slow", "note", "never")
SCHEMAS = ("scan", "proof", "plan", "config")
CACHE_ACTIONS = ("dir", "clear")
LANGUAGES = ("en", "zh")
SHELLS = ("bash", "zsh", "fish")


class _Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse would print and exit; lists the kinds only in help."""

    list_kinds = False

    def error(self, message: str) -> NoReturn:
        raise UsageError(_plain(message), f"try '{self.prog} --help'")

    def format_help(self) -> str:
        text = super().format_help()
        if not self.list_kinds:
            return text
        from textwrap import fill

        from portcheck.cli.help_text import EXIT_CODES
        from portcheck.facts.base import FactKind

        kinds = fill(", ".join(FactKind), width=70, initial_indent="  ", subsequent_indent="  ")
        return f"{text.rstrip()}\n{kinds}\n\n{EXIT_CODES}\n"


def parse(arguments: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """The command's name, "" where `--help` was all, and its options."""
    if not arguments:
        raise UsageError(f"no command; choose from {', '.join(COMMANDS)}", "try 'portcheck --help'")
    first, rest = arguments[0], arguments[1:]
    if first in ("-h", "--help"):
        print(_top_help())
        return "", argparse.Namespace()
    if first.startswith("-"):
        raise UsageError(f"'{first}' comes before the command", "usage: portcheck COMMAND [options]")
    if first not in COMMANDS:
        raise UsageError(unknown("command", first, COMMANDS), "try 'portcheck --help'")
    parser = _PARSERS[first]()
    if any(argument in ("-h", "--help") for argument in rest):
        print(parser.format_help(), end="")
        return "", argparse.Namespace()
    options, extra = parser.parse_known_intermixed_args(rest)
    hint = f"try '{parser.prog} --help'"
    if extra and not extra[0].startswith("-"):
        raise UsageError(f"unexpected argument '{extra[0]}'", hint)
    if extra:
        names = [name for name in parser._option_string_actions if name.startswith("--")]
        raise UsageError(unknown("option", extra[0].split("=")[0], names), hint)
    return first, options


def parser_of(command: str) -> argparse.ArgumentParser:
    """The grammar of one command."""
    return _PARSERS[command]()


def _top_help() -> str:
    from portcheck.cli.help_text import TOP

    commands = "\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items())
    return (
        "usage: portcheck COMMAND [options]\n\n"
        "Reads CUDA C++ and says what it takes to run it on Huawei Ascend.\n"
        f"Needs no CUDA, no compiler and no compile database.\n\ncommands:\n{commands}\n\n{TOP}"
    )


def _scan_parser() -> _Parser:
    parser = _parser("scan", "PATH... [options]")
    _add_paths(parser)
    _add_format(parser, SCAN_FORMATS)
    parser.add_argument(
        "--summary", action="store_true", help="with --format text: only the summary, no line by line"
    )
    _add_analysis_options(parser)
    return parser


def _show_parser() -> _Parser:
    parser = _parser("show", "facts|kernels|calls|transfers|memory PATH... [options]")
    parser.add_argument(
        "section",
        metavar="|".join(SHOW_SECTIONS),
        type=OneOf("section", SHOW_SECTIONS),
        help="what to show",
    )
    _add_paths(parser)
    _add_format(parser, SHOW_FORMATS)
    _add_analysis_options(parser)
    add_assumed(parser)
    return parser


def _check_parser() -> _Parser:
    parser = _parser("check", "PATH... [options]")
    parser.list_kinds = False
    _add_paths(parser)
    parser.add_argument(
        "--target",
        metavar="NAME",
        action="append",
        default=[],
        help="judge for this target; may be repeated; default: all",
    )
    add_comparisons(parser)
    _add_rule_choice(parser)
    _add_fail_on(parser)
    _add_coverage_floor(parser)
    _add_reports(parser)
    _add_language(parser)
    parser.add_argument(
        "--summary",
        action="store_true",
        help="counts and tables only, no finding by itself: of full, concise and markdown",
    )
    _add_define(parser)
    add_assumed(parser)
    _add_no_cache(parser)
    _add_quiet(parser)
    return parser


def _plan_parser() -> _Parser:
    parser = _parser("plan", "PATH... --target NAME -o DIR [options]")
    parser.list_kinds = False
    _add_paths(parser)
    _add_port(parser)
    parser.add_argument(
        "--given",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="what callers pass, for the limits of operators: hidden=7168; may be repeated",
    )
    parser.add_argument(
        "--annotate", metavar="DIR", help="write copies of the sources there, with findings as comments"
    )
    _add_rules_folder(parser)
    _add_language(parser)
    _add_define(parser)
    add_assumed(parser)
    _add_quiet(parser)
    return parser


def _ported_parser() -> _Parser:
    parser = _parser("ported", "[PATH...] [options]")
    parser.list_kinds = False
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a file or folder; default: this folder")
    parser.add_argument(
        "--decisions", metavar="FILE", help="the file of decisions; default: the nearest portcheck-plan.toml"
    )
    parser.add_argument(
        "--tree",
        metavar="PATH",
        action="append",
        default=[],
        help="where the CUDA code is; may be repeated; default: as configured, or the folder of that file",
    )
    parser.add_argument(
        "--record", action="store_true", help="write down today's code of what has no fingerprint yet"
    )
    _add_exclude(parser)
    _add_define(parser)
    _add_no_cache(parser)
    _add_colour(parser)
    _add_language(parser)
    parser.set_defaults(files_from=None)
    return parser


def _config_parser() -> _Parser:
    parser = _parser("config", "[PATH] [options]")
    parser.list_kinds = False
    parser.add_argument(
        "path", metavar="PATH", nargs="?", help="where the search for the file begins; default: here"
    )
    parser.add_argument("--target", metavar="NAME", action="append", default=[], help="as of check")
    _add_rule_choice(parser)
    _add_fail_on(parser)
    _add_coverage_floor(parser)
    add_known(parser)
    _add_exclude(parser)
    _add_define(parser)
    add_assumed(parser)
    _add_no_cache(parser)
    _add_language(parser)
    return parser


def _skeleton_parser() -> _Parser:
    parser = _parser("skeleton", "PATH... --target NAME -o DIR [options]")
    parser.list_kinds = False
    _add_paths(parser)
    _add_port(parser)
    parser.add_argument(
        "--kernel",
        metavar="NAME",
        action="append",
        default=[],
        help="only this kernel, by its own or qualified name, * allowed; may be repeated",
    )
    parser.add_argument("--diff", action="store_true", help="show what would change and write nothing")
    _add_rules_folder(parser)
    _add_language(parser)
    _add_define(parser)
    _add_quiet(parser)
    return parser


def _verify_parser() -> _Parser:
    parser = _parser("verify", "DIR [options]")
    parser.list_kinds = False
    parser.add_argument("folder", metavar="DIR", help="a project, or a folder of projects")
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=positive,
        default=3,
        help="how many orders of cores and inputs; default: 3",
    )
    _add_language(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="only projects with something wrong")
    return parser


def _rules_parser() -> _Parser:
    parser = _parser("rules", "[options]")
    parser.list_kinds = False
    parser.add_argument(
        "--test", action="store_true", help="run the examples that rules carry; with --rules only theirs"
    )
    _add_rule_choice(parser)
    _add_language(parser)
    return parser


def _explain_parser() -> _Parser:
    parser = _parser("explain", "NAME [options]")
    parser.list_kinds = False
    parser.add_argument("name", metavar="NAME", help="a rule, a family, a topic or an API")
    _add_rules_folder(parser)
    _add_language(parser)
    return parser


def _targets_parser() -> _Parser:
    parser = _parser("targets", "[NAME] [options]")
    parser.list_kinds = False
    parser.add_argument("name", metavar="NAME", nargs="?", help="one target; default: all, side by side")
    _add_language(parser)
    return parser


def _prove_parser() -> _Parser:
    parser = _parser("prove", "FILE:LINE EXPR [options]")
    parser.list_kinds = False
    parser.add_argument("place", metavar="FILE:LINE", help="where the expression stands or is visible")
    parser.add_argument("expression", metavar="EXPR", help="an integer or pointer, in C++")
    parser.add_argument(
        "--mod", metavar="N", type=integer, default=32, help="what it should be divisible by; default: 32"
    )
    parser.add_argument(
        "--equals", metavar="N", type=integer, default=0, help="what it should leave; default: 0"
    )
    parser.add_argument(
        "--in",
        dest="function",
        metavar="FUNCTION",
        help="start from this function; default: every kernel that reaches the line",
    )
    parser.add_argument(
        "--given",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="take this, or a condition, to be true there; may be repeated",
    )
    parser.add_argument(
        "--tree",
        metavar="PATH",
        action="append",
        default=[],
        help="read these files; may be repeated; default: the Git repository of FILE, or its folder",
    )
    _add_exclude(parser)
    _add_format(parser, PROVE_FORMATS)
    _add_define(parser)
    add_assumed(parser)
    _add_quiet(parser)
    return parser


def _cache_parser() -> _Parser:
    parser = _parser("cache", "[dir|clear]")
    parser.list_kinds = False
    parser.add_argument(
        "action",
        metavar="|".join(CACHE_ACTIONS),
        nargs="?",
        type=OneOf("action", CACHE_ACTIONS),
        help="dir: print the folder alone; clear: remove what it holds; default: what it holds",
    )
    return parser


def _schema_parser() -> _Parser:
    parser = _parser("schema", "[scan|proof|plan|config]")
    parser.list_kinds = False
    parser.add_argument(
        "which",
        metavar="|".join(SCHEMAS),
        nargs="?",
        type=OneOf("schema", SCHEMAS),
        default="scan",
        help="scan: of scan, check and show; proof: of prove; plan: of plan; config: of portcheck.toml",
    )
    return parser


def _completion_parser() -> _Parser:
    parser = _parser("completion", "bash|zsh|fish")
    parser.list_kinds = False
    parser.add_argument(
        "shell", metavar="|".join(SHELLS), type=OneOf("shell", SHELLS), help="for which shell"
    )
    return parser


def _parser(command: str, usage: str) -> _Parser:
    from portcheck.cli.help_text import EPILOGS

    parser = _Parser(
        prog=f"portcheck {command}",
        usage=f"portcheck {command} {usage}".rstrip(),
        description=f"{COMMANDS[command][0].upper()}{COMMANDS[command][1:]}.",
        epilog=EPILOGS[command],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.list_kinds = True
    return parser


def _add_rule_choice(parser: argparse.ArgumentParser) -> None:
    for option, text in (("--select", "only rules"), ("--ignore", "no rules")):
        parser.add_argument(
            option,
            metavar="CODE",
            action="append",
            default=[],
            help=f"{text} whose code begins so; several with commas; may be repeated",
        )
    _add_rules_folder(parser)


def _add_fail_on(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fail-on",
        metavar="|".join(FAIL_ON),
        type=OneOf("choice", FAIL_ON),
        help="exit with 1 for what is violated or depends and is as severe as this; default: breaks",
    )


def _add_coverage_floor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--coverage-floor",
        metavar="PERCENT",
        type=percent,
        help="exit with 3 where less than this share of the bytes could be read; default: 0",
    )


def _add_port(parser: argparse.ArgumentParser) -> None:
    """What a port is for, and where it is written."""
    parser.add_argument("--target", metavar="NAME", help="the product that the port is for")
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="the folder to write; it is made where missing"
    )


def _add_rules_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rules",
        metavar="FOLDER",
        action="append",
        default=[],
        help="rules of your own, a .toml file each; may be repeated",
    )


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lang",
        metavar="en|zh",
        type=OneOf("language", LANGUAGES),
        default=None,
        help="language of messages and pages; default: from the locale",
    )


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a file, or a folder to walk")
    parser.add_argument(
        "--files-from",
        metavar="FILE",
        help="read more paths from FILE, one a line; - is standard input",
    )
    _add_exclude(parser)


def _add_exclude(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--exclude",
        metavar="GLOB",
        action="append",
        default=[],
        help="leave out what matches, written as in .gitignore; may be repeated",
    )


def _add_format(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    parser.add_argument(
        "--format",
        metavar="|".join(formats),
        type=OneOf("format", formats),
        default="text",
        help="default: text",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report to FILE; - is the default")
    _add_colour(parser)


def _add_reports(parser: argparse.ArgumentParser) -> None:
    """Of a command that can write several reports in one run."""
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        type=OneOf("format", (*FORMATS, *ALIASES)),
        help=f"one of {', '.join(FORMATS)}; default: {DEFAULT}",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FORMAT[=FILE]",
        action="append",
        default=[],
        help="write FORMAT to FILE, or to standard output; may be repeated; "
        "a FILE alone gets what --format says",
    )
    _add_colour(parser)


def _add_colour(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--color",
        metavar="auto|always|never",
        type=OneOf("choice", ("auto", "always", "never")),
        default="auto",
        help="auto: only on a terminal, and not where NO_COLOR is set",
    )


def _add_analysis_options(parser: argparse.ArgumentParser) -> None:
    _add_define(parser)
    parser.add_argument(
        "--kind",
        metavar="KIND",
        action="append",
        default=[],
        type=kind,
        help="only facts of this kind; may be repeated",
    )
    _add_no_cache(parser)
    _add_quiet(parser)


def _add_define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-D",
        "--define",
        metavar="NAME[=VALUE]",
        action="append",
        default=[],
        type=define,
        help="decide #if as if NAME were defined; may be repeated",
    )


def _add_no_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="find everything anew, and keep nothing of it; see 'portcheck cache --help'",
    )


def _add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no warnings, only errors, on stderr"
    )


def _plain(message: str) -> str:
    """argparse's message without its prefix where ours already says which option is meant."""
    prefix, _, rest = message.partition(": ")
    return rest if prefix.startswith("argument ") and rest.startswith("unknown ") else message


_PARSERS: dict[str, Callable[[], _Parser]] = {
    "scan": _scan_parser,
    "check": _check_parser,
    "plan": _plan_parser,
    "skeleton": _skeleton_parser,
    "verify": _verify_parser,
    "show": _show_parser,
    "prove": _prove_parser,
    "rules": _rules_parser,
    "explain": _explain_parser,
    "targets": _targets_parser,
    "ported": _ported_parser,
    "config": _config_parser,
    "cache": _cache_parser,
    "schema": _schema_parser,
    "completion": _completion_parser,
}
