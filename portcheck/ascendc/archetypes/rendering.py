"""Renders the templates of archetypes: one environment, a name that is missing is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from portcheck.ascendc import tiling
from portcheck.ascendc.body import Body, Buffer, Dropped, Scalar
from portcheck.source.place import Place
from portcheck.targets.text import Text


def render(template: str, given: Mapping[str, object]) -> str:
    """The text of a template of this package, by its path below it."""
    return _environment().get_template(template).render(given)


def complete_body(
    folder: str,
    given: Mapping[str, object],
    *,
    name: str,
    archetype: str,
    buffers: Sequence[Buffer],
    scalars: Sequence[Scalar],
    fields: Sequence[tuple[str, str, str]],
    trace: Mapping[str, tuple[Place, ...]],
    dropped: tuple[Dropped, ...] = (),
    notes: tuple[Text, ...] = (),
) -> Body:
    """The body of the three templates in a folder; `fields` are those of the tiling struct."""
    named = {
        **given,
        "gm_parameters": ", ".join(f"GM_ADDR {buffer.name}" for buffer in buffers),
        "gm_arguments": ", ".join(buffer.name for buffer in buffers),
    }
    return Body(
        name=name,
        archetype=archetype,
        buffers=tuple(buffers),
        scalars=tuple(scalars),
        kernel=render(f"{folder}/kernel.cpp.jinja", named),
        tiling=tiling.header(name, scalars, fields, render(f"{folder}/tiling.h.jinja", named)),
        reference=render(f"{folder}/reference.py.jinja", named),
        trace=trace,
        dropped=dropped,
        notes=notes,
    )


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
