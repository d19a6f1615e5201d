"""CUDA text from a seed.

Each file is one namespace with its helpers, one kernel (or a device function that nothing calls)
and perhaps a host function that checks and launches. A question stands in the text itself:
`probe(3, hidden * 2);  // mod 32 equals 0`.
"""

from benchmarks.soundness.generate.files import generate

__all__ = ["generate"]
