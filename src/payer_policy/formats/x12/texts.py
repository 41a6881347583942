"""The segments of a text that starts with ISA, and in their place what is broken between them."""

from __future__ import annotations

from collections.abc import Iterator

from payer_policy.core.diagnostics import Diagnostic, Location, Position
from payer_policy.formats.x12.segment_reader import Segment, is_x12, segments


def segments_of(text: str, file: str, transaction: str) -> Iterator[Segment | Diagnostic]:
    """Every segment as it comes. A text that is no X12 gives one diagnostic alone.

    Args:
        text: What is read.
        file: What it is called in diagnostics.
        transaction: What was expected, such as `835`.
    """
    text = text.removeprefix("\ufeff").lstrip(" \t\r\n")
    if not is_x12(text):
        message = f"the text does not start with ISA; an X12 {transaction} was expected"
        yield Diagnostic("unknown-format", message, Location(file, "$", Position(1, 1)))
        return
    for item in segments(text):
        if isinstance(item, Segment):
            yield item
        else:
            where = Location(file, f"segment {item.number}", item.start)
            yield Diagnostic("broken-envelope", item.reason, where)
