"""Completion scripts for shells, made from the grammar of the command line.

A script is static: it starts no portcheck. What an option takes is completed where it is one of known
words, files otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One option or positional argument: its names (none for a positional one), whether a value
    follows, the words that the value is one of (none: a file), and what it is for."""

    names: tuple[str, ...]
    takes_value: bool
    words: tuple[str, ...]
    repeats: bool
    label: str
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command with what it takes."""

    name: str
    help: str
    options: tuple[Option, ...]
    positionals: tuple[Option, ...]


def command(
    name: str, help_: str, parser: argparse.ArgumentParser, words: Mapping[str, Sequence[str]]
) -> Command:
    """A command from its parser; `words` has those of options whose parser does not know them, by name."""
    options = [_option(action, words) for action in parser._actions]
    return Command(
        name, help_, tuple(o for o in options if o.names), tuple(o for o in options if not o.names)
    )


def _option(action: argparse.Action, words: Mapping[str, Sequence[str]]) -> Option:
    known = getattr(action.type, "known", None) or words.get(action.dest, ())
    takes_value = action.nargs != 0
    repeats = isinstance(action, argparse._AppendAction) or action.nargs == "*"
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest
    label = metavar if not known else action.dest
    return Option(tuple(action.option_strings), takes_value, tuple(known), repeats, label, action.help or "")


# -- bash ----------------------------------------------------------------------------------


def bash(commands: Sequence[Command]) -> Iterator[str]:
    """Files come from readline itself, where the function finds no words (`-o default`)."""
    yield "# bash completion of portcheck"
    yield "_portcheck() {"
    yield '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"'
    yield "  COMPREPLY=()"
    yield "  if [[ $COMP_CWORD -eq 1 ]]; then"
    yield from _bash_words("    ", [*(c.name for c in commands), "--help", "--version"])
    yield "    return"
    yield "  fi"
    yield '  case "${COMP_WORDS[1]}" in'
    for one in commands:
        yield f"    {one.name})"
        yield from _bash_command(one)
        yield "      ;;"
    yield "  esac"
    yield "}"
    yield "complete -o default -F _portcheck portcheck"


def _bash_command(one: Command) -> Iterator[str]:
    values = [o for o in one.options if o.takes_value]
    if values:
        yield '      case "$before" in'
        for option in values:
            yield f"        {'|'.join(option.names)})"
            yield from _bash_words("          ", option.words)
            yield "          return ;;"
        yield "      esac"
    yield '      if [[ "$word" == -* ]]; then'
    yield from _bash_words("        ", [name for o in one.options for name in o.names])
    first = one.positionals[0].words if one.positionals else ()
    if first:
        yield "      elif [[ $COMP_CWORD -eq 2 ]]; then"
        yield from _bash_words("        ", first)
    yield "      fi"


def _bash_words(indent: str, words: Sequence[str]) -> Iterator[str]:
    if words:
        yield f'{indent}COMPREPLY=($(compgen -W {_quoted(" ".join(words))} -- "$word"))'


# -- zsh -----------------------------------------------------------------------------------


def zsh(commands: Sequence[Command]) -> Iterator[str]:
    """Specifications for `_arguments`, a set for each command."""
    yield "#compdef portcheck"
    yield "# zsh completion of portcheck"
    yield "_portcheck() {"
    yield "  local context state state_descr line"
    yield "  typeset -A opt_args"
    yield "  if (( CURRENT == 2 )); then"
    yield "    local -a commands=("
    yield from (f"      {_quoted(f'{c.name}:{c.help}')}" for c in commands)
    yield "    )"
    yield "    _describe -t commands command commands"
    yield "    return"
    yield "  fi"
    yield '  local command="${words[2]}"'
    yield "  shift words"
    yield "  (( CURRENT-- ))"
    yield '  case "$command" in'
    for one in commands:
        specs = [s for o in (*one.options, *one.positionals) for s in _zsh_specs(o)]
        yield f"    {one.name})"
        yield "      _arguments " + " \\\n        ".join(map(_quoted, specs))
        yield "      ;;"
    yield "  esac"
    yield "}"
    yield 'if [[ "$funcstack[1]" == _portcheck ]]; then'
    yield '  _portcheck "$@"'
    yield "else"
    yield "  compdef _portcheck portcheck"
    yield "fi"


def _zsh_specs(option: Option) -> Iterator[str]:
    values = f"({' '.join(option.words)})" if option.words else "_files"
    label = _zsh_plain(option.label)
    if not option.names:
        yield f"{'*' if option.repeats else ''}:{label}:{values}"
        return
    value = f":{label}:{values}" if option.takes_value else ""
    for name in option.names:
        others = "" if option.repeats else f"({' '.join(option.names)})"
        yield f"{'*' if option.repeats else others}{name}[{_zsh_plain(option.help)}]{value}"


def _zsh_plain(text: str) -> str:
    return "".join(f"\\{c}" if c in ":[]\\" else c for c in text)


# -- fish ----------------------------------------------------------------------------------


def fish(commands: Sequence[Command]) -> Iterator[str]:
    """One `complete` for each command, option and list of words."""
    yield "# fish completion of portcheck"
    yield "complete -c portcheck -n __fish_use_subcommand -f"
    for one in commands:
        said = f"-a {one.name} -d {_fish_quoted(one.help)}"
        yield f"complete -c portcheck -n __fish_use_subcommand {said}"
    for one in commands:
        seen = _fish_quoted(f"__fish_seen_subcommand_from {one.name}")
        for option in one.options:
            yield f"complete -c portcheck -n {seen} {_fish_option(option)}"
        for option in one.positionals:
            if option.words:
                words = _fish_quoted(" ".join(option.words))
                only = "-f " if len(one.positionals) == 1 else ""
                yield f"complete -c portcheck -n {seen} {only}-a {words}"


def _fish_option(option: Option) -> str:
    said = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.takes_value:
        said.append(f"-x -a {_fish_quoted(' '.join(option.words))}" if option.words else "-r -F")
    return " ".join([*said, f"-d {_fish_quoted(option.help)}"])


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted(text: str) -> str:
    """For bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


SHELLS: Mapping[str, Callable[[Sequence[Command]], Iterator[str]]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
}
