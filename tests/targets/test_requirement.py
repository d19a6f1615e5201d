from __future__ import annotations

import re

import pytest

from portcheck.targets import Kind, Language, Quantity, RuleDataError, Severity, requirements, targets
from portcheck.targets.requirement_reading import load_requirements

BREAKS, SLOW, NOTE = Severity.BREAKS, Severity.SLOW, Severity.NOTE
CONGRUENT, AT_MOST = Kind.CONGRUENT, Kind.AT_MOST

# code: name, severity, quantity, kind, and the number on 310P, 910B, 910C, 950 (None: not asked there).
TABLE = {
    "MTE001": ("ub-start", BREAKS, Quantity.UB_START, CONGRUENT, (32, 32, 32, 32)),
    "MTE002": ("ub-pitch", BREAKS, Quantity.UB_PITCH, CONGRUENT, (32, 32, 32, 32)),
    "MTE003": ("datacopy-length", BREAKS, Quantity.LENGTH, CONGRUENT, (32, 32, 32, 32)),
    "MTE004": ("datacopypad-length", BREAKS, Quantity.LENGTH, AT_MOST, (None, 2097151, 2097151, 2097151)),
    "VEC001": ("vector-start", BREAKS, Quantity.VECTOR_START, CONGRUENT, (32, 32, 32, 32)),
    "MEM001": ("ub-capacity", BREAKS, Quantity.CAPACITY, AT_MOST, (262144, 196352, 196352, 253952)),
    "MTE005": ("gm-bandwidth", SLOW, Quantity.GM_START, CONGRUENT, (None, 512, 512, 128)),
    "MTE006": ("gm-length", SLOW, Quantity.LENGTH, CONGRUENT, (None, 512, 512, 128)),
    "MEM002": ("ub-scratch", NOTE, Quantity.CAPACITY, AT_MOST, (253952, 188416, 188416, None)),
}
EACH = [(r, t) for r in requirements() for t in targets()]
IDS = [f"{r.name}-{t.name}" for r, t in EACH]


def test_each_requirement_on_each_target() -> None:
    found = {}
    for r in requirements():
        moduli = tuple(r.modulus(t) for t in targets())
        limits = tuple(r.limit(t) for t in targets())
        assert tuple(r.applies(t) for t in targets()) == tuple(n is not None for n in TABLE[r.code][4])
        numbers, other = (moduli, limits) if r.kind is CONGRUENT else (limits, moduli)
        assert set(other) == {None}
        found[r.code] = (r.name, r.severity, r.quantity, r.kind, numbers)
    assert found == TABLE


@pytest.mark.parametrize(("requirement", "target"), EACH, ids=IDS)
def test_both_languages_say_what_it_means(requirement, target) -> None:
    for text in (requirement.statement, requirement.consequence):
        english, chinese = text(target), text(target, Language.ZH)
        assert (
            bool(english) == bool(chinese) == (requirement.applies(target) or text.__name__ == "consequence")
        )
        assert "{" not in english + chinese
        assert not re.search("[一-鿿]", english)
        assert not chinese or re.search("[一-鿿]", chinese)
    assert target.name in requirement.consequence(target)


def test_gm_alignment_is_never_a_matter_of_correctness() -> None:
    for r in requirements():
        if r.quantity is Quantity.GM_START:
            assert r.severity is Severity.SLOW
            assert "read-modify" not in r.consequence(targets()[1])


def test_what_to_write_depends_on_datacopypad() -> None:
    length = next(r for r in requirements() if r.name == "datacopy-length")
    on = {t.name: length.consequence(t) for t in targets()}
    assert "rounds the bytes down to a multiple of 32: the tail is not copied" in on["310P"]
    assert "310P has no DataCopyPad" in on["310P"]
    assert all("Use DataCopyPad" in on[name] for name in ("910B", "910C", "950"))


BAD = [
    ('code = "MTE003"', 'code = "MTE001"', "ub-start.toml: code: MTE001 is the code of datacopy-length"),
    ('code = "MTE003"', 'code = "C3"', "datacopy-length.toml: code: must be letters and three digits"),
    ('name = "datacopy-length"', 'name = "ub-start"', "ub-start.toml: name: ub-start is the name of MTE003"),
    ('name = "datacopy-length"', 'name = "DataCopy"', "datacopy-length.toml: name: must be words"),
    ('"breaks"', '"fatal"', "severity: 'fatal' is none of breaks, slow, redesign, note"),
    ('"length"', '"size"', "quantity: 'size' is none of"),
    ('"congruent"', '"multiple"', "kind: 'multiple' is none of congruent, at_most"),
    ("_granule_bytes", "_grain_bytes", "datacopy-length.toml: key: not of the profiles: 310P: no key"),
    ('kind = "c', 'needs = "ub_bytes"\nkind = "c', "needs: not of the profiles: 310P: ub_bytes is no flag"),
    ('kind = "c', 'needs = "datacopypad"\nkind = "c', "absent: missing, and 310P needs it"),
    ('kind = "c', 'effort = 1\nkind = "c', "datacopy-length.toml: effort: unknown key"),
    ('lacks = "datacopypad"', 'has = "datacopypad"', "instead: nothing for 310P"),
    ('lacks = "datacopypad"', 'lacks = "pad"', "instead[1].lacks: not of the profiles"),
    ("multiple of {value}", "multiple of {bytes}", "demand.en: unknown placeholder {bytes}"),
    ("multiple of {value}", "multiple of {value", "demand.en: not a template"),
    ("sources = [", "sources = [1,", "sources: every entry must be a string with something in it"),
    ("sources = [", "sources = []\nother = [", "sources: must be a list with something in it"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_a_bad_requirement_names_file_and_key(spoil, old: str, new: str, message: str) -> None:
    folder = spoil("requirements/datacopy-length.toml", old, new)
    with pytest.raises(RuleDataError, match=re.escape(message)):
        load_requirements(folder, targets())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_missing_language_is_an_error(spoil, language: str) -> None:
    folder = spoil("requirements/ub-start.toml", f"{language} =", "fr =")
    with pytest.raises(RuleDataError, match=rf"ub-start\.toml: demand\.{language}: missing"):
        load_requirements(folder, targets())
