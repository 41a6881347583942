"""Changes of a JSON text that leave the rest of it as it is: layout, order and spelling.

Each function returns the new text. Paths are those of `JsonDocument`; new values are given as JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from payer_policy.core.json_source import JsonDocument, JsonPath

_INDENT: Final = 2


def with_value(document: JsonDocument, path: JsonPath, value: str) -> str:
    """The text with another value at a path that is there.

    Args:
        document: The document.
        path: Where the value is.
        value: The new value, as JSON.
    """
    start, end = document.span(path)
    return document.text[:start] + value + document.text[end:]


def with_member(
    document: JsonDocument, path: JsonPath, name: str, value: str, *, after: str | None = None
) -> str:
    """The text with a new member in an object.

    Args:
        document: The document.
        path: The object.
        name: The member's name, which it does not have yet.
        value: Its value, as JSON.
        after: The member that it is to follow; None, or where there is none: the last one.
    """
    text, inside = document.text, document.part(path)
    start, _ = document.span(path)
    member = f"{json.dumps(name, ensure_ascii=False)}: {value}"
    if not inside:
        return f"{text[: start + 1]}{member}{text[start + 1 :]}"
    before: str = after if after is not None and after in inside else list(inside)[-1]
    _, end = document.span((*path, before))
    return f"{text[:end]},{_gap(document, path)}{member}{text[end:]}"


def without_member(document: JsonDocument, path: JsonPath) -> str:
    """The text without a member of an object (or an entry of a list), and the comma that it needed.

    Args:
        document: The document.
        path: The member.
    """
    text = document.text
    start, end = document.span(path, key=True)[0], document.span(path)[1]
    if followed := re.compile(r"\s*,\s*").match(text, end):
        return text[:start] + text[followed.end() :]
    before = text[:start].rstrip()
    if before.endswith(","):
        return before[:-1] + text[end:]
    return before + text[end:].lstrip()


def laid_out(value: Any, depth: int) -> str:
    """A value as JSON over several lines, for a place so many levels down.

    Args:
        value: What is written.
        depth: How many objects and lists it is in.
    """
    lines = json.dumps(value, indent=_INDENT, ensure_ascii=False).splitlines()
    return ("\n" + " " * _INDENT * depth).join(lines)


def _gap(document: JsonDocument, path: JsonPath) -> str:
    """What is between the members of an object: a space, or a line break and an indent."""
    first = next(iter(document.part(path)))
    start, _ = document.span((*path, first), key=True)
    opening, _ = document.span(path)
    space = document.text[opening + 1 : start]
    return space if "\n" in space else " "
