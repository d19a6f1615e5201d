"""A small check by hand, with each thing that a report of findings must show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from example_scan import dispatch, example, utils

from portcheck.analysis.proof import Line, Proof
from portcheck.checked import Checked, Notice, SuppressedBy, Suppression
from portcheck.pack import Finding, pack
from portcheck.source.place import Place
from portcheck.symbolic.condition import congruent
from portcheck.symbolic.expr import Role, Symbol, of
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import assumptions, targets

RULES = {rule.code: rule for rule in pack()}
COPY = dispatch("copy(v,\n         n)")
CAST = dispatch("reinterpret_cast<const int4*>(x)")
RELEASE = dispatch("st_release(flag, v)")
PARAMETER = dispatch("int n")
PROOF = Proof(
    Verdict.DEPENDS,
    goal="16*n is a multiple of 32",
    expression="16*n",
    condition=congruent(of(Symbol("n", Role.PARAMETER)), 2, 0),
    witness={"n": 1},
    value=16,
    assumptions=("no-overflow",),
    derivation=(
        Line(utils("copy"), "k = n", "value"),
        Line(None, "no overflow", "assumption"),
        Line(CAST, "n > 0", "guard"),
    ),
)
ACCEPTED = Suppression(SuppressedBy.IN_SOURCE, "accepted", "sizes are <even>", PARAMETER)


def finding(code: str, place: Place, identity: str, verdict: Verdict, **members: Any) -> Finding:
    """One finding on all targets but 950, where it holds."""
    verdicts = tuple((t.name, Verdict.HOLDS if t.name == "950" else verdict) for t in targets())
    fields = {"subject": "16*n", "modulus": 32, "text": "a, 50% | <b>", "name": "k", "count": 1}
    return Finding(RULES[code], place, "ep::dispatch", verdicts, fields, identity=identity, **members)


LENGTH = finding("MTE003", COPY, "00000000000000a1", Verdict.DEPENDS, proof=PROOF, related=(utils("copy"),))
OPEN = finding("MTE003", RELEASE, "00000000000000a2", Verdict.UNKNOWN, why="n is not known")
FP8 = finding("QNT001", CAST, "00000000000000a3", Verdict.VIOLATED)
BARRIER = finding("SYN002", utils("{ }"), "00000000000000a4", Verdict.VIOLATED)
SLOW = finding("MTE006", RELEASE, "00000000000000a5", Verdict.UNKNOWN)
QUIET = finding("MTE003", PARAMETER, "00000000000000a6", Verdict.VIOLATED)


def example_check(*more: Finding, root: str = "/src/ep") -> Checked:
    """What breaks, what is not decided, what is to be redesigned, a note, one that is only counted and
    one that is suppressed; then `more`."""
    found = (FP8, OPEN, SLOW, LENGTH, BARRIER, QUIET, *more)
    scan = replace(example(root), facts=(), kernels=(), calls=())
    return Checked(
        scan,
        tuple(RULES.values()),
        targets(),
        tuple(sorted(found, key=lambda f: (f.place, f.rule.code))),
        assumptions(None),
        suppressions={QUIET.identity: (ACCEPTED,)},
        notices=(Notice("unused-suppression", "nothing here, or 50%", utils("int4")),),
    )


def nothing_found() -> Checked:
    """Everything read, nothing found."""
    scan = example()
    files = tuple(replace(file, unreadable=(), inactive=()) for file in scan.files)
    scan = replace(scan, files=files, skipped=(), facts=(), kernels=(), calls=())
    return Checked(scan, (), targets(), (), assumptions(None))
