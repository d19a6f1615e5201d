"""Structured skeletons: every kernel gives a project that compiles and runs on the model."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from cuda_hostile import HOSTILE, SCALE

from portcheck.analysis import analyse
from portcheck.ascendc import checking, refresh
from portcheck.ascendc.generation import Generation
from portcheck.ascendc.manifest import MAP_NAME, read
from portcheck.ascendc.project import Item
from portcheck.cli.deep import deep
from portcheck.cli.rule_choice import all_rules
from portcheck.pack import findings
from portcheck.pack.subjects import View
from portcheck.targets import Language, targets

SAMPLES = Path(__file__).parents[2] / "samples"
TARGETS = {t.name: t for t in targets()}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("cuda") / "hostile.cu"
    file.write_text(HOSTILE, encoding="utf-8")
    return file


@cache
def view(path: Path) -> View:
    return View(analyse([str(path)]))


@cache
def generated(
    path: Path, target: str, language: Language = Language.EN
) -> tuple[Generation, tuple[Item, ...]]:
    with deep("the code"):
        seen = view(path)
        found = findings(seen.analysis, all_rules([]), (TARGETS[target],))
        generation = Generation(seen, found, TARGETS[target], language)
        return generation, tuple(generation.items())


@cache
def written(path: Path, target: str, folder: Path) -> Path:
    generation, items = generated(path, target)
    refresh.plan(folder / target, target, generation.projects(items)).apply()
    return folder / target


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.mark.parametrize("target", ["910B", "950", "310P"])
def test_every_hostile_kernel_compiles(hostile: Path, output: Path, target: str) -> None:
    folder = written(hostile, target, output)
    _, items = generated(hostile, target)
    assert len(items) == 11
    checking.check_syntax(*(folder / i.folder for i in items if not i.body.archetype))
    for item in items if target == "910B" else ():
        if item.body.archetype:
            checking.check_syntax(folder / item.folder)


def test_paths_stay_inside_and_are_distinct(hostile: Path) -> None:
    generation, items = generated(hostile, "910B")
    folders = [i.folder for i in items]
    assert len({f.casefold() for f in folders}) == len(folders)
    for folder, files in generation.projects(items).items():
        for path in files:
            assert re.fullmatch(r"[A-Za-z0-9_./-]+", f"{folder}/{path}")
            assert ".." not in path


def test_generation_is_deterministic(hostile: Path) -> None:
    generation, items = generated(hostile, "910B")
    again = Generation(generation.view, generation.found, generation.target, generation.language)
    assert again.projects(again.items()) == generation.projects(items)


def test_forty_parameters_are_all_there(hostile: Path) -> None:
    _, items = generated(hostile, "910B")
    forty = next(i for i in items if i.kernel == "forty")
    assert len(forty.body.buffers) == 20
    assert [s.name for s in forty.body.scalars if s.cuda] == [f"p{n}" for n in range(20)]


@pytest.mark.parametrize("target", ["910B", "310P"])
def test_every_gap_is_marked_and_every_mark_is_told(hostile: Path, target: str) -> None:
    for path in (hostile, SAMPLES):
        for item in generated(path, target)[1]:
            if item.body.archetype:
                continue
            text = item.body.kernel + item.body.tiling
            marks = set(re.findall(r"PORTCHECK-GAP\(([^)]*)\)", text))
            assert marks == {g.mark for g in item.body.gaps}, item.kernel


def test_every_key_of_the_trace_is_known() -> None:
    for item in generated(SAMPLES, "910B")[1]:
        keys = set(re.findall(r"//@ (\S+)$", item.body.kernel + item.body.tiling, re.MULTILINE))
        assert keys <= item.body.trace.keys(), item.kernel


def test_a_skeleton_is_never_called_complete() -> None:
    for item in generated(SAMPLES, "910B")[1]:
        assert item.body.is_complete == bool(item.body.archetype and not item.body.gaps)
        if not item.body.archetype:
            assert item.body.gaps


@pytest.fixture(scope="module")
def scale(output: Path) -> Path:
    """The project of a kernel that is no archetype."""
    file = output / "cuda" / "scale.cu"
    file.parent.mkdir()
    file.write_text(SCALE, encoding="utf-8")
    return written(file.parent, "910B", output / "scaled") / "scale"


def test_the_map_leads_to_cuda(scale: Path) -> None:
    described = read(scale)
    kernel = (scale / "op_kernel" / "scale.cpp").read_text().splitlines()
    assert not any("//@" in line for line in kernel)
    line = next(n for n, text in enumerate(kernel, 1) if "DataCopyPad(out_" in text)
    assert described.cuda_of("op_kernel/scale.cpp", line) == ("scale.cu:5",)
    spans = json.loads((scale / MAP_NAME).read_text())["spans"]
    assert all(s["cuda"] for s in spans)
    assert 'extern "C" __global__ __aicore__ void scale(' in "\n".join(kernel)


@pytest.mark.parametrize("kernel", ["reverse_tile", "topk_combine"])
def test_samples_run_without_violations(output: Path, kernel: str) -> None:
    library = checking.compiled(written(SAMPLES, "910B", output / "samples") / kernel)
    for seed, cores in ((0, 1), (1, 3), (2, 48)):
        checked = checking.check(library, cores=cores, seed=seed)
        assert not checked.refused
        assert checked.lines() == []


def test_a_determined_row_moves(scale: Path) -> None:
    """The skeleton moves the rows at the addresses of the analysis, tails included."""
    library = checking.compiled(scale)
    scalars = {**library.case(0).scalars, "rows": 5, "row_elements": 11, "gridDim_x": 2}
    names = [b.name for b in library.manifest.buffers]
    source = bytes(range(256)) * 4
    buffers = tuple(source if n.startswith("in") else bytes(1024) for n in names)
    ran = library.run(checking.Case(buffers, scalars), cores=2, seed=1)
    assert ran.result == 0
    moved = ran.buffers[names.index("out")]
    assert moved[: 5 * 44] == source[: 5 * 44]
    assert not any(moved[5 * 44 :])


def test_without_datacopypad_rows_that_share_blocks_are_one_cores(tmp_path: Path) -> None:
    (tmp_path / "scale.cu").write_text(SCALE, encoding="utf-8")
    project = written(tmp_path, "310P", tmp_path / "out") / "scale"
    checked = checking.check(checking.compiled(project), cores=3, seed=1)
    assert not checked.refused
    assert checked.lines() == []


def test_two_recognised_kernels_of_one_name_have_names_of_their_own(hostile: Path) -> None:
    _, items = generated(hostile, "910B")
    for item in items:
        assert item.body.name == item.folder
        assert item.body.kernel.count(f"__aicore__ void {item.folder}(") == 1
        assert f"struct {item.folder}Tiling" in item.body.tiling


def test_readmes_are_honest_in_both_languages() -> None:
    for language, honest in (
        (Language.EN, "Nothing here has run on Ascend hardware"),
        (Language.ZH, "未在昇腾硬件上运行过"),
    ):
        generation, items = generated(SAMPLES, "910B", language)
        projects = generation.projects(items)
        for files in projects.values():
            assert honest in files["README.md"]
        assert "PORTCHECK-GAP" in projects["dispatch"]["README.md"]
