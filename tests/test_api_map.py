"""The API map: its data is complete, look-ups forgive, and mistakes are named with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portcheck import pack
from portcheck.analysis import analyse
from portcheck.api_map import Api, ApiKind, api_map, load
from portcheck.resources import rules_path
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language, RuleDataError, targets

CHINESE = re.compile(r"[\u4e00-\u9fff]")
GOOD = """library = "CUDA runtime"

[cudaFree]
kind = "changed"
ascend = ["aclrtFreeWithDevSync"]
note.en = "aclrtFree does not wait."
note.zh = "aclrtFree 不同步。"
support = { 910B = true }
sources = ["hicann/runtime@681ef761: include/external/acl/acl_rt.h:1"]
"""


@pytest.mark.parametrize("api", api_map().apis, ids=lambda a: a.name)
def test_every_api_has_both_languages_a_source_and_a_kind(api: Api) -> None:
    assert api.note.en.endswith(".")
    assert not CHINESE.search(api.note.en)
    assert CHINESE.search(api.note.zh)
    assert api.note.zh.endswith("。")
    assert api.sources
    assert isinstance(api.kind, ApiKind)
    assert bool(api.ascend) or api.kind in (ApiKind.NONE, ApiKind.REDESIGN)
    assert not {"A2", "A3"} & set(re.findall(r"\w+", api.note.en))  # targets have the names of profiles
    assert api.support.keys() <= {t.name for t in targets()}
    header = api.file.read_text("utf-8").splitlines()[api.line - 1]
    assert header in (f"[{api.name}]", f'["{api.name}"]')


def test_the_map_is_whole() -> None:
    assert len(api_map().apis) == 390
    assert {a.library for a in api_map().apis} == {
        "CUDA runtime",
        "CUDA driver",
        "NCCL",
        "NVSHMEM",
        "CUDA device",
        "PTX",
    }


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("cudaMemcpyAsync", "cudaMemcpyAsync"),
        (" CUDAMEMCPYASYNC ", "cudaMemcpyAsync"),
        ("cuIpcOpenMemHandle_v2", "cuIpcOpenMemHandle"),
        ("cudaMemcpyAsync_ptsz", "cudaMemcpyAsync"),
        ("cudaLaunchKernelEx", "cudaLaunchKernelExC"),
        ("nvshmem_uint64_atomic_fetch_add", "nvshmem_TYPE_atomic_fetch_add"),
        ("nvshmem_put64", "nvshmem_put32"),
        ("mbarrier.init", "mbarrier.init"),
    ],
)
def test_a_name_is_found_in_its_other_forms(asked: str, name: str) -> None:
    found = api_map().lookup(asked)
    assert found.api is not None
    assert found.api.name == name
    assert not found.near


@pytest.mark.parametrize("asked", ["cudaMemcpyasnc", "cudMemcpyAsync", "cudaMemcpy_Async"])
def test_a_misspelt_name_gives_near_ones(asked: str) -> None:
    found = api_map().lookup(asked)
    assert found.api is None
    assert "cudaMemcpyAsync" in [a.name for a in found.near]


def test_a_prefix_gives_its_family_and_nonsense_nothing() -> None:
    family = [a.name for a in api_map().lookup("cudaMemcpy*").near]
    assert "cudaMemcpy" in family
    assert "cudaMemcpyPeerAsync" in family
    assert all(n.startswith("cudaMemcpy") for n in family)
    for nothing in ("qqqqqqqq", "", "*"):
        assert api_map().lookup(nothing) == type(api_map().lookup(nothing))(None, ())


def test_coverage_counts_each_name_once(tmp_path: Path) -> None:
    (tmp_path / "host.cu").write_text(
        """void f(void** p, cudaStream_t s) {
  cudaGetDevice(nullptr);                        // direct
  cudaMalloc(p, 64); cudaMalloc(p, 128);         // changed, once
  cudaFuncSetAttribute(f, cudaFuncAttributeMaxDynamicSharedMemorySize, 1);  // redesign
  cudaMallocPitch(p, nullptr, 1, 1);             // none
  cublasCreate(nullptr);                         // not in the map
#if 0
  cudaFree(*p);
#endif
}
"""
    )
    covered = api_map().coverage(analyse([str(tmp_path)]).reading.facts)
    assert covered.used == 5
    assert covered.missing == ("cublasCreate",)
    assert [covered.count(k) for k in ApiKind] == [1, 1, 1, 1]
    assert covered.text() == (
        "of 5 CUDA APIs used, 1 direct, 1 changed, 1 redesign, 1 none, 1 not in the map"
    )
    assert covered.text(Language.ZH).startswith("共使用 5 个 CUDA 接口")


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ('kind = "changed"', 'kind = "renamed"', 4, "'renamed' is none of direct, changed, redesign, none"),
        ('kind = "changed"\n', "", 3, "kind: missing"),
        ('kind = "changed"', 'kind = "none"', 5, "no equivalent"),
        ('ascend = ["aclrtFreeWithDevSync"]\n', "", 3, "has an equivalent"),
        ('note.zh = "aclrtFree 不同步。"\n', "", 6, "note.zh: missing"),
        ('note.zh = "aclrtFree 不同步。"', 'note.zh = ""', 7, "note.zh: must be a string"),
        ("910B = true", "910D = true", 8, "no such target"),
        ("910B = true", '910B = "yes"', 8, "must be true or false"),
        ('sources = ["', 'source = ["', 3, "sources: missing"),
        ("support =", "products =", 8, "unknown key"),
        ("[cudaFree]", "[cudaFree", 3, "not TOML"),
        ('library = "CUDA runtime"', "", 1, "library: missing"),
    ],
)
def test_a_broken_file_is_named_with_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    assert old in GOOD
    file = tmp_path / "runtime.toml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(RuleDataError) as raised:
        load(tmp_path)
    assert str(raised.value).startswith(f"{file}:{line}: ")
    assert reason in str(raised.value)


def test_a_name_stands_in_the_map_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD.replace("[cudaFree]", "[CUDAFree]"))
    with pytest.raises(RuleDataError, match=r"b\.toml:3: CUDAFree: stands at .*a\.toml:3 already"):
        load(tmp_path)


def test_a_folder_without_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleDataError, match=r"no \.toml file"):
        load(tmp_path)


def test_every_api_that_is_not_a_rename_is_reported(tmp_path: Path) -> None:
    """A rule of its own may take an API over from the general ones: none falls through between them."""
    listed = [
        a
        for a in api_map().apis
        if a.kind is not ApiKind.DIRECT
        and a.library in ("CUDA runtime", "CUDA driver", "NCCL")
        and not a.name.startswith("cudaLaunchAttribute")
    ]
    file = tmp_path / "calls.cu"
    file.write_text("".join(f"void f{i}(void* p) {{ {a.name}(p); }}\n" for i, a in enumerate(listed)))
    rules = pack.load(rules_path() / "pack" / "lib")
    found = pack.findings(analyse([str(file)]), rules, targets())
    for target in ("910B", "910C", "950"):
        reported = {
            f.place.line for f in found if dict(f.verdicts).get(target, Verdict.HOLDS) is not Verdict.HOLDS
        }
        assert [a.name for line, a in enumerate(listed, 1) if line not in reported] == []
