"""`portcheck prove`: one question about an expression at a line, answered with its derivation."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping

from portcheck import scan as scanning
from portcheck.analysis import Analysis, QuestionError, analyse
from portcheck.analysis.proof import Proof
from portcheck.analysis.questions import parse_given
from portcheck.cli.analysis import how_to_prove, included, use_colour, warn_of_gaps, way_to
from portcheck.cli.deep import deep
from portcheck.cli.errors import EXIT_OK, UsageError
from portcheck.cli.expression import check_expression
from portcheck.cli.output import Output
from portcheck.cli.spot import path_in, spot, tree_around
from portcheck.report.question import Question

MAX_MODULUS = 1 << 20


def run(options: Namespace) -> int:
    """Returns the exit code, which is the same for every verdict."""
    asked = spot(options.place)
    if not 1 <= options.mod <= MAX_MODULUS:
        raise UsageError(f"--mod {options.mod}: a modulus is from 1 to {MAX_MODULUS}")
    check_expression(options.expression, "")
    given = parse_given(options.given)
    for name, value in given.items():
        check_expression(name, "--given: ")
        if isinstance(value, str) and value:
            check_expression(value, "--given: ")
    with Output(options.output) as output, deep("the code"):
        trees = options.tree or included(options) or [tree_around(asked.file)]
        analysis = analyse(trees, **how_to_prove(options))
        path = path_in(analysis.reading, asked.file)
        question = Question(
            str(analysis.reading.collection.root),
            path,
            asked.line,
            options.expression,
            options.mod,
            options.equals,
            options.function,
            tuple(options.given),
            analysis.reading.defines,
        )
        try:
            proof = _prove(analysis, question, given)
        except QuestionError as error:  # told with the place as the user wrote it
            raise UsageError(str(error).replace(f"{path}:{asked.line}", options.place)) from error
        output.write(_report(analysis, question, proof, options, output))
    if not options.quiet:
        warn_of_gaps(scanning.result_of(analysis.reading), f"'portcheck scan {question.root}' says where")
    return EXIT_OK


def _prove(analysis: Analysis, question: Question, given: Mapping[str, str | int]) -> Proof:
    return analysis.prove(
        question.path,
        question.line,
        question.text,
        modulus=question.modulus,
        equals=question.equals,
        function=question.function,
        given=given,
    )


def _report(
    analysis: Analysis, question: Question, proof: Proof, options: Namespace, output: Output
) -> Iterator[str]:
    assumptions = dict(analysis.assumed.texts())
    if options.format == "json":
        from portcheck.report import proof_json

        return proof_json.render(question, proof, assumptions)
    from portcheck.report import proof_text
    from portcheck.report.style import Style

    style = Style(use_colour(options.color, output), way_to(question.root))
    return proof_text.render(question, proof, assumptions, style)
