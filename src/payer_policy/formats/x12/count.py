"""How many claims and requests an X12 text holds, counted without the code that reads them.

It finds where segments end and looks at their names: no envelope is checked and no level followed, so
that a reader that loses a claim is found out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from payer_policy.formats.x12.review_loops import OTHER_GUIDES, OTHER_PURPOSES
from payer_policy.formats.x12.segment_reader import Read

_CHUNK: Final = 1 << 18
_HEADER: Final = 1_000
"""Characters in which an ISA and the start of the next segment are found."""
_GAPS: Final = " \t\r\n\v\f\ufeff\x00\x1a"
_LOOKED_AT: Final = frozenset({"CL", "HL", "IS", "IE", "GS", "GE", "ST", "SE", "BH"})
"""How the names begin of the segments that the count turns on; the others are passed over."""
_GAP: Final = re.compile(f"[{_GAPS}]*")
_BLANK: Final = " \t\r\n"
_GUIDE: Final = re.compile(r"X(\d{3})")


def count_x12(read: Read) -> int | None:
    """The claims (CLM) and patient events (HL EV) of a text; None: it is not cut into segments as an
    ISA says.

    Events of a 278 that is not a request (an answer, a query, a notification) do not count: those
    are reported and not read.
    """
    count = 0
    group_guide, is_review, is_other, is_open = "", False, False, False
    for elements in _segments(read):
        if elements is None:
            return None
        name = elements[0]
        if name == "CLM" or (name == "HL" and elements[3:4] == ["EV"] and not is_other):
            count += 1
            is_open = is_open and name == "CLM"  # a BHT after an event is out of place
        elif name in ("ISA", "IEA", "GE", "GS"):
            group_guide = elements[8] if name == "GS" and len(elements) > 8 else ""
            is_other = is_review = False
        elif name == "SE":
            is_other = is_review = False
        elif name == "ST":
            is_review, is_open = elements[1:2] == ["278"], True
            own = elements[3] if len(elements) > 3 else ""
            known = [found[1] for one in (own, group_guide) if (found := _GUIDE.search(one))]
            is_other = is_review and known[:1] != [] and known[0] in OTHER_GUIDES
        elif name == "BHT" and is_review and is_open:
            is_open = False  # a second one says nothing
            is_other = is_other or (len(elements) > 2 and elements[2] in OTHER_PURPOSES)
    return count


def _passed_over(terminator: str) -> re.Pattern[str]:
    """Matches segments that are not looked at and have no line break, and what is between segments."""
    names, end = "|".join(sorted(_LOOKED_AT)), re.escape(terminator)
    plain = rf"(?!{names})[A-Z0-9][^{end}\r\n]*+{end}[{_GAPS}]*+"
    return re.compile(f"[{_GAPS}]*+(?:{plain})*+", re.IGNORECASE | re.ASCII)


def _segments(read: Read) -> Iterator[list[str] | None]:
    """The elements of those segments that are looked at and closed, in capitals; None: it is not clear
    where segments end."""
    text, at, element, terminator = "", 0, "", ""
    ended = False
    passed_over = _GAP
    while True:
        found = passed_over.match(text, at)
        at = found.end() if found else at
        while len(text) - at < _HEADER and not ended:
            more = read(_CHUNK)
            text, at, ended = (text[at:] + more).lstrip(_GAPS), 0, not more
        if at == len(text):
            return
        if text[at : at + 3].upper() == "ISA" and not text[at + 3 : at + 4].isalnum():
            element = text[at + 3 : at + 4]
            header = text[at : at + _HEADER].split(element, 16) if element else []
            if len(header) < 17 or len(header[16]) < 2:
                yield None
                return
            terminator = header[16][1]
            passed_over = _passed_over(terminator)
        if not terminator:
            yield None
            return
        end, seen = text.find(terminator, at), len(text)
        while end < 0 and not ended:
            more = read(_CHUNK)
            text, ended = text + more, not more
            end, seen = text.find(terminator, seen), len(text)
        if end < 0:
            return  # cut off within a segment
        segment = text[at:end]
        if segment[:3].upper() == "IEA" and "\n" in segment:  # its terminator is missing
            segment = segment.splitlines()[0]
            end = at + len(segment)
        at = end + 1
        start = segment[:8]
        if start[:2].upper() not in _LOOKED_AT and "\n" not in start and "\r" not in start:
            continue
        cut = segment.replace("\r", "").replace("\n", "").split(element)
        yield [one.strip(_BLANK).upper() for one in cut]
