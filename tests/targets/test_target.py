from __future__ import annotations

import re
from pathlib import Path

import pytest

from portcheck.targets import Language, RuleDataError, Target, targets
from portcheck.targets.target import load_targets

NAMES = ("310P", "910B", "910C", "950")

# key: what each of NAMES has; None is "no source".
NUMBERS = {
    "npu_arch": (2002, 2201, 2201, 3510),
    "ub_bytes": (262144, 196608, 196608, 253952),
    "ub_usable_bytes": (262144, 196352, 196352, 253952),
    "ub_library_scratch_start_bytes": (253952, 188416, 188416, None),
    "ub_block_bytes": (32, 32, 32, 32),
    "ub_align_bytes": (32, 32, 32, 32),
    "vector_align_bytes": (32, 32, 32, 32),
    "datacopy_length_granule_bytes": (32, 32, 32, 32),
    "datacopy_block_count_max": (4095, 4095, 4095, 4095),
    "datacopy_block_length_max_blocks": (65535, 65535, 65535, 65535),
    "datacopy_gap_max_blocks": (65535, 65535, 65535, 65535),
    "datacopypad_block_count_max": (None, 4095, 4095, 4095),
    "datacopypad_block_length_max_bytes": (None, 2097151, 2097151, 2097151),
    "datacopypad_gm_align_bytes": (None, 1, 1, 1),
    "datacopypad_gm_gap_max_bytes": (None, 2**32 - 1, 2**32 - 1, 2**40 - 1),
    "datacopypad_ub_gap_max_blocks": (None, 2**32 - 1, 2**32 - 1, 65535),
    "gm_start_best_align_bytes": (None, 512, 512, 128),
    "gm_length_best_align_bytes": (None, 512, 512, 128),
}
FLAGS = {
    "datacopypad": (False, True, True, True),
    "fp8_type": (False, False, False, True),
    "bf16_type": (False, True, True, True),
}
WORDS = {"datacopy_length_rounding": "down", "datacopy_gm_align": "element"}


def test_profiles_hold_these_facts_and_no_others() -> None:
    assert tuple(t.name for t in targets()) == NAMES
    for i, target in enumerate(targets()):
        assert {k: target.number(k) for k in NUMBERS} == {k: row[i] for k, row in NUMBERS.items()}
        assert {k: target.flag(k) for k in FLAGS} == {k: row[i] for k, row in FLAGS.items()}
        assert {k: target.word(k) for k in WORDS} == WORDS
        assert target.keys == NUMBERS.keys() | FLAGS.keys() | WORDS.keys()
        assert target.arch == NUMBERS["npu_arch"][i]
        assert target.products


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_every_value_has_a_public_source_and_every_gap_a_reason(target: Target) -> None:
    for key in target.keys:
        source, reason = target.source(key), target.reason(key)
        assert (source is None) == (reason is not None), key
        if source is not None:
            assert re.match(r"(asc-devkit@0da921b9|hicann/runtime@681ef761): \S", source), key
        else:
            assert re.search("[一-鿿]", target.reason(key, Language.ZH) or ""), key


def test_asking_for_what_is_not_there_is_an_error() -> None:
    target = targets()[0]
    with pytest.raises(KeyError, match="310P: no key ub_size"):
        target.number("ub_size")
    with pytest.raises(KeyError, match="310P: datacopypad is no number"):
        target.number("datacopypad")
    with pytest.raises(KeyError, match="310P: ub_bytes is no flag"):
        target.flag("ub_bytes")
    with pytest.raises(KeyError, match="310P: ub_bytes is no word"):
        target.word("ub_bytes")


BAD = [
    ('name = "910B"', 'nmae = "910B"', "targets/910B.toml: name: missing"),
    ('name = "910B"', 'name = "950"', "targets/910B.toml: name: 950 twice"),
    ('name = "910B"', 'name = "910B"\nsku = 1', "targets/910B.toml: sku: unknown key"),
    ('name = "910B"', "name = 910B", "targets/910B.toml: not TOML: "),
    ("value = 196352, ", "", "targets/910B.toml: values.ub_usable_bytes.value: missing"),
    (
        "value = 196352, source",
        "value = 196352, sources",
        "targets/910B.toml: values.ub_usable_bytes.source: missing",
    ),
    (
        "value = 196352, source =",
        'value = 196352, source = "", notes =',
        "targets/910B.toml: values.ub_usable_bytes.source: must be a string with something in it",
    ),
    (
        "value = 196352,",
        "value = 196352, unit = 1,",
        "targets/910B.toml: values.ub_usable_bytes.unit: unknown key",
    ),
    ("value = 196352", "value = 1.5", "targets/910B.toml: values.ub_usable_bytes.value: must be an integer"),
    ("value = 196352", "value = -1", "targets/910B.toml: values.ub_usable_bytes.value: must be positive"),
    ("value = 196352", "value = true", "targets/910B.toml: values.ub_usable_bytes: is int in"),
    ("value = 2201", "value = true", "targets/910B.toml: values.npu_arch: must be a number"),
    (
        "ub_usable_bytes",
        "ub_useable_bytes",
        "targets/310P.toml: ub_useable_bytes: neither under values nor under unsourced",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_a_bad_profile_names_file_and_key(spoil, old: str, new: str, message: str) -> None:
    folder = spoil("targets/910B.toml", old, new)
    with pytest.raises(RuleDataError, match=re.escape(message)):
        load_targets(folder)


def test_sourced_and_unsourced_at_once_is_an_error(spoil) -> None:
    folder = spoil("targets/310P.toml", "[unsourced]\n", '[unsourced]\nub_bytes = { en = "a", zh = "b" }\n')
    with pytest.raises(RuleDataError, match=r"targets/310P\.toml: ub_bytes: both under values and"):
        load_targets(folder)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleDataError, match=r"no \.toml file"):
        load_targets(tmp_path)
