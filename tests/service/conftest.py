"""One application for many tests, and its client without a network between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from payer_policy.service.application import create, gated
from payer_policy.service.gate import Gate
from payer_policy.service.keys import SCOPES, Keys
from payer_policy.service.opening import open_state
from payer_policy.service.settings import Settings
from payer_policy.service.state import State
from tests.places import POLICIES, ROOT

CLAIMS = ROOT / "examples" / "claims"


@dataclass
class Served:
    """A running application, and requests to it."""

    gate: Gate
    state: State
    loop: asyncio.AbstractEventLoop
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.gate)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=headers, **more)

        return self.loop.run_until_complete(asked())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return self.ask("POST", path, content=content, headers=headers, **more)


Serve = Callable[..., Served]


@pytest.fixture(scope="package")
def serve() -> Iterator[Serve]:
    """Start applications by their settings; all are stopped at the end."""
    stops: list[Callable[[], None]] = []

    def started(settings: Settings, **headers: str) -> Served:
        loop = asyncio.new_event_loop()
        app = create(lambda: open_state(settings))
        lifespan = app.router.lifespan_context(app)
        loop.run_until_complete(lifespan.__aenter__())

        def stop() -> None:
            loop.run_until_complete(lifespan.__aexit__(None, None, None))
            loop.close()

        stops.append(stop)
        return Served(gated(app), app.state.service, loop, headers)

    yield started
    for stop in stops:
        stop()


@pytest.fixture(scope="package")
def served(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The shipped policies with keys and an audit record."""
    folder = tmp_path_factory.mktemp("served")
    keys, key = Keys({}).with_new("tests", SCOPES)
    keys.write(folder / "keys.json")
    settings = Settings(
        POLICIES, keys=folder / "keys.json", audit=str(folder / "audit.sqlite"), poll_seconds=60
    )
    return serve(settings, Authorization=f"Bearer {key}")


@pytest.fixture
def claim() -> dict[str, Any]:
    value: dict[str, Any] = json.loads((CLAIMS / "refill.json").read_text("utf-8"))
    del value["$schema"]
    return value
