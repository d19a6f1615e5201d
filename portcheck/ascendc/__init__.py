"""Ascend C skeletons of CUDA kernels, and the CPU model that runs them."""
