"""The plan: its items, what ties them, their categories, and the order of work."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack import findings, pack
from portcheck.pack.code_print import fingerprint
from portcheck.pack.subjects import View
from portcheck.plan.build import build_plan
from portcheck.plan.categories import verdict_on
from portcheck.plan.model import Category, Edge, EdgeKind, ItemKind, Plan, School
from portcheck.plan.order import graph_of, ordered
from portcheck.plan.overview import failing, undecided
from portcheck.symbolic.answers import Verdict
from portcheck.targets import Target, targets

SAMPLES = Path(__file__).parents[2] / "samples"


def target(name: str) -> Target:
    return next(t for t in targets() if t.name == name)


def planned(folder: Path, text: str, name: str = "910B", **files: str) -> Plan:
    (folder / "a.cu").write_text(text, encoding="utf-8")
    for file, content in files.items():
        (folder / file.replace("__", ".")).write_text(content, encoding="utf-8")
    analysis = analyse([str(folder)])
    return build_plan(View(analysis), findings(analysis, pack(), [target(name)]), target(name))


@cache
def sampled(name: str = "910B") -> Plan:
    analysis = analyse([str(SAMPLES)])
    return build_plan(View(analysis), findings(analysis, pack(), [target(name)]), target(name))


def ties(plan: Plan, kind: EdgeKind) -> set[tuple[str, str]]:
    return {(e.before, e.after) for e in plan.edges if e.kind is kind}


# -- items ---------------------------------------------------------------------------------

RECORD = """\
struct Meta { int rank; int bits; };
__global__ void send(Meta* out, int n) { out[threadIdx.x].rank = n; }
__global__ void take(const Meta* in, int* y) { y[threadIdx.x] = in[threadIdx.x].rank; }
__global__ void other(int* y) { y[threadIdx.x] = 1; }
void run(Meta* m, int* y) { send<<<1, 32>>>(m, 3); take<<<1, 32>>>(m, y); }
"""


def test_kernels_that_share_a_record_depend_on_its_layout(tmp_path: Path) -> None:
    plan = planned(tmp_path, RECORD)
    assert plan.items["layout:Meta"].kind is ItemKind.LAYOUT
    assert ties(plan, EdgeKind.LAYOUT) == {("layout:Meta", "kernel:send"), ("layout:Meta", "kernel:take")}
    order = [item for step in plan.order for item in step]
    assert order.index("layout:Meta") < order.index("kernel:send") < order.index("kernel:take")


def test_a_record_that_kernels_only_read_or_hold_is_no_layout(tmp_path: Path) -> None:
    text = RECORD.replace("Meta* out, int n) { out[threadIdx.x].rank = n; }", "const Meta* x, int n) {}")
    assert not [i for i in planned(tmp_path, text).items.values() if i.kind is ItemKind.LAYOUT]


def test_constants_that_name_offsets_are_a_layout() -> None:
    users = {after for before, after in ties(sampled(), EdgeKind.LAYOUT) if before.endswith("::Message")}
    assert users == {"kernel:moewire::lowlatency::send", "kernel:moewire::lowlatency::unpack"}


HELPER = """\
__device__ int shared_one(const int* x) {
  int found = 0;
  for (int i = 0; i < 4; ++i) {
    if (x[i] > 0) {
      found += x[i];
    } else {
      found -= 1;
    }
  }
  return found;
}
__device__ int small(const int* x) { return shared_one(x); }
__global__ void first(int* y, const int* x) { y[threadIdx.x] = small(x); }
__global__ void second(int* y, const int* x) { y[threadIdx.x] = shared_one(x); }
"""


def test_a_helper_of_several_kernels_is_an_item_and_comes_first(tmp_path: Path) -> None:
    plan = planned(tmp_path, HELPER)
    assert "helper:small" not in plan.items
    expected = {("helper:shared_one", "kernel:first"), ("helper:shared_one", "kernel:second")}
    assert ties(plan, EdgeKind.CALLS) == expected
    assert plan.order[0] == ("helper:shared_one",)


def test_overloads_have_ids_of_their_own(tmp_path: Path) -> None:
    text = "__global__ void k(int* x) { x[0] = 1; }\n__global__ void k(float* x) { x[0] = 1.0f; }\n"
    assert {"kernel:k", "kernel:k#2"} <= planned(tmp_path, text).items.keys()


def test_build_files_and_host_files_are_items(tmp_path: Path) -> None:
    plan = planned(tmp_path, RECORD, setup__py="print(1)\n", CMakeLists__txt="project(x)\n")
    assert {"host:a.cu", "build:setup.py", "build:CMakeLists.txt"} <= plan.items.keys()
    assert ("kernel:send", "host:a.cu") in ties(plan, EdgeKind.LAUNCHES)


@pytest.mark.parametrize("name", ["910B", "950", "310P"])
def test_no_finding_is_lost(name: str) -> None:
    analysis = analyse([str(SAMPLES)])
    found = findings(analysis, pack(), [target(name)])
    plan = build_plan(View(analysis), found, target(name))
    kept = {id(f) for i in plan.items.values() for f in i.findings}
    assert {id(f) for f in found if verdict_on(f, name) is not None} == kept


# -- ties ----------------------------------------------------------------------------------


def test_launches_of_one_function_have_an_order(tmp_path: Path) -> None:
    assert ("kernel:send", "kernel:take") in ties(planned(tmp_path, RECORD), EdgeKind.LAUNCHES)


@pytest.mark.parametrize(
    "body",
    [
        "if (y) { send<<<1, 32>>>(m, 3); } else { take<<<1, 32>>>(m, y); }",
        "switch (*y) { case 1: send<<<1, 32>>>(m, 3); break; case 2: take<<<1, 32>>>(m, y); }",
    ],
)
def test_branches_of_one_choice_have_no_order(tmp_path: Path, body: str) -> None:
    text = RECORD.replace("send<<<1, 32>>>(m, 3); take<<<1, 32>>>(m, y);", body)
    assert ("kernel:send", "kernel:take") not in ties(planned(tmp_path, text), EdgeKind.LAUNCHES)


def test_launches_through_calls_have_an_order(tmp_path: Path) -> None:
    text = RECORD.replace(
        "void run(Meta* m, int* y) { send<<<1, 32>>>(m, 3); take<<<1, 32>>>(m, y); }",
        "void a(Meta* m) { send<<<1, 32>>>(m, 3); }\nvoid b(Meta* m, int* y) { take<<<1, 32>>>(m, y); }\n"
        "void run(Meta* m, int* y) { if (y) a(m); b(m, y); }",
    )
    assert ("kernel:send", "kernel:take") in ties(planned(tmp_path, text), EdgeKind.LAUNCHES)


FLAG = """\
struct Space {
  char* base;
  __device__ int* data() { return reinterpret_cast<int*>(base + 64); }
  __device__ int* flag() { return reinterpret_cast<int*>(base + 128); }
};
__device__ void st_release(int* p, int v) {
  asm volatile("st.release.sys.global.s32 [%0], %1;" :: "l"(p), "r"(v));
}
__device__ int ld_acquire(int* p) {
  int v; asm volatile("ld.acquire.sys.global.s32 %0, [%1];" : "=r"(v) : "l"(p)); return v;
}
__global__ void wait(char* b) { Space s{b}; while (ld_acquire(s.flag()) == 0) {} }
__global__ void post(char* b) { Space s{b}; st_release(s.flag(), 1); }
__global__ void alone(int* flag) { st_release(flag, 1); }
__global__ void apart(int* flag) { while (ld_acquire(flag) == 0) {} }
"""


def test_a_flag_goes_from_what_stores_it_to_what_waits(tmp_path: Path) -> None:
    plan = planned(tmp_path, FLAG)
    assert ties(plan, EdgeKind.FLAGS) == {("kernel:post", "kernel:wait")}
    assert plan.items["layout:Space"].kind is ItemKind.LAYOUT


# -- categories ----------------------------------------------------------------------------


def test_what_only_clears_is_dropped_with_its_source(tmp_path: Path) -> None:
    text = "__global__ void clean(int* flags, int n) {\n  if (threadIdx.x < n) flags[threadIdx.x] = 0;\n}\n"
    item = planned(tmp_path, text).items["kernel:clean"]
    assert (item.category, item.school) == (Category.DROP, None)
    assert "ZBF003" in item.reason.en
    assert "sgl-kernel-npu" in item.reason.zh


def test_a_kernel_that_publishes_and_clears_is_not_dropped() -> None:
    assert sampled().items["kernel:moewire::lowlatency::announce"].category is not Category.DROP


CACHED = """\
__global__ void cached_notify_dispatch(const int* rank_prefix_matrix, int num_memset_int, int rank) {}
"""


def test_a_cached_dispatch_is_dropped_where_ports_have_none(tmp_path: Path) -> None:
    item = "kernel:cached_notify_dispatch"
    assert planned(tmp_path, CACHED).items[item].category is Category.DROP
    assert planned(tmp_path, CACHED, "950").items[item].category is not Category.DROP


def test_a_shuffle_is_redesign_on_a2_and_not_on_950(tmp_path: Path) -> None:
    text = "__global__ void k(int* x) { x[threadIdx.x] = __shfl_sync(0xffffffff, x[threadIdx.x], 0); }\n"
    a2, a5 = (planned(tmp_path, text, name).items["kernel:k"] for name in ("910B", "950"))
    assert (a2.category, a2.school) == (Category.REDESIGN, School.SIMD)
    assert a5.category is not Category.REDESIGN
    assert a5.school is School.SIMD_WITH_SIMT


def test_an_operator_that_takes_every_launch_is_the_category(tmp_path: Path) -> None:
    items = sampled().items.values()
    for item in items:
        inside = any(a.standing.value in ("inside", "outside by padding only") for a in item.operators)
        assert (item.category is Category.OPERATOR) == inside or item.category is Category.DROP


def test_blocked_only_where_the_unknown_decides() -> None:
    for plan in (sampled(), sampled("950")):
        for item in plan.items.values():
            if item.category is Category.BLOCKED:
                severe = [f for f in item.findings if f.rule.severity.value in ("breaks", "redesign")]
                assert any(verdict_on(f, plan.target.name) is Verdict.UNKNOWN for f in severe)
                assert any(item.id in u.items and u.blocks for u in undecided(plan))


# -- order ---------------------------------------------------------------------------------


def edge(before: str, after: str) -> Edge:
    return Edge(before, after, EdgeKind.CALLS, "", None)


def test_a_cycle_is_one_step_and_the_longest_chain_is_found() -> None:
    edges = [edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("c", "d"), edge("a", "e")]
    steps, path = ordered(graph_of("eabcd", edges), {"a": 1, "b": 2, "c": 2, "d": 1, "e": 4})
    assert steps == (("a",), ("e",), ("b", "c"), ("d",))
    assert path == ("a", "b", "c", "d")


def test_nothing_to_order() -> None:
    assert ordered(graph_of([], []), {}) == ((), ())


def test_the_plan_is_whole_and_reproducible() -> None:
    plan = sampled()
    listed = [item for step in plan.order for item in step]
    assert sorted(listed) == sorted(plan.items)
    place = {item: n for n, step in enumerate(plan.order) for item in step}
    assert all(place[e.before] <= place[e.after] for e in plan.edges)
    tracked = [item for track in plan.tracks for item in track]
    assert len(tracked) == len(set(tracked))
    assert 0 < plan.days.least < plan.days.most
    analysis = analyse([str(SAMPLES)])
    again = build_plan(View(analysis), findings(analysis, pack(), [plan.target]), plan.target)
    assert (again.order, again.tracks, again.critical_path) == (plan.order, plan.tracks, plan.critical_path)
    assert {i.id: i.fingerprint for i in again.items.values()} == {
        i.id: i.fingerprint for i in plan.items.values()
    }


def test_failing_rules_are_sorted_by_severity() -> None:
    found = [f.rule.severity.value for f in failing(sampled())]
    assert found == sorted(found, key=("breaks", "redesign", "slow", "note").index)


# -- fingerprints --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("int a = b; // one", "int  a=b;\n", True),
        ("f(a /* x */, b)", "f(a,b)", True),
        ('s = "a  b";', 's = "a b";', False),
        ("a + +b", "a++b", False),
        ("int a", "inta", False),
        ("a \\\n + b", "a+b", True),
        ("#if A\nint q;\n#endif\n", "#if A int q;\n#endif\n", False),
        ('s = "// no comment";', 's = "";', False),
        ('s = R"(a // b)";', 's = R"(a )";', False),
    ],
)
def test_a_fingerprint_changes_exactly_with_the_code(first: str, second: str, same: bool) -> None:
    assert (fingerprint([first.encode()]) == fingerprint([second.encode()])) is same


def test_an_edit_of_a_comment_keeps_the_item(tmp_path: Path) -> None:
    before = planned(tmp_path, RECORD)
    moved = planned(tmp_path, "// new\n\n" + RECORD.replace("rank = n;", "rank = n; /* said */"))
    changed = planned(tmp_path, RECORD.replace("rank = n;", "rank = n + 1;"))
    key = "kernel:send"
    assert before.items[key].fingerprint == moved.items[key].fingerprint != changed.items[key].fingerprint
    assert before.items["kernel:take"].fingerprint == changed.items["kernel:take"].fingerprint
