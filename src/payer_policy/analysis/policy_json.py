"""What coverage, mutation and the deep check read in the JSON of policy files: nodes, tests, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payer_policy.core.json_source import JsonPath


def value_at(raw: Any, path: JsonPath) -> Any:
    """The value at a path of some JSON."""
    for step in path:
        raw = raw[step]
    return raw


def nodes_of(raw: Any, path: JsonPath = ()) -> Iterator[tuple[JsonPath, Any]]:
    """Every value of some JSON with its path, each object and list before what is in it."""
    yield path, raw
    items = (
        raw.items() if isinstance(raw, dict) else enumerate(raw if isinstance(raw, list) else ())
    )
    for key, value in items:
        yield from nodes_of(value, (*path, key))


def named_in(raw: Any, kind: str) -> dict[str, None]:
    """The names that some JSON refers to as `{kind: name}` (a parameter, a code set), in order."""
    return {
        node[kind]: None
        for _, node in nodes_of(raw)
        if isinstance(node, dict) and isinstance(node.get(kind), str)
    }


def operator_of(test: Mapping[str, Any]) -> str:
    """The operator of a test."""
    return next(key for key in test if key not in ("fact", "note"))


def parts_of(condition: Mapping[str, Any]) -> Iterator[tuple[JsonPath, Any]]:
    """The conditions directly inside a condition, with their paths; none in a test."""
    if "fact" in condition:
        return
    if "not" in condition:
        yield ("not",), condition["not"]
    for head in ("all", "any", "of"):
        for index, part in enumerate(condition.get(head, ())):
            yield (head, index), part
