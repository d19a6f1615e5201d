"""The order of work: cycles condensed, tracks, the chain that takes longest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from portcheck.plan.model import Edge, ItemKind

Steps = tuple[tuple[str, ...], ...]
_TOGETHER = (ItemKind.KERNEL, ItemKind.LAYOUT)


def graph_of(items: Iterable[str], edges: Iterable[Edge]) -> Any:
    """The items with their edges, as a directed graph."""
    graph = nx.DiGraph()
    graph.add_nodes_from(items)
    graph.add_edges_from((e.before, e.after) for e in edges)
    return graph


def ordered(graph: Any, days: Mapping[str, float]) -> tuple[Steps, tuple[str, ...]]:
    """The steps and the critical path.

    A step is one item, or the items of a cycle. Where several may come next, that which was
    listed first does.
    """
    rank = {item: number for number, item in enumerate(graph)}
    whole = nx.condensation(graph)
    members = {step: tuple(sorted(whole.nodes[step]["members"], key=rank.__getitem__)) for step in whole}

    def first(step: int) -> int:
        return rank[members[step][0]]

    steps = tuple(members[s] for s in nx.lexicographical_topological_sort(whole, key=first))
    return steps, _longest(whole, members, days)


def tracks_of(
    items: Mapping[str, ItemKind], edges: Iterable[Edge], steps: Steps, days: Mapping[str, float]
) -> Steps:
    """Groups of kernels and layouts that agree on something, the group with the most days first.

    A helper or host file that one group alone needs is part of it. What several groups need, and
    what has to do with no kernel, is in none: it is common ground.
    """
    edges = tuple(edges)
    graph = nx.Graph()
    graph.add_nodes_from(i for i, kind in items.items() if kind in _TOGETHER)
    graph.add_edges_from((e.before, e.after) for e in edges if e.before in graph and e.after in graph)
    groups = [set(part) for part in nx.connected_components(graph)]
    group = {item: number for number, part in enumerate(groups) for item in part}
    whole = graph_of(items, edges)
    for item in items:
        if item not in group:
            near = nx.descendants(whole, item) | nx.ancestors(whole, item)
            found = {group[other] for other in near if other in graph}
            if len(found) == 1:
                groups[found.pop()].add(item)
    place = {item: number for number, item in enumerate(i for step in steps for i in step)}
    parts = [tuple(sorted(part, key=place.__getitem__)) for part in groups]
    return tuple(sorted(parts, key=lambda t: (-sum(days.get(i, 0.0) for i in t), place[t[0]])))


def _longest(
    whole: Any, members: Mapping[int, tuple[str, ...]], days: Mapping[str, float]
) -> tuple[str, ...]:
    """The chain of steps with the most days; steps at its ends that take none are left out."""
    weighed = nx.DiGraph()
    start = -1
    for step in sorted(whole):
        weight = sum(days.get(i, 0.0) for i in members[step])
        for before in (start, *sorted(whole.predecessors(step))):
            weighed.add_edge(before, step, weight=weight)
    if not len(weighed):
        return ()
    path = [s for s in nx.dag_longest_path(weighed) if s != start]
    worth = [n for n, s in enumerate(path) if any(days.get(i, 0.0) for i in members[s])]
    kept = path[worth[0] : worth[-1] + 1] if worth else []
    return tuple(item for step in kept for item in members[step])
