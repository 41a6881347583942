"""The engines: one file each behind one small protocol, all with the same meaning."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from payer_policy.core.diagnostics import PayerPolicyError, did_you_mean
from payer_policy.core.ruleset import ENGINES
from payer_policy.engines.checked import CheckedEngine
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.durable import DurableEngine, durable_available
from payer_policy.engines.protocol import Engine, EngineUnavailable

DEFAULT_ENGINE: Final = "compiled"
"""For services: a fault in C code would take the process with it, and this one needs none."""
_COLUMNS: Final = ("numpy", "pyarrow")
"""What facts in columns need."""


class UnknownEngine(PayerPolicyError, ValueError):
    """There is no engine of that name; the message lists those that there are."""


def engine_named(name: str) -> Engine:
    """The engine of that name.

    Raises:
        UnknownEngine: there is no such engine.
        EngineUnavailable: what it is built on is not installed.
    """
    if name == "compiled":
        return CompiledEngine()
    if name == "durable":
        return DurableEngine()
    if name == "checked":
        return CheckedEngine(CompiledEngine(), DurableEngine())
    if name == "columnar":
        if (why := why_unavailable(name)) is not None:
            raise EngineUnavailable(why)
        from payer_policy.engines.in_columns import ColumnarEngine

        return ColumnarEngine()
    if name == "symbolic":
        if (why := why_unavailable(name)) is not None:
            raise EngineUnavailable(why)
        from payer_policy.engines.symbolic.engine import SymbolicEngine

        return SymbolicEngine()
    hint = did_you_mean(name, ENGINES) if isinstance(name, str) else None
    raise UnknownEngine(
        f"`{name}` is not an engine; expected one of {', '.join(ENGINES)}"
        + (f"; {hint}" if hint else "")
    )


def enough_engines() -> tuple[str, ...]:
    """The fewest engines that decide everything on all that are installed: `checked` is two of them.

    `symbolic` is for proofs: it is held to the others by the laws and by `selfcheck`, and would take
    minutes for what the others decide in seconds.
    """
    here = tuple(name for name in ENGINES if why_unavailable(name) is None)
    inside = ("compiled", "durable", "symbolic") if "checked" in here else ("symbolic",)
    return tuple(name for name in here if name not in inside)


def why_unavailable(name: str) -> str | None:
    """What is not installed for an engine, and what to do; None where it runs here."""
    if name in ("durable", "checked") and not durable_available():
        return "durable-rules is not installed here; `compiled` needs none"
    if name == "columnar" and any(find_spec(package) is None for package in _COLUMNS):
        return (
            "facts in columns need numpy and pyarrow: pip install 'payer-policy[batch]'; "
            "`compiled` needs neither"
        )
    if name == "symbolic" and find_spec("z3") is None:
        return "proofs need z3-solver: pip install 'payer-policy[analysis]'; `compiled` needs none of it"
    return None


__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "Engine",
    "UnknownEngine",
    "engine_named",
    "enough_engines",
    "why_unavailable",
]
