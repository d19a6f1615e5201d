"""Kernels in Ascend C: what they become, the projects that hold them, and the model that runs them."""
