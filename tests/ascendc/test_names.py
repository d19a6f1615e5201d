"""Names of kernels and parameters become identifiers and paths, whatever they are."""

from __future__ import annotations

import keyword
import re

from hypothesis import given
from hypothesis import strategies as st

from portcheck.ascendc.names import Names, argument, identifier, is_reserved, kernel_names

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


@given(st.text(max_size=80))
def test_any_text_becomes_an_identifier(text: str) -> None:
    for name in (identifier(text), argument(text)):
        assert IDENTIFIER.match(name)
        assert "__" not in name
        assert not keyword.iskeyword(name)
    assert not is_reserved(identifier(text))


def test_operators_and_templates_read_like_what_they_were() -> None:
    assert identifier("operator()") == "operator_call"
    assert identifier("dispatch<int, 4>") == "dispatch"
    assert identifier("../../etc/passwd") == "etc_passwd"
    assert identifier("class") == "class_kernel"
    assert argument("from") == "from_argument"


def test_kernels_of_one_name_get_their_namespaces() -> None:
    names = kernel_names([("a", "one::move"), ("b", "two::move"), ("c", "other")])
    assert names == {"a": "one_move", "b": "two_move", "c": "other"}


def test_names_that_differ_in_case_are_told_apart() -> None:
    names = kernel_names([("a", "Move"), ("b", "move")])
    assert len({n.casefold() for n in names.values()}) == 2


@given(st.lists(st.text(alphabet="aA_:<>é内", min_size=1, max_size=6), max_size=8))
def test_names_are_distinct_and_do_not_depend_on_order(listed: list[str]) -> None:
    keys = [(str(n), name) for n, name in enumerate(listed)]
    names = kernel_names(keys)
    assert len({n.casefold() for n in names.values()}) == len(keys)
    assert kernel_names(reversed(keys)) == names


def test_a_name_is_given_once() -> None:
    names = Names(spell=argument)
    assert [names.give("n"), names.give("n"), names.give("N")] == ["n", "n_2", "N_3"]
