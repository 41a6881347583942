"""Payer policies written in JSON, decided with reasons, citations and a proof.

    from payer_policy import Engine

    engine = Engine.open("policies")
    outcome = engine.decide({"id": "C1", "coverage": {"payer": "…"}, "lines": [...]})

The names below are the public interface; each is imported only when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from payer_policy.core.diagnostics import Diagnostic, Location, PayerPolicyError, PolicyError
    from payer_policy.determination import Determination, NoPolicy, Outcome
    from payer_policy.engine import Engine
    from payer_policy.formats import read_requests, request_from_mapping
    from payer_policy.policy.library import Library
    from payer_policy.policy.loading import open_library
    from payer_policy.request import Authorization, Coverage, Line, Patient, PriorLine, Provider
    from payer_policy.request import Request as Request

    __version__: str

_HOMES = {
    "Authorization": "request",
    "Coverage": "request",
    "Determination": "determination",
    "Diagnostic": "core.diagnostics",
    "Engine": "engine",
    "Library": "policy.library",
    "Line": "request",
    "Location": "core.diagnostics",
    "NoPolicy": "determination",
    "Outcome": "determination",
    "Patient": "request",
    "PayerPolicyError": "core.diagnostics",
    "PolicyError": "core.diagnostics",
    "PriorLine": "request",
    "Provider": "request",
    "Request": "request",
    "open_library": "policy.loading",
    "read_requests": "formats",
    "request_from_mapping": "formats",
}

__all__ = [
    "Authorization",
    "Coverage",
    "Determination",
    "Diagnostic",
    "Engine",
    "Library",
    "Line",
    "Location",
    "NoPolicy",
    "Outcome",
    "Patient",
    "PayerPolicyError",
    "PolicyError",
    "PriorLine",
    "Provider",
    "Request",
    "__version__",
    "open_library",
    "read_requests",
    "request_from_mapping",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # as slow to import as all that reads a policy

        return version("payer-policy")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
