"""The step library as a listing, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from payer_policy.specs.sentences import plain
from payer_policy.specs.steps import STEPS


def steps_text() -> str:
    """The library as Markdown that also reads well as plain text."""
    return "\n".join(_lines()).rstrip("\n") + "\n"


def _lines() -> Iterator[str]:
    for kind in ("given", "when", "then"):
        keyword = kind.title()
        yield f"## {keyword}"
        yield ""
        for step in STEPS:
            if step.kind != kind:
                continue
            first, *others = [plain(form) for form in step.forms]
            yield f"* **{keyword} {first}**"
            yield from (f"  or **{keyword} {other}**" for other in others)
            yield ""
            yield f"  {step.about}"
            yield ""
            yield "  ```gherkin"
            yield from (f"  {line}" for line in step.example.splitlines())
            yield "  ```"
            yield ""


def steps_json() -> dict[str, Any]:
    """The library for programs."""
    return {
        "schema": "payer-policy/spec-steps/1",
        "steps": [
            {
                "kind": step.kind,
                "sentences": [plain(form) for form in step.forms],
                "table": step.table,
                "about": step.about,
                "example": step.example,
            }
            for step in STEPS
        ],
    }
