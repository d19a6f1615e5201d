"""JUnit XML, in the form that Jenkins, GitLab and GitHub actions read: a suite a file, a case a finding.

A finding that fails the run is a failure, a suppressed one is skipped, any other passes and tells itself
in `system-out`; a file that is reported and has no findings has one case that passes. A file that was not
analysed is skipped, and what was not understood of one stands in the suite's `system-err`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.etree import ElementTree

from portcheck.checked import Checked, Suppression
from portcheck.pack import Finding
from portcheck.report import finding_text
from portcheck.report.presentation import Presentation
from portcheck.report.style import safe
from portcheck.result import FileCoverage
from portcheck.source import Skipped
from portcheck.targets import Language


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The document's lines."""
    root = ElementTree.Element("testsuites", {"name": "portcheck"})
    by_file: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in (*checked.listed, *checked.suppressed):
        by_file[finding.place.path].append(finding)
    for file in checked.result.files:
        if checked.reported is None or file.path in checked.reported:
            root.append(_suite(file, by_file[file.path], checked, presentation))
    if checked.result.skipped:
        root.append(_not_analysed(checked.result.skipped, presentation))
    if checked.notices:
        told = ElementTree.SubElement(root, "testsuite", {"name": "portcheck"})
        for notice in checked.notices:
            case = _case(told, "portcheck", notice.id, "")
            ElementTree.SubElement(case, "system-out").text = safe(notice.text)
        _count(told)
    _count(root)
    ElementTree.indent(root)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield from ElementTree.tostring(root, encoding="unicode").splitlines()


def _suite(
    file: FileCoverage, findings: list[Finding], checked: Checked, presentation: Presentation
) -> ElementTree.Element:
    path = presentation.path(file.path)
    suite = ElementTree.Element("testsuite", {"name": safe(path)})
    for finding in sorted(findings, key=lambda f: f.place):
        _finding(suite, finding, checked, presentation)
    if not findings:
        _case(suite, path, "no findings", path)
    if file.unreadable:
        lines = (f"{path}:{r.place.line}:{r.place.column}: not read: {r.reason}" for r in file.unreadable)
        ElementTree.SubElement(suite, "system-err").text = "\n".join(map(safe, lines))
    _count(suite)
    return suite


def _finding(
    suite: ElementTree.Element, finding: Finding, checked: Checked, presentation: Presentation
) -> None:
    """The name has the identity in it instead of the line: a moved finding keeps its history."""
    language = presentation.language
    path = presentation.path(finding.place.path)
    inside = f" in {finding.function}" if finding.function else ""
    case = _case(suite, path, f"{finding.rule.code} {finding.rule.name}{inside} [{finding.identity}]", path)
    case.set("line", str(finding.place.line))
    message = f"{finding_text.verdicts(finding, language)}: {finding_text.message(finding, language)}"
    text = f"{path}:{finding.place.line}:{finding.place.column}: {message}"
    detail = finding_text.detail(finding, language)
    said = "\n".join(map(safe, filter(None, [text, detail])))
    if finding.identity in checked.suppressions:
        why = _reasons(checked.suppressions[finding.identity])
        ElementTree.SubElement(case, "skipped", {"message": safe(why)})
    elif checked.fails(finding):
        severity = finding_text.severity(finding, Language.EN)
        failure = ElementTree.SubElement(case, "failure", {"message": safe(message), "type": severity})
        failure.text = said
        return
    ElementTree.SubElement(case, "system-out").text = said


def _reasons(suppressions: tuple[Suppression, ...]) -> str:
    return "; ".join(f"{one.status}: {one.justification}" for one in suppressions)


def _not_analysed(listed: tuple[Skipped, ...], presentation: Presentation) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": "not analysed"})
    for skipped in listed:
        path = presentation.path(skipped.path)
        case = _case(suite, path, "analysed", path)
        ElementTree.SubElement(case, "skipped", {"message": safe(skipped.reason)})
    _count(suite)
    return suite


def _case(suite: ElementTree.Element, class_: str, name: str, file: str) -> ElementTree.Element:
    attributes = {"classname": safe(class_), "name": safe(name)}
    return ElementTree.SubElement(suite, "testcase", attributes | ({"file": safe(file)} if file else {}))


def _count(element: ElementTree.Element) -> None:
    """The numbers that readers expect on a suite and on the whole."""
    for name, path in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        element.set(name, str(sum(1 for _ in element.iter(path))))
    element.set("errors", "0")
