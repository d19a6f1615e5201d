"""A soundness campaign for the prover: generated CUDA, a reference interpreter, a judge.

    python -m benchmarks.soundness --kernels 2000 --seed 7 [--keep DIR]   judge portcheck
    python -m benchmarks.soundness --kernels 2000 --seed 7 --compile   compare the reference with g++
    python -m benchmarks.soundness --kernels 200 --prover holds             a mock, to see the judge at work

- `generate` writes CUDA text from a seed, with questions in it: `probe(3, n * 2);  // mod 32 equals 0`.
- `reference` runs that text for concrete parameters. It has its own lexer, parser and evaluator, and
  shares no code with portcheck.
- `subject` draws runs: parameters near multiples of powers of two, threads, contents of memory.
- `judge` compares a prover's answer at each probe with what the runs saw there.
- `shrink` takes out of a file what a disagreement does not need.
- `compiled` compiles the same text with g++ (`stub.h`) and compares every value that a probe sees.

What a run may do: it starts in a host function that launches, or in a kernel or device function that
nothing in the file calls. Parameters of the host and of a kernel are not negative; values from memory
may be. A run stops where exact integers and C++ part (overflow, wrap-around, a division by zero); what
it saw before that counts. One run is one thread.
"""
