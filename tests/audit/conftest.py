"""Records to test on, in SQLite and in PostgreSQL alike, and real answers to put into them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from payer_policy import Engine, Request
from payer_policy.audit import AuditLog, Entry
from payer_policy.audit.database import _url
from payer_policy.audit.tables import TABLE
from payer_policy.determination import NoPolicy
from payer_policy.engine import Decided
from payer_policy.formats import read_requests, read_supplements, supplemented
from tests.audit.postgresql import NEEDED, Server, Unavailable
from tests.places import ROOT

CLAIMS = ROOT / "examples" / "claims"
START = datetime(2025, 6, 1, 12, tzinfo=UTC)
Answer = tuple[Request, tuple[Decided, ...], tuple[NoPolicy, ...]]


class Clock:
    """A clock that goes on by one second a look."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Place:
    """Where a record is, with a way round its guards: what somebody with the password can do."""

    def __init__(self, url: str, kind: str) -> None:
        self.url, self.kind = url, kind
        self._engine = create_engine(_url(url))

    def open(self, **how: Any) -> AuditLog:
        return AuditLog.open(self.url, **{"clock": Clock(), **how})

    def run(self, *statements: str, **values: Any) -> list[Any]:
        """Raw SQL, in one transaction; the rows of the last statement."""
        found: list[Any] = []
        with self._engine.begin() as connection:
            for statement in statements:
                named = {name: values[name] for name in values if f":{name}" in statement}
                result = connection.execute(text(statement), named)
                found = list(result) if result.returns_rows else []
        return found

    def drop_guards(self) -> None:
        names = ["insert", "update", "delete"]
        if self.kind == "postgresql":
            on = f" ON {TABLE}"
            names.append("truncate")
        else:
            on = ""
        self.run(*(f"DROP TRIGGER {TABLE}_{name}{on}" for name in names))

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    try:
        running = Server(fsync=False)
    except Unavailable as why:
        if os.environ.get(NEEDED) == "1":
            pytest.fail(f"{NEEDED}=1, and there is no PostgreSQL: {why}")
        pytest.skip(f"no PostgreSQL: {why}")
    yield running
    running.stop()


_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def places(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Place]:
    """Gives a new place for a record each time."""
    if request.param == "postgresql":
        running = request.getfixturevalue("server")

        def make() -> Place:
            schema = f"record_{next(_NUMBERS)}"
            running.execute(f"CREATE SCHEMA {schema}")
            return Place(running.url(schema), "postgresql")

        return make

    def make_file() -> Place:
        return Place(str(tmp_path_factory.mktemp("record") / "audit.db"), "sqlite")

    return make_file


@pytest.fixture
def place(places: Callable[[], Place]) -> Iterator[Place]:
    made = places()
    yield made
    made.close()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.open(ROOT / "policies")


@pytest.fixture(scope="session")
def answers(engine: Engine) -> dict[str, Answer]:
    """Answers on the example claims (all synthetic), by claim number."""
    facts = read_supplements((CLAIMS / "nightly.facts.json").read_bytes(), "nightly.facts.json")
    intakes = supplemented(
        read_requests((CLAIMS / "nightly.837").read_bytes(), "nightly.837"), facts
    )
    for name in ("question.json", "refill.json", "no-jz.json"):
        intakes = [*intakes, *read_requests((CLAIMS / name).read_bytes(), name)]
    requests = [intake.request for intake in intakes if intake.request is not None]
    requests.append(Request(id="SYN-NO-POLICY", lines=({"number": 1, "code": "Q9999"},)))  # type: ignore[arg-type]
    return {str(one.id): (one, *engine.decide_fully(one)) for one in requests}


@pytest.fixture(scope="session")
def entries(answers: dict[str, Answer]) -> dict[str, Entry]:
    from payer_policy.audit import entry_of

    return {
        name: entry_of(*answer, source="f" * 64, salt=lambda size: bytes([7] * size))
        for name, answer in answers.items()
    }
