"""Which rule needs which: the order of evaluation, and circles."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from payer_policy.core.ruleset import Rule


def evaluation_order(rules: Mapping[str, Rule], reads: Mapping[str, Iterable[str]]) -> list[str]:
    """Rule ids so that each comes after what it reads; ties by id.

    Rules in a circle, which `check` refuses, and rules that need them are left out.

    Args:
        rules: By id.
        reads: By id, the facts that the rule reads.
    """
    sorter = TopologicalSorter(dependencies(rules, reads))
    with suppress(CycleError):  # what does not need the circle is still sorted
        sorter.prepare()
    order: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        for id_ in sorter.get_ready():
            heapq.heappush(ready, id_)
        order.append(heapq.heappop(ready))
        sorter.done(order[-1])
    return order


def dependencies(
    rules: Mapping[str, Rule], reads: Mapping[str, Iterable[str]]
) -> dict[str, set[str]]:
    """For each rule the rules that must be evaluated before it."""
    concluders: dict[str, list[str]] = defaultdict(list)
    for rule in rules.values():
        for name in rule.concludes:
            concluders[name].append(rule.id)
    return {
        id_: {other for name in reads[id_] for other in concluders.get(name, ())}
        | {other for other in rule.overridden_by if other in rules}
        for id_, rule in rules.items()
    }


def find_cycles(needs: Mapping[str, set[str]]) -> list[list[str]]:
    """Names that need one another in a circle.

    For each such knot, a shortest circle through its first name, which is at both ends.
    """
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
    """A shortest way from a name to itself, the first one by name at each step."""
    came_from: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        if start in needs.get(name, ()):
            way = [start, name]
            while way[-1] != start:
                way.append(came_from[way[-1]])
            return way[::-1]
        for other in sorted(needs.get(name, ())):
            if other not in came_from:
                came_from[other] = name
                waiting.append(other)
    return None


def _reached(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = needs.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
