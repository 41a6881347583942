"""Every small change of a record's content, each with the step that it falsifies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from payer_policy.core.sealed import ORDER, keyed

Path = tuple[Any, ...]

NOT_PROVED = {
    ("request",): "the number of the claim; reported where the determination repeats it",
    ("determination", "reference_hash"): "which rows of reference data were read",
    ("determination", "engine"): "which of the engines answered; that it is one is checked",
}
"""What docs/trust.md says that a record does not prove, facts and lines aside."""
FROM_FIELDS = {("determination", key) for key in ("kind", "code", "service_date")}
"""Follow only where the policy's vocabulary says from which fact."""


def changes(content: Any, *, fields: bool = True) -> Iterator[tuple[Path, Callable[[Any], None]]]:
    """(path of the value, what changes it in a copy): every value changed, every list emptied, every
    item and every key dropped.

    `fields`: the vocabulary says which facts are read from fields of the request.
    """
    for path, value in _leaves((), content):
        if path not in NOT_PROVED and _follows(path) and (fields or path not in FROM_FIELDS):
            yield path, _setting(path, _other(value))
    for path, value in _items((), content):
        if _follows(path) and path[0] not in ("facts", "lines"):
            yield path, _dropping(path)
            if isinstance(value, (dict, list)) and value:
                yield path, _setting(path, type(value)())


def names_it(content: Any, changed: Path, wrong: tuple[str, ...]) -> bool:
    """Whether a wrong step is the changed value, or the item that it is a member of.

    Facts and lines are what everything follows from: a change of one is found where they are read.
    """
    if changed[0] in ("facts", "lines") and wrong[0] in ("proof", "determination"):
        return True
    named = _named(keyed(content), content, changed)
    return wrong[: len(named)] == named or wrong == named[:-1]


def _named(steps: Any, content: Any, path: Path) -> tuple[str, ...]:
    """The path with the name of each item of a list in the place of its number."""
    out: list[str] = []
    for key in path:
        if isinstance(content, list) and not isinstance(steps, dict):
            break  # a list of texts is one value
        name = steps[ORDER][key] if isinstance(content, list) else key
        out.append(name)
        steps, content = steps[name], content[key]
    return tuple(out)


def _follows(path: Path) -> bool:
    """Whether a value follows from others: not the facts, nor how a question is worded."""
    given = "facts" in path[:3:2] and path[-1] == "value"
    # The vocabulary may leave the wording of a question open.
    worded = "missing" in path and path[-1] == "question"
    return not given and not worded


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        if isinstance(one, (dict, list)) and one:
            yield from _leaves((*path, key), one)
        else:
            yield (*path, key), one


def _items(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        yield (*path, key), one
        if isinstance(one, (dict, list)):
            yield from _items((*path, key), one)


def _other(value: Any) -> Any:
    truths = {"holds": "fails", "fails": "unknown", "unknown": "holds", "approve": "deny"}
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return truths.get(value, value + "x")
    return ["x"]


def _setting(path: Path, new: Any) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        _parent(content, path)[path[-1]] = new

    return change


def _dropping(path: Path) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        del _parent(content, path)[path[-1]]

    return change


def _parent(content: Any, path: Path) -> Any:
    for key in path[:-1]:
        content = content[key]
    return content
