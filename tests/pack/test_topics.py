"""The pages on topics: complete in both languages, right in their arithmetic, and read strictly."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portcheck.pack import pack
from portcheck.pack.topics import Topic, topic, topics
from portcheck.resources import rules_path
from portcheck.targets import RuleDataError

EVERY = topics()
NAMES = (
    "alignment",
    "bank-conflict",
    "deepep-deepgemm",
    "fp8-dispatch",
    "int4",
    "moe-layer",
    "per-token-scaling",
    "vector-loads",
    "zero-buffer",
)
CHINESE = re.compile("[一-鿿]")
SOURCE = re.compile(r"[\w.-]+(/[\w.-]+)?@[0-9a-f]{7,8}: \S.*\.\w+(:[\d,-]+)?|https://\S+")

# The positive values of E4M3: four bits of exponent, three of mantissa, no infinity.
E4M3 = sorted(
    {m / 8 * 2**-6 if e == 0 else (1 + m / 8) * 2 ** (e - 7) for e in range(16) for m in range(8)} - {0}
)
E4M3.remove(480)  # the code of 480 is NaN


def texts(page: Topic) -> Iterator[str]:
    """Everything of a page that a person reads."""
    yield from (page.title.en, page.title.zh, page.text.en, page.text.zh)
    for correction in page.corrections:
        yield from (correction.said.en, correction.said.zh, correction.fact.en, correction.fact.zh)


def table(page: str, first: str) -> list[list[str]]:
    """The rows under the head of the table whose first line begins with `first`."""
    found_page = topic(page)
    assert found_page is not None
    lines = found_page.text.en.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(first))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip(" `") for cell in line.strip("|").split("|")])
    return found


def test_there_is_a_page_for_each_topic() -> None:
    assert tuple(t.name for t in EVERY) == NAMES


@pytest.mark.parametrize("page", EVERY, ids=NAMES)
def test_a_page_is_whole_in_both_languages(page: Topic) -> None:
    assert page.corrections
    assert all(SOURCE.fullmatch(source) for source in page.sources)
    pairs = [page.title, page.text, *(t for c in page.corrections for t in (c.said, c.fact))]
    assert all(CHINESE.search(text.zh) or text.zh.isascii() for text in pairs)
    assert CHINESE.search(page.text.zh)
    assert not any(CHINESE.search(text.en) for text in pairs)
    assert page.text.en.count("```") == page.text.zh.count("```") > 0
    assert page.text.en.count("\n|") == page.text.zh.count("\n|")
    assert page.text.en.count("\n- ") == page.text.zh.count("\n- ")
    assert not any(re.search("seed|种子", text) for text in texts(page))


@pytest.mark.parametrize("page", EVERY, ids=NAMES)
def test_the_rules_that_a_page_names_exist(page: Topic) -> None:
    codes = {rule.code for rule in pack()}
    known = codes | {rule.family for rule in pack()}
    assert set(page.rules) <= known
    assert any(page.covers(code) for code in codes)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("int4", "int4"),
        ("HIDDEN_INT4", "int4"),
        ("hidden int4", "int4"),
        ("fp8", "per-token-scaling"),
        ("ZeroBuffer", "zero-buffer"),
        ("zero-buffer", "zero-buffer"),
        ("TMA", "alignment"),
        ("alignment", "alignment"),
        ("bank_conflict", "bank-conflict"),
        ("MoE", "moe-layer"),
        ("DeepGEMM", "deepep-deepgemm"),
        ("量化", "per-token-scaling"),
        ("ldg.128", "vector-loads"),
        ("accumulation", "fp8-dispatch"),
    ],
)
def test_a_word_leads_to_its_page(word: str, name: str) -> None:
    found = topic(word)
    assert found is not None
    assert found.name == name


def test_another_word_leads_nowhere() -> None:
    assert topic("int") is None
    assert topic("") is None


# -- arithmetic ----------------------------------------------------------------------------

EQUATION = re.compile(r"(?<![\w.,])((?:\d|\()[\d.*/+() -]*(?:mod \d+)?) = (\d[\d.]*)( ?%)?(?![\d.]*[\d\w])")


def equations() -> list[tuple[str, str, str, str]]:
    """`512 * (8 + 1) + 16 = 4624` and the like, with the page that says so."""
    return [
        (page.name, left.strip(), right.rstrip("."), percent)
        for page in EVERY
        for text in texts(page)
        for left, right, percent in EQUATION.findall(text)
        if re.search(r"[*/+-]|mod", left) and left.count("(") == left.count(")")
    ]


def test_every_equation_is_true() -> None:
    found = equations()
    assert len(set(found)) >= 18
    for page, left, right, percent in found:
        value = eval(left.replace("mod", "%"), {"__builtins__": {}}) * (100 if percent else 1)
        assert round(value, 1) == round(float(right), 1), f"{page}: {left} = {right}"


def test_numbers_that_are_not_written_as_equations() -> None:
    assert 7168 * 2 == 14336 == 16 * 896 == 16 * 32 * 28
    assert 7168 * 4 == 28672 == 56 * 512
    assert round(7408 / 14352 * 100, 1) == 51.6
    assert 2 * 501219328 == 1002438656
    assert 1002438656 // 2**20 == 956
    assert 234881024 == 224 * 2**20
    assert [round(n / 2**20, 1) for n in (7585792, 14696448, 14680064)] == [7.2, 14.0, 14.0]
    assert (round(548 / 203, 1), round(881 / 186, 1)) == (2.7, 4.7)
    assert (round(4167 / 2390, 2), round(3751 / 2390, 2)) == (1.74, 1.57)
    assert (7184 * 2 // 16, 898 % 4) == (898, 2)
    assert ((14336 + 64 + 511) // 512 * 512, 16 * 128 * 16, 8 * 128) == (14848, 32768, 1024)


def test_e4m3_has_253_distinct_finite_values() -> None:
    assert (len(E4M3), 2 * len(E4M3) + 1, E4M3[-1]) == (126, 253, 448)
    page = topic("fp8")
    assert page is not None
    assert "254 finite codes, and 253 distinct values" in page.text.en
    assert 448 / (E4M3[0] / 2) == 458752
    for x, integer, rounded, neighbours in table("fp8", "| x / scale"):
        below = max(v for v in E4M3 if v <= float(x))
        above = min(v for v in E4M3 if v >= float(x))
        assert re.findall(r"[\d.]+", neighbours)[:2] == [f"{below:g}", f"{above:g}"]
        assert float(rounded) == min((below, above), key=lambda v: abs(v - float(x)))
        assert int(integer) == round(float(x))


def test_hidden_int4_in_bytes() -> None:
    for check, stated, bf16, fp8 in table("int4", "| check"):
        divisor = int(re.findall(r"% (\d+)", check)[0])
        assert int(stated.split()[0]) == 16 * divisor
        assert (int(bf16), int(fp8)) == (16 * divisor // 2, 16 * divisor)


def test_datacopy_rounds_bytes_down() -> None:
    for kind, asked, moved, lost in table("alignment", "| T "):
        size = {"int8_t": 1, "half": 2, "float": 4}[kind]
        assert (int(asked), int(moved)) == (100 * size, 100 * size // 32 * 32)
        assert int(lost) == int(asked) - int(moved)


def test_one_size_gives_an_fp8_message_of_whole_blocks() -> None:
    sizes = (2048, 2560, 3072, 4096, 5120, 6144, 7168, 8192)
    assert [h for h in sizes if (16 + h + h // 32) % 32 == 0] == [2560]
    assert all((16 + 2 * h) % 32 == 16 for h in sizes)
    page = topic("alignment")
    assert page is not None
    assert (
        "Of the sizes 2048, 2560, 3072, 4096, 5120, 6144, 7168 and 8192 that\n  is 2560 alone" in page.text.en
    )


def test_banks() -> None:
    def group(address: int, arch: int) -> int:
        return (address >> 5) & (15 if arch == 2201 else 7)

    assert group(28672, 2201) == group(28672, 3510) == (28672 >> 8) & 1 == 0
    assert (group(28928, 2201), group(28928, 3510), (28928 >> 8) & 1) == (8, 0, 1)
    assert [len({group(32 * stride * i, 2201) for i in range(8)}) for stride in (16, 8, 1, 17)] == [
        1,
        2,
        8,
        8,
    ]
    assert [len({group(row * i, 2201) for i in range(16)}) for row in (512, 544)] == [1, 16]


# -- reading -------------------------------------------------------------------------------

BAD = [
    ('title = { en = "int4', 'titel = { en = "int4', 3, "titel: unknown key"),
    ('title = { en = "int4', 'title = { de = "int4', 3, "title: must be a string, or a table"),
    (', zh = "int4：16 字节，8 个 BF16 元素"', "", 3, "title: must be a table with 'en' and 'zh'"),
    (
        'rules = ["VEC002", "VEC003", "VEC004", "ALN003", "ALN004"]',
        "rules = []",
        5,
        "rules: missing, or a list without anything in it",
    ),
    ('rules = ["VEC002"', 'rules = ["vec"', 5, "rules: 'vec' is neither a code such as ALN001 nor"),
    ('aliases = ["hidden_int4"', 'aliases = ["INT4"', 4, "aliases: a word stands there twice"),
    ('aliases = ["hidden_int4"', 'aliases = ["TMA"', 4, "aliases: 'TMA' leads to"),
    ('aliases = ["hidden_int4"', 'aliases = [3, "hidden_int4"', 4, "aliases: must be a list of strings"),
    ('rules = ["VEC002"', 'rules = [VEC002"', 5, "not TOML"),
    ("[[corrections]]\nsaid", "[[corrections]]\nsays", None, "corrections[1].says: unknown key"),
    ("sources = [", "sources = []\nsource = [", None, "source: unknown key"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), BAD)
def test_a_bad_page_names_file_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int | None, message: str
) -> None:
    folder = tmp_path / "topics"
    shutil.copytree(rules_path() / "topics", folder)
    file = folder / "int4.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    place = rf"{re.escape(str(file))}:{line or '[0-9]+'}: "
    with pytest.raises(RuleDataError, match=place + re.escape(message)):
        topics(folder)


def test_a_page_without_text_or_folder_without_pages_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleDataError, match="no topic"):
        topics(tmp_path)
    (tmp_path / "a.toml").write_text('title = { en = "a", zh = "b" }\naliases = ["b"]\n', "utf-8")
    with pytest.raises(RuleDataError, match=r"a\.toml: text: missing"):
        topics(tmp_path)
    (tmp_path / "a.toml").rename(tmp_path / "A B.toml")
    with pytest.raises(RuleDataError, match="the name must be lower case words"):
        topics(tmp_path)
