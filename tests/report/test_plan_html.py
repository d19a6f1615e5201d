"""The pages of a plan: well formed, closed to the network, harmless whatever the source says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from portcheck.analysis import analyse
from portcheck.pack import findings, pack
from portcheck.pack.subjects import View
from portcheck.plan.effort import Span, estimate
from portcheck.plan.features import Measures
from portcheck.plan.instances import instantiated
from portcheck.plan.matching import match
from portcheck.plan.model import Category, Edge, EdgeKind, ItemKind, Plan, School, WorkItem
from portcheck.report.plan_html import graph, write_html
from portcheck.report.plan_html.paths import page_names
from portcheck.report.plan_html.text import code_lines, linked, message, prose
from portcheck.targets import Language, targets
from portcheck.targets.text import Text

_VOID = {"meta", "wbr", "br", "input", "link"}
NASTY = """\
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
        if self.open and self.open[-1] in ("div", "i") and self.code and "summary" not in self.open:
            self.code[-1] += data if "details" not in self.open else ""


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("tree")
    (folder / "a b#{{x}}.cu").write_text(NASTY, "utf-8")
    return View(analyse([str(folder)]))


@pytest.fixture(scope="module")
def plan(view: View) -> Plan:
    target = next(t for t in targets() if t.name == "910B")
    found = tuple(findings(view.analysis, pack(), [target]))
    assert found
    features = Measures(view).all()[0]
    operators = match("dispatch", replace(instantiated(view)[0], stage="dispatch"), target.name)
    why = Text("because `</script>` {{ 1 }}", "因为 `</script>` {{ 1 }}")
    kernel = WorkItem(
        "kernel:moe::dispatch", ItemKind.KERNEL, "moe::dispatch", features.place, "0", Category.REDESIGN, why,
        School.SIMD, why, found, operators, estimate(features, target.name),
    )  # fmt: skip
    name = "</script>\u202e{{ y }}"
    host = WorkItem(
        f"host:{name}", ItemKind.HOST, name, None, "1", Category.DIRECT, why, None, Text("", ""), (), (), None
    )
    edge = Edge(kernel.id, host.id, EdgeKind.LAUNCHES, "run</script>", features.place)
    items = {i.id: i for i in (kernel, host)}
    order, track = tuple((key,) for key in items), tuple(items)
    return Plan(target, items, (edge,), order, (track,), track, Span(10, 20), Span(1, 3))


@pytest.fixture(scope="module")
def written(plan: Plan, view: View, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("report")
    write_html(plan, view, folder, Language.EN)
    return {str(f.relative_to(folder)): f.read_text("utf-8") for f in sorted(folder.rglob("*.html"))}


def test_pages(written: dict[str, str]) -> None:
    assert set(written) == {"index.html", "kernels/moe.dispatch.html", "sources/a_b___x__.cu.html"}


def test_pages_are_well_formed_and_ids_unique(written: dict[str, str]) -> None:
    for text in written.values():
        page = Page(text)
        assert text.startswith("<!doctype html>")
        assert [i for i, n in Counter(page.ids).items() if n > 1] == []
        assert page.tags["main"] == page.tags["h1"] == page.tags["head"] == 1


def test_nothing_runs_but_the_script_of_the_page(written: dict[str, str]) -> None:
    for text in written.values():
        page = Page(text)
        assert page.tags["script"] == 1
        assert page.tags["style"] == 1
        assert not page.tags["img"]
        for _, given in page.attributes:
            assert not any(name.startswith("on") or name == "style" for name in given)
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
        assert policy is not None
        assert "default-src &#39;none&#39;" in policy[1]
        assert "unsafe" not in policy[1]


def test_addresses_stay_in_the_folder(written: dict[str, str]) -> None:
    ids = {name: set(Page(text).ids) for name, text in written.items()}
    for name, text in written.items():
        for tag, given in Page(text).attributes:
            assert "src" not in given
            address = urlsplit(given.get("href") or "")
            if address.scheme:
                assert (tag, address.scheme, given["rel"]) == ("a", "https", "noreferrer")
            elif "href" in given:
                to = (
                    (Path("/") / Path(name).parent / unquote(address.path)).resolve()
                    if address.path
                    else None
                )
                target = str(to)[1:] if to else name
                assert target in ids, given
                assert not address.fragment or address.fragment in ids[target], given


def test_source_is_shown_as_it_stands(written: dict[str, str]) -> None:
    lines = Page(written["sources/a_b___x__.cu.html"]).code
    expected = re.sub("[\u202e\u202c\u200f\x07\x1b]", "\N{REPLACEMENT CHARACTER}", NASTY).split("\n")
    assert [x.rstrip("\n") for x in lines] == expected


def test_no_control_or_reordering_mark_anywhere(written: dict[str, str]) -> None:
    for text in written.values():
        assert not re.search("[\x00-\x08\x0b-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


def test_both_languages_are_in_every_page(
    written: dict[str, str], plan: Plan, view: View, tmp_path: Path
) -> None:
    for text in written.values():
        assert 'data-language="en"' in text
        assert "移植方案" in text
        assert "Migration plan" in text
    write_html(plan, view, tmp_path, Language.ZH)
    chinese = (tmp_path / "index.html").read_text("utf-8")
    assert '<html lang="zh-Hans" data-language="zh">' in chinese
    assert "<title>移植方案" in chinese
    Page(chinese)


def test_index_answers_and_filters(written: dict[str, str]) -> None:
    index = written["index.html"]
    for part in ("Can it be ported?", "1–3", "10–20", "Yes, with new designs: 1 of 2 items", "aria-sort"):
        assert part in index
    for name in ("text", "v", "s", "t", "i", "c"):
        assert f'data-filter="{name}"' in index


def test_kernel_page_says_why_and_how_much(written: dict[str, str]) -> None:
    kernel = written["kernels/moe.dispatch.html"]
    for part in ("because <code>&lt;/script&gt;</code> {{ 1 }}", "<b>SIMD</b>", "payload mover", "aclnn"):
        assert part in kernel


def test_equal_plans_give_equal_bytes(
    written: dict[str, str], plan: Plan, view: View, tmp_path: Path
) -> None:
    write_html(plan, view, tmp_path, Language.EN)
    for name, text in written.items():
        assert (tmp_path / name).read_text("utf-8") == text


def test_an_empty_plan_has_a_page(plan: Plan, view: View, tmp_path: Path) -> None:
    write_html(
        replace(plan, items={}, edges=(), order=(), tracks=(), critical_path=()), view, tmp_path, Language.EN
    )
    assert "There is nothing to port" in (tmp_path / "index.html").read_text("utf-8")


def test_names_of_pages_are_safe_and_different() -> None:
    names = page_names(["../../x.cu", "/x.cu", "X.cu", "a::b<int>", "a b", "a*b", "."])
    assert len({n.casefold() for n in names.values()}) == len(names)
    assert all(re.fullmatch(r"[\w.+/-]+", n) for n in names.values())
    assert not any(part in ("..", ".") for n in names.values() for part in n.split("/"))


def test_a_comment_over_lines_is_coloured_on_each() -> None:
    assert code_lines("/* a\nb */ int x;") == [
        '<i class="comment">/* a</i>', '<i class="comment">b */</i> <i class="keyword">int</i> x;'
    ]  # fmt: skip


def test_texts_are_escaped() -> None:
    assert message(Text("`<b>` & x", "`<b>` & x")) == "<code>&lt;b&gt;</code> &amp; x"
    assert message(Text("one ` alone", "one ` alone")) == "one ` alone"
    assert prose(Text("a\n\n- `b`\n- c", "a\n\n- `b`\n- c")) == (
        "<p>a</p><ul><li><code>b</code></li><li>c</li></ul>"
    )
    made = linked('https://a.b/c"><script>, javascript:alert(1)')
    assert made.startswith('<a rel="noreferrer" href="https://a.b/c">https://a.b/c</a>&#34;&gt;&lt;script')
    assert made.count("<a") == 1


def large(plan: Plan, pairs: list[tuple[int, int]], count: int) -> Plan:
    one = next(i for i in plan.items.values() if i.kind is ItemKind.HOST)
    items = {f"host:{n}": replace(one, id=f"host:{n}", name=f"file{n}.cu") for n in range(count)}
    edges = tuple(Edge(f"host:{a}", f"host:{b}", EdgeKind.CALLS, "f", None) for a, b in pairs)
    return replace(plan, items=items, edges=edges)


def test_boxes_do_not_overlap_and_cycles_are_drawn(plan: Plan) -> None:
    pairs = [(n, (7 * n + 3) % 60) for n in range(60)] + [(n, n + 1) for n in range(0, 40, 2)] + [(5, 5)]
    drawing = graph.draw(large(plan, pairs, 60))
    assert len(drawing.nodes) == 60
    assert 0 < len(drawing.curves) <= len({p for p in pairs if p[0] != p[1]})
    for at, a in enumerate(drawing.nodes):
        assert 0 <= a.x <= drawing.width - graph.WIDTH
        assert 0 <= a.y <= drawing.height - graph.HEIGHT
        for b in drawing.nodes[at + 1 :]:
            assert abs(a.x - b.x) >= graph.WIDTH or abs(a.y - b.y) >= graph.HEIGHT, (a.item.id, b.item.id)
    assert drawing == graph.draw(large(plan, pairs, 60))


def test_arrows_go_forward_without_cycles(plan: Plan) -> None:
    drawing = graph.draw(large(plan, [(0, 1), (1, 2), (3, 2)], 4))
    x = {n.item.id: n.x for n in drawing.nodes}
    assert all(x[c.before.id] < x[c.after.id] for c in drawing.curves)


def test_a_call_that_a_longer_way_replaces_is_left_out(plan: Plan) -> None:
    some = large(plan, [(0, 1), (1, 2), (0, 2), (2, 3), (3, 2), (1, 3)], 4)
    drawn = {(c.before.id[-1], c.after.id[-1]) for c in graph.draw(some).curves}
    assert drawn >= {("0", "1"), ("2", "3"), ("3", "2")}
    assert ("0", "2") not in drawn
    layouts = replace(some, edges=tuple(replace(e, kind=EdgeKind.LAYOUT) for e in some.edges))
    assert len(graph.draw(layouts).curves) == 6
