"""`payer-policy facts`: the dictionary of facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from payer_policy.cli import options
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.operators import words_for
from payer_policy.core.vocabulary.types import format_value, to_json
from payer_policy.policy.loading import open_library


@click.command("facts")
@click.argument("name", required=False)
@options.policies
@options.as_json
def command(name: str | None, folder: Path, as_json: bool) -> None:
    """Every fact that a rule can read; with NAME, one fact or one group (such as `trial`)."""
    facts = open_library(folder).vocabulary.facts
    chosen = [
        fact
        for fact in facts.values()
        if name is None or fact.name == name or fact.name.startswith(name.rstrip(".") + ".")
    ]
    if not chosen:
        groups = {fact.partition(".")[0] for fact in facts}
        hint = did_you_mean(name or "", [*facts, *groups]) or f"groups: {', '.join(sorted(groups))}"
        raise click.UsageError(f"`{name}` is neither a fact nor a group of facts; {hint}")
    lines = [line for fact in chosen for line in _text(fact, in_full=len(chosen) == 1)]
    options.report(as_json, [_json(fact) for fact in chosen], lines)


def _text(fact: Fact, *, in_full: bool) -> Iterator[str]:
    yield f"{fact.name}: {fact.type.describe()}"
    yield f"    {fact.label}"
    if fact.question:
        yield f"    asks: {fact.question}"
    if fact.derived:
        yield f"    concluded by rules; otherwise {format_value(fact.otherwise, fact.type)}"
    elif fact.source is None:
        where = "a line" if fact.about == "service" else "the request"
        yield f"    supplied under `facts` of {where}"
    bounds = (fact.type.minimum, fact.type.maximum)
    if bounds != (None, None):
        least, most = (None if one is None else format_value(one) for one in bounds)
        limits = [f"from {least}" if least else "", f"through {most}" if most else ""]
        yield f"    supplied values: {' '.join(part for part in limits if part)}"
    if fact.note:
        yield f"    note: {fact.note}"
    if in_full:
        yield f"    operators: {', '.join(words_for(fact.type))}"


def _json(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "type": fact.type.kind,
        "unit": fact.type.unit,
        "values": list(fact.type.values) or None,
        "ordered": fact.type.ordered,
        "system": fact.type.system,
        "can_be_none": fact.type.can_be_none,
        "minimum": to_json(fact.type.minimum),
        "maximum": to_json(fact.type.maximum),
        "label": fact.label,
        "question": fact.question,
        "supplied_by": fact.supplied_by,
        "correctable": fact.correctable,
        "derived": fact.derived,
        "about": None if fact.derived else fact.about,
        "otherwise": to_json(fact.otherwise),
        "from": fact.source,
        "note": fact.note,
    }
