"""Samples on a real GPU against the analysis: what it says of addresses and lengths must be so.

    python -m benchmarks.gpu instrument samples --driver tests/samples/run_on_gpu.cu --out build/gpu
    nvcc -arch=sm_90a -std=c++17 -O3 --expt-relaxed-constexpr -o build/gpu/run build/gpu/program.cu
    build/gpu/run build/gpu/records.txt        # on a machine with the GPU
    python -m benchmarks.gpu compare build/gpu

`instrument` analyses the folder and writes a copy of it in which every transfer and layout that the
analysis knows records its addresses and lengths (`sites.py` says what is where, `rewrite.py` how a
site is written, `record.cuh` what runs on the GPU). `compare` takes each statement to what was
recorded. README.md says what "confirmed" and "contradicted" mean.
"""
