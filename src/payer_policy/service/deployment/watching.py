"""The deployment: watches its source, and puts policies that pass into force.

It polls, since network mounts send no notifications. A change is used only when two readings of all of
it, a moment apart, are equal; it is verified, checked, compiled and has decided once before the swap,
which is one assignment. Nothing here blocks a decision.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread, current_thread
from typing import Any, Final

from payer_policy.bundle.manifest import Manifest
from payer_policy.bundle.problems import problem
from payer_policy.bundle.signing import PublicKey
from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.engine import Engine
from payer_policy.engines import DEFAULT_ENGINE, engine_named, why_unavailable
from payer_policy.engines.protocol import EngineUnavailable
from payer_policy.service.deployment import sources
from payer_policy.service.deployment.guarding import Guard, last_day
from payer_policy.service.deployment.model import Deployed, Event, Kind
from payer_policy.service.deployment.sources import Candidate

INTERVAL: Final = 5.0
"""Seconds between looks."""
SETTLE: Final = 1.0
"""Seconds between the two readings of a change."""
PATIENCE: Final = 10
"""The number of looks in a row that find a change still being written, after which it is reported."""
_NAMED: Final = 5
"""The maximum number of policies listed in a note; the rest are counted."""


class Deployment:
    """Policies in force, kept up to date with a source.

    Args:
        source: A policy folder, a bundle, or a folder of bundles. In the last, the newest name that
            passes is in force; an older name only once the name in force is no longer there.
        trusted: Keys whose bundles are accepted. Without any, only a plain folder is accepted; with
            any, never.
        engine: The engine's name.
        on_event: Called with each event, in order, by the thread that looks. Its errors are ignored,
            so that a full log never stops a deployment. It must not call `look`.
        interval: Seconds between looks of the thread that `start` starts.
        settle: Seconds between the two readings of a change.
        clock: The current time, for when policies came into force and whether a bundle is expired;
            without it, neither is reported.
        minimum_sequence: Bundles with a lower sequence, or with none, are refused.
        sequence_file: Keeps the highest sequence that came into force, across restarts.

    Raises:
        ValueError: There is no engine of that name; or a sequence is required, and no key is trusted.
        EngineUnavailable: A library that the engine needs is not installed.
    """

    def __init__(
        self,
        source: str | Path,
        trusted: Sequence[PublicKey] = (),
        *,
        engine: str = DEFAULT_ENGINE,
        on_event: Callable[[Event], None] | None = None,
        interval: float = INTERVAL,
        settle: float = SETTLE,
        clock: Callable[[], datetime] | None = None,
        minimum_sequence: int | None = None,
        sequence_file: Path | None = None,
    ) -> None:
        engine_named(engine)
        if not trusted and not (minimum_sequence is None and sequence_file is None):
            raise ValueError("only signed bundles have a sequence; trust a key")
        if (why := why_unavailable(engine)) is not None:
            raise EngineUnavailable(why)
        self.source = Path(source)
        self._trusted = tuple(trusted)
        self._engine, self._on_event, self._clock = engine, on_event, clock
        self._interval, self._settle = interval, settle
        self._guard = Guard(minimum_sequence, sequence_file, clock)
        self._expired: str | None = None
        """The hash of the bundle that was reported as expired."""
        self._current: Deployed | None = None
        self._kind: sources.Kind | None = None
        self._refused: dict[str, Event] = {}
        self._unsettled = 0
        self._events = 0
        self._looking, self._stopping = Lock(), Signal()
        self._thread: Thread | None = None

    # --- for decisions and health checks; none of these ever waits ---------------------------------

    @property
    def current(self) -> Deployed | None:
        """The policies in force; None: none yet. Take it once for each decision, and use it for all
        of that decision."""
        return self._current

    @property
    def refused(self) -> tuple[Event, ...]:
        """The refusals of policies that are at the source now, in order."""
        return tuple(self._refused.copy().values())

    @property
    def expired(self) -> bool:
        """Whether the last day of the bundle in force was over at the last look; it stays in force."""
        current = self._current
        return current is not None and self._expired == current.hash

    @property
    def unsettled(self) -> int:
        """The number of looks in a row that found a change still being written."""
        return self._unsettled

    # --- looking -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Look once, now; then every `interval` seconds in a thread of its own, until `stop`.

        If no policies are in force yet and the source is still being written, it looks again now, at
        most `PATIENCE` times: after this, policies are in force, or `refused` has the reasons.

        Call it in the process that decides: a thread does not survive a fork.
        """
        if self._thread is not None:
            return
        for _ in range(PATIENCE):
            self.look()
            if self._current is not None or not self._unsettled:
                break
        self._thread = Thread(target=self._run, name="payer-policy-deployment", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for it. The policies in force stay in force."""
        self._stopping.set()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join()
        self._thread = None
        self._stopping = Signal()  # for a later start; the old thread uses the old one

    def __enter__(self) -> Deployment:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        stopping = self._stopping
        while not stopping.wait(self._interval):
            self.look()

    def look(self) -> tuple[Event, ...]:
        """The events of one look at the source, which puts a change that passes into force.

        Empty where nothing has changed, or a change is still being written. Never raises for anything
        at the source. Concurrent calls wait for one another.
        """
        with self._looking:
            happened = []
            for event in self._look():
                happened.append(event)
                if self._on_event is not None:
                    with suppress(Exception):
                        self._on_event(event)
            return tuple(happened)

    def _look(self) -> Iterator[Event]:
        seen: set[str] = set()
        unsettled = False
        for read in self._candidates():
            found = self._read(read)
            seen.add(found.name)
            current = self._current
            if current is not None and found.hash == current.hash:
                if found.name != current.name:  # the same under a newer name
                    self._current = replace(current, name=found.name)
                yield from self._forget(found.name)
                break
            known = self._refused.get(found.name)
            if known is not None and known.hash == found.hash:
                continue
            if not self._is_settled(found, read):
                unsettled = True
                if self._unsettled + 1 == PATIENCE:
                    yield self._refuse(*_never_settled(found.name))
                break
            try:
                deployed = self._deployed(found)
            except PolicyError as error:
                if all(one.code != "not-remembered" for one in error.diagnostics):
                    yield self._refuse(found, error.diagnostics)
                    continue
                # The bundle is not at fault: refused without its hash, so that it is tried again.
                again = sources.not_read(found.name, error.diagnostics)
                if known is None or known.hash != again.hash:
                    yield self._refuse(again, error.diagnostics)
            except Exception as error:
                yield self._refuse(found, [_fault(found.name, error)])
            else:
                yield self._swap(found, deployed)
                break
        self._unsettled = self._unsettled + 1 if unsettled else 0
        if not unsettled:
            yield from self._forget(*(name for name in self._refused if self._is_gone(name, seen)))
        current = self._current
        if current is not None and not self.expired and self._guard.is_expired(current.manifest):
            self._expired = current.hash
            yield self._event("expired", current.name, current.hash)

    def _candidates(self) -> Iterator[Callable[[], Candidate]]:
        """Readers of the policies that may come into force, the newest first."""
        source = self.source
        kind = self._kind or sources.kind_of(source, bool(self._trusted))
        if kind == "folder":
            yield partial(sources.found_folder, source)
            return
        if kind == "bundle":
            yield partial(sources.found_bundle, source)
            return
        names = sources.names_in(source)
        if not names:
            yield partial(sources.no_bundle, source)
        in_force = None if self._current is None else Path(self._current.name).name
        for name in names:
            yield partial(sources.found_bundle, source / name)
            if name == in_force:
                return  # an older name comes back only once this one is taken away

    def _is_settled(self, found: Candidate, read: Callable[[], Candidate]) -> bool:
        stopping = self._stopping.wait(self._settle) if self._settle > 0 else False
        return not stopping and self._read(read).hash == found.hash

    def _read(self, read: Callable[[], Candidate]) -> Candidate:
        try:
            return read()
        except Exception as error:
            return sources.not_read(self.source.as_posix(), [_fault(self.source.as_posix(), error)])

    def _is_gone(self, name: str, seen: set[str]) -> bool:
        return name not in seen and (self._kind != "bundles" or not Path(name).is_file())

    # --- swapping ----------------------------------------------------------------------------------

    def _deployed(self, found: Candidate) -> Deployed:
        with _without_collections():
            opened = found.open(self._trusted)
            self._guard.admit(found.name, opened.manifest)
            engine = Engine(opened.library, self._engine)
            warm_up(engine)
        self._guard.remember(found.name, opened.manifest)
        before = self._current
        return Deployed(
            engine,
            found.name,
            opened.hash,
            opened.folder_hash,
            opened.manifest,
            1 if before is None else before.sequence + 1,
            self._time(),
        )

    def _swap(self, found: Candidate, deployed: Deployed) -> Event:
        before = self._current
        older = None if before is None else _why_older(before.manifest, deployed.manifest)
        self._current = deployed
        self._kind = self._kind or sources.kind_of(self.source, bool(self._trusted))
        self._refused.pop(found.name, None)
        notes = tuple(_notes(deployed, before, older))
        event = self._event("swapped", found.name, found.hash, notes=notes, rollback=bool(older))
        return replace(event, before=None if before is None else before.hash)

    def _refuse(self, found: Candidate, problems: Sequence[Diagnostic]) -> Event:
        event = self._event("refused", found.name, found.hash, problems=tuple(problems))
        self._refused.pop(found.name, None)
        self._refused[found.name] = event
        return event

    def _forget(self, *names: str) -> Iterator[Event]:
        """Drop the refusals of policies that are no longer there."""
        for name in names:
            if (old := self._refused.pop(name, None)) is not None:
                yield self._event("recovered", name, old.hash)

    def _event(self, kind: Kind, name: str, hash_: str, **more: Any) -> Event:
        """An event that leaves in force what is in force."""
        self._events += 1
        current = self._current
        in_force = None if current is None else current.hash
        expires = None if current is None else last_day(current.manifest)
        at = self._time()
        return Event(
            kind, self._events, name, hash_, in_force, in_force, expires=expires, at=at, **more
        )

    def _time(self) -> str | None:
        return None if self._clock is None else self._clock().isoformat(timespec="milliseconds")


@contextmanager
def _without_collections() -> Iterator[None]:
    """Turn garbage collection off: it would scan all the new objects, and delay decisions."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def warm_up(engine: Engine) -> None:
    """Compile every policy for all its dates, and decide once by each, so that no first claim waits.

    Raises:
        Exception: Any error; a service must not decide by such policies.
    """
    library = engine.library
    for address in library.addresses():
        windows = library.windows(address)
        for first, _, _ in windows:
            engine.policy(address, first)
        payer = address.partition("/")[0]
        for code in sorted(library.codes[address])[:1]:
            for first, _, _ in windows:
                line = {"code": code, "units": 1, "date": first.isoformat()}
                with suppress(PolicyError):  # a folder may require more of a claim
                    engine.decide({"coverage": {"payer": payer}, "lines": [line]})


def _never_settled(name: str) -> tuple[Candidate, list[Diagnostic]]:
    message = f"still changing after {PATIENCE} checks; not loaded"
    hint = "find out what keeps writing there; put finished files in place by a rename"
    problems = [problem("changed-while-read", name, message, hint)]
    return sources.not_read(name, problems), problems  # without its hash, so it is tried again


def _fault(name: str, error: Exception) -> Diagnostic:
    """The problem of a fault in this product, by its kind only, since its text may quote data."""
    message = f"internal error of payer-policy ({type(error).__name__})"
    hint = "please report it; `payer-policy bundle verify` may say more"
    return Diagnostic("internal", message, Location(name), hint)


def _why_older(before: Manifest | None, after: Manifest | None) -> str | None:
    """Why a bundle is older than the one before, by its manifest; None: it is not."""
    if before is None or after is None:
        return None
    old, new = before.about, after.about
    if old.sequence is not None and new.sequence is not None:
        return None  # a lower one was refused before
    if old.built is not None and new.built is not None and new.built < old.built:
        return f"it was built at {new.built}, the one before at {old.built}"
    return None


def _notes(deployed: Deployed, before: Deployed | None, older: str | None) -> Iterator[str]:
    here = set(deployed.engine.library.policies)
    gone = sorted(set() if before is None else set(before.engine.library.policies) - here)
    if gone:  # a folder that is being emptied looks the same
        more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
        yield f"no longer there: {', '.join(gone[:_NAMED])}{more}"
    if not here:
        yield "it has no policies"
    manifest = deployed.manifest
    if manifest is None:
        yield "a plain folder, not signed"
        return
    if older is not None:
        yield f"a rollback: {older}"
    if manifest.without_specs:
        yield "it was built without scenarios"
    if warnings := len(manifest.check.warnings):
        yield f"`check` warned {warnings} time{'s' if warnings > 1 else ''} when it was built"
