"""JSON Lines in bulk: the lines that a quick reader reads exactly as the strict one would.

The quick reader is msgspec. It refuses what is no JSON, but keeps the last of two members of one name.
A line that might have such a thing is left to the strict reader, and so is every line that it refuses.
(Whole numbers of any size are read; no field and no fact takes one of more than 12 digits.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from payer_policy.core.json_source import exact_decimal
from payer_policy.formats.json.places import MAX_PIECE

_DECODER: Final = msgspec.json.Decoder(float_hook=exact_decimal)
_NAMED: Final = b'":'
_DOUBTFUL: Final = (b"\\u", b'" ', b'"\t', b'"\r')
"""An escape that could be half a character, and blanks after a name, which `_NAMED` would not count."""
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"
_OBJECTS: Final = ("coverage", "patient", "provider", "facts")
_LISTS: Final = ("lines", "authorizations", "history", "other_payers", "eligibility")


def quick_lines(data: bytes, first_line: int) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """The number of each line that is not blank, and its object; None: the strict reader is to read it.

    Args:
        data: Whole lines.
        first_line: The number of the first one.
    """
    decode = _DECODER.decode
    doubtful = [one for one in _DOUBTFUL if one in data]
    for number, line in enumerate(_split(data), first_line):
        if line[:1] != b"{" and not line.strip(_BLANK):
            continue
        value: Any = None
        if len(line) <= MAX_PIECE and not (doubtful and any(one in line for one in doubtful)):
            try:
                value = decode(line)
            except (ValueError, RecursionError):  # msgspec's own error is a ValueError
                value = None
        # As many names as members: none is there twice, and none is in a text.
        if type(value) is dict and _members(value) == line.count(_NAMED):
            yield number, value
        else:
            yield number, None


def _split(data: bytes) -> Iterator[bytes]:
    """The lines, one in memory at a time."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start:end]
        start = end + 1
    yield data[start:]


def _members(request: dict[str, Any]) -> int:
    """How many members the objects of a request have, as far as a request has objects."""
    count = len(request)
    for name in _OBJECTS:
        part = request.get(name)
        if type(part) is dict:
            count += len(part)
    for name in _LISTS:
        entries = request.get(name)
        for entry in entries if type(entries) is list else ():
            if type(entry) is dict:
                count += len(entry)
                facts = entry.get("facts")
                if type(facts) is dict:
                    count += len(facts)
    return count
