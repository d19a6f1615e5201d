from __future__ import annotations

import re
from pathlib import Path

import pytest

from portcheck.targets import Language, RuleDataError, Target, requirements, targets
from portcheck.targets.target import load_targets

NAMES = ("310P", "910B", "910C", "950")

# What requirements, rules and the code compute with: what each of NAMES has; None is "no source".
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
    "gm_request_unit_bytes": (None, 512, 512, 512),
    "dcache_line_bytes": (64, 64, 64, 64),
    "vector_repeat_bytes": (256, 256, 256, 256),
    "ub_banks": (64, 48, 48, 16),
    "ub_bank_bytes": (4096, 4096, 4096, 16384),
    "ub_bank_groups": (16, 16, 16, 8),
    "event_ids": (8, 8, 8, 8),
}
FLAGS = {
    "datacopypad": (False, True, True, True),
    "fp8_type": (False, False, False, True),
    "fp8_vector_arithmetic": (False, False, False, False),
    "bf16_type": (False, True, True, True),
    "bf16_abs": (False, False, False, False),
    "bf16_axpy": (False, False, False, True),
    "bf16_cast_to_float": (False, True, True, True),
    "bf16_cast_to_half_direct": (False, False, False, True),
    "bf16_reduce_max": (False, False, False, False),
    "bf16_vector_add": (False, False, False, True),
    "float_cast_to_int8_direct": (False, False, False, False),
    "reduce_max_needs_tmp": (True, True, True, False),
    "gm_fetch_add": (False, False, False, True),
    "gm_bypass_dcache_access": (False, True, True, True),
    "ub_to_l1_hw_path": (False, False, False, True),
    "cross_core_flag": (False, True, True, True),
    "data_sync_barrier": (False, True, True, True),
    "hccl_windows_api": (False, True, True, False),
    "sync_all_hard": (False, True, True, True),
    "sync_all_soft": (True, True, True, True),
    "nddma": (False, False, False, True),
    "simt": (False, False, False, True),
}
WORDS = {"datacopy_length_rounding": "down", "datacopy_gm_align": "element"}

# A number says its unit in its name, or it is a count of what the name names.
UNITS = re.compile(r"(^|_)(bytes|bits|blocks|lanes|threads)(_|$)")
COUNTS = {
    "npu_arch",
    "datacopy_block_count_max",
    "datacopypad_block_count_max",
    "double_buffer_num",
    "event_ids",
    "cross_core_flag_max_outstanding",
    "cube_cores_min",
    "cube_cores_max",
    "vector_cores_min",
    "vector_cores_max",
    "fp8_e4m3fn_max",  # a value of the format, like the next
    "fp8_e5m2_max",
    "numblocks_max",
    "tque_buffers_per_tposition_max",
    "ub_banks",
    "ub_bank_groups",
    "ub_banks_per_group",
    "ub_subbanks_per_bank",
    "vector_repeat_max",
}
# What a target has numbers of only if it can do the thing: the beginning of the keys, the flag.
NEEDS = {
    "datacopypad_": "datacopypad",
    "fp8_cast_": "fp8_type",
    "fp8_e": "fp8_type",
    "fp8_formats": "fp8_type",
    "cross_core_flag_modes": "cross_core_flag",
    "nddma_": "nddma",
    "simt_": "simt",
}
# All else that has no source, by target.
OPEN = {
    "310P": {
        "bt_align_bytes",
        "bt_bytes",
        "cross_core_flag_max_outstanding",
        "dcache_bytes",
        "fb_align_bytes",
        "fb_bytes",
        "gm_best_transfer_bytes",
        "gm_length_best_align_bytes",
        "gm_request_unit_bytes",
        "gm_split_piece_bytes",
        "gm_start_best_align_bytes",
        "icache_bytes",
        "l1_usable_bytes",
        "ub_bank_formula",
        "ub_bank_group_formula",
        "ub_banks_per_group",
        "ub_subbank_width_bytes",
        "ub_subbanks_per_bank",
        "vector_register_bytes",
    },
    "910B": {"ub_subbank_width_bytes", "ub_subbanks_per_bank", "vector_register_bytes"},
    "910C": {"ub_subbank_width_bytes", "ub_subbanks_per_bank", "vector_register_bytes"},
    "950": {
        "cross_core_flag_max_outstanding",
        "dcache_bytes",
        "fb_align_bytes",
        "gm_best_transfer_bytes",
        "gm_split_piece_bytes",
        "icache_bytes",
        "l1_usable_bytes",
        "ub_library_scratch_start_bytes",
    },
}
# The two have one architecture; this alone differs between their products.
BY_PRODUCT = {"l2_bytes_min"}


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_profiles_hold_what_code_and_rules_depend_on(target: Target) -> None:
    assert tuple(t.name for t in targets()) == NAMES
    i = NAMES.index(target.name)
    assert {k: target.number(k) for k in NUMBERS} == {k: row[i] for k, row in NUMBERS.items()}
    assert {k: target.flag(k) for k in FLAGS} == {k: row[i] for k, row in FLAGS.items()}
    assert {k: target.word(k) for k in WORDS} == WORDS
    assert {r.key for r in requirements()} <= NUMBERS.keys()
    assert target.arch == NUMBERS["npu_arch"][i]
    assert target.products


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_profiles_have_the_same_keys_and_these_gaps(target: Target) -> None:
    assert all(other.keys == target.keys for other in targets())
    assert {v.key for v in target.values if isinstance(v.value, bool)} == FLAGS.keys()
    unable = {
        k
        for k in target.keys
        for start, flag in NEEDS.items()
        if k.startswith(start) and not target.flag(flag)
    }
    assert {key for key, _ in target.unsourced} == unable | OPEN[target.name]


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_a_number_says_its_unit(target: Target) -> None:
    numbers = {v.key for v in target.values if type(v.value) is int}
    assert {k for k in numbers if not UNITS.search(k)} <= COUNTS
    assert not {k for k in COUNTS if UNITS.search(k)}
    assert not COUNTS - target.keys


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_numbers_of_a_profile_agree(target: Target) -> None:
    def pair(small: str, large: str) -> bool:
        low, high = target.number(small), target.number(large)
        return low is None or high is None or low <= high

    ranges = [key.removesuffix("_min") for key in target.keys if key.endswith("_min")]
    assert sorted(ranges) == ["cube_cores", "l2_bytes", "vector_cores"]
    assert all(pair(f"{name}_min", f"{name}_max") for name in ranges)
    assert pair("ub_usable_bytes", "ub_bytes")
    assert pair("ub_library_scratch_start_bytes", "ub_usable_bytes")
    assert pair("l1_usable_bytes", "l1_bytes")
    i = NAMES.index(target.name)
    banks, groups = NUMBERS["ub_banks"][i], NUMBERS["ub_bank_groups"][i]
    physical = (262144, 196608, 196608, 262144)[i]  # 950 keeps 8 KiB for itself
    assert banks * NUMBERS["ub_bank_bytes"][i] == physical
    assert target.number("ub_banks_per_group") in (None, banks // groups)


def test_910b_and_910c_are_one_architecture() -> None:
    b, c = (t for t in targets() if t.arch == 2201)
    assert {key for key in b.keys if b.value(key) != c.value(key)} == BY_PRODUCT


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_every_value_has_a_public_source_and_every_gap_a_reason(target: Target) -> None:
    part = r"(asc-devkit@0da921b9|hicann/runtime@681ef761): [^;:]+\.(md|h|cpp|ini)\b[^;]*"
    reasons = {}
    for key in target.keys:
        source, reason = target.source(key), target.reason(key)
        assert (source is None) == (reason is not None), key
        if source is not None:
            assert re.fullmatch(rf"{part}(; {part})*", source), key
            english, chinese = target.note(key), target.note(key, Language.ZH)
            assert bool(english) == bool(chinese), key
        else:
            english, chinese = reason or "", target.reason(key, Language.ZH) or ""
            reasons[english] = chinese
        assert not re.search("[一-鿿]", re.sub(r"\S*\.md:\S*", "", english)), key
        assert not chinese or re.search("[一-鿿]", chinese), key
    assert len(set(reasons.values())) == len(reasons)


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
        'note = { en = "nominal',
        'note = { text = "nominal',
        "targets/910B.toml: values.ub_usable_bytes.note.en: missing",
    ),
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
