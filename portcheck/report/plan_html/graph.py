"""Work items and their edges as a drawing: grandalf places them, from left to right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx
from grandalf.graphs import Edge as Link
from grandalf.graphs import Vertex, graph_core
from grandalf.layouts import SugiyamaLayout

from portcheck.plan.model import Edge, EdgeKind, Plan, WorkItem

WIDTH, HEIGHT = 196, 40
_GAP_ACROSS, _GAP_ALONG, _MARGIN = 4, 44, 8
_PADDING = 6  # between boxes, beyond the gap that edges keep too
_BEND = 2  # the room across that an edge takes where it passes a layer
_ROW_WIDTH = 1500


@dataclass(frozen=True, slots=True)
class Node:
    """A box; x and y are its upper left corner."""

    item: WorkItem
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The way of all edges of one kind between two items."""

    before: WorkItem
    after: WorkItem
    kind: EdgeKind
    what: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole graph in units of pixels at full size."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    curves: tuple[Curve, ...]


class _Box:
    """What grandalf asks of a vertex: it draws downwards, so width and height change places."""

    def __init__(self, width: int, height: int) -> None:
        self.w, self.h = width, height
        self.xy = (0.0, 0.0)


class _Way:
    """What grandalf asks of an edge: it is given the points, with those between layers, at the end."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []

    def setpath(self, points: Sequence[tuple[float, float]]) -> None:
        self.points = [(y, x) for x, y in points]


@dataclass(frozen=True, slots=True)
class _Part:
    """A connected part, placed with its corner at 0, 0."""

    width: float
    height: float
    places: Mapping[str, tuple[float, float]]
    ways: Mapping[tuple[str, str], Sequence[tuple[float, float]]]


def draw(plan: Plan) -> Drawing:
    """Connected parts in rows, the largest first.

    A call is left out where its ends are joined by a longer way too.
    """
    kinds = _by_ends(plan.edges, plan.items)
    needed = _needed(kinds)
    kinds = {key: what for key, what in kinds.items() if key[2] is not EdgeKind.CALLS or key[:2] in needed}
    parts = _parts(list(plan.items), list(dict.fromkeys((b, a) for b, a, _ in kinds)))
    nodes: list[Node] = []
    curves: list[Curve] = []
    x, y, row, width = 0.0, 0.0, 0.0, 0.0
    for part in parts:
        if x and x + part.width > _ROW_WIDTH:
            x, y, row = 0.0, y + row + 2 * (_GAP_ACROSS + _PADDING), 0.0
        for key, (left, top) in part.places.items():
            nodes.append(Node(plan.items[key], round(x + left) + _MARGIN, round(y + top) + _MARGIN))
        for (before, after, kind), what in kinds.items():
            way = part.ways.get((before, after))
            if way is not None:
                shift = 5 * list(EdgeKind).index(kind) - 7
                path = _path([(px + x + _MARGIN, py + y + _MARGIN) for px, py in way], shift)
                curves.append(Curve(plan.items[before], plan.items[after], kind, what, path))
        x, row = x + part.width + 2 * (_GAP_ACROSS + _PADDING), max(row, part.height)
        width = max(width, x)
    return Drawing(round(width) + 2 * _MARGIN, round(y + row) + 2 * _MARGIN, tuple(nodes), tuple(curves))


def _by_ends(
    edges: Iterable[Edge], items: Mapping[str, WorkItem]
) -> dict[tuple[str, str, EdgeKind], tuple[str, ...]]:
    found: dict[tuple[str, str, EdgeKind], tuple[str, ...]] = {}
    for edge in edges:
        if edge.before != edge.after and edge.before in items and edge.after in items:
            key = edge.before, edge.after, edge.kind
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), edge.what)))
    return found


def _needed(pairs: Iterable[tuple[str, str, EdgeKind]]) -> set[tuple[str, str]]:
    """The edges that no longer way replaces; those within a cycle all."""
    graph = networkx.DiGraph((before, after) for before, after, _ in pairs)
    cycle_of = {
        key: at for at, keys in enumerate(networkx.strongly_connected_components(graph)) for key in keys
    }
    inside = {(a, b) for a, b in graph.edges if cycle_of[a] == cycle_of[b]}
    graph.remove_edges_from(inside)
    return inside | set(networkx.transitive_reduction(graph).edges)


def _parts(keys: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[_Part]:
    """The largest part first; those of equal size in the order of the plan."""
    graph = networkx.Graph()
    graph.add_nodes_from(keys)
    graph.add_edges_from(pairs)
    order = {key: at for at, key in enumerate(keys)}
    sets = [sorted(part, key=order.__getitem__) for part in networkx.connected_components(graph)]
    return [
        _placed(part, [p for p in pairs if p[0] in set(part)])
        for part in sorted(sets, key=lambda part: (-len(part), order[part[0]]))
    ]


def _placed(keys: Sequence[str], pairs: Iterable[tuple[str, str]]) -> _Part:
    """grandalf's layers of one connected part, turned: its y is our x.

    Its class for whole graphs keeps edges in a set, so that the drawing would differ from run to
    run; the class for one part keeps the order that it is given.
    """
    vertices = {key: Vertex(key) for key in keys}
    for vertex in vertices.values():
        vertex.view = _Box(HEIGHT + _PADDING, WIDTH)
    links = [Link(vertices[before], vertices[after]) for before, after in pairs]
    for link in links:
        link.view = _Way()
    core = graph_core(list(vertices.values()), links)
    layout = SugiyamaLayout(core)
    layout.xspace, layout.yspace = _GAP_ACROSS, _GAP_ALONG
    layout.dw, layout.dh = _BEND, WIDTH
    roots = [v for v in core.sV if not v.e_in()]
    layout.init_all(roots=roots or [vertices[keys[0]]], optimize=True)
    layout.draw(4)
    boxes = {v.data: (v.view.xy[1], v.view.xy[0]) for v in core.sV}
    bends = {(e.v[0].data, e.v[1].data): e.view.points[1:-1] for e in core.sE}
    passed = [*boxes.values(), *(p for way in bends.values() for p in way)]
    left = min(x for x, _ in passed) - WIDTH / 2
    top = min(y for _, y in passed) - HEIGHT / 2
    ways = {}
    for (before, after), inner in bends.items():
        ends = _side(boxes[before], boxes[after]), _side(boxes[after], boxes[before])
        ways[before, after] = [(x - left, y - top) for x, y in (ends[0], *inner, ends[1])]
    return _Part(
        max(x for x, _ in passed) + WIDTH / 2 - left,
        max(y for _, y in passed) + HEIGHT / 2 - top,
        {k: (x - WIDTH / 2 - left, y - HEIGHT / 2 - top) for k, (x, y) in sorted(boxes.items())},
        ways,
    )


def _side(box: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """The middle of the box's side that faces the other box."""
    return box[0] + (WIDTH / 2 if other[0] >= box[0] else -WIDTH / 2), box[1]


def _path(points: Sequence[tuple[float, float]], shift: int) -> str:
    """A curve that leaves and enters along; `shift` keeps kinds apart that join the same boxes."""
    moved = [(round(x), round(y) + shift) for x, y in points]
    made = f"M{moved[0][0]} {moved[0][1]}"
    for (x, y), (u, v) in pairwise(moved):
        middle = (x + u) // 2
        made += f"C{middle} {y} {middle} {v} {u} {v}"
    return made
