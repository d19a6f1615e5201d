"""`portcheck prove` from the command line: answers on small kernels, and every refusal in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from portcheck.cli import arguments, main
from portcheck.report.schema import SCHEMAS, schema_text

KERNELS = """\
template <int kHidden>
__global__ void send(char* out) {
    constexpr int kBytes = 16 + 2 * kHidden;
    out[kBytes] = 1;
}
__global__ void halves(int n, const int* sizes) {
    assert(n % 2 == 0);
    const int half = 16 * (n / 2);
    const int whole = 32 * n;
    const int read = sizes[n];
    consume(half, whole, read);
}
__global__ void stages(int n) {
    extern __shared__ __align__(1024) char smem[];
    for (int i = 0; i < 2; ++i) {
        char* stage = smem + 4624 * i;
        stage[0] = 1;
    }
}
void launch(char* out) {
    send<2048><<<1, 32>>>(out);
    send<7168><<<1, 32>>>(out);
}
"""
HALVES = "kernels.cu:11"
STAGES = "kernels.cu:17"
Prove = Callable[..., "Ran"]


class Ran:
    """How a run ended; `first` is the verdict with its goal, `said` what follows a label."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def first(self) -> str:
        return self.out.partition("\n")[0]

    def said(self, label: str) -> str:
        found = re.search(rf"^  {label} +(.*)$", self.out, re.MULTILINE)
        return found.group(1) if found else ""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kernels.cu").write_text(KERNELS)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "PORTCHECK_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def prove(tree: Path, capsys: pytest.CaptureFixture[str]) -> Prove:
    def run(*given: str) -> Ran:
        code = main(["prove", *given])
        out, err = capsys.readouterr()
        return Ran(code, re.sub(r"(?<=\w)#\d+", "", out), err)  # numbers tell names apart, and may change

    return run


def test_it_holds(prove: Prove) -> None:
    ran = prove(HALVES, "whole")
    assert (ran.code, ran.err) == (0, "")
    assert ran.first == "holds  whole ≡ 0 (mod 32)  kernels.cu:11"
    assert (ran.said("that is"), ran.said("fails for")) == ("32*n", "")


def test_it_depends_on_a_parameter(prove: Prove) -> None:
    ran = prove(HALVES, "half")
    assert ran.code == 0
    assert ran.first == "depends  half ≡ 0 (mod 32)  kernels.cu:11"
    assert ran.said("holds where") == "n % 4 == 0"
    assert re.fullmatch(r"n=\d+ gives \d+, \d+ mod 32 = 16", ran.said("fails for"))
    assert ran.said("residues") == "0, 16"
    assert re.search(r"^    kernels.cu:7  +assert\(n % 2 == 0\)$", ran.out, re.MULTILINE)
    assert re.search(r"^    kernels.cu:8  +half = 16 \* \(n / 2\)", ran.out, re.MULTILINE)


def test_a_stage_off_a_block_is_violated(prove: Prove) -> None:
    ran = prove(STAGES, "stage")
    assert ran.code == 0
    assert ran.first == "violated  the offset of stage from smem ≡ 0 (mod 32)  kernels.cu:17"
    assert (ran.said("that is"), ran.said("fails for")) == ("4624*i", "i=1 gives 4624, 4624 mod 32 = 16")


def test_what_is_read_from_memory_is_unknown(prove: Prove) -> None:
    ran = prove(HALVES, "read")
    assert ran.code == 0
    assert ran.first == "unknown  read ≡ 0 (mod 32)  kernels.cu:11"
    assert ran.said("not decided")
    assert ran.said("would decide it")


def test_a_table_over_launches(prove: Prove) -> None:
    ran = prove("kernels.cu:4", "kBytes")
    assert ran.first == "violated  kBytes ≡ 0 (mod 32)  kernels.cu:4"
    assert (
        """\
  launches         2
    kHidden
       2048  violated  4112, 4112 mod 32 = 16
       7168  violated  14352, 14352 mod 32 = 16
"""
        in ran.out
    )


def test_modulus_residue_and_givens(prove: Prove) -> None:
    assert prove(HALVES, "half", "--mod", "0x10").first == "holds  half ≡ 0 (mod 16)  kernels.cu:11"
    assert prove(HALVES, "half + 8", "--mod", "16", "--equals", "8").first.startswith("holds  half + 8 ≡ 8")
    assert prove(HALVES, "half", "--given", "n=4").first.startswith("holds")
    assert prove(HALVES, "half", "--given", "n % 4 == 2").first.startswith("violated")


def test_columns_of_a_place_are_ignored(prove: Prove) -> None:
    assert prove(f"{HALVES}:5", "whole").first == "holds  whole ≡ 0 (mod 32)  kernels.cu:11"


def test_the_tree_is_the_repository_of_the_file(prove: Prove, tree: Path) -> None:
    (tree / ".git").mkdir()
    (tree / "inc").mkdir()
    (tree / "inc" / "size.cuh").write_text("constexpr int kUnit = 32;\n")
    (tree / "src").mkdir()
    (tree / "src" / "use.cu").write_text("__global__ void use(int n) {\n    consume(kUnit * n);\n}\n")
    assert prove("src/use.cu:2", "kUnit * n").first == "holds  kUnit * n ≡ 0 (mod 32)  src/use.cu:2"
    assert prove("src/use.cu:2", "kUnit * n", "--tree", "src").code == 2
    both = prove("src/use.cu:2", "kUnit * n", "--tree", "src", "--tree", "inc")
    assert both.first.startswith("holds")


def test_a_link_to_the_file(prove: Prove, tree: Path) -> None:
    (tree / "link").symlink_to(tree)
    ran = prove("link/kernels.cu:11", "whole", "--tree", ".")
    assert ran.first == "holds  whole ≡ 0 (mod 32)  kernels.cu:11"


@pytest.mark.parametrize("expression", ["whole", "half", "read"])
def test_json_keeps_to_its_schema(prove: Prove, tree: Path, expression: str) -> None:
    ran = prove(HALVES, expression, "--format", "json", "--given", "n > 0", "-D", "A=1")
    found = json.loads(ran.out)
    Draft202012Validator(json.loads(schema_text("proof"))).validate(found)
    assert found["root"] == str(tree)
    assert found["place"] == {"path": "kernels.cu", "line": 11}
    assert found["configuration"] == {"defines": ["A=1"]}
    assert found["question"] == {
        "text": expression,
        "modulus": 32,
        "equals": 0,
        "function": None,
        "given": ["n > 0"],
    }


def test_the_answer_in_json(prove: Prove) -> None:
    found = json.loads(prove(STAGES, "stage", "--format", "json").out)
    assert (found["verdict"], found["expression"]) == ("violated", "4624*i")
    assert (found["witness"]["i"], found["value"]) == (1, 4624)
    assert {"path": "kernels.cu", "line": 16}.items() <= found["derivation"][-2].items()
    assert found["derivation"][-1]["path"] is None


def test_the_output_option(prove: Prove, tree: Path) -> None:
    ran = prove(HALVES, "whole", "-o", "answer.txt")
    assert (ran.code, ran.out) == (0, "")
    assert (tree / "answer.txt").read_text(encoding="utf-8").startswith("holds  whole")


def test_colours(prove: Prove) -> None:
    assert prove(HALVES, "whole", "--color", "always").out.startswith("\x1b[32mholds\x1b[0m  whole")


def test_gaps_are_told_on_stderr_unless_quiet(prove: Prove, tree: Path) -> None:
    (tree / "blob.cu").write_bytes(b"\0\1\2")
    ran = prove(HALVES, "whole")
    assert (ran.code, ran.err) == (
        0,
        f"portcheck: warning: 1 skipped; 'portcheck scan {tree}' says where\n",
    )
    assert prove(HALVES, "whole", "-q").err == ""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((HALVES, "half +"), "'half +' is not an expression"),
        ((HALVES, "half); (half"), "'half); (half' is not an expression"),
        ((HALVES, "half; 3"), "'half; 3' is not an expression"),
        ((HALVES, ""), "'' is not an expression"),
        ((HALVES, "half = 3"), "'half = 3' assigns; a question only reads (== compares)"),
        ((HALVES, "nosuch"), "'nosuch' is not visible at kernels.cu:11"),
        (("kernels.cu:999", "half"), "kernels.cu:999: this line is outside any function"),
        (("kernels.cu:0", "half"), "kernels.cu:0: lines begin at 1"),
        (("kernels.cu", "half"), "'kernels.cu' names no line; write FILE:LINE"),
        (("nowhere.cu:3", "half"), "nowhere.cu: no such file"),
        ((".:3", "half"), ". is a folder; write FILE:LINE"),
        ((HALVES, "half", "--mod", "0"), "--mod 0: a modulus is from 1 to 1048576"),
        ((HALVES, "half", "--mod", "1048577"), "--mod 1048577: a modulus is from 1 to 1048576"),
        ((HALVES, "half", "--given", "n=1", "--given", "n=2"), "--given n=1 and n=2 contradict each other"),
        ((HALVES, "half", "--given", "n=1"), "--given n=1: contradicts what is known at kernels.cu:11"),
        ((HALVES, "half", "--given", "n +"), "--given: 'n +' is not an expression"),
        ((HALVES, "half", "--given", "n=+"), "--given: '+' is not an expression"),
        ((HALVES, "half", "--given", "q=1"), "'q' is not visible at kernels.cu:11"),
        ((HALVES, "half", "--in", "nope"), "--in nope: no function of this name was found"),
        ((HALVES, "half", "--in", "send"), "--in send: it does not reach kernels.cu:11"),
        ((HALVES, "half", "--tree", "nowhere"), "nowhere: no such file or folder"),
        (
            (HALVES, "+".join(["half"] * 20_000)),
            "the expression nests more than 1000 deep",
        ),
    ],
)
def test_refusals(prove: Prove, given: tuple[str, ...], message: str) -> None:
    ran = prove(*given)
    assert (ran.code, ran.out, ran.err) == (2, "", f"portcheck: error: {message}\n")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((HALVES, "half", "--mod", "x"), "argument --mod: 'x' is not an integer"),
        ((HALVES,), "the following arguments are required: EXPR"),
        ((HALVES, "half", "more"), "unexpected argument 'more'"),
        ((HALVES, "half", "--format", "jsonl"), "unknown format 'jsonl'; did you mean 'json'? choose from"),
    ],
)
def test_usage(prove: Prove, given: tuple[str, ...], message: str) -> None:
    ran = prove(*given)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"portcheck: error: {message}")
    assert ran.err.endswith("\ntry 'portcheck prove --help'\n")


def test_a_line_between_functions(prove: Prove, tree: Path) -> None:
    (tree / "kernels.cu").write_text(f"int global;\n{KERNELS}")
    expected = "portcheck: error: kernels.cu:1: this line is outside any function\n"
    assert prove("kernels.cu:1", "global").err == expected


def test_a_place_is_told_as_it_was_written(prove: Prove, tree: Path) -> None:
    place = f"{tree}/kernels.cu:11"
    assert prove(place, "nosuch").err == f"portcheck: error: 'nosuch' is not visible at {place}\n"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("host.cpp", b"int f(int n) { return n; }\n", "not among the files below {tree}"),
        ("host.hpp", b"int f(int n) { return n; }\n", "no CUDA in it; name it with --tree to insist"),
        ("blob.cu", b"\0\1\2", "binary"),
    ],
)
def test_a_file_that_was_not_analysed(
    prove: Prove, tree: Path, name: str, content: bytes, reason: str
) -> None:
    (tree / name).write_bytes(content)
    expected = f"portcheck: error: {name} was not analysed: {reason.format(tree=tree)}\n"
    ran = prove(f"{name}:1", "n")
    assert (ran.code, ran.out, ran.err) == (2, "", expected)


def test_a_host_file_can_be_insisted_on(prove: Prove, tree: Path) -> None:
    (tree / "host.hpp").write_text("int f(int n) { return 32 * n; }\n")
    ran = prove("host.hpp:1", "32 * n", "--tree", "host.hpp")
    assert ran.first == "holds  32 * n ≡ 0 (mod 32)  host.hpp:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.portcheck.assume]\nno-such = false\n",
            ":2: assume.no-such: no such assumption",
        ),
        ("[tool.portcheck", ": not TOML: "),
    ],
)
def test_assumptions_that_cannot_be_read(prove: Prove, tree: Path, text: str, message: str) -> None:
    (tree / "pyproject.toml").write_text(text)
    ran = prove(HALVES, "half")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"portcheck: error: pyproject.toml{message}")
    assert len(ran.err.splitlines()) == 1


def test_rules_that_cannot_be_read(prove: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    from portcheck.targets import RuleDataError

    def fail(*_: object, **__: object) -> None:
        raise RuleDataError("rules/targets/910B.toml: name: missing")

    monkeypatch.setattr("portcheck.cli.prove_command.analyse", fail)
    ran = prove(HALVES, "half")
    assert (ran.code, ran.err) == (2, "portcheck: error: rules/targets/910B.toml: name: missing\n")


def test_a_refusal_leaves_the_old_answer(prove: Prove, tree: Path) -> None:
    (tree / "answer.txt").write_text("old")
    assert prove(HALVES, "nosuch", "-o", "answer.txt").code == 2
    assert (tree / "answer.txt").read_text() == "old"
    assert not list(tree.glob(".portcheck-*"))


def test_the_schemas_that_can_be_asked_for() -> None:
    assert tuple(SCHEMAS) == arguments.SCHEMAS


def test_code_that_nests_too_deeply(prove: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("portcheck.cli.prove_command.analyse", fail)
    ran = prove(HALVES, "half")
    assert (ran.code, ran.err) == (2, "portcheck: error: the code nests too deeply to be analysed\n")
