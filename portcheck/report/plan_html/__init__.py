"""The migration plan as a folder of HTML pages that open from disk, without a network.

`index.html` answers a lead's questions, `kernels/` has a page for each kernel, `sources/` a page for
each CUDA file. Every page holds its own styles and script; a content security policy forbids
everything else, so that nothing in a user's source can run or call out.
"""

from portcheck.report.plan_html.writing import write_html

__all__ = ["write_html"]
