"""Records what the CUDA kernels of archetypes do on a GPU: what the archetypes have to agree with.

python -m benchmarks.gpu.record write build          # inputs and program.cu
nvcc -arch=sm_90a -std=c++17 -I tests/ascendc/cuda -o build/run build/program.cu && build/run build
python -m benchmarks.gpu.record store build          # tests/ascendc/recorded/CASE.npz
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.gpu.recorded_cases import CASES
from benchmarks.gpu.recordings import store, write

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("write", "store"):
        sys.exit(str(__doc__))
    {"write": write, "store": store}[sys.argv[1]](Path(sys.argv[2]), CASES)
