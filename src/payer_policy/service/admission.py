"""How much is taken in at once: a bounded number of bodies on their way, and of answers waited for.

More than that is refused at once with 503 and `Retry-After`, so that a rush makes some clients wait,
and not every client time out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from payer_policy.service.metrics import Metrics
from payer_policy.service.problems import Problem, busy
from payer_policy.service.settings import Limits


class Admission:
    """Counts what is inside; used on the event loop's thread only, so it needs no lock."""

    def __init__(
        self,
        limits: Limits,
        metrics: Metrics,
        stalled: Callable[[], Problem | None] = lambda: None,
    ) -> None:
        """
        Args:
            limits: How much is taken in.
            metrics: Where what waits is told.
            stalled: Why no answer could leave just now, if none can.
        """
        self.limits = limits
        self._stalled = stalled
        self._metrics = metrics
        self._receiving = 0
        self._waiting = 0
        self._held = 0

    def full(self) -> Problem | None:
        """Why nothing more is taken in just now; None: something is."""
        if self._waiting >= self.limits.waiting:
            return busy("overloaded", f"{self._waiting} requests wait for their answer already")
        return self._stalled()

    @asynccontextmanager
    async def taken(self, request: Request, most: int) -> AsyncIterator[bytes]:
        """A request that is taken in: its body, and a place among those that wait for their answer.

        Args:
            request: What comes.
            most: The most bytes that its body may have.

        Raises:
            Problem: It is too large or too slow, or more is on its way or waits than may.
        """
        held = [0]
        try:
            data = await self._body(request, most, held)
            async with self._turn():
                yield data
        finally:
            self._held -= held[0]

    async def _body(self, request: Request, most: int, held: list[int]) -> bytes:
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 20 and int(announced) > most:
            raise too_large(most)
        if self._receiving >= self.limits.receiving:
            raise busy("overloaded", f"{self._receiving} requests are on their way in")
        self._receiving += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                parts = []
                async for part in request.stream():
                    held[0] += len(part)
                    self._held += len(part)
                    if held[0] > most:
                        raise too_large(most)
                    if self._held > self.limits.held_bytes:
                        raise busy("overloaded", "the bodies in memory are as many as may be")
                    parts.append(part)
                return b"".join(parts)
        except TimeoutError:
            detail = f"the body did not arrive within {self.limits.seconds:g} s"
            raise Problem("too-slow", detail, headers={"Connection": "close"}) from None
        except ClientDisconnect:
            raise Problem(
                "too-slow", "the connection was closed before the body was whole"
            ) from None
        finally:
            self._receiving -= 1

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if (problem := self.full()) is not None:
            raise problem
        self._waiting += 1
        self._metrics.waits(self._waiting)
        try:
            # All that have arrived by now are counted before the first of them is decided.
            await asyncio.sleep(0)
            yield
        finally:
            self._waiting -= 1
            self._metrics.waits(self._waiting)


def too_large(most: int) -> Problem:
    return Problem(
        "too-large",
        f"the body has more than {most:,} bytes",
        headers={"Connection": "close"},  # what is still to come is not read
    )
