"""What several analyses read: the nodes, tests and names in policy files, and their rulesets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import Ruleset
from payer_policy.policy.library import Library
from payer_policy.policy.versions import Merged


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
    """The conditions directly inside a condition, with their paths; none in a test or a definition."""
    if "fact" in condition or "define" in condition:
        return
    if "not" in condition:
        yield ("not",), condition["not"]
    for head in ("all", "any", "of"):
        for index, part in enumerate(condition.get(head, ())):
            yield (head, index), part


def shown(raw: Any) -> str:
    """The right side of a test, a parameter or another value in a few words."""
    if isinstance(raw, dict):
        if len(raw) == 1:
            ((key, value),) = raw.items()
            if key in ("fact", "parameter", "define", "code_set"):
                noun = "definition" if key == "define" else key.replace("_", " ")
                return f"the {noun} {value}" if key != "fact" else f"`{value}`"
        if set(raw) == {"table", "column"}:
            return f"{shown(raw['column'])} of the table {raw['table']}"
        return "{" + ", ".join(f"{key}: {shown(value)}" for key, value in raw.items()) + "}"
    if isinstance(raw, list):
        listed = ", ".join(shown(item) for item in raw[:6])
        return f"[{listed}{', …' if len(raw) > 6 else ''}]"
    if isinstance(raw, Decimal):
        return f"{raw.normalize():f}"
    return raw if isinstance(raw, str) else json.dumps(raw, default=str)


def rulesets_of(library: Library, addresses: Iterable[str]) -> Iterator[tuple[Ruleset, Merged]]:
    """The ruleset of each window of dates of some policies, with the files that it is made from."""
    for address in addresses:
        for first, _, merged in library.windows(address):
            ruleset = library.ruleset(address, first)
            assert ruleset is not None
            yield ruleset, merged
