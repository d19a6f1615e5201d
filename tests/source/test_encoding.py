from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.source.encoding import detect, neutral, unreadable

CHINESE = "计算每个块的最大值，然后写回显存"


def test_ascii_is_utf_8() -> None:
    assert detect(b"int main() {}\n") == "utf-8"


def test_utf_8() -> None:
    assert detect(f"// {CHINESE}\n".encode()) == "utf-8"


def test_byte_order_mark() -> None:
    assert detect(codecs.BOM_UTF8 + b"int x;\n") == "utf-8-sig"


@pytest.mark.parametrize("codec", ["gbk", "gb18030", "gb2312"])
def test_chinese(codec: str) -> None:
    assert detect(f"// {CHINESE}\nint x;\n".encode(codec)) == "gb18030"


def test_traditional_chinese_in_gbk() -> None:
    assert detect("// 計算每個區塊的最大值，並寫回記憶體，這裡需要同步\n".encode("gbk")) == "gb18030"


def test_four_byte_characters() -> None:
    data = f"// {CHINESE} \U0001f600\n".encode("gb18030")
    assert detect(data) == "gb18030"
    assert neutral(data, "gb18030") == b"// " + b"x" * (2 * len(CHINESE)) + b" xxxx\n"


@pytest.mark.parametrize(
    "text",
    [
        "// évaluée à l'échelle déjà prévue\n",
        "// größer, für, über, Maßstab\n",
        "// © 2024 Müller\n",
        "// 5 µs at 20 °C\n",
        "// ÿ\n",
        "// señor Núñez\n",
    ],
)
def test_western_text_is_not_taken_for_chinese(text: str) -> None:
    assert detect(text.encode("latin-1")) == "latin-1"


@pytest.mark.parametrize("text", ["测试测试数据对", "共享内存归约优", "归约求和函数的实现"])
def test_damaged_utf_8_is_not_taken_for_chinese(text: str) -> None:
    """UTF-8 that lost a byte may decode as GB 18030, to characters that nobody writes."""
    data = f"// {text}".encode()[:-1]
    assert data.decode("gb18030")
    assert detect(data) == "latin-1"


def test_trail_byte_that_is_a_backslash() -> None:
    """誠 is D5 5C: to a parser of ASCII, the comment goes on in the next line."""
    data = f"// {CHINESE}誠\nint x;\n".encode("gbk")
    assert b"\\\n" in data
    assert detect(data) == "gb18030"
    parsed = neutral(data, "gb18030")
    assert len(parsed) == len(data)
    assert b"\\" not in parsed
    assert parsed.endswith(b"x\nint x;\n")


def test_trail_bytes_that_are_brackets() -> None:
    text = "".join(bytes((0xB0, trail)).decode("gbk") for trail in b"@[]^_`{|}~")
    data = f'f("{CHINESE}{text}");'.encode("gbk")
    assert detect(data) == "gb18030"
    assert neutral(data, "gb18030") == b'f("' + b"x" * (2 * len(CHINESE) + 20) + b'");'


def test_latin_1_letters_become_neutral_one_by_one() -> None:
    assert neutral(b"// \xe9\\\n", "latin-1") == b"// x\\\n"


def test_byte_order_mark_becomes_spaces() -> None:
    assert neutral(codecs.BOM_UTF8 + "é".encode(), "utf-8-sig") == b"   " + "é".encode()


def test_utf_8_is_not_copied() -> None:
    data = "é".encode()
    assert neutral(data, "utf-8") is data


@given(st.text(st.characters(codec="gbk")))
def test_neutral_gbk_is_ascii_in_place(text: str) -> None:
    parsed = neutral(text.encode("gbk"), "gb18030").decode("ascii")
    assert parsed == "".join(c if c.isascii() else "xx" for c in text)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_characters_are_refused(codec: str) -> None:
    mark = "" if codec in ("utf-16", "utf-32") else "\ufeff"
    why = unreadable((mark + "int x;").encode(codec))
    assert why == f"{codec[:6].upper()}: not supported, convert to UTF-8"


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\0\0", b"a" * 8000 + b"\0", "int x;".encode("utf-16-le"), bytes(range(1, 32)) * 20],
)
def test_binary(data: bytes) -> None:
    assert unreadable(data) == "binary"


@pytest.mark.parametrize(
    "data", [b"", b"\x0c\n", b"a\x1a", b"\x1b[0m", b"a" * 9000 + b"\0", b"\x01" + b"a" * 9]
)
def test_not_binary(data: bytes) -> None:
    assert unreadable(data) is None


def test_lfs_pointer() -> None:
    why = unreadable(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    assert why is not None
    assert "LFS" in why
