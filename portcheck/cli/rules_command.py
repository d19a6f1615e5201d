"""`portcheck rules`: the list of rules, and with `--test` their examples."""

from __future__ import annotations

import sys
from argparse import Namespace

from portcheck.cli.errors import EXIT_FINDINGS, EXIT_OK
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.rule_choice import all_rules, chosen, own_rules
from portcheck.pack import check_examples
from portcheck.report import rule_list


def run(options: Namespace) -> int:
    """Returns the exit code."""
    if not options.test:
        with Output(None) as output:
            output.write(rule_list.render(chosen(all_rules(options.rules), options), language(options.lang)))
        return EXIT_OK
    rules = chosen(own_rules(options.rules) if options.rules else all_rules(()), options)
    failures = list(check_examples(rules))
    for failure in failures:
        print(failure, file=sys.stderr)
    examples = sum(len(rule.examples) for rule in rules)
    print(f"{len(rules):,} rules, {examples:,} examples, {len(failures):,} failed")
    return EXIT_FINDINGS if failures else EXIT_OK
