"""`portcheck check`: the rules over a tree, and the exit code that a script acts on."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from portcheck import scan as scanning
from portcheck.analysis import Analysis, analyse
from portcheck.cli.analysis import conclude, named_paths, use_colour, way_to
from portcheck.cli.arguments import FAIL_ON
from portcheck.cli.deep import deep
from portcheck.cli.errors import EXIT_FINDINGS, EXIT_OK, UsageError, unknown
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.rule_choice import all_rules, chosen
from portcheck.pack import Finding, Rule, findings
from portcheck.result import ScanResult
from portcheck.symbolic.answers import Verdict
from portcheck.targets import Target, targets


def run(options: Namespace) -> int:
    """Returns the exit code."""
    profiles = chosen_targets(options.target)
    rules = chosen(all_rules(options.rules), options)
    with Output(options.output) as output, deep("the code"):
        analysis = analyse(named_paths(options), defines=options.define, exclude=options.exclude)
        result = scanning.result_of(analysis.reading)
        found = findings(analysis, rules, profiles) if result.files else []
        output.write(_report(analysis, result, rules, profiles, found, options, output))
        code = conclude(result, options, output)
    return EXIT_FINDINGS if code == EXIT_OK and any(_fails(f, options.fail_on) for f in found) else code


def chosen_targets(names: Sequence[str]) -> tuple[Target, ...]:
    """The profiles of these targets, in the order of the profiles; all where none is named."""
    known = {target.name.lower(): target for target in targets()}
    for name in names:
        if name.lower() not in known:
            raise UsageError(unknown("target", name, [t.name for t in targets()]), "try 'portcheck targets'")
    wanted = {name.lower() for name in names}
    return tuple(t for key, t in known.items() if not wanted or key in wanted)


def _fails(finding: Finding, threshold: str) -> bool:
    severe = FAIL_ON.index(finding.rule.severity.value) <= FAIL_ON.index(threshold) < FAIL_ON.index("never")
    return severe and finding.verdict in (Verdict.VIOLATED, Verdict.DEPENDS)


def _report(
    analysis: Analysis,
    result: ScanResult,
    rules: Sequence[Rule],
    profiles: Sequence[Target],
    found: Sequence[Finding],
    options: Namespace,
    output: Output,
) -> Iterator[str]:
    spoken = language(options.lang)
    if options.format == "text":
        from portcheck.report import findings_text
        from portcheck.report.style import Style

        style = Style(use_colour(options.color, output), way_to(result.root))
        texts = dict(analysis.assumed.texts(spoken))
        return findings_text.render(result, found, profiles, texts, spoken, style, options.summary)
    from portcheck.report.finding_records import finding_record, rule_record

    records = (finding_record(one, spoken) for one in found)
    if options.format == "jsonl":
        from portcheck.report import jsonl

        return jsonl.render(result, (), records)
    from portcheck.report import json
    from portcheck.report.proof_records import assumption_records

    texts = dict(analysis.assumed.texts(spoken))
    more = (
        ("targets", [{"name": t.name, "products": list(t.products)} for t in profiles]),
        ("rules", (rule_record(rule, spoken) for rule in rules)),
        ("assumptions", assumption_records(texts, texts)),
        ("findings", records),
    )
    return json.render(result, (), more)
