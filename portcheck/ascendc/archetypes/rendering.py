"""Renders the templates of archetypes: one environment, a name that is missing is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, given: Mapping[str, object]) -> str:
    """The text of a template of this package, by its path below it."""
    return _environment().get_template(template).render(given)


@cache
def floats_text(saturates: bool = False) -> str:
    """Python functions that references use to read and write bfloat16 by its bits.

    `saturates`: a float that is too large for half becomes the largest half, NaN becomes 0, as on the
    coupled core (hiascend.com, CANN, API/runtimeapi/aclcppdevg_03_1389, aclrtFloatOverflowMode).
    """
    return render("parts/floats.py.jinja", {"saturates": saturates})


@cache
def _environment() -> Environment:
    # The output is C++ and Python, not HTML: nothing is escaped.
    return Environment(
        loader=PackageLoader("portcheck.ascendc.archetypes", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
