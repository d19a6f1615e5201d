"""Operators are data: the shipped files load, and every mistake is named with file, line and reason."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from portcheck.pack.functions import moe
from portcheck.plan.operators import STAGES, Limit, load_operators, operators
from portcheck.plan.vocabulary import load, snake_case, vocabulary
from portcheck.plan.window import evaluate, names, problem
from portcheck.resources import rules_path
from portcheck.targets import RuleDataError

OPERATOR = """\
name = "copy"
origin = "CANN"
element_bytes = 2
title = "Copies"
sources = ["a page"]
[[call]]
stages = ["dispatch"]
torch_npu = ["npu_copy"]
[[target]]
names = ["910B"]
modes = ["mesh"]
[[limit]]
targets = ["910B"]
quantity = "hidden"
least = 32
most = 4096
multiple = 32
source = "a page:1"
[[semantic]]
name = "rank-mask"
lacks = ["910B"]
source = "a page:2"
[[window]]
targets = ["910B"]
bytes = "ranks * up(hidden, 512)"
source = "a page:3"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "copy.toml").write_text(text, encoding="utf-8")
    return folder


def named(name: str) -> Limit:
    """The first limit of hidden sizes of an operator."""
    (found,) = (o for o in operators() if o.name == name)
    return next(limit for limit in found.limits if limit.quantity.name == "hidden")


def test_shipped_operators_have_sources_in_both_languages() -> None:
    assert len(operators()) >= 12
    for operator in operators():
        assert operator.sources
        assert operator.title.en != operator.title.zh
        assert all(limit.source for limit in operator.limits)
        assert all(note.text.en != note.text.zh for note in operator.notes)
    titles = [q.title for q in vocabulary().quantities.values()]
    titles += [s.title for s in vocabulary().semantics.values()]
    assert all(title.en != title.zh for title in titles)


def test_every_stage_that_kernels_get_has_an_operator_and_no_other() -> None:
    given = set(re.findall(r'return "([\w -]+)"|else "([\w -]+)"', inspect.getsource(moe)))
    stages = {a or b for a, b in given} | {"low-latency combine", "low-latency dispatch"}
    assert set(STAGES) <= stages
    assert all(any(o.call(stage) for o in operators()) for stage in STAGES)


def test_no_operator_is_for_310p() -> None:
    assert not any("310P" in o.modes for o in operators())


def test_a_limit_takes_what_its_range_its_multiple_or_its_set_says() -> None:
    pair = named("MoeDistributeDispatch and MoeDistributeCombine")
    assert (pair.targets, pair.takes(7168), pair.takes(7170), pair.takes(10272)) == (
        ("910B",),
        True,
        False,
        False,
    )
    assert pair.next_above(7170) == 7200
    assert pair.next_above(10241) is None
    halves = named("MoeDistributeDispatch and Combine Setup/Teardown")
    assert (halves.takes(4096), halves.takes(5120), halves.next_above(5120)) == (True, False, 7168)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ('origin = "CANN"', 'origins = "CANN"', 2, "unknown key"),
        ("element_bytes = 2", "element_bytes = 0", 3, "positive number"),
        ('stages = ["dispatch"]', 'stages = ["despatch"]', 7, "no 'despatch'"),
        ('torch_npu = ["npu_copy"]', "", 7, "neither 'aclnn' nor 'torch_npu'"),
        ('names = ["910B"]', 'names = ["911B"]', 10, "no '911B'"),
        ('quantity = "hidden"', 'quantity = "hiden"', 14, "no quantity 'hiden'"),
        ("least = 32", "least = 5000", 15, "5000 is more than 4096"),
        ("multiple = 32", "multiple = 32\namong = [1]", 14, "'among'"),
        ('source = "a page:1"', "", 12, "every limit has a source"),
        ('name = "rank-mask"', 'name = "rank-masks"', 20, "no semantic 'rank-masks'"),
        ("ranks * up(hidden, 512)", "ranks / hidden", 25, "only + and *"),
        ("ranks * up(hidden, 512)", "ranks * hiden", 25, "no quantity 'hiden'"),
    ],
)
def test_a_broken_file_names_file_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    assert old in OPERATOR
    with pytest.raises(RuleDataError) as raised:
        load_operators(written(tmp_path, OPERATOR.replace(old, new, 1)))
    assert f"copy.toml:{line}: " in str(raised.value)
    assert reason in str(raised.value)


def test_a_name_stands_for_one_operator(tmp_path: Path) -> None:
    written(tmp_path, OPERATOR)
    (tmp_path / "other.toml").write_text(OPERATOR, encoding="utf-8")
    with pytest.raises(RuleDataError, match=r"other\.toml:1: name: copy is the name in"):
        load_operators(tmp_path)


def test_a_window_formula_is_evaluated() -> None:
    assert evaluate("parts(961, 480)", {}) == 3
    formula = "2 * (ranks * up(hidden, 512) + least(top_k, 4))"
    assert problem(formula, vocabulary().quantities) == ""
    assert names(formula) == {"ranks", "hidden", "top_k"}
    assert evaluate(formula, {"ranks": 8, "hidden": 700, "top_k": 6}) == 2 * (8 * 1024 + 4)
    assert "only up, least, parts" in problem("open(ranks, 1)", vocabulary().quantities)
    assert "Attribute" in problem("ranks.real", vocabulary().quantities)


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("kHidden", "hidden"),
        ("hidden_size", "hidden"),
        ("kNumTopk", "top_k"),
        ("num_topk", "top_k"),
        ("kNumMaxTokensPerRank", "batch_tokens"),
        ("num_max_dispatch_tokens_per_rank", "batch_tokens"),
        ("hidden_int4", "row_int4"),
        ("kNumHiddenBytes", "row_bytes"),
        ("kNumRanks", "ranks"),
    ],
)
def test_names_of_the_field_mean_quantities(name: str, quantity: str) -> None:
    found = vocabulary().quantity(name)
    assert found is not None
    assert found[0] == quantity


@pytest.mark.parametrize(
    "name", ["kNumRDMARanks", "kNumMaxTopk", "num_tokens_per_rank", "hidden_bytes_per_warp"]
)
def test_names_that_mean_something_else_mean_no_quantity(name: str) -> None:
    assert vocabulary().quantity(name) is None


def test_names_in_snake_case() -> None:
    assert snake_case("kNumRDMARanks") == "num_rdma_ranks"


@pytest.mark.parametrize(
    ("old", "new", "table", "reason"),
    [
        ('padding = "columns"', 'padding = "rows and columns"', "quantity.hidden", "padding: must be"),
        ("least = 1\n", "", "quantity.hidden", "has either 'least', for a number, or 'words'"),
        (
            'product = ["experts_per_rank", "ranks"]',
            'product = ["x"]',
            "quantity.expert_slots",
            "no quantity 'x'",
        ),
        ('parameters = ["^zero_copy$"]', "", "semantic.zero-copy", "no sign that code does it"),
        (
            'parameters = ["^zero_copy$"]',
            'parameters = ["("]',
            "semantic.zero-copy",
            "parameters: no pattern",
        ),
        ('roles = ["rank mask"]', 'role = ["rank mask"]', "semantic.rank-mask", "unknown key 'role'"),
    ],
)
def test_a_broken_vocabulary_names_file_line_and_reason(
    tmp_path: Path, old: str, new: str, table: str, reason: str
) -> None:
    text = (rules_path() / "operators" / "vocabulary.toml").read_text("utf-8")
    assert old in text
    file = tmp_path / "vocabulary.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(f"[{table}]")].count("\n") + 1
    with pytest.raises(RuleDataError) as raised:
        load(file)
    assert f"vocabulary.toml:{line}: {table}: " in str(raised.value)
    assert reason in str(raised.value)
