"""Settings as a user meets them: `portcheck config`, and what the other commands make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.cli import main

SOURCE = """\
__global__ void copy(const int4* x, int4* y, int n) {
    extern __shared__ __align__(1024) char smem[];
    reinterpret_cast<int4*>(smem + 16)[threadIdx.x % 32] = x[threadIdx.x];
    __syncthreads();
}
"""
SETTINGS = """\
[project]
name = "ours"

[tool.portcheck]
select = ["VEC001", "SYN002"]
exclude = [
    "third_party/",
]
targets = ["910b"]
include = ["src"]
symbols = { hidden = [4096, 7168] }

[tool.portcheck.assume]
elected-lane = false
allocated-bases = 64
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    (tmp_path / "src" / "third_party").mkdir(parents=True)
    (tmp_path / "src" / "copy.cu").write_text(SOURCE)
    (tmp_path / "src" / "third_party" / "b.cu").write_text(SOURCE)
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def call(*given: str) -> tuple[int, str, str]:
        code = main(given)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_every_setting_is_printed_with_its_origin(run: Run) -> None:
    assert run("config", "src/copy.cu", "--select", "MTE", "-D", "FAST", "--set", "n=3") == (
        0,
        """\
configuration  pyproject.toml
include                    ["src"]               pyproject.toml:10
exclude                    ["third_party/"]      pyproject.toml:6
defines                    ["FAST"]              command line
select                     ["MTE"]               command line
ignore                     []                    default
rules                      []                    default
targets                    ["910b"]              pyproject.toml:9
fail-on                    "breaks"              default
coverage-floor             0                     default
language                   en (from the locale)  default
baseline                   ""                    default
decisions                  ""                    default
assume.shared-maps-to-ub   1024                  default
assume.allocated-bases     64                    pyproject.toml:15
assume.sizes-not-negative  true                  default
assume.no-overflow         true                  default
assume.tree-is-program     true                  default
assume.elected-lane        false                 pyproject.toml:14
assume.lines-reached       true                  default
symbols.hidden             [4096, 7168]          pyproject.toml:11
symbols.n                  [3]                   command line
assert-macros              []                    default
launch-macros              {}                    default
cache                      true                  default
""",
        "",
    )


def test_without_a_file_it_says_so(run: Run) -> None:
    Path("pyproject.toml").unlink()
    out = run("config")[1]
    first = (
        "configuration  none: no portcheck.toml, and no pyproject.toml with [tool.portcheck], here or above\n"
    )
    assert out.startswith(first)
    assert "select                     []" in out
    assert run("config", "--lang", "zh")[1].startswith("配置文件  无：")


def test_a_path_that_is_not_there(run: Run) -> None:
    assert run("config", "no") == (2, "", "portcheck: error: no: no such file or folder\n")


def test_check_reads_them(run: Run) -> None:
    code, out, err = run("check")
    assert (code, err) == (1, "")
    assert out.startswith("src/copy.cu:3:5  VEC001 vector-start  breaks  in copy\n  violated 910B: ")
    assert "third_party" not in out
    assert "\n  given: hidden = 4096 or 7168\n" in out
    assert "elected-lane" not in out
    assert "start at a multiple of 64 bytes" in out
    assert "files    1 read" in out


def test_the_command_line_wins(run: Run) -> None:
    code, out, _ = run("check", "--select", "SYN002", "--target", "950", "--exclude", "none", "--summary")
    assert (code, "VEC001" in out, "files    2 read" in out) == (0, False, True)


def test_patterns_are_relative_to_their_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SETTINGS.replace('"third_party/"', '"/src/third_party/"')
    Path("pyproject.toml").write_text(text)
    assert "files    1 read" in run("check", "src", "--summary")[1]
    monkeypatch.chdir("src")
    assert "files    1 read" in run("check", ".", "--summary")[1]


def test_scan_and_show_and_plan_read_them(run: Run) -> None:
    assert "files    1 read" in run("scan", "--summary")[1]
    report = json.loads(run("show", "kernels", "--format", "json")[1])
    assert [one["path"] for one in report["kernels"]] == ["src/copy.cu"]
    assert run("plan", "-o", "plan", "-q")[0] == 0  # the target is the only one of the file
    assert json.loads(Path("plan/plan.json").read_text())["target"]["name"] == "910B"


def test_a_plan_needs_one_target(run: Run) -> None:
    Path("pyproject.toml").write_text(SETTINGS.replace('["910b"]', '["910B", "950"]'))
    code, out, err = run("plan", "-o", "plan")
    assert (code, out) == (2, "")
    assert err.startswith("portcheck: error: the following arguments are required: --target\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "select",
            "slect",
            "pyproject.toml:5: unknown key 'slect'; did you mean 'select'? there are include,",
        ),
        ('"VEC001"', '"VEX001"', "pyproject.toml:5: select: unknown rule 'VEX001'; choose from ACC"),
        ('"910b"', '"910D"', "pyproject.toml:9: targets: unknown target '910D'; did you mean '910C'?"),
        ("elected-lane", "elected", "pyproject.toml:14: assume.elected: no such assumption"),
        ('["src"]', '["srd"]', "pyproject.toml:10: include: srd: no such file or folder\n"),
    ],
)
def test_mistakes_are_one_line_with_their_place(run: Run, old: str, new: str, message: str) -> None:
    Path("pyproject.toml").write_text(SETTINGS.replace(old, new, 1))
    code, out, err = run("check")
    assert (code, out) == (2, "")
    assert err.startswith(f"portcheck: error: {message}")
    assert len(err.splitlines()[0].split("\n")) == 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--set", "hidden"), "argument --set: 'hidden' is not NAME=N or NAME=N,N"),
        (("--set", "hidden=x"), "argument --set: 'hidden=x': values must be integers"),
        (("--assume", "elected"), "argument --assume: 'elected' is not ID=true, ID=false or ID=BYTES"),
        (("--assume", "elected=off"), "argument --assume: elected: no such assumption; there are"),
    ],
)
def test_bad_options(run: Run, option: tuple[str, str], message: str) -> None:
    code, _, err = run("check", ".", *option)
    assert code == 2
    assert err.startswith(f"portcheck: error: {message}")


def test_the_schema_is_printed(run: Run) -> None:
    assert json.loads(run("schema", "config")[1])["title"].startswith("portcheck.toml, and [tool.portcheck]")
