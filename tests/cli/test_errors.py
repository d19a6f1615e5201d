"""Every way to end: an exit code, one line, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from example_scan import write_tree

SUPPORT = Path(__file__).parents[1] / "support"

# Runs the command line in a process of its own, with the example behind it.
DRIVER = f"""\
import sys
sys.path.insert(0, {str(SUPPORT)!r})
import portcheck.scan
from example_scan import example
from dataclasses import replace
result = example(".")
portcheck.scan.scan = lambda paths, **options: replace(result, facts=result.facts * 20000)
from portcheck.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_an_internal_error_is_one_line_and_a_file(cli, fake, tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tree))

    def fail() -> None:
        raise KeyError("first\nsecond")

    fake.before = fail
    ran = cli("scan", "some where", "-D", "A=1")
    [report] = tree.glob("portcheck-crash-*.txt")
    expected = (
        f"portcheck: error: internal error: KeyError: 'first\\nsecond'; please report it with {report}\n"
    )
    assert (ran.code, ran.out, ran.err) == (4, "", expected)
    text = report.read_text(encoding="utf-8")
    for part in (
        "portcheck 0.",
        "Python 3.",
        "tree-sitter ",
        "['scan', 'some where', '-D', 'A=1']",
        "Traceback",
    ):
        assert part in text
    assert text.endswith("KeyError: 'first\\nsecond'\n")


@pytest.mark.parametrize("error", [RecursionError("too deep"), MemoryError(), AssertionError()])
def test_every_kind_of_internal_error(cli, fake, tree, error: Exception, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tree))

    def fail() -> None:
        raise error

    fake.before = fail
    ran = cli("scan", ".")
    assert ran.code == 4
    assert len(ran.err.splitlines()) == 1


def test_no_crash_report_can_be_written(cli, fake, tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tree / "nowhere"))

    def fail() -> None:
        raise ValueError("odd")

    fake.before = fail
    ran = cli("scan", ".")
    assert ran.code == 4
    assert ran.err == (
        "portcheck: error: internal error: ValueError: odd "
        "(and no crash report could be written: No such file or directory)\n"
    )


def test_debug_lets_the_error_out(cli, fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTCHECK_DEBUG", "1")

    def fail() -> None:
        raise KeyError("x")

    fake.before = fail
    with pytest.raises(KeyError):
        cli("scan", ".")


def test_interrupted(cli, fake) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    fake.before = interrupt
    ran = cli("scan", ".")
    assert (ran.code, ran.out, ran.err) == (130, "", "portcheck: interrupted\n")


def drive(folder: Path, *arguments: str, **options: object) -> subprocess.Popen[bytes]:
    write_tree(folder)
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


@pytest.mark.parametrize("arguments", [["scan", "."], ["show", "facts", ".", "--format", "jsonl", "-q"]])
def test_a_closed_pipe_ends_quietly(tmp_path: Path, arguments: list[str]) -> None:
    process = drive(tmp_path, *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().strip()
    process.stdout.close()
    assert (process.wait(timeout=60), process.stderr.read()) == (0, b"")
    process.stderr.close()


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
    )


def test_run_as_a_module() -> None:
    ran = python("-m", "portcheck", "--version")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("portcheck 0.")


def test_version_imports_almost_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); from portcheck.cli import main; main(['--version']);"
        "print(*(set(sys.modules) - before))"
    )
    loaded = set(python("-c", code).stdout.splitlines()[1].split())
    assert {name for name in loaded if name.startswith("portcheck")} == {
        "portcheck",
        "portcheck.cli",
        "portcheck.cli.errors",
    }
    assert not loaded & {
        "json",
        "tree_sitter",
        "networkx",
        "pathspec",
        "importlib.metadata",
        "tempfile",
        "argparse",
    }


def test_an_ascii_terminal_gets_escapes_instead_of_an_error(tmp_path: Path) -> None:
    write_tree(tmp_path)
    ran = python(
        "-c",
        DRIVER.replace("* 20000", "").replace('example(".")', f"example({str(tmp_path)!r})"),
        "scan",
        ".",
        PYTHONIOENCODING="ascii",
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "/* \\u6bcf" in ran.stdout
