"""`portcheck plan`: the folder that it writes, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from portcheck.cli import main
from portcheck.report.markdown import code, prose
from portcheck.report.schema import schema_text

SOURCE = """\
__global__ void copy(const int4* x, int4* y, int n) {
    extern __shared__ __align__(1024) char smem[];
    const int lane = threadIdx.x % 32;
    reinterpret_cast<int4*>(smem + 16)[lane] = x[lane];
    __syncthreads();
    y[lane] = __shfl_sync(0xffffffff, n, 0) ? reinterpret_cast<int4*>(smem + 16)[lane] : x[0];
}
void run(const int4* x, int4* y, int n) { copy<<<1, 32, 1024>>>(x, y, n); }
"""
SCHEMA = json.loads(schema_text("plan"))
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.cu").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        ended = main(["plan", *arguments])
        out, err = capsys.readouterr()
        return ended, out, err

    return call


def test_it_writes_the_report_and_says_the_result(run: Run, tmp_path: Path) -> None:
    ended, out, err = run("src", "--target", "910b", "-o", "new/plan", "--lang", "en")
    assert (ended, err) == (0, "")
    assert out.startswith("Port to 910B: 1 kernels (1 redesign)")
    assert sorted(p.name for p in (tmp_path / "new" / "plan").iterdir()) == [
        "index.html", "kernels", "layouts", "plan.json", "plan.md", "sources",
    ]  # fmt: skip
    text = (tmp_path / "new" / "plan" / "plan.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[:6] == [
        "Can it be ported?",
        "What exists as an operator",
        "What breaks",
        "In which order",
        "How much",
        "Not decided",
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("target", ["910B", "950"])
def test_the_json_follows_its_schema(run: Run, tmp_path: Path, target: str, language: str) -> None:
    assert run("src", "--target", target, "-o", "plan", "--lang", language)[0] == 0
    document = json.loads((tmp_path / "plan" / "plan.json").read_text(encoding="utf-8"))
    Draft202012Validator(SCHEMA).validate(document)
    assert document["language"] == language
    assert {"kernel:copy", "host:a.cu"} <= {item["id"] for item in document["items"]}


def test_chinese(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("src", "--target", "950", "-o", "plan", "--lang", "zh")
    assert out.startswith("移植到 950")
    text = (tmp_path / "plan" / "plan.md").read_text(encoding="utf-8")
    assert "## 能否移植" in text
    assert "## Can" not in text


def test_an_earlier_plan_is_replaced_and_other_files_stay(run: Run, tmp_path: Path) -> None:
    assert run("src", "--target", "910B", "-o", "plan", "--lang", "en")[0] == 0
    (tmp_path / "plan" / "portcheck-plan.toml").write_text("# mine\n", encoding="utf-8")
    (tmp_path / "plan" / "notes.txt").write_text("mine\n", encoding="utf-8")
    first = (tmp_path / "plan" / "plan.md").read_text(encoding="utf-8")
    assert run("src", "--target", "910B", "-o", "plan", "--lang", "en")[0] == 0
    again = (tmp_path / "plan" / "plan.md").read_text(encoding="utf-8")
    no_earlier = "This is the first plan in this folder; the next one says here what changed.\n"
    assert first.replace(no_earlier, "Nothing changed.\n") == again
    assert (tmp_path / "plan" / "notes.txt").read_text(encoding="utf-8") == "mine\n"
    assert (tmp_path / "plan" / "portcheck-plan.toml").read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize("content", [None, "{}", "not json", '{"schema": "other/plan"}', "[]"])
def test_a_folder_with_other_files_is_refused(run: Run, tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "plan.md").write_text("mine", encoding="utf-8")
    if content is not None:
        (folder / "plan.json").write_text(content, encoding="utf-8")
    ended, out, err = run("src", "--target", "910B", "-o", "full")
    assert (ended, out) == (2, "")
    assert "holds files that are no plan of portcheck" in err
    assert (folder / "plan.md").read_text(encoding="utf-8") == "mine"


def test_an_empty_folder_is_taken_and_a_file_is_not(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("src", "--target", "910B", "-o", "empty")[0] == 0
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert run("src", "--target", "910B", "-o", "file")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("src", "-o", "plan"), "--target"),
        (("src", "--target", "910B"), "-o"),
        (("--target", "910B", "-o", "plan"), "no PATH given"),
        (("src", "--target", "910X", "-o", "plan"), "unknown target '910X'"),
    ],
)
def test_usage(run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended, _, err = run(*arguments)
    assert ended == 2
    assert said in err
    assert not (tmp_path / "plan").exists()


def test_nothing_to_read_writes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert run("none", "--target", "910B", "-o", "plan")[0] == 3
    assert not (tmp_path / "plan").exists()


def test_own_rules_take_part(run: Run, tmp_path: Path) -> None:
    rule = (
        'code = "ACME001"\nseverity = "slow"\nmessage.en = "a barrier"\nmessage.zh = "同步"\n'
        'to = "block_barrier"\n[[example]]\nverdict = "violated"\n'
        'code = "__global__ void k() { __syncthreads(); }  //!"\n'
    )
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.toml").write_text(rule, encoding="utf-8")
    assert run("src", "--target", "910B", "-o", "plan", "--rules", "own")[0] == 0
    assert "ACME001" in (tmp_path / "plan" / "plan.md").read_text(encoding="utf-8")


def test_hostile_source_stays_text(run: Run, tmp_path: Path) -> None:
    hostile = SOURCE.replace("smem + 16)[lane] = x", "smem + 16 /* </script>|\u202e */)[lane] = x")
    (tmp_path / "src" / "a.cu").write_text(hostile, encoding="utf-8")
    assert run("src", "--target", "910B", "-o", "plan", "--lang", "en")[0] == 0
    text = (tmp_path / "plan" / "plan.md").read_text(encoding="utf-8")
    assert "\u202e" not in text
    for line in text.splitlines():
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
        assert not re.search(r"<(?!/?details>|/?summary>)", outside)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a|b", "`a\\|b`"),
        ("a`b", "`` a`b ``"),
        ("a\nb\x00", "`a b\\u0000`"),
        ("\u202eabc", "`\\u202eabc`"),
    ],
)
def test_code_spans_hold(given: str, expected: str) -> None:
    assert code(given) == expected


def test_prose_keeps_code_and_escapes_the_rest() -> None:
    assert prose("use `a|b` <b> *now*") == "use `a\\|b` &lt;b&gt; \\*now\\*"
    assert prose("one ` tick") == "`` one ` tick ``"
