"""Every exit code once, each by a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREAKS = """\
__global__ void copy(const int4* x) {
    extern __shared__ __align__(1024) char smem[];
    reinterpret_cast<int4*>(smem + 16)[threadIdx.x] = x[threadIdx.x];
}
"""
# Runs the command line with a fault in it.
FAULTY = """\
import sys, tempfile
import portcheck.scan
from portcheck.cli import main
def read(*args, **options):
    raise KeyError("odd")
portcheck.scan.read = read
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "copy.cu").write_text(BREAKS)
    (tmp_path / "clean.cu").write_text("__global__ void nothing() {}\n")
    (tmp_path / "half.cu").write_text(f"__global__ void nothing() {{}}\n{'}) ] (' * 40}\n")
    (tmp_path / "empty").mkdir()
    return tmp_path


def start(tree: Path, *arguments: str, code: str = "") -> subprocess.Popen[str]:
    command = ("-c", code) if code else ("-m", "portcheck")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tree),
        "PORTCHECK_CACHE_DIR": str(tree / "cache"),
        "LC_ALL": "C",
    }
    environment.pop("PORTCHECK_DEBUG", None)
    return subprocess.Popen(
        [sys.executable, *command, *arguments],
        cwd=tree,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=None if os.name == "nt" else _listen,
    )


def _listen() -> None:
    """A job in the background ignores interrupts, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_0_nothing_at_or_above_the_threshold(tree: Path) -> None:
    assert ended(start(tree, "check", "clean.cu"))[::2] == (0, "")
    assert ended(start(tree, "check", "copy.cu", "--fail-on", "never"))[::2] == (0, "")


def test_1_findings(tree: Path) -> None:
    code, out, err = ended(start(tree, "check", "copy.cu", "--select", "VEC001", "--format", "concise"))
    assert (code, err) == (1, "")
    assert out.startswith("copy.cu:3:5: VEC001 breaks: violated 310P 910B 910C 950: ")


def test_2_usage(tree: Path) -> None:
    code, out, err = ended(start(tree, "check", "copy.cu", "--format", "sarf"))
    assert (code, out) == (2, "")
    assert err.startswith("portcheck: error: unknown format 'sarf'; did you mean 'sarif'? choose from full, ")


def test_3_nothing_was_analysed(tree: Path) -> None:
    code, _, err = ended(start(tree, "check", "empty"))
    assert (code, err) == (
        3,
        "portcheck: error: nothing was analysed: no CUDA or C++ file was found\n",
    )


def test_3_less_than_the_floor_was_read(tree: Path) -> None:
    report = tree / "out.json"
    code, out, err = ended(start(tree, "check", "half.cu", "--coverage-floor", "95", "-o", f"json={report}"))
    assert (code, out) == (3, "")
    lines = err.splitlines()
    assert "bytes could not be parsed" in lines[0]
    assert lines[1].endswith(" % of the bytes could be read, less than the floor of 95 %")
    assert report.stat().st_size > 0, "the report is written all the same"
    assert ended(start(tree, "check", "half.cu", "--coverage-floor", "1"))[0] == 0


def test_4_internal_error_with_a_crash_report(tree: Path) -> None:
    code, out, err = ended(start(tree, "check", "clean.cu", "--no-cache", code=FAULTY))
    [report] = tree.glob("portcheck-crash-*.txt")
    expected = f"portcheck: error: internal error: KeyError: 'odd'; please report it with {report}\n"
    assert (code, out, err) == (4, "", expected)
    text = report.read_text(encoding="utf-8")
    for part in ("portcheck 0.", "Python 3.", "tree-sitter 0.", "tree-sitter-cpp 0.", "'clean.cu'"):
        assert part in text
    assert text.endswith("KeyError: 'odd'\n")


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a process on Windows")
def test_130_interrupted(tree: Path) -> None:
    process = start(tree, "check", "--files-from", "-")
    assert process.stdin is not None
    process.stdin.write("clean.cu\n")
    process.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)  # it waits for more names
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "portcheck: interrupted\n")
