"""CUDA kernels that archetypes are recognised in, whole or changed at one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from portcheck.analysis.engine import analyse
from portcheck.ascendc.archetypes.base import Archetype
from portcheck.ascendc.body import Body
from portcheck.pack.subjects import View
from portcheck.targets import targets

CUDA = Path(__file__).parents[1] / "ascendc" / "cuda"
TARGETS = {t.name: t for t in targets()}


def recognised(archetype: Archetype, path: Path, target: str = "910B") -> dict[str, Body | None]:
    """What the archetype makes of each kernel of a file, by the kernel's name."""
    return {name: found[0] for name, found in recognised_by([archetype], path, target).items()}


def recognised_by(
    archetypes: Sequence[Archetype], path: Path, target: str = "910B"
) -> dict[str, tuple[Body | None, ...]]:
    """What each archetype makes of each kernel of a file, by the kernel's name."""
    view = View(analyse([str(path)]))
    kernels = [f for f in view.analysis.functions if f.is_kernel]
    assert kernels
    return {f.name: tuple(a.recognise(view, f, TARGETS[target]) for a in archetypes) for f in kernels}


def changed(folder: Path, name: str, kernel: str, old: str, new: str) -> Path:
    """A copy of a source with one text of one kernel replaced; `old` must stand in that kernel."""
    text = (CUDA / name).read_text()
    start = text.index(f" {kernel}(")
    end = text.find("__global__", start)
    end = len(text) if end < 0 else end
    assert old in text[start:end], old
    path = folder / name
    path.write_text(text[:start] + text[start:end].replace(old, new, 1) + text[end:])
    return path
