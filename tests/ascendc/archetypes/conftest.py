"""A compiler takes seconds for each kernel: a part of the combinations by default, all with PORTCHECK_LONG=1.

What is left out are further element types and targets of tests that are run on the model; every test
function, and every test of recognition, is always there.
"""

from __future__ import annotations

import inspect
import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

MOST = 2  # of a test function
MOST_RECORDED = 16


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("PORTCHECK_LONG"):
        return
    groups: dict[Callable[..., Any], list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and _compiles(item):
            groups[item.function].append(item)
    left_out = {item for group in groups.values() for item in _left_out(group)}
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))


def _compiles(item: pytest.Function) -> bool:
    """Whether the parameters say what is compiled."""
    here = item.path.parent.name == "archetypes" and hasattr(item, "callspec")
    inner = getattr(getattr(item.function, "hypothesis", None), "inner_test", item.function)
    names = {"name", "target", "dtype", "inclusive"}
    return here and "compiled(" in inspect.getsource(inner) and bool(names & item.callspec.params.keys())


def _left_out(group: list[pytest.Function]) -> list[pytest.Function]:
    """All but some that are spread over the group."""
    most = MOST_RECORDED if group[0].path.stem == "test_recorded" else MOST
    kept = {round(at * (len(group) - 1) / (most - 1)) for at in range(most)}
    return [item for at, item in enumerate(group) if at not in kept] if len(group) > most else []
