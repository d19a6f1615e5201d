"""`portcheck explain NAME`: the page of a rule, a family, a topic or an API."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from portcheck.api_map import Api, api_map
from portcheck.cli.analysis import use_colour
from portcheck.cli.errors import EXIT_OK, UsageError
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.rule_choice import all_rules
from portcheck.pack import Rule
from portcheck.pack.topics import topic, topics
from portcheck.report import pages, rule_list
from portcheck.report.style import Style
from portcheck.targets import Language

ALL_APIS = "apis"


def run(options: Namespace) -> int:
    """Returns the exit code."""
    rules = all_rules(options.rules)
    spoken = language(options.lang)
    with Output(None) as output:
        style = Style(use_colour("auto", output))
        output.write(_page(options.name.strip(), rules, spoken, style))
    return EXIT_OK


def _page(name: str, rules: Sequence[Rule], spoken: Language, style: Style) -> Iterator[str]:
    """The first of what the name is: a rule, a family, a topic, an API, or near one of those."""
    found = _exact(name, rules, spoken, style)
    if found is not None:
        return found
    near = api_map().lookup(name).near
    if near and all(api.name.casefold().startswith(name.rstrip("*").casefold()) for api in near):
        return pages.api_table(near, spoken, style)
    known = [w for r in rules for w in (r.code, r.name)]
    known += [w for t in topics() for w in (t.name, *t.aliases)]
    known += [api.name for api in near]
    folded = {word.casefold(): word for word in known}
    close = get_close_matches(name.casefold(), folded, 3, 0.7)
    if not close:
        raise UsageError(f"nothing is known as '{name}'", "try 'portcheck rules' or 'portcheck explain apis'")
    words = [folded[word] for word in close]
    print(f"portcheck: nothing is known as '{name}'; nearest: {', '.join(words)}", file=sys.stderr)
    found = _exact(words[0], rules, spoken, style)
    assert found is not None
    return found


def _exact(name: str, rules: Sequence[Rule], spoken: Language, style: Style) -> Iterator[str] | None:
    folded = name.casefold()
    rule = next((r for r in rules if folded in (r.code.casefold(), r.name.casefold())), None)
    if rule is not None:
        return pages.rule_page(rule, [t for t in topics() if t.covers(rule.code)], spoken, style)
    family = [r for r in rules if r.family == name.upper()]
    page = topic(name)
    if family and (page is None or name.isupper()):
        return rule_list.render(family, spoken)
    if page is not None:
        return pages.topic_page(page, [r for r in rules if page.covers(r.code)], spoken, style)
    if folded == ALL_APIS:
        return pages.api_table(api_map().apis, spoken, style)
    api: Api | None = api_map().find(name)
    return None if api is None else pages.api_page(api, spoken, style)
