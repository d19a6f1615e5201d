"""Pages of HTML taken apart, and CUDA whose comments, strings and names try to break out of them."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

_VOID = {"meta", "wbr", "br", "input", "link"}
HOSTILE_NAME = "a b#{{x}}.cu"
HOSTILE = """\
// </script><script>alert(1)</script> {{ 7 * 7 }} {% raw %} <!-- --> ]]>
// right to left: \u202egnp.exe\u202c and \u200f, a bell \x07, escape \x1b[31m, &amp; &lt;
namespace moe {
__global__ void dispatch(int4* out, const int4* in, int n, const char* why) {
    const char* text = "</script><img src=x onerror=alert(2)> {{ config }} `tick";
    extern __shared__ int4 buffer[];
    for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = in[i + 1];
    asm volatile("bar.sync 1, 64;" ::: "memory");
    __syncthreads();
}
}
void run(int4* out, const int4* in) { moe::dispatch<<<1, 32, 64>>>(out, in, 7, "</title>{{ x }}"); }
"""


class Page(HTMLParser):
    """A page taken apart: fails where a tag is not closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.code: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), (tag, attrs)
        self.tags[tag] += 1
        self.attributes.append((tag, given))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "div" and "data-n" in given:
            self.code.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif "style" not in self.open:
            self.text += data
        if self.open and self.open[-1] in ("div", "i") and self.code and "summary" not in self.open:
            self.code[-1] += data if "details" not in self.open else ""
