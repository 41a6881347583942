"""What one process of the service holds: the policies in use, the keys, the audit record, the meters.

Routes get it through `state_of`; there are no globals.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
"""Seconds after the deadline for which work is waited for that looks at its deadline itself."""


class Deadline:
    """When an answer is too late. Asked between the parts of long work."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """
        Raises:
            Problem: it is too late.
        """
        if time.monotonic() > self._end:
            raise self.passed()

    def passed(self) -> Problem:
        """That it is too late."""
        return busy("deadline", f"the answer took longer than {self._seconds:g} s", 5)


class State:
    """One process's share of the service. Made once, when the process starts."""

    def __init__(
        self,
        settings: Settings,
        deployment: Deployment,
        audit: Recording | None,
        keys: KeyFile | None,
        metrics: Metrics,
        heads: HeadWriter | None = None,
    ) -> None:
        self.settings = settings
        self.deployment = deployment
        self.audit = audit
        self.keys = keys
        self.metrics = metrics
        self.heads = heads
        self.admission = Admission(settings.limits, metrics, self._stalled)
        self._long = ThreadPoolExecutor(settings.limits.batches, "answers")
        self._at_work = 0

    @property
    def deployed(self) -> Deployed:
        """The policies in force. Take it once for each answer: the next moment may have others."""
        current = self.deployment.current
        assert current is not None, "a service does not start without policies"
        return current

    def _stalled(self) -> Problem | None:
        """Why no answer could be recorded just now, without trying."""
        return None if self.audit is None else self.audit.stalled()

    @property
    def is_at_work(self) -> bool:
        """Whether long work is being done or waits to be done."""
        return self._at_work > 0

    async def at_length(self, work: Callable[[Deadline], T]) -> T:
        """Work of more than a few milliseconds, beside the event loop, with its deadline.

        Raises:
            Problem: the deadline passed, in the queue or at work.
        """
        deadline = Deadline(self.settings.limits.seconds)

        def worked() -> T:
            deadline.check()
            return work(deadline)

        working = asyncio.get_running_loop().run_in_executor(self._long, worked)
        self._at_work += 1
        working.add_done_callback(self._worked)
        try:
            # What looks at its deadline ends by itself before this; a database that hangs does not.
            return await asyncio.wait_for(
                asyncio.shield(working), self.settings.limits.seconds + _GRACE
            )
        except TimeoutError:
            raise deadline.passed() from None

    def _worked(self, done: asyncio.Future[T]) -> None:
        self._at_work -= 1
        if not done.cancelled():
            done.exception()  # also of work that nobody waits for any more

    def close(self) -> None:
        """The process ends. What is in flight has finished by now."""
        self._long.shutdown(wait=False, cancel_futures=True)
        self.deployment.stop()
        if self.heads is not None:
            self.heads.close()
        if self.audit is not None:
            self.audit.close()
        self.metrics.close()


def state_of(connection: HTTPConnection) -> State:
    """The state of the application that a request came to."""
    found: State = connection.app.state.service
    return found
