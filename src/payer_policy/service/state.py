"""The state of one process of the service: the policies in use, keys, audit record and metrics.

Routes get it through `state_of`; there are no globals.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.requests import HTTPConnection

from payer_policy.audit.heads import HeadWriter
from payer_policy.service.admission import Admission
from payer_policy.service.deployment import Deployed, Deployment
from payer_policy.service.keys import KeyFile
from payer_policy.service.metrics import Metrics
from payer_policy.service.problems import Problem, busy
from payer_policy.service.recording import Recording
from payer_policy.service.settings import Settings

T = TypeVar("T")
_GRACE: Final = 1.0
"""Extra seconds after the deadline for work that checks its deadline itself."""


class Deadline:
    """When an answer is too late. Long work checks it between its parts."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Return if there is time left.

        Raises:
            Problem: The deadline has passed.
        """
        if time.monotonic() > self._end:
            raise self.passed()

    def passed(self) -> Problem:
        """The problem of an answer that is too late."""
        return busy("deadline", f"the answer took longer than {self._seconds:g} s", 5)


@dataclass(eq=False)
class State:
    """The state of one process. Made once, when the process starts."""

    settings: Settings
    deployment: Deployment
    audit: Recording | None
    keys: KeyFile | None
    metrics: Metrics
    heads: HeadWriter | None = None

    def __post_init__(self) -> None:
        self.admission = Admission(self.settings.limits, self.metrics, self._stalled)
        self._long = ThreadPoolExecutor(self.settings.limits.batches, "answers")
        self._at_work = 0

    @property
    def deployed(self) -> Deployed:
        """The policies in force. Take it once for each answer: the next moment may have others."""
        current = self.deployment.current
        assert current is not None, "a service does not start without policies"
        return current

    def _stalled(self) -> Problem | None:
        """Why no answer could be recorded now, as far as is known without trying."""
        return None if self.audit is None else self.audit.stalled()

    @property
    def is_at_work(self) -> bool:
        """Whether a worker thread is busy or has work waiting."""
        return self._at_work > 0

    def deadline(self) -> Deadline:
        """The deadline of an answer that is started now."""
        return Deadline(self.settings.limits.seconds)

    async def in_worker(self, work: Callable[[Deadline], T]) -> T:
        """The result of work of more than a few milliseconds, done in a worker thread.

        Raises:
            Problem: The deadline passed, in the queue or during the work.
        """
        deadline = self.deadline()

        def worked() -> T:
            deadline.check()
            return work(deadline)

        working = asyncio.get_running_loop().run_in_executor(self._long, worked)
        self._at_work += 1
        working.add_done_callback(self._worked)
        try:
            # Work that checks its deadline ends before this; waiting for a hung database does not.
            return await asyncio.wait_for(
                asyncio.shield(working), self.settings.limits.seconds + _GRACE
            )
        except TimeoutError:
            raise deadline.passed() from None

    def _worked(self, done: asyncio.Future[T]) -> None:
        self._at_work -= 1
        if not done.cancelled():
            done.exception()  # retrieved even if the client is gone, so that asyncio does not warn

    def close(self) -> None:
        """Release everything; requests in flight have finished by now."""
        self._long.shutdown(wait=False, cancel_futures=True)
        self.deployment.stop()
        if self.heads is not None:
            self.heads.close()
        if self.audit is not None:
            self.audit.close()
        self.metrics.close()


def state_of(connection: HTTPConnection) -> State:
    """The state of the application that serves a request."""
    found: State = connection.app.state.service
    return found
