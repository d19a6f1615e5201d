"""A user's rule: ten lines are enough, and every mistake is named with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack import check_examples, findings, load
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import RuleDataError, targets

RULE = """\
code = "ACME001"
severity = "breaks"
message = "`{api}` has no equivalent"
to = "api_call"
where = "api == 'cudaMallocManaged'"
[[example]]
verdict = "violated"
code = "void f(void** p) { cudaMallocManaged(p, 64); }  //!"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "managed.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_ten_lines_are_a_rule(tmp_path: Path) -> None:
    assert len(RULE.splitlines()) <= 10
    (rule,) = load(written(tmp_path, RULE))
    assert list(check_examples([rule])) == []
    source = tmp_path / "a.cu"
    source.write_text("void g(int** p) {\n    cudaMallocManaged(p, 8);\n}\n")
    (found,) = findings(analyse([str(source)]), [rule], targets())
    assert (found.place.line, found.verdict) == (2, Verdict.VIOLATED)
    assert found.message() == "`cudaMallocManaged` has no equivalent"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"ACME001"', '"acme1"', ":1: code: must be capital letters and three digits, such as ACME001"),
        ('"breaks"', '"bad"', ":2: severity: 'bad' is none of breaks, slow, redesign, note"),
        ("{api}", "{name}", ":3: message: no field {name} here"),
        ("api_call", "api_cal", ":4: to: no kind of facts 'api_cal'"),
        ("api ==", "apo ==", ":5: where: no field 'apo' here; there are api, arguments, "),
        ("== 'cuda", "= 'cuda", ":5: where: invalid syntax"),
        ('verdict = "violated"', 'verdict = "bad"', ":7: example[1].verdict: must be one of "),
        ("  //!", "", ":8: example[1].code: no line ends in //!"),
        ("to = ", "two = ", ":4: two: unknown key; there are "),
        ('"ACME001"', '"ACME001', ":1: not TOML: "),
    ],
)
def test_a_broken_rule_names_file_line_and_reason(tmp_path: Path, old: str, new: str, problem: str) -> None:
    file = written(tmp_path, RULE.replace(old, new, 1))
    with pytest.raises(RuleDataError) as raised:
        load(file)
    assert str(raised.value).startswith(f"{file}{problem}")
    assert "\n" not in str(raised.value)


def test_a_false_example_is_named(tmp_path: Path) -> None:
    (rule,) = load(written(tmp_path, RULE.replace("cudaMallocManaged(p, 64)", "cudaMalloc(p, 64)")))
    (failure,) = check_examples([rule])
    assert str(failure) == (
        f"{rule.file}: ACME001 example 1: must report violated on line 1, and reports nothing"
    )
