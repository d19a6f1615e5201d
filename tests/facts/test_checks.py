"""Conditions that stop the program, and what they constrain."""

from __future__ import annotations

from pathlib import Path

import pytest
from marks import cases

from portcheck import scan as scanning
from portcheck.facts.checks import classify, sense

RELATIONS = [
    ("hidden % 16 == 0", "divisibility"),
    ("n % (32 * sizeof(int4)) == 0", "divisibility"),
    ("num_warps * 32 == num_threads", "divisibility"),
    ("reinterpret_cast<uintptr_t>(p) % 16 == 0", "alignment"),
    ("(uint64_t)x.data_ptr() % 32 == 0", "alignment"),
    ("(bytes & 15) == 0", "alignment"),
    ("(bytes & 255) == 0", "alignment"),
    ("(bytes & 31) == 0", "alignment"),
    ("(bytes & 0x1f) == 0", "alignment"),
    ("(p & (kAlign - 1)) == 0", "alignment"),
    ("is_aligned(p, 16)", "alignment"),
    ("alignof(T) >= 16", "alignment"),
    ("sizeof(Header) == 16", "size"),
    ("sizeof(T) <= sizeof(int4)", "size"),
    ("n <= kMax", "capacity"),
    ("a > 0 and b >= 2", "capacity"),
    ("x.is_contiguous()", "contiguity"),
    ("x.dim() == 2", "other"),
    ("p != nullptr", "other"),
    ("std::is_same<A, B>::value", "other"),
    ('false and "a % b is not 0"', "other"),
    ("ptr->flag == 1", "other"),
]


@pytest.mark.parametrize(("condition", "relation"), RELATIONS)
def test_relations(condition: str, relation: str) -> None:
    assert classify(condition) == relation


@pytest.mark.parametrize(("condition", "relation"), RELATIONS)
def test_the_kind_follows_from_the_relation(facts_of, condition: str, relation: str) -> None:
    (fact,) = [f for f in facts_of(f"static_assert({condition});\n") if f.kind in ("check", "align_assert")]
    assert (fact.relation, fact.by, fact.requires) == (relation, "static_assert", condition)
    aligning = relation in ("divisibility", "alignment", "size")
    assert fact.kind == ("align_assert" if aligning else "check")


SENSES = [
    ("#define C(c) do { if (not (c)) { printf(0); throw 1; } } while (0)", True),
    ("#define C(c) if (!(c)) throw 1", True),
    ("#define C(c) ((c) ? (void)0 : abort())", True),
    ("#define C(c) (static_cast<bool>(c) ? void(0) : __assert_fail(#c, 0, 0, 0))", True),
    (
        "#define C(c, ...) if (__builtin_expect(!(c), 0)) { fail(); }\nvoid fail() { throw 1; }",
        True,
    ),
    ("#define C(c) (void)((c) || (abort(), 0))", True),
    ("#define C(c) static_assert(c)", True),
    ('#define C(c) assert((c) && "text")', True),
    ("#define C(c) do { if (c) {} else throw 1; } while (0)", True),
    ("#define C(c) do { if (c) { throw 1; } } while (0)", False),
    ("#define C(c) D(c)\n#define D(c) if (c) throw 1", False),
    ("#define C(c) if (!c) throw 1", None),  # `!a == b` negates a alone
    ("#define C(c) D((c) % 32 == 0)\n#define D(c) if (!(c)) throw 1", None),
    ("#define C(c) do { if (!(c)) { printf(0); } } while (0)", None),
    ("#define C(c) if (!(c)) { if (fatal) throw 1; }", None),
    ("#define C(c) if (!(c)) { fail(); }\nvoid fail() { if (fatal) throw 1; }", None),
    ("#define C(c) do { if (!(c)) { break; throw 1; } } while (0)", None),
    ("#define C(c) do { if (!(c)) throw 1; x = 5; } while (0)", None),
    ("#define C(c) ((void)0)", None),
    ("#define C(a, b) CHECK_EQ(a, b)", None),
    ("#define C(c) C(c)", None),
    ("int C(int c);", None),
]


@pytest.mark.parametrize(("code", "wanted"), SENSES)
def test_what_is_true_behind_a_check(tmp_path: Path, code: str, wanted: bool | None) -> None:
    assert _sense(tmp_path, code + "\n", "C") is wanted


def _sense(folder: Path, code: str, name: str) -> bool | None:
    (folder / "main.cu").write_text(code)
    reading = scanning.read([str(folder)])
    return sense(name, reading.context, reading.parsed[0].source.path)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("assert", True),
        ("TORCH_CHECK", True),
        ("CHECK_EQ", True),
        ("CUDA_KERNEL_ASSERT", True),
        ("TORCH_CHECK_VALUE", True),
        ("CUDA_CHECK", None),
        ("C10_CUDA_CHECK", None),
        ("ASSERT_FALSE", None),
        ("EXPECT_TRUE", None),
        ("check_size", None),
        ("CHECK_SHAPE", None),
    ],
)
def test_names_without_a_definition(tmp_path: Path, name: str, wanted: bool | None) -> None:
    assert _sense(tmp_path, "void h();\n", name) is wanted


CHECKS = {
    "a macro is known by its body": """
#define MUST(c) do { if (not(c)) throw std::runtime_error(#c); } while (0)  // expect: check definition by=if
#define TRAP_UNLESS(c) do { if (!(c)) { printf("no"); asm("trap;"); } } while (0)\
  // expect: check definition by=if
#define LOG(c) printf("%d", (c))
#define CHECKED(c) compute(c)
__global__ void k(int n) {
    MUST(n % 16 == 0);  // expect: align_assert by=MUST requires="n % 16 == 0" relation=divisibility
    TRAP_UNLESS(n < 8);  // expect: check by=TRAP_UNLESS relation=capacity
    LOG(n % 16 == 0);  // expect: nothing
    CHECKED(n % 16 == 0);
}""",
    "a macro of a macro": """
#define CORE_CHECK(c, msg) if (!(c)) { throw Failure(msg); }  // expect: check definition by=if
#define HOST_ASSERT(c) CORE_CHECK(c, #c)
void h(int n) { HOST_ASSERT(n % 4 == 0); }  // expect: align_assert by=HOST_ASSERT
""",
    "a macro that stops where its condition is true": """
#define THROW_IF(c) do { if (c) { throw 1; } } while (0)  // expect: check definition by=if
#define NEVER(c) THROW_IF(c)  // expect: check definition by=THROW_IF requires="not (c)"
void h(int n) {
    THROW_IF(n % 16);  // expect: align_assert by=THROW_IF requires="not (n % 16)"
    NEVER(n % 8 == 0);  // expect: align_assert by=NEVER requires="not (n % 8 == 0)"
    ASSERT_FALSE(n % 4);  // expect: align_assert by=ASSERT_FALSE requires="not (n % 4)"
}""",
    "library macros without a definition": """
void h(torch::Tensor x, int n) {
    TORCH_CHECK(n % 128 == 0, "n must divide");  // expect: align_assert by=TORCH_CHECK
    TORCH_CHECK(x.is_contiguous(), "rows");  // expect: check relation=contiguity
    TORCH_CHECK_EQ(n % 8, 0);  // expect: align_assert requires="n % 8 == 0"
    TORCH_CHECK_LE(n, 64);  // expect: check relation=capacity requires="n <= 64"
    assert(n % 2 == 0);  // expect: align_assert by=assert
    C10_CUDA_KERNEL_LAUNCH_CHECK();  // expect: nothing
}""",
    "static_assert": """
template <int N> __global__ void k() {
    static_assert(N % 32 == 0, "whole warps");  // expect: align_assert by=static_assert
    static_assert(sizeof(int4) == 16);  // expect: align_assert relation=size
    static_assert(N > 0);  // expect: check relation=capacity
}""",
    "if and throw": """
void h(int n, int m) {
    if (n % 16 != 0) throw std::invalid_argument("n");\
  // expect: align_assert by=if requires="not (n % 16 != 0)"
    if (m > 8) {  // expect: check by=if relation=capacity
        printf("too many");
        std::terminate();
    }
    if (n % 4 == 0) n += 1;  // expect: nothing
    if (n % 4 == 0) { m = 1; }
}""",
    "trap in a kernel": """
__global__ void k(int n) {
    if (n % 32 != 0) { asm volatile("trap;"); }  // expect: align_assert by=if
    if (n & 1) __trap();  // expect: align_assert by=if
    if (n > 8) __trap();  // expect: check by=if
    if (n % 3) return;  // expect: nothing
}""",
    "the status of a call constrains nothing": """
#define CUDA_OK(x) do { cudaError_t e = (x); if (e != cudaSuccess) throw e; } while (0)\
  // expect: check by=if
#define NCCL_CHECK(x) do { auto r = (x); if (r != ncclSuccess) throw r; } while (0)  // expect: check by=if
void h(void* p) {
    CUDA_OK(cudaMalloc(&p, 64));  // expect: nothing
    NCCL_CHECK(ncclGroupStart());
    TORCH_CHECK(cudaGetLastError() == cudaSuccess);
    C10_CUDA_CHECK(cudaFree(p));
}""",
    "a function of the tree is no check": """
bool check_rows(int n) { return n % 16 == 0; }
void h(int n) { check_rows(n % 16 == 0); }  // expect: nothing
""",
    "an empty assert still says what holds": """
#define device_assert(x)
__global__ void k(int n) { device_assert(n % 8 == 0); }  // expect: align_assert by=device_assert
""",
}


@pytest.mark.parametrize("code", cases(CHECKS))
def test_checks(check, code: str) -> None:
    check(code, "align_assert", "check")


def test_a_condition_over_several_lines_is_one_line_of_text(facts_of) -> None:
    code = 'void h(int n) {\n  TORCH_CHECK(\n      n % 16 == 0\n          && n > 0,\n      "n");\n}\n'
    (fact,) = [f for f in facts_of(code) if f.kind == "align_assert"]
    assert (fact.requires, fact.place.line, fact.place.end_line) == ("n % 16 == 0 && n > 0", 2, 5)
    assert fact.function == "h"
