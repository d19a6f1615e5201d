"""The hooks in a real repository, run by the real pre-commit: what passes, what fails, and how long it takes.

    python benchmarks/hooks.py [--pre-commit PROGRAM]

A new repository gets the samples, a baseline and one recorded port, and installs both hooks from the
commit that this checkout is at. Then three commits: a comment, which passes; 16 bytes more between the
stages of a ring, which the first hook refuses; and the same past that hook, which the second refuses,
because the ported kernel changed. Times are of `git commit`, and of the hook's command alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
CONFIG = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: portcheck
        args: [--baseline, portcheck-baseline.jsonl]
      - id: portcheck-ported
"""
DECISION = """\
schema = 1

[[decision]]
for = "kernel:moewire::intranode::dispatch"
status = "ported"
reason = "ascend/intranode_dispatch.asc"
"""
SOURCE = "samples/intranode_dispatch.cu"
STRIDE, WIDER = "smem + warp * kStageBytes", "smem + warp * (kStageBytes + 16)"


@dataclass(frozen=True)
class Ran:
    """How one command ended; times in seconds, `cpu` of all its processes."""

    code: int
    out: str
    wall: float
    cpu: float

    @property
    def times(self) -> str:
        return f"{self.wall:.2f} s, {self.cpu:.2f} s on processors"


class Trial:
    """The repository and the programs that work on it."""

    def __init__(self, folder: Path, pre_commit: str) -> None:
        self.root = folder / "repository"
        self.pre_commit = pre_commit
        self.environment = {
            **os.environ,
            "PRE_COMMIT_HOME": str(folder / "pre-commit"),
            "PORTCHECK_CACHE_DIR": str(folder / "cache"),
            "PYTHONPATH": str(HERE),
            "LC_ALL": "C",
            **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "trial"),
            **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "trial@example.invalid"),
        }

    def run(self, *command: str, environment: dict[str, str] | None = None) -> Ran:
        start, used = time.perf_counter(), os.times()
        ended = subprocess.run(
            command,
            cwd=self.root,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        wall, now = time.perf_counter() - start, os.times()
        cpu = now.children_user + now.children_system - used.children_user - used.children_system
        return Ran(ended.returncode, ended.stdout, wall, cpu)

    def must(self, *command: str) -> Ran:
        ran = self.run(*command)
        if ran.code:
            sys.exit(f"{' '.join(command)}: {ran.code}\n{ran.out}")
        return ran

    def set_up(self) -> None:
        shutil.copytree(HERE / "samples", self.root / "samples")
        (self.root / "ascend").mkdir()
        (self.root / "ascend" / "intranode_dispatch.asc").write_text("// the port\n")
        (self.root / "portcheck-plan.toml").write_text(DECISION)
        revision = subprocess.check_output(["git", "-C", str(HERE), "rev-parse", "HEAD"], text=True).strip()
        (self.root / ".pre-commit-config.yaml").write_text(
            CONFIG.format(repository=HERE.as_uri(), revision=revision)
        )
        self.must("git", "init", "--quiet")
        self.must(sys.executable, "-m", "portcheck", "ported", "--record")
        self.must(
            sys.executable, "-m", "portcheck", "check", ".", "--fail-on", "never", "--quiet",
            "--write-baseline", "portcheck-baseline.jsonl", "--summary",
        )  # fmt: skip
        self.must("git", "add", "--all")
        self.must("git", "commit", "--quiet", "-m", "samples")
        installed = self.must(self.pre_commit, "install", "--install-hooks")
        print(f"hooks installed in {installed.wall:.1f} s")

    def commit(self, what: str, old: str, new: str, skip: str = "") -> Ran:
        file = self.root / SOURCE
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
        self.must("git", "add", "--all")
        ran = self.run("git", "commit", "-m", what, environment={"SKIP": skip})
        print(f"\n== {what}: git commit ended with {ran.code} in {ran.times}")
        print(ran.out.rstrip())
        return ran

    def hook(self, name: str) -> None:
        """The hook's command by itself, as pre-commit has installed it, when its answer is known."""
        [program] = (Path(self.environment["PRE_COMMIT_HOME"])).glob("repo*/py_env*/bin/portcheck")
        command = {
            "portcheck": [
                "check",
                "--format",
                "concise",
                "--quiet",
                "--baseline",
                "portcheck-baseline.jsonl",
            ],
            "portcheck-ported": ["ported"],
        }[name]
        runs = [self.run(str(program), *command, SOURCE) for _ in range(5)]
        print(f"{name}, answer known: {min(runs, key=lambda r: r.wall).times}")


def main() -> None:
    """Run the trial; exits with 1 if a hook passes or fails where it should not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pre-commit", default="pre-commit", help="the program; default: from the path")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder), options.pre_commit)
        trial.set_up()
        clean = trial.commit("a comment", STRIDE, f"{STRIDE} /* a row each */")
        refused = trial.commit("16 bytes between stages", STRIDE, WIDER)
        ported = trial.commit("the same past the first hook", WIDER, WIDER, skip="portcheck")
        print()
        for name in ("portcheck", "portcheck-ported"):
            trial.hook(name)
    as_meant = clean.code == 0 and refused.code == 1 and "MTE002" in refused.out
    as_meant = as_meant and ported.code == 1 and "kernel:moewire::intranode::dispatch" in ported.out
    sys.exit(0 if as_meant else 1)


if __name__ == "__main__":
    main()
