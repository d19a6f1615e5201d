"""Compiles a project against the CPU model and runs it: what tests of projects and `verify` do."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import portcheck.ascendc
from portcheck.ascendc import inputs, manifest
from portcheck.ascendc.inputs import Case
from portcheck.ascendc.manifest import Manifest
from portcheck.ascendc.refresh import OWN

FLAGS = ("-std=c++17", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared")
_COMPILERS = ("c++", "g++", "clang++")
_WORKER = Path(__file__).with_name("worker.py")
_REFUSED, _MISMATCH = -1, -2
TIME_LIMIT_S = 120


class NoCompilerError(Exception):
    """No C++ compiler is installed; the message is one line."""


class CompileError(Exception):
    """The project does not compile; the message is what the compiler said."""


class RunError(Exception):
    """The compiled project did not come to an end or cannot be called; the message is one line."""


def model_path() -> Path:
    """The folder of the model's headers, inside the package."""
    return Path(portcheck.ascendc.__file__).resolve().parent / "model"


def compiler() -> str:
    """The C++ compiler: CXX of the environment, else the first that is installed. Raises NoCompilerError."""
    named = os.environ.get("CXX", "").strip()
    if named:
        if shutil.which(named.split()[0]) is None:
            raise NoCompilerError(f"CXX names {named}, which is not installed")
        return named
    found = next((name for name in _COMPILERS if shutil.which(name)), None)
    if found is None:
        raise NoCompilerError(f"no C++17 compiler: install one of {', '.join(_COMPILERS)}, or set CXX")
    return found


@dataclass(eq=False)
class Library:
    """A compiled project. The folder of its file goes with it."""

    manifest: Manifest
    project: Path
    file: Path
    _cases: dict[int, Case] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.file.parent, ignore_errors=True)

    def case(self, seed: int) -> Case:
        """Inputs that the tiling function accepts; of one seed the same."""
        if seed not in self._cases:
            self._cases[seed] = self._accepted(seed)
        return self._cases[seed]

    def run(self, case: Case, *, cores: int, seed: int) -> Ran:
        """One run on copies of the inputs. Raises RunError."""
        with tempfile.TemporaryDirectory(prefix="portcheck-run-") as folder:
            files = [Path(folder) / f"{n}.bin" for n in range(len(case.buffers))]
            for file, data in zip(files, case.buffers, strict=True):
                file.write_bytes(data)
            scalars = [
                [v, s.ctype] for v, s in zip(case.scalars.values(), self.manifest.scalars, strict=True)
            ]
            request = {
                "cores": cores,
                "ub_bytes": self.manifest.ub_bytes,
                "seed": seed,
                "buffers": [str(f) for f in files],
                "scalars": scalars,
            }
            answer = self._ask(request)
            return Ran(answer["result"], answer["report"], tuple(f.read_bytes() for f in files))

    def _ask(self, case: Mapping[str, Any]) -> Mapping[str, Any]:
        request = json.dumps({"library": str(self.file), "cases": [case]})
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(_WORKER)],
                input=request,
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT_S,
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"{self.manifest.name} did not end within {TIME_LIMIT_S} seconds") from None
        if done.returncode != 0 or not done.stdout.strip():
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise RunError(f"{self.manifest.name} cannot be run: {last}")
        answer: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if answer["result"] == _MISMATCH:
            raise RunError(
                f"{self.manifest.name}: the map and the kernel disagree: {answer['report']['error']}"
            )
        return answer

    def _accepted(self, seed: int) -> Case:
        """The first example that the tiling accepts; the last that was tried if it accepts none."""
        last: Case | None = None
        for case in inputs.cases(self.manifest, self.project, seed):
            last = case
            if self.run(case, cores=1, seed=0).result != _REFUSED:
                return case
        assert last is not None  # there is always one to try
        return last


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the model gave: the number of violations or why not, and the buffers behind it."""

    result: int
    report: Mapping[str, Any]
    buffers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation, with its line in the project and the CUDA lines behind it."""

    check: str
    message: Mapping[str, str]
    file: str
    line: int
    block: int
    count: int
    cuda: tuple[str, ...]

    def text(self, language: str = "en") -> str:
        where = f"{self.file}:{self.line}" if self.file else "at the end"
        said = self.message.get(language) or self.message.get("en", "")
        times = f", {self.count} times" if self.count > 1 else ""
        cuda = f"  (CUDA {', '.join(self.cuda)})" if self.cuda else ""
        return f"{where}: {self.check}: {said} [block {self.block}{times}]{cuda}"


@dataclass(frozen=True, slots=True)
class Checked:
    """One case: why the tiling refused it, "" if not; what the model found; where NumPy says otherwise.

    `compared`: there is a reference and NumPy to compare with.
    """

    refused: str
    violations: tuple[Violation, ...]
    differences: tuple[str, ...]
    compared: bool

    def lines(self, language: str = "en") -> list[str]:
        return [v.text(language) for v in self.violations]


def compiled(project: Path) -> Library:
    """Compile the project in a folder. Raises ManifestError, NoCompilerError, CompileError."""
    described = manifest.read(project)
    folder = Path(tempfile.mkdtemp(prefix="portcheck-build-"))
    library, name = folder / "kernel.so", described.name
    lines = (f'#include "{name}.cpp"', '#include "driver.h"', "", f"ASCENDC_MODEL_ENTRY({name})", "")
    try:
        _compile((project,), described.arch, lines, folder, ("-o", str(library)))
    except (NoCompilerError, CompileError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Library(described, project, library)


def check_syntax(*projects: Path) -> None:
    """Let the compiler read projects of one target together, and write nothing. Raises as `compiled` does."""
    read = [manifest.read(p) for p in projects]
    lines = [f'#include "{described.name}.cpp"' for described in read]
    with tempfile.TemporaryDirectory(prefix="portcheck-build-") as folder:
        _compile(projects, read[0].arch, [*lines, ""], Path(folder), ("-fsyntax-only",))


def _compile(
    projects: Sequence[Path], arch: int, lines: Sequence[str], folder: Path, more: Sequence[str]
) -> None:
    command, driver = compiler().split(), folder / "driver.cpp"
    driver.write_text("\n".join(lines), encoding="utf-8")
    folders = [model_path(), *(p / part for p in projects for part in ("op_kernel", "op_host"))]
    paths = [part for f in folders for part in ("-I", str(f.resolve()))]
    done = subprocess.run(
        [*command, *FLAGS, f"-DASCENDC_ARCH={arch}", *paths, str(driver), *more],
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise CompileError(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")


def check(library: Library, *, cores: int, seed: int) -> Checked:
    """Run one case and look at everything that can be seen of it. Raises RunError."""
    case = library.case(seed)
    ran = library.run(case, cores=cores, seed=seed)
    if ran.result == _REFUSED:
        return Checked(str(ran.report.get("error") or "the tiling refuses the sizes"), (), (), False)
    violations = tuple(_violation(library, v) for v in ran.report["violations"])
    differences = _differences(library, case, ran.buffers)
    return Checked("", violations, differences or (), differences is not None)


def _differences(library: Library, case: Case, outputs: Sequence[bytes]) -> tuple[str, ...] | None:
    try:
        return inputs.differences(library.manifest, library.project, case, outputs)
    except Exception as error:  # whatever the project's own reference raises
        said = f"{type(error).__name__}: {error}"
        raise RunError(f"{library.manifest.name}: {inputs.REFERENCE_NAME} failed: {said}") from error


def _violation(library: Library, record: Mapping[str, Any]) -> Violation:
    file, line = _relative(library.project, str(record.get("file", ""))), int(record.get("line", 0))
    said = record.get("message", "")
    message = said if isinstance(said, dict) else {"en": str(said)}
    cuda = library.manifest.cuda_of(file, _line_in_base(library.project, file, line))
    return Violation(
        str(record.get("check", "")), message, file, line, int(record.get("block", -1)),
        int(record.get("count", 1)), cuda,
    )  # fmt: skip


def _line_in_base(project: Path, file: str, line: int) -> int:
    """The line of the generated text that a line of an edited file was, for the map knows that text."""
    base = project.parent / OWN / "base" / project.name / file
    try:
        then, now = (f.read_text(encoding="utf-8").splitlines() for f in (base, project / file))
    except (OSError, UnicodeDecodeError):
        return line
    if then == now:
        return line
    matcher = difflib.SequenceMatcher(None, then, now, autojunk=False)
    for old, new, length in matcher.get_matching_blocks():
        if new <= line - 1 < new + length:
            return old + line - new
        if new > line - 1:
            return old  # an edited line stands for what follows it
    return line


def _relative(project: Path, file: str) -> str:
    """A file below the project as its map names it; any other by its name."""
    if not file:
        return ""
    try:
        return Path(file).resolve().relative_to(project.resolve()).as_posix()
    except ValueError:
        return Path(file).name


def shown(items: Sequence[str], most: int) -> list[str]:
    """The first lines, and how many more there are."""
    return [*items[:most], *([f"and {len(items) - most} more"] if len(items) > most else [])]
