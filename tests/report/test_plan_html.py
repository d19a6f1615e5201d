"""The pages of a plan: well formed, closed to the network, harmless whatever the source says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from pages import HOSTILE, HOSTILE_NAME, Page

from portcheck.analysis import analyse
from portcheck.pack import findings, pack
from portcheck.pack.subjects import View
from portcheck.plan.changes import ItemChange, Stale, Told, changes
from portcheck.plan.decisions import Decision, Decisions, Status
from portcheck.plan.edition import Edition
from portcheck.plan.effort import Span, estimate
from portcheck.plan.features import Measures
from portcheck.plan.instances import instantiated
from portcheck.plan.layout_model import Layouts
from portcheck.plan.layouts import layouts
from portcheck.plan.matching import match
from portcheck.plan.model import Category, Edge, EdgeKind, ItemKind, Plan, School, WorkItem
from portcheck.plan.unapplied import unapplied
from portcheck.report.plan_html import graph, write_html
from portcheck.report.plan_html.paths import page_names
from portcheck.report.plan_html.text import code_lines, linked, message, prose
from portcheck.targets import Language, targets
from portcheck.targets.text import Text

NOTHING = Decisions({})


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("tree")
    (folder / HOSTILE_NAME).write_text(HOSTILE, "utf-8")
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
    return Plan(
        target, items, (edge,), order, (track,), track, Span(10, 20), Span(1, 3), Span(12, 18), Span(1, 2)
    )


def pages_of(made: Edition, view: View, folder: Path, language: Language = Language.EN) -> dict[str, str]:
    write_html(made, view, folder, language)
    return {str(f.relative_to(folder)): f.read_text("utf-8") for f in sorted(folder.rglob("*.html"))}


def edition(plan: Plan, view: View, decided: Decisions = NOTHING) -> Edition:
    """The first edition, with the layouts and silent rules of the tree."""
    silent = unapplied(view, pack(), [f for i in plan.items.values() for f in i.findings], plan.target)
    return Edition(plan, layouts(view.analysis, plan.target), silent, decided, changes(None, plan, decided))


@pytest.fixture(scope="module")
def written(plan: Plan, view: View, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("report")
    return pages_of(edition(plan, view), view, folder)


def test_pages(written: dict[str, str]) -> None:
    assert set(written) == {
        "index.html", "kernels/moe.dispatch.html", "layouts/memory_moe.dispatch.html",
        "sources/a_b___x__.cu.html",
    }  # fmt: skip


def test_pages_are_well_formed_and_ids_unique(written: dict[str, str]) -> None:
    for text in written.values():
        page = Page(text)
        assert text.startswith("<!doctype html>")
        assert [i for i, n in Counter(page.ids).items() if n > 1] == []
        assert page.tags["main"] == page.tags["h1"] == page.tags["head"] == 1


def test_nothing_runs_but_the_script_of_the_page(written: dict[str, str]) -> None:
    script = files("portcheck.report.plan_html").joinpath("script.js").read_text("utf-8")
    for text in written.values():
        page = Page(text)
        assert page.tags["script"] == len(page.scripts) == 1
        assert page.scripts == [script]
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
    expected = re.sub("[\u202e\u202c\u200f\x07\x1b]", "\N{REPLACEMENT CHARACTER}", HOSTILE).split("\n")
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
    chinese = pages_of(edition(plan, view), view, tmp_path, Language.ZH)["index.html"]
    assert '<html lang="zh-Hans" data-language="zh">' in chinese
    assert "<title>移植方案" in chinese
    Page(chinese)


def test_index_answers_and_filters(written: dict[str, str]) -> None:
    index = written["index.html"]
    for part in ("Can it be ported?", "1–3", "10–20", "Yes, with new designs: 1 of 2 items", "aria-sort"):
        assert part in index
    for name in ("text", "v", "s", "t", "i", "c", "d"):
        assert f'data-filter="{name}"' in index


def test_kernel_page_says_why_and_how_much(written: dict[str, str]) -> None:
    kernel = written["kernels/moe.dispatch.html"]
    for part in ("because <code>&lt;/script&gt;</code> {{ 1 }}", "<b>SIMD</b>", "payload mover", "aclnn"):
        assert part in kernel


def test_equal_plans_give_equal_bytes(
    written: dict[str, str], plan: Plan, view: View, tmp_path: Path
) -> None:
    assert pages_of(edition(plan, view), view, tmp_path) == written


def test_index_says_which_rules_are_silent_and_why(written: dict[str, str]) -> None:
    index = written["index.html"]
    for part in ("Rules that did not apply", "does not concern 910B", "the tree has no fp8_quant"):
        assert part in index


def test_pages_tell_of_layouts_and_budgets(written: dict[str, str]) -> None:
    for name, up in (("index.html", ""), ("kernels/moe.dispatch.html", "../")):
        assert f'href="{up}layouts/memory_moe.dispatch.html"' in written[name]
        assert "196,288 left" in written[name]
    page = written["layouts/memory_moe.dispatch.html"]
    assert page.count("<svg") == 1 + 2 * 1  # the theme's switch, and one instance in two languages
    assert 'href="../sources/a_b___x__.cu.html#L6"' in page
    assert 'href="../kernels/moe.dispatch.html"' in page


def test_the_first_plan_has_nothing_to_compare_with(written: dict[str, str]) -> None:
    assert "This is the first plan" in written["index.html"]


def decided(plan: Plan) -> Decisions:
    kernel = next(iter(plan.items.values()))
    first, second, third = (f.identity for f in kernel.findings[:3])
    listed = (
        Decision(kernel.id, Status.PORTED, "merged as </script> !7 {{ x }}", "f" * 16),
        Decision(first, Status.ACCEPTED, "checked by the caller"),
        Decision(second, Status.FALSE_POSITIVE, "never launched so"),
        Decision(third, Status.TODO, "on Monday"),
        Decision("kernel:gone", Status.DEFERRED, "no longer there"),
    )
    return Decisions({one.subject: one for one in listed})


def test_decisions_are_shown_and_settled_findings_counted_apart(
    plan: Plan, view: View, tmp_path: Path
) -> None:
    pages = pages_of(edition(plan, view, decided(plan)), view, tmp_path)
    index, kernel = pages["index.html"], pages["kernels/moe.dispatch.html"]
    rows = [given for tag, given in Page(index).attributes if tag == "tr" and "data-d" in given]
    count = Counter(given["data-d"] for given in rows)
    assert count == {"accepted": 1, "false-positive": 1, "todo": 1, "none": len(rows) - 3}
    assert [g["data-d"] for g in rows if g.get("class") == "settled"] == ["accepted", "false-positive"]
    assert "Not counted: 2 accepted or false positive." in index
    assert "merged as &lt;/script&gt; !7 {{ x }}" in index
    assert "merged as &lt;/script&gt; !7 {{ x }}" in kernel
    assert "the CUDA source changed since" in index
    assert "the CUDA source changed since" in kernel
    assert "kernel:gone" in index
    for one in plan.items["kernel:moe::dispatch"].findings:
        assert f'<span class="identity">{one.identity}</span>' in index


def test_what_changed_since_the_last_plan(plan: Plan, view: View, tmp_path: Path) -> None:
    kernel, host = plan.items
    told = Told("00112233445566aa", "MTE003", "gone</script>.cu:7", "a length {{ x }}")
    identity = plan.items[kernel].findings[0].identity
    now = Told(identity, "X", "", "")
    made = edition(plan, view)
    since = replace(
        made.changes, first=False, new_items=(host,), gone_items=("kernel:</script>",), new_findings=(now,),
        gone_findings=(told,), changed_items=(ItemChange(kernel, True, "direct", "no such"),),
        stale=(Stale(kernel, Decision(kernel, Status.PORTED, "done"), "0" * 16, "1" * 16),),
    )  # fmt: skip
    index = pages_of(replace(made, changes=since), view, tmp_path)["index.html"]
    Page(index)
    for part in (
        "kernel:&lt;/script&gt;", "gone&lt;/script&gt;.cu:7", "a length {{ x }}", "00112233445566aa",
        "0000000000000000 → 1111111111111111", "code changed", "no such", "New findings",
    ):  # fmt: skip
        assert part in index, part
    nothing = replace(since, new_items=(), gone_items=(), changed_items=(), new_findings=(), gone_findings=())
    index = pages_of(replace(made, changes=nothing), view, tmp_path)["index.html"]
    assert "Nothing changed since the last plan" in index


def test_pages_that_are_gone_are_removed_and_others_stay(plan: Plan, view: View, tmp_path: Path) -> None:
    made = edition(plan, view)
    pages_of(made, view, tmp_path)
    mine = tmp_path / "kernels" / "notes.html"
    mine.write_text("<!doctype html><title>mine</title>", "utf-8")
    pages = pages_of(replace(made, layouts=Layouts("910B", (), (), ())), view, tmp_path)
    assert "layouts/memory_moe.dispatch.html" not in pages
    assert "kernels/notes.html" in pages


def test_an_empty_plan_has_a_page(plan: Plan, view: View, tmp_path: Path) -> None:
    nothing = replace(plan, items={}, edges=(), order=(), tracks=(), critical_path=())
    made = replace(edition(nothing, view), layouts=Layouts(plan.target.name, (), (), ()), unapplied=())
    index = pages_of(made, view, tmp_path)["index.html"]
    for part in ("There is nothing to port", "No layout was found", "Every rule had something to say"):
        assert part in index


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
