"""A launch takes its configuration and arguments as they are then, not as the host leaves them."""

from __future__ import annotations

from pathlib import Path

from portcheck.analysis import analyse

CONFIGURED = """\
__global__ void big(int* a) { extern __shared__ int s[]; a[0] = s[threadIdx.x]; }
__global__ void small(int* a) { extern __shared__ int s[]; a[0] = s[threadIdx.x]; }
void unknown(cudaLaunchConfig_t*);
void run(int* a, int n) {
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(n);
    config.dynamicSmemBytes = 300000;
    cudaLaunchKernelEx(&config, big, a);
    config.dynamicSmemBytes = 64;
    cudaLaunchKernelEx(&config, small, a);
    unknown(&config);
}
"""


def needed(folder: Path, code: str) -> dict[str, str]:
    """The bytes of shared memory of each kernel's launch."""
    (folder / "a.cu").write_text(code, encoding="utf-8")
    memories = (one.memory for one in analyse([str(folder)]).capacities)
    return {memory.kernel: str(memory.bytes_needed) for memory in memories}


def test_a_configuration_that_is_used_again(tmp_path: Path) -> None:
    assert needed(tmp_path, CONFIGURED) == {"big": "300000", "small": "64"}
