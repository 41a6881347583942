"""Bounds on what is accepted at once: bodies being received, bytes in memory, requests waiting.

Anything beyond them is refused immediately with 503 and `Retry-After`, so that overload makes some
clients wait instead of making every client time out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, Request

from payer_policy.service.metrics import Metrics
from payer_policy.service.problems import Problem, busy
from payer_policy.service.settings import Limits

_PARQUET: Final = b"PAR1"
"""Not accepted: a small file can unpack to any size."""
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


@dataclass
class Admission:
    """Counts the requests inside. Used only on the event loop's thread, so it needs no lock."""

    limits: Limits
    metrics: Metrics
    stalled: Callable[[], Problem | None]
    """Why no answer could be recorded now, if so."""
    _receiving: int = 0
    _waiting: int = 0
    _held_bytes: int = 0

    def full(self) -> Problem | None:
        """Why no request can be accepted now; None: one can."""
        if self._waiting >= self.limits.waiting:
            return busy("overloaded", f"{self._waiting} requests are already waiting")
        return self.stalled()

    @asynccontextmanager
    async def taken(
        self, request: Request, max_bytes: int, max_parts: int | None = None
    ) -> AsyncIterator[bytes]:
        """The body of a request, which counts as waiting until the end of the block.

        Args:
            request: The request, whose body was not read yet.
            max_bytes: The largest body.
            max_parts: The most values, lists and objects in it, if it is JSON; None: any number.

        Raises:
            Problem: The body is too large or too slow, or a bound is reached.
        """
        size = [0]
        try:
            data = await self._body(request, max_bytes, size)
            if (problem := self.full()) is not None:
                raise problem
            self._waiting += 1
            self.metrics.waits(self._waiting)
            try:
                # All that have arrived by now are counted before the first of them is decided.
                await asyncio.sleep(0)
                if max_parts is not None:
                    check_parts(data, max_parts)
                yield data
            finally:
                self._waiting -= 1
                self.metrics.waits(self._waiting)
        finally:
            self._held_bytes -= size[0]

    async def _body(self, request: Request, max_bytes: int, size: list[int]) -> bytes:
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 20 and int(announced) > max_bytes:
            raise _too_large(max_bytes)
        if self._receiving >= self.limits.receiving:
            raise busy("overloaded", f"{self._receiving} requests are being received")
        self._receiving += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                parts = []
                async for part in request.stream():
                    size[0] += len(part)
                    self._held_bytes += len(part)
                    if size[0] > max_bytes:
                        raise _too_large(max_bytes)
                    if self._held_bytes > self.limits.held_bytes:
                        raise busy("overloaded", "the bodies in memory have reached their limit")
                    parts.append(part)
                return b"".join(parts)
        except TimeoutError:
            detail = f"the body did not arrive within {self.limits.seconds:g} s"
            raise Problem("too-slow", detail, headers={"Connection": "close"}) from None
        except ClientDisconnect:
            raise Problem(
                "too-slow", "the connection was closed before the end of the body"
            ) from None
        finally:
            self._receiving -= 1


def count_parts(data: bytes) -> int:
    """An upper bound on the values, lists and objects in a JSON text; 0 for any other text.

    The time and memory that a body costs depend on them and not on its bytes. X12 is read piece by
    piece, checking the deadline.
    """
    if data[:64].lstrip(_BLANK)[:1] not in (b"{", b"["):
        return 0
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def check_parts(data: bytes, max_parts: int) -> None:
    """Return if the body does not have too many parts (see `count_parts`).

    Raises:
        Problem: It does; or it is Parquet.
    """
    if data.startswith(_PARQUET):
        raise Problem("wrong-media-type", "Parquet is read by `payer-policy batch`; send CSV here")
    if (count := count_parts(data)) > max_parts:
        raise Problem("too-many-parts", f"found {count:,} values; the maximum is {max_parts:,}")


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        "too-large",
        f"the body has more than {max_bytes:,} bytes",
        headers={"Connection": "close"},  # the rest of the body is not read
    )
