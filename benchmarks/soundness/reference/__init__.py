"""An interpreter for the subset of CUDA C++ that the campaign generates."""
