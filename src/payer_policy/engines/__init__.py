"""The engines: one file each behind one small protocol, all with the same meaning."""

from __future__ import annotations

from typing import Final

from payer_policy.diagnostics import did_you_mean
from payer_policy.engines.checked import CheckedEngine
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.durable import DurableEngine
from payer_policy.engines.protocol import Engine

ENGINES: Final = ("compiled", "durable", "checked")
DEFAULT_ENGINE: Final = "compiled"
"""For services: a fault in C code would take the process with it, and this one needs none."""


def engine_named(name: str) -> Engine:
    """The engine of that name. Raises ValueError for another name."""
    if name == "compiled":
        return CompiledEngine()
    if name == "durable":
        return DurableEngine()
    if name == "checked":
        return CheckedEngine(CompiledEngine(), DurableEngine())
    hint = did_you_mean(name, ENGINES)
    raise ValueError(
        f"`{name}` is not an engine; expected one of {', '.join(ENGINES)}"
        + (f"; {hint}" if hint else "")
    )


__all__ = ["DEFAULT_ENGINE", "ENGINES", "Engine", "engine_named"]
