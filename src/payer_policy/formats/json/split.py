"""One JSON text that holds many values, cut into `Piece`s: an array, JSON Lines, or an object.

Each piece is read strictly by itself, so that a fault in one request leaves the others whole. Only
a text whose brackets cannot be matched ends the cutting; what was cut off before stays good.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.formats.json.places import MAX_PIECE, Piece, Places

_GAP = re.compile("[ \t\r\n\ufeff]*")
_LENIENT = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def is_json_lines(text: str) -> bool:
    """Whether a text that starts with `{` is one object a line, rather than one object."""
    lines = (line for line in text.split("\n") if line.strip(" \t\r\ufeff"))
    first, second = next(lines, ""), next(lines, None)
    if second is None:
        return False
    if second.lstrip(" \t\r\ufeff").startswith("{"):
        return True
    start = _GAP.match(first).end()  # type: ignore[union-attr]  # it matches the empty text too
    end = _value_end(first, start)
    return end is not None and not first[end:].strip()


def lines_of(places: Places) -> Iterator[tuple[int, Piece]]:
    """The pieces of JSON Lines, each with the number of its line; blank lines are skipped."""
    start = 0
    for number, line in enumerate(places.text.split("\n"), places.first_line):
        lead = len(line) - len(line.lstrip(" \t\r\ufeff"))
        body = line.rstrip(" \t\r")
        if len(body) > lead:
            yield number, Piece(places, start + lead, start + len(body))
        start += len(line) + 1


def elements_of(places: Places) -> Iterator[Piece | Diagnostic]:
    """The elements of the array that the text is, and what is wrong between them."""
    text, index = places.text, 0
    at = _skip(text, _skip(text, 0) + 1)
    while not text.startswith("]", at):
        end = _value_end(text, at)
        if end is None:
            yield from _broken(places, at, "the requests after it could not be read")
            return
        yield Piece(places, at, end, (index,))
        index += 1
        at = _skip(text, end)
        if text.startswith("{", at):
            yield _expected(places, at, "a comma", "put a comma between two requests")
        elif (after := _after_comma(text, at, "]")) is None:
            yield _expected(places, at, "`,` or `]`", "the list does not end properly")
            return
        else:
            at = after
    yield from _rest(places, at + 1)


def members_of(places: Places) -> Iterator[tuple[str, Piece, Piece] | Diagnostic]:
    """The members of the object that the text is: key, the key's piece, the value's piece."""
    text = places.text
    at = _skip(text, _skip(text, 0) + 1)
    while not text.startswith("}", at):
        end = _value_end(text, at) if text.startswith('"', at) else None
        colon = at if end is None else _skip(text, end)
        if end is None or not text.startswith(":", colon):
            yield _expected(places, colon, '`"claim number": {…}`', None)
            return
        name = str(_LENIENT.raw_decode(text, at)[0])
        key = Piece(places, at, end, (name,))
        at = _skip(text, colon + 1)
        end = _value_end(text, at)
        if end is None:
            yield from _broken(places, at, "what comes after it could not be read")
            return
        yield name, key, Piece(places, at, end, (name,))
        at = _skip(text, end)
        if (after := _after_comma(text, at, "}")) is None:
            yield _expected(places, at, "`,` or `}`", None)
            return
        at = after
    yield from _rest(places, at + 1)


def _after_comma(text: str, at: int, closing: str) -> int | None:
    """Where the text continues after a comma, or at the closing bracket; None: neither is here."""
    if text.startswith(",", at):
        return _skip(text, at + 1)
    return at if text.startswith(closing, at) else None


def lenient_members(text: str) -> dict[str, object]:
    """The members of an object that the strict reader refuses, as far as they are not in doubt.

    For naming the claim in a message; nothing is ever decided on them.
    """
    try:
        pairs = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(pairs, _Pairs):
        return {}
    counts = Counter(key for key, _ in pairs)
    return {key: value for key, value in pairs if counts[key] == 1}


class _Pairs(list[tuple[str, object]]):
    """An object's members, duplicates included."""


def _skip(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at


def _value_end(text: str, at: int) -> int | None:
    """Where the JSON value at `at` ends; None where there is none."""
    try:
        return _LENIENT.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return None


def _broken(places: Places, at: int, loss: str) -> Iterator[Diagnostic]:
    """Why no value can be read at `at`. The strict reader says it better than the lenient one."""
    rest = Piece(places, at, min(len(places.text), at + MAX_PIECE))
    try:
        rest.read()
    except PolicyError as error:
        for found in error.diagnostics:
            yield replace(found, message=f"{found.message}; {loss}")
    else:
        yield _expected(places, at, "a request", None)


def _rest(places: Places, at: int) -> Iterator[Diagnostic]:
    end = _skip(places.text, at)
    if end < len(places.text):
        yield _expected(places, end, "the end of the file", "remove what follows the last bracket")


def _expected(places: Places, at: int, what: str, hint: str | None) -> Diagnostic:
    char = places.text[at : at + 1]
    found = f"`{char}`" if char.isprintable() else f"the character U+{ord(char):04X}"
    message = f"{what} was expected; found {found if char else 'the end of the file'}"
    return places.problem("json-syntax", message, at, hint)
