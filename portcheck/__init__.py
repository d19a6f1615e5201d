"""portcheck reads CUDA C++ and says what it takes to run it on Huawei Ascend.

The package root imports nothing, so that the command line starts fast; the main job is
`portcheck.scan.scan`.
"""

__version__ = "0.1.0"
