"""Completion in shells: the scripts know every command and option, and bash runs its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from portcheck.cli import main
from portcheck.cli.arguments import COMMANDS, SHELLS, parser_of

BASH = shutil.which("bash")


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    texts = {}
    for shell in SHELLS:
        assert main(["completion", shell]) == 0
        texts[shell] = capsys.readouterr().out
    return texts


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_there(script: dict[str, str], shell: str) -> None:
    for command in COMMANDS:
        assert command in script[shell]
        for action in parser_of(command)._actions:
            for name in action.option_strings:
                written = f"-l {name[2:]} " if shell == "fish" and name.startswith("--") else name
                written = f"-s {name[1:]} " if shell == "fish" and not name.startswith("--") else written
                assert written in script[shell], f"{name} of {command}"


@pytest.mark.skipif(BASH is None, reason="no bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["portcheck", "co"], ["config", "completion"]),
        (["portcheck", "check", "--fo"], ["--format"]),
        (["portcheck", "check", "--format", "ju"], ["junit"]),
        (["portcheck", "check", "-o", "gi"], ["github", "gitlab"]),
        (["portcheck", "check", "csrc", "--target", "910"], ["910B", "910C"]),
        (["portcheck", "scan", "--kind", "tma"], ["tma_copy"]),
        (["portcheck", "show", "k"], ["kernels"]),
        (["portcheck", "completion", ""], ["bash", "zsh", "fish"]),
        (["portcheck", "check", "--baseline", ""], []),
        (["portcheck", "check", "src"], []),
    ],
)
def test_bash(script: dict[str, str], tmp_path: Path, words: list[str], expected: list[str]) -> None:
    assert BASH is not None
    file = tmp_path / "portcheck.bash"
    file.write_text(script["bash"], "utf-8")
    listed = " ".join(f"'{word}'" for word in words)
    test = f"source {file}; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _portcheck"
    show = 'printf "%s\\n" "${COMPREPLY[@]}"'
    ran = subprocess.run([BASH, "-c", f"{test}; {show}"], capture_output=True, text=True, check=True)
    assert (ran.stdout.split(), ran.stderr) == (expected, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_others_can_be_read_by_their_shell(script: dict[str, str], tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell}")
    file = tmp_path / f"portcheck.{shell}"
    file.write_text(script[shell], "utf-8")
    ran = subprocess.run([program, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
