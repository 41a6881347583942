"""What readers give to deciders: some records of one file, and the position after them.

Where a block ends depends on the file and on where it starts, never on time, so that a run that was
stopped resumes with the same blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from payer_policy.formats.rejects import Reject
from payer_policy.formats.tables.columns import Columns

Position = Mapping[str, int]
"""A place in a file, between two records."""

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Whole lines."""

    data: bytes
    first_line: int
    more: bool


@dataclass(frozen=True, slots=True)
class JsonText:
    """A whole file."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pieces:
    """Claims of a file, not read yet, and remarks between them; each has a number."""

    claims: Any
    """How they are read (`registry.Claims`)."""
    items: Sequence[tuple[int, Any]]


@dataclass(frozen=True, slots=True)
class CsvText:
    """Whole rows of a table of facts."""

    data: bytes
    columns: Columns
    first_row: int
    first_line: int


@dataclass(frozen=True, slots=True)
class ArrowRows:
    """Rows of a table of facts, as an Arrow record batch."""

    batch: Any
    first_row: int
    kept: Any = None
    """The same rows of the columns that are carried to the answers; None: there are none."""


@dataclass(frozen=True, slots=True)
class TableClaim:
    """The rows of one claim. `count` is larger than what is held of a claim that is too long."""

    first_row: int
    first_line: int | None
    rows: Sequence[Row]
    count: int


@dataclass(frozen=True, slots=True)
class TableClaims:
    """Claims of a table of claim lines."""

    columns: Columns
    claims: Sequence[TableClaim]
    kept: Any = None
    """What is carried to the answers, a row a claim, as an Arrow table; None: nothing."""


@dataclass(frozen=True, slots=True)
class ClaimRows:
    """Whole claims of a table of claim lines as they are: an Arrow table of the columns that are read."""

    rows: Any
    columns: Columns
    first_row: int


Payload = JsonLines | JsonText | Pieces | CsvText | ArrowRows | TableClaims | ClaimRows


@dataclass(frozen=True, slots=True)
class Block:
    """`records` is what the reader counted; deciders count again. None: only they can count."""

    payload: Payload | None
    records: int | None
    after: Position
    done: int
    """How many bytes of the file lie before the position, roughly, for the progress bar."""
    rejects: Sequence[Reject] = field(default=())
    """What the reader itself had to give up; not among `records`."""
    units: int | None = None
    """How many rows, lines or claims of the file it is made of, as `counting` counts them; None: as
    many as records came of it."""
    is_whole: bool = True
    """False: something here could not be read at all, so a count of the file cannot agree."""
