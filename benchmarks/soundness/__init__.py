"""A soundness campaign for the prover: generated CUDA, a reference interpreter, a judge.

    python -m benchmarks.soundness --kernels 2000 --seed 7 [--compile] [--keep DIR]

`generate` writes CUDA text from a seed. `reference` runs that text for concrete parameters; it has
its own lexer, parser and evaluator and shares no code with portcheck. `judge` compares what a prover
says at every `probe` line with what the runs show. `host` compiles the same text with g++ and compares
the reference with real C++.
"""
