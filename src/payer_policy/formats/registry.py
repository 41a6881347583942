"""A format: its name, how it is recognized, how it is read, and how answers are written in it.

`formats.known` has the table of the formats of this package and finds those of others. A new format
gives `Claims` (its claims one by one); `decide`, `batch` and the service read it by that alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from posixpath import splitext
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.vocabulary.model import Fact, Vocabulary
from payer_policy.formats.blocks import Block, Position
from payer_policy.formats.intake import Intake
from payer_policy.formats.source import Held, Source
from payer_policy.formats.tables.columns import Columns
from payer_policy.policy.reference.data import ReferenceData

if TYPE_CHECKING:
    from payer_policy.request.in_columns import ReadColumns

HEAD: Final = 1 << 16
"""How many bytes at the start of a file a format is recognized by."""

_BLANK: Final = " \t\r\n\ufeff"


@dataclass(frozen=True)
class Start:
    """The first bytes of a file, and what else says which format it is in."""

    data: bytes
    """At most `HEAD` bytes."""
    file: str
    """Its name; of a compressed file without `.gz`."""
    reopen: Callable[[], BinaryIO]
    """Opens the file from its start, for a format that must see more."""
    media_type: str | None = None
    """As the sender states it; None: not stated."""

    @cached_property
    def text(self) -> str:
        """The first characters after blanks; empty where the file is empty or no 8-bit text."""
        text = self.data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        head = text[:200].lstrip(_BLANK) or text.lstrip(_BLANK + "\x00\x1a")[:200]
        return "" if self.is_wide else head

    @cached_property
    def is_wide(self) -> bool:
        """Whether every second byte is zero: UTF-16, also without a byte order mark (or UTF-32)."""
        halves = [self.data[start:400:2] for start in (0, 1)]
        zeros, others = sorted(half.count(0) / len(half) if half else 0 for half in halves)[::-1]
        return zeros > 0.9 and others < 0.6

    @cached_property
    def suffix(self) -> str:
        """The end of its name, such as `.csv`."""
        return splitext(self.file)[1].lower()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader of a whole file is given beside its bytes."""

    vocabulary: Vocabulary | None = None
    reference: ReferenceData | None = None
    most: int | None = None
    """Reading may stop after one claim more than this; None: all are read."""
    pause: Callable[[], None] | None = None
    """Called again and again; what it raises ends the reading."""


class Bulk(Protocol):
    """Reads claims one after the other into columns."""

    def read(self, piece: object) -> bool:
        """Read a claim; false: nothing was read, and it is to be read by itself."""

    def made(self) -> ReadColumns:
        """All that was read."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A format whose claims can be cut out of a file and read one by one.

    The functions are at the top level of a module, since `batch` sends them to other processes.
    """

    pieces: Callable[[BinaryIO, str, Callable[[], None] | None], Iterator[Any]]
    """The claims of an open file (its name; a pause to call now and then), each as a value that can be
    pickled; and between them a `Diagnostic` for what is wrong with the file."""
    intake: Callable[[Any, str], Intake]
    """One claim, read. It may raise; that claim alone is refused then."""
    number: Callable[[Any], str | None] | None = None
    """The number of a claim, where that is known with less than reading it."""
    bulk: Callable[[], Bulk] | None = None
    """Reads many claims together; None: each is read by itself."""


@dataclass(frozen=True, slots=True)
class Table:
    """A format whose rows are services (facts in columns) or claim lines."""

    columns: Callable[
        [Source, Mapping[str, Fact], Mapping[str, str], Sequence[str]], Columns | None
    ]
    """What the columns of a file mean: facts of the vocabulary, names with other meanings, names of
    columns to carry to the answers. None: the file has nothing in it."""
    blocks: Callable[[Source, Position | None, Columns, int], Iterator[Block]]
    """Its records from a position on, a number of rows at a time."""
    cuts: Callable[[Source, Position | None, Columns, int], Iterator[Position]] | None = None
    """The same positions, or some of them up to the last, found by reading less; None: they cannot be,
    or `blocks` reads a file from its start."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files of claims. It has `claims`, or `table`, or both of `read` and `blocks`."""

    name: str
    """What `--as` and the counts call it."""
    units: tuple[str, str]
    """What is counted in a file of it, one and several: `("X12 claim", "X12 claims")`."""
    recognizes: Callable[[Start], bool | Diagnostic]
    """Whether a file is in it by its first bytes; or why a file that claims to be is not."""
    media_types: tuple[str, ...] = ()
    """What the service accepts; answers are written as the first."""
    suffixes: tuple[str, ...] = ()
    """What names of its files end with, such as `.csv`."""
    claims: Claims | None = None
    """Its claims one by one; None: it has `table`, or `read` and `blocks`."""
    table: Table | None = None
    """Its rows, where it is a table; None: it is not a table."""
    read: Callable[[Held, Reading], Iterable[Intake]] | None = None
    """Every claim of a whole file, where that is more than its claims one after another."""
    blocks: Callable[[Source, Position | None, int], Iterator[Block]] | None = None
    """Every claim as blocks from a position on, where `claims` cannot go on from one. The number is the
    most claims of a block, where the format can cut them."""
    cuts: Callable[[Source, Position | None, int], Iterator[Position]] | None = None
    """The positions after the blocks, where `blocks` goes on from each without what is before it, in any
    process; None: it does not."""
    count: Callable[[Source], int | None] | None = None
    """How many claims a file holds, counted without reading them; None: they are not counted again."""
    write: Callable[[Sequence[Mapping[str, Any]]], bytes] | None = None
    """Answers in the format, from outcomes and refusals as `Answer.to_json` gives them; the answers
    on parts of a file, one after another, are the answers on the file. None: it is only read."""
