"""What each kind of fact means, in one sentence: the text for help, SARIF and the README."""

from __future__ import annotations

from portcheck.facts.base import FactKind

_MEANING = {
    FactKind.VEC_CAST: "A pointer is viewed as a vector type of 8 bytes or more.",
    FactKind.VEC_ACCESS: "A load or store moves a vector of 8 bytes or more in one instruction.",
    FactKind.TMA_COPY: "Bytes are copied in bulk between global and shared memory (TMA or cp.async).",
    FactKind.COPY_WAIT: "A group of asynchronous copies is committed or waited for.",
    FactKind.MBARRIER: "A shared-memory mbarrier is set up, armed, arrived at or waited for.",
    FactKind.ALIGN_ASSERT: "A check constrains divisibility, alignment or the size of a type.",
    FactKind.CHECK: "A check constrains a size, a count or a capacity.",
    FactKind.FP32_ACCUM: "Lower-precision values are summed in FP32.",
    FactKind.LOWP_ACCUM: "Values are summed in a type narrower than FP32.",
    FactKind.FP8_QUANT: "Values are scaled and converted to FP8.",
    FactKind.LOWP_WIRE: "Values are packed in another low-precision format to be stored or sent.",
    FactKind.SMEM_LAYOUT: "An offset or stride carves a buffer out of shared or global memory.",
    FactKind.WARP_COLLECTIVE: "The lanes of a warp exchange, vote on or reduce a value.",
    FactKind.BLOCK_BARRIER: "The threads of a block, or a named part of them, wait for each other.",
    FactKind.SYNC_SCOPE: "A load, store, fence or atomic names its memory order or scope.",
    FactKind.REMOTE_COMM: "Memory of another GPU is read, written or signalled.",
    FactKind.LAUNCH: "A kernel is launched.",
    FactKind.API_CALL: "A function of the CUDA runtime, driver or a CUDA library is called.",
}


def meaning(kind: FactKind) -> str:
    """One English sentence, with its full stop."""
    return _MEANING.get(kind, f"{kind.replace('_', ' ').capitalize()}.")
