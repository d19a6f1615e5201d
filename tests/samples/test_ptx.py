"""The PTX reader of the benchmarks, on a small text of our own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ptx import Instruction, classify, read_ptx


@pytest.fixture(scope="module")
def instructions() -> list[Instruction]:
    return read_ptx((Path(__file__).parent / "fixture.ptx").read_text(encoding="utf-8"))


def one(instructions: list[Instruction], opcode: str) -> Instruction:
    (found,) = [i for i in instructions if i.opcode.startswith(opcode)]
    return found


def lines(instruction: Instruction) -> list[tuple[str, int]]:
    return [(place.path.rsplit("/", 1)[-1], place.line) for place in instruction.chain]


def test_every_instruction_is_read_once(instructions: list[Instruction]) -> None:
    assert [i.opcode.split(".")[0] for i in instructions] == [
        *["ld", "ld", "st", "st", "ld", "ld", "st"],
        *["ld", "mbarrier", "bra", "cp", "cp", "cp", "cp", "st", "call", "ret", "st", "ret"],
    ]


def test_functions_without_a_caller_keep_their_own_name(instructions: list[Instruction]) -> None:
    assert {i.kernel for i in instructions} == {"_Z4movePiS_", "_Z5otheri"}
    assert lines(instructions[-2]) == [("kernel.cu", 31)]
    assert instructions[-2].functions == ("_Z5otheri",)


def test_a_plain_loc_holds_until_the_next(instructions: list[Instruction]) -> None:
    shared = one(instructions, "st.shared")
    assert lines(shared) == [("kernel.cu", 12)]
    assert not shared.inline_asm
    assert lines(one(instructions, "ld.global.v2.u32")) == [("kernel.cu", 13)]


def test_inlined_function_has_its_call_site(instructions: list[Instruction]) -> None:
    load = one(instructions, "ld.global.nc")
    assert lines(load) == [("helpers.cuh", 30), ("kernel.cu", 20)]
    assert load.functions == ("_Z4loadv", "_Z4movePiS_")
    assert load.inline_asm
    assert not load.ambiguous


def test_call_chain_follows_the_latest_call_site(instructions: list[Instruction]) -> None:
    wait, bulk = one(instructions, "mbarrier"), one(instructions, "cp.async.bulk.shared")
    assert lines(wait) == [("helpers.cuh", 40), ("helpers.cuh", 31), ("kernel.cu", 20)]
    assert lines(bulk) == [("helpers.cuh", 40), ("helpers.cuh", 31), ("kernel.cu", 21)]
    assert wait.functions == ("_Z5innerv", "_Z4loadv", "_Z4movePiS_")
    assert (wait.ambiguous, bulk.ambiguous) == (False, True)


def test_lambda_body_is_text_of_its_function(instructions: list[Instruction]) -> None:
    copy = one(instructions, "cp.async.cg")
    assert lines(copy) == [("kernel.cu", 25), ("kernel.cu", 27)]
    assert [place.line for place in copy.textual_chain] == [25]


def test_wide_instructions(instructions: list[Instruction]) -> None:
    wide = [i.opcode for i in instructions if (a := i.access) is not None and a.is_wide_access]
    assert wide == [
        "ld.global.v4.u32",
        "st.shared.v2.u64",
        "ld.v4.f32",
        "ld.global.nc.L1::no_allocate.v4.s32",
        "cp.async.cg.shared.global",
        "st.global.v4.b32",
    ]
    bulk = [i.ptx_line for i in instructions if (a := i.access) is not None and a.is_bulk_copy]
    assert bulk == [54]


@pytest.mark.parametrize(
    ("opcode", "operands", "kind", "space", "width"),
    [
        ("ld.global.v4.b32", "", "load", "global", 16),
        ("ld.global.v2.b64", "", "load", "global", 16),
        ("ld.global.v2.f64", "", "load", "global", 16),
        ("ld.global.nc.L1::no_allocate.L2::256B.v4.s32", "", "load", "global", 16),
        ("ld.global.v4.u64", "", "load", "global", 32),
        ("ld.global.v8.b32", "", "load", "global", 32),
        ("ld.global.b128", "", "load", "global", 16),
        ("ld.global.v4.u16", "", "load", "global", 8),
        ("ld.global.v2.f16x2", "", "load", "global", 8),
        ("ld.acquire.sys.global.s32", "", "load", "global", 4),
        ("ld.v4.f32", "", "load", "generic", 16),
        ("ld.shared::cta.v4.u32", "", "load", "shared", 16),
        ("st.local.v2.u64", "", "store", "local", 16),
        ("st.volatile.shared.v4.f32", "", "store", "shared", 16),
        ("red.release.sys.global.add.s32", "", "reduction", "global", 4),
        ("red.global.add.v4.f32", "", "reduction", "global", 16),
        ("cp.async.ca.shared.global", " [%r1], [%rd1], 4", "async_copy", "shared<-global", 4),
        ("cp.async.cg.shared.global.L2::128B", " [%r1], [%rd1], 16", "async_copy", "shared<-global", 16),
        ("cp.async.commit_group", "", "async_control", "", None),
        ("cp.async.bulk.wait_group.read", " 0", "bulk_control", "", None),
        ("cp.async.bulk.prefetch.L2.global", " [%rd1], 32", "bulk_control", "", None),
        (
            "cp.async.bulk.global.shared::cta.bulk_group",
            " [%rd1], [%r1], 512",
            "bulk_copy",
            "global<-shared",
            512,
        ),
        (
            "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes",
            " [%r1], [%rd1, {%r2, %r3}], [%r4]",
            "bulk_copy",
            "shared<-global",
            None,
        ),
        (
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32",
            "",
            "bulk_copy",
            "global<-shared",
            None,
        ),
        ("mbarrier.arrive.expect_tx.shared::cta.b64", "", "mbarrier", "shared", 8),
    ],
)
def test_classify(opcode: str, operands: str, kind: str, space: str, width: int | None) -> None:
    access = classify(opcode, operands)
    assert access is not None
    assert (access.kind, access.space, access.bytes) == (kind, space, width)


@pytest.mark.parametrize(
    "opcode", ["ld.param.v4.b32", "st.param.b64", "add.f32", "bra.uni", "fence.proxy.async"]
)
def test_not_memory(opcode: str) -> None:
    assert classify(opcode) is None
