"""Compares the reference interpreter with real C++: the generated text, compiled by g++ for the host."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soundness.reference import nodes as n
from benchmarks.soundness.subject import Drawn, Subject

STUB = Path(__file__).with_name("stub.h")
_LAUNCH = re.compile(r"(\w+(?:<[^;\n]*?>)?)<<<(.*?)>>>\((.*)\);")
_SHARED = re.compile(r"extern __shared__ __align__\((\d+)\) uint8_t (\w+)\[\];")
_DECLARED = re.compile(r"^__device__ void (probe|trap)\(.*\);\n", re.MULTILINE)


@dataclass
class Comparison:
    files: int = 0
    runs: int = 0
    values: int = 0
    stopped: int = 0
    differences: list[str] = field(default_factory=list)


def compiler() -> str | None:
    return shutil.which("g++") or shutil.which("clang++")


def compare(named: Sequence[tuple[str, str]], seed: int, runs: int = 60) -> Comparison:
    """Compile several generated files as one program and compare what every probe sees."""
    found = Comparison()
    parts = [f'#include "{STUB}"\n']
    calls: list[str] = []
    expected: list[tuple[str, Drawn, list[str]]] = []
    for name, text in named:
        subject = Subject(text)
        found.files += 1
        parts.append(host_text(text))
        inside = _namespace(text)
        for drawn in _plan(subject, random.Random(f"{seed}:{name}"), runs):
            _, why = subject.run(drawn)
            if why not in ("", "thrown"):
                found.stopped += 1
                continue
            trace = [f"{i} {v}" for i, v in subject.program.machine.trace]
            if why:
                trace.append(why)
            calls.append(_call(subject, drawn, inside, len(expected)))
            expected.append((name, drawn, trace))
    body = "\n".join(
        f"static void part{i}() {{\n" + "\n".join(calls[i : i + 50]) + "\n}" for i in range(0, len(calls), 50)
    )
    main = "".join(f"part{i}(); " for i in range(0, len(calls), 50))
    parts.append(f"{body}\nint main() {{ soundness::prepare(); {main}}}\n")
    output = _execute("".join(parts), found, [name for name, _ in named])
    if output is None:
        return found
    actual: list[list[str]] = []
    for line in output.splitlines():
        if line.startswith("run "):
            actual.append([])
        else:
            actual[-1].append(line)
    for (name, drawn, wanted), got in zip(expected, actual, strict=False):
        found.runs += 1
        found.values += len(wanted)
        if wanted != got:
            found.differences.append(f"{name}: {drawn}\n  reference {wanted[:12]}\n  C++       {got[:12]}")
    if len(actual) < len(expected):
        found.differences.append(f"{expected[len(actual)][0]}: C++ ended after {len(actual)} runs")
    return found


def host_text(text: str) -> str:
    """Launches and dynamic shared memory in terms of the stub; macros end with the file."""
    text = _DECLARED.sub("", text)
    text = _SHARED.sub(r"uint8_t* const \2 = soundness::shared(\1);", text)
    text = _LAUNCH.sub(r"soundness::launch(\2, [&] { \1(\3); });", text)
    names = dict.fromkeys(re.findall(r"^#define (\w+)", text, re.MULTILINE))
    return text + "".join(f"#undef {name}\n" for name in names)


def _namespace(text: str) -> str:
    match = re.search(r"^namespace (\w+) \{", text, re.MULTILINE)
    return match.group(1) + "::" if match else ""


def _plan(subject: Subject, rng: random.Random, runs: int) -> list[Drawn]:
    """Runs of every start; of a template that nothing instantiates, three instantiations."""
    shapes: dict[int, list[dict[str, int]]] = {}
    for index, start in enumerate(subject.starts):
        shapes[index] = [{p.name: subject.template_value(rng, p) for p in start.template} for _ in range(3)]
    found = []
    for number, drawn in enumerate(subject.draw(rng, runs)):
        shape = shapes[drawn.start][number // len(subject.starts) % 3]
        template = tuple((name, shape[name]) for name, _ in drawn.template)
        found.append(Drawn(drawn.start, template, *[getattr(drawn, s) for s in Drawn.__slots__[2:]]))
    return found


def _call(subject: Subject, drawn: Drawn, inside: str, number: int) -> str:
    start = subject.starts[drawn.start]
    function: n.Function = start.function
    values = dict(drawn.values)
    memories, arguments = "", []
    for position, parameter in enumerate(function.parameters):
        if parameter.name in values:
            arguments.append(str(values[parameter.name]))
        elif parameter.type.pointers:
            kind = " ".join(parameter.type.parts) + "*" * parameter.type.pointers
            memories += f"auto p{position} = ({kind})soundness::memory({position + 1}, 256); "
            arguments.append(f"p{position}")
        else:
            arguments.append("nullptr")
    template = ", ".join(str(v) for _, v in drawn.template)
    name = f"{inside}{function.name}" + (f"<{template}>" if template else "")
    call = f"{name}({', '.join(arguments)});"
    if not start.host:
        call = f"soundness::enter({drawn.grid_dim}, {drawn.block_dim}, [&] {{ {call} }});"
    return (
        f"soundness::run({number}, {drawn.thread}, {drawn.block}, {drawn.block_dim}, {drawn.grid_dim}, "
        f"{drawn.seed}u, [&] {{ {memories}{call} }});"
    )


def _execute(source: str, found: Comparison, names: list[str]) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "all.cpp")
        path.write_text(source, encoding="utf-8")
        program = Path(folder, "all")
        command = [compiler() or "g++", "-std=c++17", "-O0", "-w", "-o", str(program), str(path)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            errors = [x for x in made.stderr.splitlines() if "error" in x][:6]
            found.differences.append(f"{names[0]}…{names[-1]} does not compile:\n" + "\n".join(errors))
            return None
        ran = subprocess.run([str(program)], capture_output=True, text=True, check=False, timeout=300)
        if ran.returncode:
            found.differences.append(f"{names[0]}…{names[-1]} ended with {ran.returncode}")
        return ran.stdout
