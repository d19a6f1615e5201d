"""Runs finalize_moe_routing_kernel on the CPU model of portcheck. No hardware takes part.

python -m pytest test_finalize_moe_routing_kernel.py
"""

from pathlib import Path

import pytest

from portcheck.ascendc.checking import Checked, NoCompilerError, check, compiled

PROJECT = Path(__file__).parent
SEEDS = range(3)


@pytest.fixture(scope="module")
def library():
    try:
        return compiled(PROJECT)
    except NoCompilerError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("cores", [1, 3, 48])
@pytest.mark.parametrize("seed", SEEDS)
def test_finalize_moe_routing_kernel(library, cores, seed):
    checked: Checked = check(library, cores=cores, seed=seed)
    assert not checked.refused, checked.refused
    assert not checked.violations, "\n".join(checked.lines())
    assert not checked.differences, "\n".join(checked.differences)
