"""The command line's grammar. Only the parser of the command that was given is built."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

from portcheck import __version__
from portcheck.cli.errors import UsageError, unknown

COMMANDS = {
    "scan": "analyse files and folders, and report what they do",
    "check": "evaluate the rules: what the port breaks, and on which target",
    "plan": "write a migration plan for one target into a folder",
    "skeleton": "write an Ascend C project for each kernel, complete or with marked gaps",
    "verify": "compile such projects against a model of the device, and run them here",
    "show": "print the model itself: facts, kernels, calls, transfers or memory",
    "prove": "say whether an expression at a line is divisible, and show the working",
    "rules": "list the rules, or run their examples",
    "explain": "print the page of a rule, a topic or a CUDA API",
    "targets": "print what is known of the targets, with sources",
    "schema": "print the JSON schema of the json and jsonl formats",
}
SCAN_FORMATS = ("text", "json", "jsonl", "sarif")
SHOW_FORMATS = ("text", "json", "jsonl")
SHOW_SECTIONS = ("facts", "kernels", "calls", "transfers", "memory")
PROVE_FORMATS = ("text", "json")
CHECK_FORMATS = ("text", "json", "jsonl")
FAIL_ON = ("breaks", "redesign", "slow", "note", "never")
SCHEMAS = ("scan", "proof", "plan")
LANGUAGES = ("en", "zh")

_EXIT_CODES = """\
exit codes:
  0    analysed
  1    check: findings at or above --fail-on; rules --test: an example fails;
       skeleton: conflicts with edits; verify: something is wrong
  2    usage: a missing path, an unknown option, an output that cannot be written
  3    nothing was analysed: no file could be read
  4    internal error; a file with the details is named
  130  interrupted"""

_TOP = f"""\
examples:
  portcheck scan .                            what this tree does, line by line
  portcheck scan csrc --format sarif -o portcheck.sarif
  portcheck check csrc --target 910B          what breaks there, on which condition
  portcheck plan csrc --target 910B -o plan   what to port in which order, and how much it is
  portcheck skeleton csrc --target 910B -o port   Ascend C projects, one a kernel
  portcheck verify port                       compile and run them without hardware
  portcheck explain MTE003                    a rule; also: explain int4, explain cudaMemcpyAsync
  portcheck show kernels csrc                 kernels, launches, instantiations
  portcheck show transfers csrc               what moves, and what Ascend asks of it
  portcheck show memory csrc                  what stands where in shared memory, and what fits UB
  portcheck prove csrc/a.cu:120 'row_bytes'   is it a multiple of 32 there, and why

{_EXIT_CODES}

portcheck COMMAND --help tells more of a command."""

_SCAN = """\
examples:
  portcheck scan csrc include                 folders, single files, or both
  portcheck scan . --exclude 'third_party/'   leave a folder out
  portcheck scan . -D DISABLE_NVSHMEM -D ARCH=90
  portcheck scan . --kind tma_copy --kind mbarrier
  git ls-files '*.cu' '*.cuh' | portcheck scan --files-from -

kinds: """

_CHECK = f"""\
The verdict of a finding is violated, depends (it fails where its condition is false), unknown
(not decided, and why) or holds. The text lists what does not hold; json and jsonl have it all.

examples:
  portcheck check csrc                        all rules, all targets side by side
  portcheck check csrc --target 910B --fail-on slow
  portcheck check csrc --select MTE,QNT001 --ignore MTE005
  portcheck check csrc --rules our_rules      the rules of a folder as well
  portcheck check csrc --lang zh --summary

{_EXIT_CODES}"""

_PLAN = f"""\
Writes plan.md and plan.json. The folder must be new, empty, or an earlier plan's.

examples:
  portcheck plan csrc --target 910B -o reports/910B
  portcheck plan . --target 950 -o plan950 --lang zh
  portcheck plan csrc --target 910C -o plan --rules our_rules

{_EXIT_CODES}"""

_SKELETON = f"""\
Each kernel becomes a folder: op_kernel, op_host, CMakeLists.txt, a test, and a README that says what is
finished and what is left. Run it again after changes: edits by hand are merged (with Git), and where
both sides changed nothing is overwritten and the exit code is 1.

examples:
  portcheck skeleton csrc --target 910B -o port
  portcheck skeleton csrc --target 950 -o port950 --kernel combine --kernel 'intranode::*'
  portcheck skeleton csrc --target 910B -o port --diff

{_EXIT_CODES}"""

_VERIFY = f"""\
Needs a C++17 compiler (CXX, else c++, g++ or clang++); no CANN toolkit and no hardware. A violation
names the line of the project and the CUDA lines behind it. Outputs are compared with NumPy where a
project has a reference. The exit code is 1 where something is wrong.

examples:
  portcheck verify port                       every project in the folder
  portcheck verify port/combine --seeds 8

{_EXIT_CODES}"""

_RULES = f"""\
examples:
  portcheck rules                             code, severity, name and title of every rule
  portcheck rules --select ALN
  portcheck rules --test --rules our_rules    run the examples of your own rules

{_EXIT_CODES}"""

_EXPLAIN = """\
examples:
  portcheck explain MTE003                    a rule, by code or name
  portcheck explain MTE                       a family of rules
  portcheck explain int4                      a topic
  portcheck explain cudaMemcpyAsync           a CUDA, NCCL, NVSHMEM or cuBLAS call
  portcheck explain apis                      the table of all calls
  portcheck explain datacopy-length --lang zh"""

_TARGETS = """\
examples:
  portcheck targets                           side by side
  portcheck targets 910B                      each value with its source, each gap with its reason"""

_SHOW = """\
examples:
  portcheck show facts csrc --format jsonl    one fact a line, then what was not read
  portcheck show facts csrc --kind vec_cast
  portcheck show calls csrc
  portcheck show transfers csrc               transfers, layouts, requirements, verdicts
  portcheck show memory csrc                  maps of shared memory, sizes, repairs, limits

kinds: """

_PROVE = f"""\
A pointer counts as its offset in bytes from its base object. The answer is holds, violated
(with values), depends (with the exact condition) or unknown (with what stopped the proof);
each is an answer, and the exit code is 0. Put an expression that begins with - in parentheses.

examples:
  portcheck prove csrc/a.cu:120 'row_bytes'
  portcheck prove csrc/a.cu:120 'stage_ptr + 16' --mod 512
  portcheck prove csrc/a.cu:120 'n' --mod 4 --equals 2 --given 'hidden=7168' --given 'n > 0'
  portcheck prove csrc/a.cuh:31 'offset' --in combine --tree csrc --tree include

{_EXIT_CODES}"""


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

        from portcheck.facts.base import FactKind

        kinds = fill(", ".join(FactKind), width=70, initial_indent="  ", subsequent_indent="  ")
        return f"{text.rstrip()}\n{kinds}\n\n{_EXIT_CODES}\n"


def parse(arguments: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """The command's name, "" where `--help` or `--version` was all, and its options."""
    if not arguments:
        raise UsageError(f"no command; choose from {', '.join(COMMANDS)}", "try 'portcheck --help'")
    first, rest = arguments[0], arguments[1:]
    if first in ("-V", "--version"):
        print(f"portcheck {__version__}")
        return "", argparse.Namespace()
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
    if (
        first in ("scan", "show", "check", "plan", "skeleton")
        and not options.paths
        and options.files_from is None
    ):
        section = f" {options.section}" if first == "show" else ""
        raise UsageError("no PATH given", f"to analyse this folder: portcheck {first}{section} .")
    return first, options


def _top_help() -> str:
    commands = "\n".join(f"  {name:<8} {text}" for name, text in COMMANDS.items())
    return (
        "usage: portcheck COMMAND [options]\n\n"
        "Reads CUDA C++ and says what it takes to run it on Huawei Ascend.\n"
        f"Needs no CUDA, no compiler and no compile database.\n\ncommands:\n{commands}\n\n{_TOP}"
    )


def _scan_parser() -> _Parser:
    parser = _parser("scan", _SCAN, "PATH... [options]")
    _add_paths(parser)
    _add_format(parser, SCAN_FORMATS)
    parser.add_argument(
        "--summary", action="store_true", help="with --format text: only the summary, no line by line"
    )
    _add_analysis_options(parser)
    return parser


def _show_parser() -> _Parser:
    parser = _parser("show", _SHOW, "facts|kernels|calls|transfers|memory PATH... [options]")
    parser.add_argument(
        "section",
        metavar="|".join(SHOW_SECTIONS),
        type=_one_of("section", SHOW_SECTIONS),
        help="what to show",
    )
    _add_paths(parser)
    _add_format(parser, SHOW_FORMATS)
    _add_analysis_options(parser)
    return parser


def _check_parser() -> _Parser:
    parser = _parser("check", _CHECK, "PATH... [options]")
    parser.list_kinds = False
    _add_paths(parser)
    parser.add_argument(
        "--target",
        metavar="NAME",
        action="append",
        default=[],
        help="judge for this target; may be repeated; default: all",
    )
    _add_rule_choice(parser)
    parser.add_argument(
        "--fail-on",
        metavar="|".join(FAIL_ON),
        type=_one_of("choice", FAIL_ON),
        default="breaks",
        help="exit with 1 for what is violated or depends and is as severe as this; default: breaks",
    )
    _add_format(parser, CHECK_FORMATS)
    _add_language(parser)
    parser.add_argument("--summary", action="store_true", help="with --format text: only the tables")
    _add_define(parser)
    _add_quiet(parser)
    return parser


def _plan_parser() -> _Parser:
    parser = _parser("plan", _PLAN, "PATH... --target NAME -o DIR [options]")
    parser.list_kinds = False
    _add_paths(parser)
    parser.add_argument("--target", metavar="NAME", required=True, help="the product that the port is for")
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="the folder to write; it is made where missing"
    )
    _add_rules_folder(parser)
    _add_language(parser)
    _add_define(parser)
    _add_quiet(parser)
    return parser


def _skeleton_parser() -> _Parser:
    parser = _parser("skeleton", _SKELETON, "PATH... --target NAME -o DIR [options]")
    parser.list_kinds = False
    _add_paths(parser)
    parser.add_argument("--target", metavar="NAME", required=True, help="the product that the port is for")
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="the folder to write; it is made where missing"
    )
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
    parser = _parser("verify", _VERIFY, "DIR [options]")
    parser.list_kinds = False
    parser.add_argument("folder", metavar="DIR", help="a project, or a folder of projects")
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=_positive,
        default=3,
        help="how many orders of cores and inputs; default: 3",
    )
    _add_language(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="only projects with something wrong")
    return parser


def _rules_parser() -> _Parser:
    parser = _parser("rules", _RULES, "[options]")
    parser.list_kinds = False
    parser.add_argument(
        "--test", action="store_true", help="run the examples that rules carry; with --rules only theirs"
    )
    _add_rule_choice(parser)
    _add_language(parser)
    return parser


def _explain_parser() -> _Parser:
    parser = _parser("explain", _EXPLAIN, "NAME [options]")
    parser.list_kinds = False
    parser.add_argument("name", metavar="NAME", help="a rule, a family, a topic or an API")
    _add_rules_folder(parser)
    _add_language(parser)
    return parser


def _targets_parser() -> _Parser:
    parser = _parser("targets", _TARGETS, "[NAME] [options]")
    parser.list_kinds = False
    parser.add_argument("name", metavar="NAME", nargs="?", help="one target; default: all, side by side")
    _add_language(parser)
    return parser


def _prove_parser() -> _Parser:
    parser = _parser("prove", _PROVE, "FILE:LINE EXPR [options]")
    parser.list_kinds = False
    parser.add_argument("place", metavar="FILE:LINE", help="where the expression stands or is visible")
    parser.add_argument("expression", metavar="EXPR", help="an integer or pointer, in C++")
    parser.add_argument(
        "--mod", metavar="N", type=_integer, default=32, help="what it should be divisible by; default: 32"
    )
    parser.add_argument(
        "--equals", metavar="N", type=_integer, default=0, help="what it should leave; default: 0"
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
    _add_quiet(parser)
    return parser


def _schema_parser() -> _Parser:
    parser = _parser("schema", "", "[scan|proof|plan]")
    parser.list_kinds = False
    parser.add_argument(
        "which",
        metavar="|".join(SCHEMAS),
        nargs="?",
        type=_one_of("schema", SCHEMAS),
        default="scan",
        help="scan: of scan, check and show; proof: of prove; plan: of plan",
    )
    return parser


def _parser(command: str, epilog: str, usage: str) -> _Parser:
    parser = _Parser(
        prog=f"portcheck {command}",
        usage=f"portcheck {command} {usage}".rstrip(),
        description=f"{COMMANDS[command][0].upper()}{COMMANDS[command][1:]}.",
        epilog=epilog,
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
        type=_one_of("language", LANGUAGES),
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
        type=_one_of("format", formats),
        default="text",
        help="default: text",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report to FILE; - is the default")
    parser.add_argument(
        "--color",
        metavar="auto|always|never",
        type=_one_of("choice", ("auto", "always", "never")),
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
        type=_kind,
        help="only facts of this kind; may be repeated",
    )
    _add_quiet(parser)


def _add_define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-D",
        "--define",
        metavar="NAME[=VALUE]",
        action="append",
        default=[],
        type=_define,
        help="decide #if as if NAME were defined; may be repeated",
    )


def _add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no warnings, only errors, on stderr"
    )


def _one_of(what: str, known: Sequence[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(unknown(what, text, known))
        return text

    return check


def _kind(text: str) -> str:
    from portcheck.facts.base import FactKind

    return _one_of("kind", [kind.value for kind in FactKind])(text)


def _integer(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not an integer") from None


def _positive(text: str) -> int:
    number = _integer(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not positive")
    return number


def _define(text: str) -> str:
    name = text.partition("=")[0]
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME or NAME=VALUE")
    return text


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
    "schema": _schema_parser,
}
