"""Names of answers: alike for what is equal, different for what is not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.cache import Store
from portcheck.cache import digest as digests
from portcheck.cache.digest import digest, tool, tree
from portcheck.source import Patterns, discover
from portcheck.symbolic.verdict import Verdict

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def typed(value: Any) -> Any:
    """The value such that True and 1 are not equal."""
    if isinstance(value, dict):
        return {k: typed(v) for k, v in value.items()}
    return tuple(map(typed, value)) if isinstance(value, tuple) else (type(value).__name__, value)


@given(plain, plain)
def test_digests_are_equal_exactly_for_equal_values(left: object, right: object) -> None:
    assert (digest(left) == digest(right)) == (typed(left) == typed(right))


def test_collections_without_an_order_have_one_digest() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(frozenset("abc")) == digest(frozenset("cba"))
    assert digest(("a", "b")) != digest(("b", "a"))


def test_the_parts_of_a_name_do_not_run_together() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest(("ab", "c")), digest("abc")}) == 4


def test_dataclasses_and_enumerations_count_with_their_kind() -> None:
    assert digest(Patterns(("a",), "b")) == digest(Patterns(("a",), "b"))
    assert digest(Patterns(("a",), "b")) != digest(Patterns(("a", "b")))
    assert digest(Verdict.HOLDS) != digest("HOLDS")


def test_what_has_no_digest_is_refused() -> None:
    with pytest.raises(TypeError, match="function has no digest"):
        digest(lambda: 1)


def test_a_tree_is_its_files_and_their_bytes(tmp_path: Path) -> None:
    def name() -> str:
        return tree(discover([tmp_path]), 1000)

    (tmp_path / "a.cu").write_text("int a;")
    (tmp_path / "b.cpp").write_text("int b;")
    names = [name()]
    assert name() == names[0]
    for change in (
        lambda: (tmp_path / "a.cu").write_text("int A;"),
        lambda: (tmp_path / "b.cpp").write_text("int B;"),  # may name a kernel's host function
        lambda: (tmp_path / "c.h").write_text("#define X"),
        lambda: (tmp_path / "c.h").rename(tmp_path / "d.h"),
        lambda: (tmp_path / "d.h").write_text("#define X  "),
        lambda: (tmp_path / ".gitignore").write_text("b.cpp"),
        lambda: (tmp_path / "a.cu").write_bytes(b" " * 2000),
        lambda: (tmp_path / "a.cu").unlink(),
    ):
        change()
        names.append(name())
    assert len(set(names)) == len(names)


def test_an_edited_checkout_is_another_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, rules = tmp_path / "portcheck", tmp_path / "rules"
    shutil.copytree(Path(digests.__file__).parent, package)
    rules.mkdir()
    (rules / "a.toml").write_text("a = 1")
    monkeypatch.setattr(digests, "_folders", lambda: (str(package), str(rules)))
    store = Store(str(tmp_path / "cache"))
    first = tool(store)
    assert tool(store) == first
    assert tool(Store(None)) == first, "the name does not hang on the cache"
    (rules / "a.toml").write_text("a = 2")
    second = tool(store)
    (package / "codec.py").write_text("x = 1")
    third = tool(store)
    (package / "new.py").write_text("")
    fourth = tool(store)
    assert len({first, second, third, fourth}) == 4
    (rules / "a.toml").write_text("a = 1")
    shutil.copytree(Path(digests.__file__).parent, package, dirs_exist_ok=True)
    (package / "new.py").unlink()
    assert tool(store) == first
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert tool(store) == first
