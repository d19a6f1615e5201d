"""Symbolic interpretation of CUDA C++: which addresses and lengths the code really forms."""
