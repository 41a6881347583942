"""`payer-policy repair`: the facts that would get a denied or pended claim approved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from payer_policy.cli import options
from payer_policy.cli.deciding import answers
from payer_policy.core.diagnostics.render import as_text
from payer_policy.core.vocabulary.types import to_json
from payer_policy.determination.explain import DECISIONS
from payer_policy.determination.words import counted, in_words, service_in_words

if TYPE_CHECKING:
    from payer_policy.analysis.repair import Repairs, Step


@click.command("repair")
@click.argument("claim")
@click.option("--facts", "facts", help="A JSON file of facts by claim number, merged in.")
@click.option("--claim-number", help="Only the claim of this number.")
@click.option(
    "--most",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="Maximum number of sets for each determination.",
)
@options.policies
@options.as_json
def command(
    claim: str,
    facts: str | None,
    claim_number: str | None,
    most: int,
    folder: Path,
    as_json: bool,
) -> None:
    """Find the smallest sets of facts that would get the denied and pended services of CLAIM approved.

    Only facts that a submitter can supply or correct, with who supplies each; missing ones first.
    Each set was decided again. It lists what the record would have to show: do not supply what it
    does not show. With --json, one JSON document per line, one per determination.

    Exit status 0: everything is approved, or has such a set; 1: something has none; 2: some input
    was wrong.
    """
    options.need_solver()
    from payer_policy.analysis.repair import repairs

    opened = options.open_engine(folder, "compiled")
    refused = helpless = False
    for answer in answers(opened, claim, facts):
        if claim_number is not None and answer.claim_id != claim_number:
            continue
        refused = refused or answer.refused
        for problem in answer.problems:
            click.echo(as_text(problem) + "\n", err=True)
        if answer.request is None:
            continue
        for decided in answer.decided:
            found = repairs(opened, answer.request, decided, limit=most)
            approved = found.determination.decision == "approve"
            helpless = helpless or not (approved or found.repairs)
            if as_json:
                options.print_json(_json(found), indent=None)
            else:
                click.echo("\n".join(_text(found)) + "\n")
        if not answer.decided:
            helpless = True
            if not as_json:
                click.echo(
                    f"NO POLICY  {answer.claim_id or 'without a number'}: nothing to repair\n"
                )
    sys.exit(2 if refused else 1 if helpless else 0)


SHOWN = 8
"""The number of rules against approval that are listed for people."""
_DECISIONS = {**DECISIONS, "partial": "partly approved"}
_BECOMES = {**DECISIONS, "pend": "pended, or reduced"}


def _text(found: Repairs) -> Iterator[str]:
    made = found.determination
    about = service_in_words(made.code, made.service_date)
    yield f"{_DECISIONS[made.decision].upper()}  {made.claim_id or 'without a number'} · {about}"
    if made.decision == "approve":
        return
    if found.against:
        yield "  Rules against approval"
    for rule in found.against[:SHOWN]:
        yield f"    {rule.title.rstrip('.')} · {rule.rule}"
        cited = "; ".join(citation.title for citation in rule.citations)
        if cited:
            yield f"      {cited}"
    if len(found.against) > SHOWN:
        yield f"    and {len(found.against) - SHOWN} more that wait for facts"
    if found.settled is not None:
        yield f"  Settled: whatever the missing facts turn out to be, it is {_BECOMES[found.settled]}."
    for place, repair in enumerate(found.repairs, 1):
        many = counted(len(repair.steps), "fact")
        them = "it" if len(repair.steps) == 1 else "them"
        yield f"  {place}. Approved with {many}, if the record shows {them}"
        for step in repair.steps:
            yield f"       {_step(step)}"
        if repair.how == "facts":
            yield "       (decided on the facts: the lines of the claim form change with them)"
    if found.why:
        yield f"  No way found: {found.why}."


def _step(step: Step) -> str:
    fact = step.fact
    now = "" if step.was is None else f" (now {in_words(step.was, fact.type)})"
    who = f"from the {fact.supplied_by}" if fact.supplied_by else ""
    return (
        f"{step.kind:<7} {fact.label}: {in_words(step.value, fact.type)}{now} · {fact.name} · {who}"
    )


def _json(found: Repairs) -> dict[str, Any]:
    made = found.determination
    return {
        "schema": "payer-policy/repair/1",
        "claim_id": made.claim_id,
        "code": made.code,
        "policy": made.policy.to_json(),
        "decision": made.decision,
        "settled": found.settled,
        "against": [
            {
                "rule": rule.rule,
                "title": rule.title,
                "cites": [citation.to_json() for citation in rule.citations],
            }
            for rule in found.against
        ],
        "repairs": [
            {
                "decision": repair.decision,
                "decided_as": repair.how,
                "steps": [
                    {
                        "kind": step.kind,
                        "fact": step.fact.name,
                        "label": step.fact.label,
                        "question": step.fact.question,
                        "supplied_by": step.fact.supplied_by,
                        "value": to_json(step.value),
                        "was": to_json(step.was),
                    }
                    for step in repair.steps
                ],
            }
            for repair in found.repairs
        ],
        "why": found.why,
    }
