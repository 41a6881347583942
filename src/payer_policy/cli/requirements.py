"""`payer-policy requirements`: what a policy asks before there is a claim, as a checklist."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.cli.deciding import today
from payer_policy.determination.interview import Item
from payer_policy.determination.words import counted, in_words


@click.command("requirements")
@click.argument("payer")
@click.argument("code")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="YYYY-MM-DD [default: today]"
)
@click.option(
    "--preauthorization", is_flag=True, help="For a preauthorization request, not a claim."
)
@options.policies
@options.engine()
@options.as_json
def command(
    payer: str,
    code: str,
    day: datetime | None,
    preauthorization: bool,
    folder: Path,
    engine: str | None,
    as_json: bool,
) -> None:
    """What the policy of PAYER for CODE asks, with nothing known: first the question that splits the
    case, then what each answer needs.

    Exit status 0: there is such a policy; 1: there is none.
    """
    from payer_policy.request.mappings import question_about

    opened = options.open_engine(folder, engine)
    date_ = today() if day is None else day.date()
    question = {"payer": payer, "code": code.upper(), "service_date": date_.isoformat()}
    if preauthorization:
        question["kind"] = "preauthorization"
    request = question_about(opened.library, question)
    outcome = opened.decide(request)
    if not outcome.determinations:
        click.echo(f"no policy of `{payer}` decides {code.upper()} on {date_}", err=True)
        sys.exit(1)
    found = zip(outcome.determinations, opened.interviews(request, whole=True), strict=True)
    for made, items in found:
        if as_json:
            content = {
                "schema": "payer-policy/interview/1",
                "policy": made.policy.to_json(),
                "interview": [item.to_json() for item in items],
            }
            options.print_json(content, indent=None)
            continue
        click.echo(f"{made.policy.title} ({made.policy.address}), {made.code} on {date_}")
        click.echo("\n".join(_lines(items, 1)) or "  Nothing is asked.")


def _lines(items: Sequence[Item], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for item in items:
        if item.question is None:
            how = "one" if item.enough == 1 else str(item.enough)
            yield f"{indent}[ ] {how} of these {len(item.one_of)}:"
            for way in item.one_of:
                yield from _lines(way, depth + 2)
            continue
        yield f"{indent}[ ] {item.question.question}"
        for answer in item.answers:
            value = in_words(answer.value)
            then = f"then {counted(answer.left, 'question')}" if answer.left else answer.decision
            yield f"{indent}    {value}: {then}"
            yield from _lines(answer.then, depth + 4)
