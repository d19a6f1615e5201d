"""CUDA text to tree-sitter trees, at the user's own byte offsets."""

from portcheck.syntax.blank import Blanked, LaunchSyntax
from portcheck.syntax.conditions import Configuration, InactiveRange
from portcheck.syntax.directives import Lexed, MacroDefinition, lex
from portcheck.syntax.expansion import Expansion, Segment, argument_spans, expand_call, split_arguments
from portcheck.syntax.fragments import Fragment
from portcheck.syntax.macros import MacroTable, collect_macros
from portcheck.syntax.parse import SyntaxFile, parse_file, parse_text

__all__ = [
    "Blanked",
    "Configuration",
    "Expansion",
    "Fragment",
    "InactiveRange",
    "LaunchSyntax",
    "Lexed",
    "MacroDefinition",
    "MacroTable",
    "Segment",
    "SyntaxFile",
    "argument_spans",
    "collect_macros",
    "expand_call",
    "lex",
    "parse_file",
    "parse_text",
    "split_arguments",
]
