"""The exact text that a person reads."""

from __future__ import annotations

from dataclasses import replace

from example_scan import dispatch, empty, example, line_text

from portcheck.report import listing, text
from portcheck.report.style import Style, counted, safe
from portcheck.report.summary import coverage, summary
from portcheck.result import FileCoverage, Region
from portcheck.source import Skipped

COVERAGE = """\
  files    2 read, 295 bytes
  root     /src/ep
  defines  FAST, ARCH=90
  off      1 region, 24 bytes, by #if under these defines
  unread   7 bytes (2.37 % of 295) in 1 file:
    csrc/dispatch.cu:10:5  7 bytes  syntax error
  skipped  1 file:
    csrc/blob.cu  binary
"""

SCAN = f"""\
csrc/dispatch.cu
csrc/dispatch.cu:2:17  kernel  ep::dispatch<int kRanks, bool kCached>  launch bounds 768, 1
csrc/dispatch.cu:3:11  vec_cast  to const int4*  in ep::dispatch
     3 |     auto v = reinterpret_cast<const int4*>(x);
       |              ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
csrc/dispatch.cu:4:16  sync_scope  to release.sys  in ep::dispatch
     4 |     /* 每个令牌 */ st_release(flag, v);
       |                    ^~~~~~~~~~~~~~~~~~~
csrc/dispatch.cu:6:5  fp32_accum  to float  in ep::dispatch  off: #ifdef SLOW
     6 |     sum += float(x[0]);
       |     ^~~~~~~~~~~~~~~~~~
csrc/dispatch.cu:8:5  tma_copy  to shared  in ep::dispatch
     8 |     copy(v,
       |     ^~~~~~~
       = through csrc/utils.cuh:1:17
csrc/dispatch.cu:10:5  unreadable  7 bytes to line 10: syntax error

csrc/utils.cuh
csrc/utils.cuh:1:37  tma_copy  to shared  in copy  definition
     1 | __device__ void copy(int4 v, int n) {{ }}
       |                                     ^~~

Summary
  kernels  1 with 1 launch place and 2 instantiations
  facts    5
    vec_cast               1
    tma_copy               2  (1 in definitions)
    fp32_accum             1  (1 off)
    sync_scope             1
{COVERAGE}"""

FACTS = f"""\
csrc/dispatch.cu:3:11  vec_cast  to const int4*  in ep::dispatch
csrc/dispatch.cu:4:16  sync_scope  to release.sys  in ep::dispatch
csrc/dispatch.cu:6:5  fp32_accum  to float  in ep::dispatch  off: #ifdef SLOW
csrc/dispatch.cu:8:5  tma_copy  to shared  in ep::dispatch
csrc/utils.cuh:1:37  tma_copy  to shared  in copy  definition

Coverage
{COVERAGE}"""

KERNELS = f"""\
csrc/dispatch.cu:2:17  ep::dispatch<int kRanks, bool kCached>
  launch bounds   768, 1
  parameters      const int4* x
                  int n
  launched at     csrc/utils.cuh:1:17
  instantiations  kRanks  kCached
                  2       true
                  16      false

Coverage
{COVERAGE}"""

CALLS = f"""\
csrc/dispatch.cu:8:5  ep::dispatch -> copy
csrc/dispatch.cu:4:16  ep::dispatch -> st_release  (not defined in these files)

Coverage
{COVERAGE}"""


def lines(expected: str) -> list[str]:
    return expected.splitlines()


def test_scan() -> None:
    assert list(text.render(example(), line_text)) == lines(SCAN)


def test_scan_without_its_sources_still_says_where() -> None:
    bare = [line for line in lines(SCAN) if line[7:8] != "|"]
    assert list(text.render(example(), lambda path, line: None)) == bare


def test_show_facts() -> None:
    assert list(listing.render(example(), "facts")) == lines(FACTS)


def test_show_kernels() -> None:
    assert list(listing.render(example(), "kernels")) == lines(KERNELS)


def test_show_calls() -> None:
    assert list(listing.render(example(), "calls")) == lines(CALLS)


def test_a_kernel_that_nothing_launches_says_so() -> None:
    kernel = replace(example().kernels[0], launches=(), instantiations=(), launch_bounds="", active=False)
    assert list(listing.render(replace(example(), kernels=(kernel,)), "kernels"))[:4] == [
        "csrc/dispatch.cu:2:17  ep::dispatch<int kRanks, bool kCached>  off",
        "  parameters      const int4* x",
        "                  int n",
        "  launched at     nowhere in these files",
    ]


def test_instantiations_of_uneven_length_are_all_shown() -> None:
    kernel = replace(example().kernels[0], template_parameters=(), instantiations=(("2",), ("4", "x")))
    shown = list(listing.render(replace(example(), kernels=(kernel,)), "kernels"))
    assert shown[5:8] == ["  instantiations", "                  2", "                  4  x"]


def test_colour_changes_nothing_but_colour() -> None:
    coloured = "\n".join(text.render(example(), line_text, Style(colour=True)))
    for code in ("0", "1", "2", "32", "33", "36", "1;36"):
        assert f"\x1b[{code}m" in coloured
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured.splitlines() == lines(SCAN)


def test_what_is_off_is_dim_from_end_to_end() -> None:
    coloured = list(text.render(example(), line_text, Style(colour=True)))
    assert (
        "\x1b[2mcsrc/dispatch.cu:6:5  fp32_accum  to float  in ep::dispatch  off: #ifdef SLOW\x1b[0m"
        in coloured
    )


def test_a_prefix_goes_before_every_relative_path() -> None:
    prefixed = Style(prefix="sub/")
    shown = list(text.render(example(), line_text, prefixed))
    expected = SCAN.replace("csrc/", "sub/csrc/").splitlines()
    assert shown == expected
    for section, plain in (("facts", FACTS), ("kernels", KERNELS), ("calls", CALLS)):
        found = list(listing.render(example(), section, prefixed))
        assert found == plain.replace("csrc/", "sub/csrc/").splitlines()
    assert prefixed.path("/abs/a.cu") == "/abs/a.cu"


def test_long_lists_are_cut_and_counted() -> None:
    many = tuple(Skipped(f"{index:02}.cu", "binary") for index in range(25))
    regions = tuple(Region(dispatch("oops (("), "syntax error") for _ in range(11))
    file = FileCoverage("csrc/dispatch.cu", "utf-8", 1000, unreadable=regions)
    shown = list(coverage(replace(example(), skipped=many, files=(file,)), Style()))
    assert shown[-2:] == ["    09.cu  binary", "    and 15 more, all of them in --format json"]
    assert "    and 1 more, all of them in --format json" in shown


def test_an_empty_scan_has_a_summary() -> None:
    assert list(summary(empty(), Style())) == [
        "Summary",
        "  kernels  0 with 0 launch places and 0 instantiations",
        "  facts    0",
        "  files    0 read, 0 bytes",
        "  root     .",
        "  unread   0 bytes",
        "  skipped  0 files",
    ]


def test_names_from_the_tree_cannot_drive_the_terminal() -> None:
    assert safe("a\x1b[2Jb\nc\u202ed") == "a\ufffd[2Jb c\ufffdd"
    hostile = replace(example(), skipped=(Skipped("x\x1b]0;t\x07.cu", "bin\nary"),))
    shown = "\n".join(text.render(hostile, line_text))
    assert "\x1b" not in shown
    assert "    x\ufffd]0;t\ufffd.cu  bin ary" in shown


def test_counted() -> None:
    assert [counted(n, "file") for n in (0, 1, 2, 12345)] == ["0 files", "1 file", "2 files", "12,345 files"]
