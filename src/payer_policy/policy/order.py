"""Which rule needs which: the order of evaluation, and circles."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from payer_policy.core.ruleset import Conclude, Rule


def evaluation_order(rules: Mapping[str, Rule], reads: Mapping[str, Iterable[str]]) -> list[str]:
    """Rule ids so that each comes after what it reads; ties by id. Cycles must be ruled out before.

    Args:
        rules: By id.
        reads: By id, the facts that the rule reads.
    """
    needs = dependencies(rules, reads)
    waiting = {id_: len(others) for id_, others in needs.items()}
    feeds: dict[str, list[str]] = {id_: [] for id_ in rules}
    for id_, others in needs.items():
        for other in others:
            feeds[other].append(id_)
    ready = [id_ for id_, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        id_ = heapq.heappop(ready)
        order.append(id_)
        for follower in feeds[id_]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, follower)
    return order


def dependencies(
    rules: Mapping[str, Rule], reads: Mapping[str, Iterable[str]]
) -> dict[str, set[str]]:
    """For each rule the rules that must be evaluated before it."""
    concluders: dict[str, list[str]] = {}
    for rule in rules.values():
        if isinstance(rule.effect, Conclude):
            for name, _ in rule.effect.values:
                concluders.setdefault(name, []).append(rule.id)
    return {
        id_: {other for name in reads[id_] for other in concluders.get(name, ())}
        | {other for other in rule.overridden_by if other in rules}
        for id_, rule in rules.items()
    }


def find_cycles(needs: Mapping[str, set[str]]) -> list[list[str]]:
    """Names that need one another in a circle: for each such knot a shortest circle through its
    first name, which stands at both ends."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        pass
    else:
        return []
    circles = []
    done: set[str] = set()
    for start in sorted(needs):
        if start not in done and (circle := _way_back(start, needs)):
            circles.append(circle)
            done |= {name for name in _reached(start, needs) if start in _reached(name, needs)}
    return circles


def _way_back(start: str, needs: Mapping[str, set[str]]) -> list[str] | None:
    """A shortest way from a name to itself."""
    came_from: dict[str, str] = {}
    layer = [start]
    while layer:
        following = []
        for name in layer:
            if start in needs.get(name, ()):
                way = [name]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return [*reversed(way), start]
            for other in sorted(needs.get(name, ())):
                if other not in came_from:
                    came_from[other] = name
                    following.append(other)
        layer = following
    return None


def _reached(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    layer = [start]
    while layer:
        for other in needs.get(layer.pop(), ()):
            if other not in found:
                found.add(other)
                layer.append(other)
    return found
