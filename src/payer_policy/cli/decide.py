"""`payer-policy decide`: the determination of every claim of a file, with its reasons."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from payer_policy.cli import options
from payer_policy.cli.deciding import Answer, answers
from payer_policy.determination import Outcome
from payer_policy.determination.render import render_determination, render_no_policy
from payer_policy.diagnostics.render import as_json as problem_json
from payer_policy.diagnostics.render import as_text
from payer_policy.engine import Engine
from payer_policy.record import Recorder


@click.command("decide")
@click.argument("claim")
@click.option("--facts", "facts", help="A JSON file of facts by claim number, merged in.")
@click.option(
    "--record",
    "record",
    type=click.Path(path_type=Path),
    help="Also write a record of each determination, for `payer-policy verify`; it holds the facts.",
)
@options.policies
@options.engine()
@options.as_json
def command(
    claim: str,
    facts: str | None,
    record: Path | None,
    folder: Path,
    engine: str | None,
    as_json: bool,
) -> None:
    """Decide every claim in CLAIM: request JSON, JSON Lines, X12 837P or 837I, or - for stdin.

    With --json, one JSON document a line and claim. Exit status 0: everything is approved; 1:
    something is denied, pended or without a policy; 2: some input was wrong (the rest is decided).
    """
    opened = options.open_engine(folder, engine)
    refused = not_approved = False
    first = True
    found = answers(opened, claim, facts)
    for answer in found if record is None else _recorded(found, record, opened):
        outcome = Outcome(
            answer.claim_id,
            tuple(decided.determination for decided in answer.decided),
            answer.without_policy,
        )
        refused = refused or answer.refused
        decided_at_all = answer.request is not None
        not_approved = not_approved or (decided_at_all and outcome.decision != "approve")
        if as_json:
            options.print_json(_json(answer, outcome), indent=None)
            continue
        for problem in answer.problems:
            click.echo(as_text(problem) + "\n", err=True)
        if decided_at_all:
            click.echo(("" if first else "\n") + _text(answer, outcome))
            first = False
    sys.exit(2 if refused else 1 if not_approved else 0)


def _recorded(found: Iterator[Answer], path: Path, engine: Engine) -> Iterator[Answer]:
    """The answers, each written to a file of records before it is handed on."""
    recorder = Recorder(engine.library.reference_hash)
    try:
        file = path.open("wb")
    except OSError as error:
        why = (error.strerror or "cannot be written").lower()
        raise click.UsageError(f"{path}: {why}") from None
    with file:
        for answer in found:
            for decided in answer.decided:
                file.write(recorder.record(decided))
            for service in answer.without_policy:
                file.write(recorder.record_without_policy(service))
            yield answer


def _text(answer: Answer, outcome: Outcome) -> str:
    parts = [render_determination(determination) for determination in outcome.determinations]
    if outcome.determinations:
        # The procedures beside a decided drug are context; they are named, not argued about.
        others = [
            f"line{'s' if len(service.lines) != 1 else ''} "
            f"{', '.join(map(str, service.lines))} ({service.code})"
            for service in outcome.without_policy
        ]
        if others:
            parts.append(f"No policy applies to {'; '.join(others)}: not decided here.")
    else:
        parts += [render_no_policy(service) for service in outcome.without_policy]
    if not parts:
        parts.append(f"Claim {answer.claim_id}: no service lines; nothing to decide.")
    return "\n".join(part.rstrip("\n") + "\n" for part in parts).rstrip("\n")


def _json(answer: Answer, outcome: Outcome) -> dict[str, Any]:
    if answer.request is None:
        return {
            "schema": "payer-policy/refusal/1",
            "claim_id": answer.claim_id,
            "problems": [problem_json(problem) for problem in answer.problems],
        }
    return outcome.to_json()
