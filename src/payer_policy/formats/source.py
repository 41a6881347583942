"""The sources that readers read from: a file of a run, or bytes in memory."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final, Protocol

from payer_policy.core.diagnostics import PayerPolicyError

DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a damaged archive raises."""


class WrongCall(PayerPolicyError):
    """The run cannot be made as requested. The message says why, and what to do."""


class NotReadable(WrongCall):
    """A file cannot be read in the format that it seems to be in."""


class Source(Protocol):
    """A file: its name for messages, its size in bytes, and what opens it (unpacked)."""

    @property
    def path(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def packed(self) -> bool: ...

    def open(self) -> BinaryIO: ...


@dataclass(frozen=True, slots=True)
class Held:
    """The bytes of a whole file, as a source."""

    path: str
    data: bytes
    packed: bool = False

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        """The bytes, from their start."""
        return BytesIO(self.data)
