"""`payer-policy decide`: the determination of every claim of a file, with its reasons."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from payer_policy.cli import options
from payer_policy.cli.deciding import answers
from payer_policy.determination import Determination, Outcome
from payer_policy.determination.interview import Item
from payer_policy.determination.render import as_of_in_words, render_determination, render_no_policy
from payer_policy.engine import Decided, Engine
from payer_policy.formats.answer import Answer
from payer_policy.formats.known import writer

if TYPE_CHECKING:
    from payer_policy.analysis.settled import Exact


FEW: Final = 5
"""More questions than this are not listed where one of them says which of the others matter."""


@click.command("decide")
@click.argument("claim")
@options.facts
@click.option(
    "--record",
    type=options.PATH,
    help="Also write a record of each determination, for `payer-policy verify`. It contains the facts, "
    "so only you can read it.",
)
@click.option(
    "--exact",
    is_flag=True,
    help="Ask only for facts that can change the decision, and report decisions that no missing fact "
    "can change (needs z3-solver; slower).",
)
@click.option("--full", is_flag=True, help="List everything, without counted lists.")
@options.policies
@options.engine()
@options.as_json
@options.as_format
def command(
    claim: str,
    facts: str | None,
    record: Path | None,
    exact: bool,
    full: bool,
    folder: Path,
    engine: str | None,
    as_json: bool,
    written: str | None,
) -> None:
    """Decide every claim in CLAIM: request JSON, JSON Lines, X12 837P, 837I or 278 request, a FHIR R4
    Claim or Bundle, a CSV or Parquet table as `batch` reads it, or - for stdin.

    With --json, one JSON document per line and claim. Exit status 0: everything is approved; 1:
    something is denied, pended or without a policy; 2: some input was wrong (the rest is decided).
    """
    options.refuse_inputs("--record", record, claim, facts, folder)
    if written is not None and (as_json or exact):
        raise click.UsageError("--as cannot be combined with --json or --exact")
    if exact:
        options.need_solver()
    write = None if written is None else writer(written)
    opened = options.open_engine(folder, engine)
    refused = not_approved = False
    first = True
    found = answers(opened, claim, facts)
    for answer in found if record is None else _recorded(found, record, opened):
        outcome = answer.outcome
        exactly: list[Exact | None] = [None] * len(answer.decided)
        if exact:
            exactly = [_exactly(opened, decided) for decided in answer.decided]
            asking = tuple(map(_asking, outcome.determinations, exactly))
            outcome = replace(outcome, determinations=asking)
        decided_at_all = answer.request is not None
        refused = refused or answer.refused
        not_approved = not_approved or (decided_at_all and outcome.decision != "approve")
        if as_json:
            content = outcome.to_json() if decided_at_all else answer.to_json()
            if exact and decided_at_all:
                content["exact"] = [_exact_json(one) for one in exactly]
            options.print_json(content, indent=None)
            continue
        options.print_problems(answer.problems)
        if write is not None:
            if decided_at_all or answer.refused:
                click.echo(write([answer.to_json()]), nl=False)
        elif decided_at_all:
            firsts = _firsts(opened, answer, full or exact)
            text = _text(answer, outcome, exactly, full, firsts)
            click.echo(("" if first else "\n") + text)
            first = False
    sys.exit(2 if refused else 1 if not_approved else 0)


def _recorded(found: Iterator[Answer], path: Path, engine: Engine) -> Iterator[Answer]:
    """The answers, each after it was written to a file of records, which exists once it is complete."""
    from payer_policy.audit.record import records  # few commands write any

    with options.written(path) as file:
        for answer in found:
            if answer.request is not None:
                file.writelines(
                    records(engine, answer.request, answer.decided, answer.without_policy)
                )
            yield answer


def _exactly(engine: Engine, decided: Decided) -> Exact | None:
    """What can become of a determination that pends for missing facts; None: it does not, or no proof."""
    from payer_policy.analysis.settled import NotProved, Open

    determination = decided.determination
    if determination.decision != "pend" or not determination.missing:
        return None
    if decided.days or determination.policy.version is None:  # it depends on its days, not on facts
        return None
    try:
        return Open(engine, decided).exactly()
    except NotProved:
        return None


def _asking(determination: Determination, exact: Exact | None) -> Determination:
    """The determination with only the questions that can change its decision."""
    if exact is None:
        return determination
    kept = tuple(one for one in determination.missing if one.fact in exact.missing)
    return determination.with_details(missing=kept)


def _exact_json(exact: Exact | None) -> dict[str, Any] | None:
    if exact is None:
        return None
    return {"possible": list(exact.possible), "missing": list(exact.missing)}


_BECOMES: Final = {
    "approve": "approved",
    "deny": "denied",
    "pend": "pended for a person, or reduced",
}


def _firsts(engine: Engine, answer: Answer, full: bool) -> list[Item | None]:
    """For each determination the question that splits the case, where many are open."""
    many = [len(one.determination.missing) > FEW for one in answer.decided]
    if full or answer.request is None or not any(many):
        return [None] * len(many)
    interviews = engine.interviews(answer.request)
    return [
        items[0] if open_ and items and items[0].answers else None
        for items, open_ in zip(interviews, many, strict=True)
    ]


def _text(
    answer: Answer,
    outcome: Outcome,
    exactly: Sequence[Exact | None],
    full: bool,
    firsts: Sequence[Item | None],
) -> str:
    parts = [
        render_determination(determination, full=full, how_to_list_all="--full", first=first)
        for determination, first in zip(outcome.determinations, firsts, strict=True)
    ]
    if outcome.determinations:
        # The procedures beside a decided drug are context: they are listed, without reasons.
        others = [
            f"line{'s' if len(service.lines) != 1 else ''} "
            f"{', '.join(map(str, service.lines))} ({service.code})"
            for service in outcome.without_policy
        ]
        if others:
            parts.append(f"No policy applies to {'; '.join(others)}: not decided here.")
    else:
        parts += [render_no_policy(service) for service in outcome.without_policy]
    if outcome.as_of is not None:
        parts.append(as_of_in_words(outcome.as_of))
    if not parts:
        parts.append(f"Claim {answer.claim_id}: no service lines; nothing to decide.")
    parts += [
        f"Settled ({one.code}): whatever the missing facts are, it will be {_BECOMES[exact.settled]}."
        for one, exact in zip(outcome.determinations, exactly, strict=True)
        if exact is not None and exact.settled is not None
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts).rstrip("\n")
