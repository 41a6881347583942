"""How many claims and requests an X12 text holds, by a count that knows nothing of how they are read.

It finds where segments end and looks at their names: no envelope is checked and no level followed, so
that a reader that loses a claim is found out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from payer_policy.intake.x12 import Read
from payer_policy.intake.x12_278_loops import OTHER_GUIDES, OTHER_PURPOSES

_CHUNK: Final = 1 << 18
_HEADER: Final = 1_000
"""An ISA and the start of what follows is found within so many characters."""
_GAPS: Final = " \t\r\n\v\f\ufeff\x00\x1a"
_GUIDE: Final = re.compile(r"X(\d{3})")


def count_x12(read: Read) -> int | None:
    """The claims (CLM) and patient events (HL EV) of a text; None: it is not cut into segments as an
    ISA says.

    Events of a 278 that is no request (an answer, a query, a notification) do not count: those are
    named and not read.
    """
    count = 0
    guides, is_review, is_other, is_open = ["", ""], False, False, False
    for elements in _segments(read):
        if elements is None:
            return None
        name = elements[0]
        if name == "CLM" or (name == "HL" and elements[3:4] == ["EV"] and not is_other):
            count += 1
            is_open = is_open and name == "CLM"  # a BHT after an event is out of place
        elif name in ("ISA", "IEA", "GE", "GS"):
            guides = [elements[8] if name == "GS" and len(elements) > 8 else "", ""]
            is_other = is_review = False
        elif name == "SE":
            is_other = is_review = False
        elif name == "ST":
            is_review, is_open = elements[1:2] == ["278"], True
            own = elements[3] if len(elements) > 3 else ""
            known = [found[1] for one in (own, guides[0]) if (found := _GUIDE.search(one))]
            is_other = is_review and known[:1] != [] and known[0] in OTHER_GUIDES
        elif name == "BHT" and is_review and is_open:
            is_open = False  # a second one says nothing
            is_other = is_other or (len(elements) > 2 and elements[2] in OTHER_PURPOSES)
    return count


def _segments(read: Read) -> Iterator[list[str] | None]:
    """The elements of each segment that is closed, in capitals; None: it is not clear where they are."""
    text, element, terminator = "", "", ""
    ended = False
    while True:
        text = text.lstrip(_GAPS)
        while len(text) < _HEADER and not ended:
            more = read(_CHUNK)
            text, ended = (text + more).lstrip(_GAPS), not more
        if not text:
            return
        if text[:3].upper() == "ISA" and not text[3:4].isalnum():
            element = text[3:4]
            header = text[:_HEADER].split(element, 16) if element else []
            if len(header) < 17 or len(header[16]) < 2:
                yield None
                return
            terminator = header[16][1]
        if not terminator:
            yield None
            return
        end, seen = text.find(terminator), len(text)
        while end < 0 and not ended:
            more = read(_CHUNK)
            text, ended = text + more, not more
            end, seen = text.find(terminator, seen), len(text)
        if end < 0:
            return  # cut off within a segment
        segment = text[:end]
        if segment[:3].upper() == "IEA" and "\n" in segment:  # its terminator is missing
            segment = segment.splitlines()[0]
            end = len(segment)
        text = text[end + 1 :]
        cut = segment.replace("\r", "").replace("\n", "").split(element)
        yield [one.strip(" \t\r\n").upper() for one in cut]
