"""Small policy folders for tests of dates and overlays: the golden base, without its policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from tests.policy.checks.building import build

NONE = {"north/iron/2024-01-01.json": None, "south/iron/2024-01-01.json": None}


def policy(first: str, last: str | None = None, **more: Any) -> dict[str, Any]:
    """A policy file; without a base it applies to the one drug code and has a reference."""
    made = {"title": "A policy", "effective": {"from": first, "through": last}, **more}
    if "extends" not in more:
        made.setdefault("applies_to", {"fact": "drug.code", "in": ["J1756"]})
        made["references"] = {"manual": {"title": "Manual"}}
    return made


def rule(id_: str, at_least: Any = 1, **more: Any) -> dict[str, Any]:
    """A rule that notes something about the units billed."""
    return {
        "id": id_,
        "title": "A rule",
        "cites": ["manual"],
        "when": {"fact": "units.billed", "at_least": at_least},
        "then": {"advise": {"because": "A note."}},
        **more,
    }


def units(value: int) -> dict[str, Any]:
    """The parameter `most`, which tells the versions of a policy apart."""
    return {"most": {"value": value, "unit": "billing units"}}


def library(folder: Path, files: dict[str, Any], **case: Any) -> Library:
    """The library of a folder with just these policies."""
    build({"write": {**NONE, **files}, **case}, folder / "policies")
    return open_library(folder / "policies")
