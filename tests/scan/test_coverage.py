"""What was read, and what was not."""

from __future__ import annotations

import pytest

KERNEL = "__global__ void {}(char* x) {{\n    auto v = reinterpret_cast<int4*>(x);\n}}\n"
GARBAGE = "@ @ ] ) = 7 7 ;\n"


def casts(result) -> list[int]:
    return [f.place.line for f in result.facts if f.kind == "vec_cast"]


def test_a_clean_file(scan_text) -> None:
    result = scan_text(KERNEL.format("k"))
    (file,) = result.files
    assert (file.path, file.encoding, file.unreadable, file.inactive) == ("main.cu", "utf-8", (), ())
    assert (result.total_bytes, result.unreadable_bytes) == (file.total_bytes, 0)
    assert file.total_bytes == len(KERNEL.format("k"))


def test_an_unreadable_region_is_located_and_the_rest_is_analysed(scan_text) -> None:
    result = scan_text(KERNEL.format("before") + GARBAGE + KERNEL.format("after"))
    (file,) = result.files
    lines = {n for r in file.unreadable for n in range(r.place.line, r.place.end_line + 1)}
    assert lines == {4}
    assert casts(result) == [2, 6]
    assert [k.name for k in result.kernels] == ["before", "after"]
    assert 0 < file.unreadable_bytes <= file.total_bytes
    assert result.unreadable_bytes == file.unreadable_bytes


def test_a_file_of_garbage(scan_text) -> None:
    result = scan_text(GARBAGE * 20, {"good.cu": KERNEL.format("k")})
    good, bad = result.files
    assert (good.path, good.unreadable_bytes, bad.path) == ("good.cu", 0, "main.cu")
    assert bad.unreadable_bytes > bad.total_bytes // 2
    assert {(k.name, k.place.path) for k in result.kernels} == {("k", "good.cu")}


def test_a_body_cut_off(scan_text) -> None:
    text = KERNEL.format("first") + KERNEL.format("second")
    result = scan_text(text[: text.rindex("}")])
    assert casts(result) == [2, 5]


def test_inactive_lines(scan_text) -> None:
    code = "int a;\n#if defined(OLD) && N > 2\nint b;\nint c;\n#endif\nint d;\n"
    (file,) = scan_text(code).files
    (region,) = file.inactive
    assert code[region.place.start_byte : region.place.end_byte].strip() == "int b;\nint c;"
    assert "defined(OLD) && N > 2" in region.reason
    assert file.inactive_bytes == region.place.end_byte - region.place.start_byte


def test_a_binary_file_is_skipped(scan_text) -> None:
    result = scan_text(KERNEL.format("k"), {"b.cu": b"\x7fELF\0\0\0"})
    assert [(s.path, "binary" in s.reason) for s in result.skipped] == [("b.cu", True)]
    assert [f.path for f in result.files] == ["main.cu"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "latin-1"])
def test_columns_count_characters(scan_text, encoding: str) -> None:
    word = "über" if encoding == "latin-1" else "把共享内存当作向量来读写并且对齐"
    code = f"// {word}\n__global__ void k(char* x) {{ /* {word} */ auto v = (int4*)x; }}\n"
    data = code.encode(encoding)
    result = scan_text(data)
    (fact,) = [f for f in result.facts if f.kind == "vec_cast"]
    line = code.split("\n")[1]
    assert (fact.place.line, fact.place.column) == (2, line.index("(int4*)x") + 1)
    assert fact.place.end_column - fact.place.column == len("(int4*)x")
    assert data[fact.place.start_byte : fact.place.end_byte] == b"(int4*)x"


def test_windows_line_ends(scan_text) -> None:
    unix = scan_text(KERNEL.format("k"))
    windows = scan_text(KERNEL.format("k").replace("\n", "\r\n"))
    for a, b in zip(unix.facts, windows.facts, strict=True):
        assert (a.place.line, a.place.column, a.content()) == (b.place.line, b.place.column, b.content())
    assert len(unix.facts) > 0


def test_progress(scan_text) -> None:
    steps: list[tuple[int, int]] = []
    scan_text(
        KERNEL.format("k"),
        {"b.cu": KERNEL.format("l")},
        progress=lambda done, of: steps.append((done, of)),
    )
    assert steps == [(1, 2), (2, 2)]
