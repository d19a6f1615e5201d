"""What finalize_moe_routing_kernel computes, in NumPy, and inputs for a run. A bfloat16_t is its bits."""

import numpy as np


def to_float(bits):
    """bfloat16 as float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_bits(numbers):
    """float32 rounded to the nearest bfloat16, ties to even."""
    bits = numbers.astype(np.float32).view(np.uint32)
    rounded = ((bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(numbers), np.uint16(0x7FFF), rounded)


def reference(buffers, scalars):
    """skips + sum over k of scale * (row + bias), each step rounded to float32 in the kernel's order."""
    rows, cols, k, residuals = (int(scalars[name]) for name in ("gridDim_x", "cols", "k", "RESIDUAL_NUM"))
    permuted, bias = (
        to_float(buffers[name]).reshape(-1, max(cols, 1)) for name in ("expanded_permuted_rows", "bias")
    )
    row_of = buffers["expanded_source_row_to_expanded_dest_row"].reshape(k, rows)
    expert_of, scales = (
        buffers["expert_for_source_row"].reshape(rows, k),
        to_float(buffers["scales"]).reshape(rows, k),
    )
    with np.errstate(all="ignore"):
        out = to_float(buffers["skip_1"]).reshape(rows, cols).copy()
        if residuals == 2:
            out += to_float(buffers["skip_2"]).reshape(rows, cols)
        for term in range(k):
            out += (permuted[row_of[term]] + bias[expert_of[:, term]]) * scales[:, term, None]
    buffers["reduced_unpermuted_output"][...] = to_bits(out).reshape(-1)


def inputs(random, rows, cols, k, residuals):
    """Arguments of these sizes that make sense together: every permuted row is used once."""
    experts = int(random.integers(1, 9))

    def numbers(count):
        return to_bits(random.normal(size=count) * 10.0 ** random.integers(-2, 3, count))

    buffers = {
        "expanded_permuted_rows": numbers(rows * k * cols),
        "reduced_unpermuted_output": numbers(rows * cols),
        "skip_1": numbers(rows * cols),
        "skip_2": numbers(rows * cols if residuals == 2 else 0),
        "bias": numbers(experts * cols),
        "scales": to_bits(random.random(rows * k)),
        "expanded_source_row_to_expanded_dest_row": random.permutation(rows * k).astype(np.int32),
        "expert_for_source_row": random.integers(0, experts, rows * k).astype(np.int32),
    }
    return buffers, {"gridDim_x": rows, "cols": cols, "k": k, "RESIDUAL_NUM": residuals}


def example(random):
    """For `portcheck verify`: all sizes by chance, any tail."""
    rows, cols, k, residuals = (
        int(random.integers(*limits)) for limits in ((1, 60), (1, 700), (1, 9), (1, 3))
    )
    return inputs(random, rows, cols, k, residuals)
