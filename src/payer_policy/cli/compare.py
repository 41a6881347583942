"""`payer-policy compare`: what changed between two versions of policies, shown by requests."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from payer_policy.cli import options, playing

if TYPE_CHECKING:
    from payer_policy.analysis.compare import Change, Comparison
    from payer_policy.analysis.witness import Case
    from payer_policy.engine import Engine


WAITING_SHOWN: Final = 3


class Question(NamedTuple):
    """The two policies to compare, each on a day, and the last day that the answer is valid for."""

    old: tuple[str, date]
    new: tuple[str, date]
    last_day: date | None


@click.command("compare")
@click.argument("old")
@click.argument("new")
@options.policies_in_some_calls
@options.only_policies
@options.processes
@click.option("--brief", is_flag=True, help="Do not print scenarios.")
@options.as_json
def command(
    old: str,
    new: str,
    folder: Path,
    addresses: tuple[str, ...],
    processes: int | None,
    brief: bool,
    as_json: bool,
) -> None:
    """Compare OLD and NEW: for every kind of changed outcome the plainest request that shows it.

    OLD and NEW are two folders of policies, or two policies of one folder on a day, each as
    PAYER/POLICY@YYYY-MM-DD. Where every request gets the same decision, that is proved.

    Exit status 0: equivalent, proved; 1: something changed, or it is not proved; 2: the call was wrong.
    """
    folders = tuple(
        Path(one) if (Path(one) / "vocabulary.json").is_file() else None for one in (old, new)
    )
    if folders == (None, None):
        options.need_policies(folder)
    options.need_solver()
    from payer_policy.core.in_parallel import ask_each

    if folders[0] is not None and folders[1] is not None:
        open_ = partial(open_two, folders[0], folders[1])
        questions = list(_in_folders(*open_(), addresses))
    elif folders == (None, None):
        open_ = partial(open_two, folder, folder)
        questions = [Question(_address(old, "OLD"), _address(new, "NEW"), None)]
        _make_sure(open_()[0], questions[0])
    else:
        raise click.UsageError("compare two folders, or two policies as PAYER/POLICY@YYYY-MM-DD")
    results = list(ask_each(open_, questions, compared, processes=processes))
    if as_json:
        made = [
            _json(question, result) for question, result in zip(questions, results, strict=True)
        ]
        options.print_json({"schema": "payer-policy/compare/1", "comparisons": made})
    else:
        _print(questions, results, brief)
    sys.exit(0 if all(result.verdict == "equivalent" for result in results) else 1)


def open_two(old: Path, new: Path) -> tuple[Engine, Engine]:
    """Both folders; one engine where they are one."""
    from payer_policy.engine import Engine

    before = Engine.open(old)
    return before, before if old == new else Engine.open(new)


def compared(engines: tuple[Engine, Engine], question: Question) -> Comparison:
    """The answer to one question."""
    from payer_policy.analysis.compare import Side, compare

    return compare(Side(engines[0], *question.old), Side(engines[1], *question.new))


def _in_folders(old: Engine, new: Engine, addresses: Sequence[str]) -> Iterator[Question]:
    from payer_policy.analysis.compare import common_windows

    before, after = old.library, new.library
    chosen = options.chosen(
        after, [one for one in addresses if one not in before.addresses()] or addresses
    )
    for address in sorted({*before.addresses(), *after.addresses()}):
        if addresses and address not in addresses:
            continue
        if address not in before.policies or address not in after.policies:
            there = "new" if address in after.policies else "gone"
            click.echo(f"{address} is {there}: nothing to compare it with", err=True)
            continue
        if address in chosen:
            for first, last in common_windows(before, after, address):
                yield Question((address, first), (address, first), last)


def _address(text: str, which: str) -> tuple[str, date]:
    address, _, day = text.partition("@")
    try:
        return address, date.fromisoformat(day)
    except ValueError:
        raise click.BadParameter(
            f"`{text}` is neither a folder of policies nor PAYER/POLICY@YYYY-MM-DD",
            param_hint=which,
        ) from None


def _make_sure(engine: Engine, question: Question) -> None:
    for which, (address, day) in (("OLD", question.old), ("NEW", question.new)):
        library = engine.library
        options.chosen(library, [address])
        if library.ruleset(address, day) is None:
            windows = library.windows(address)
            spans = f"{windows[0][0]} – {windows[-1][1] or 'open end'}"
            raise click.BadParameter(
                f"`{address}` is not in force on {day}; it is for {spans}", param_hint=which
            )


# --- for people ------------------------------------------------------------------------------------


def _name(question: Question) -> str:
    if question.old == question.new:
        return f"{question.new[0]}, {options.window(question.new[1], question.last_day)}"
    return " → ".join(f"{address} on {day}" for address, day in (question.old, question.new))


def _signature(result: Comparison) -> tuple[Any, ...]:
    return (
        result.verdict,
        result.text,
        tuple((c.old, c.new, c.reasons_gone, c.reasons_come) for c in result.changes),
    )


def _print(questions: Sequence[Question], results: Sequence[Comparison], brief: bool) -> None:
    printed: dict[tuple[Any, ...], str] = {}
    for question, result in zip(questions, results, strict=True):
        name = _name(question)
        key = (question.new[0], _signature(result))
        if result.verdict == "equivalent":
            click.echo(
                f"{name}: equivalent, proved: every request gets the same decision and reason codes"
            )
            _text(result)
        elif key in printed:
            click.echo(f"{name}: the same as {printed[key]}")
        else:
            printed[key] = name
            click.echo(f"{name}: {result.verdict}")
            if result.why:
                click.echo(f"  {result.why}")
            _text(result)
            for change in result.changes:
                _change(change, brief)
    changed = sum(result.verdict != "equivalent" for result in results)
    click.echo(f"{len(results)} compared: {len(results) - changed} equivalent, {changed} not.")


def _text(result: Comparison) -> None:
    for change in result.text:
        sign, what = "~", f"{change.old} → {change.new}"
        if change.old is None:
            sign, what = "+", f"{change.new}"
        elif change.new is None:
            sign, what = "-", change.old
        elif change.subject == "rule":
            what = change.new
        click.echo(f"  {sign} {change.subject} {change.name}: {what}")


def _change(change: Change, brief: bool) -> None:
    click.echo("")
    click.echo(f"  {change.old} → {change.new}")
    for reason in change.reasons_gone:
        click.echo(f"    no longer: {reason}")
    for reason in change.reasons_come:
        click.echo(f"    now:       {reason}")
    for case, word in ((change.before, "before"), (change.after, "now")):
        for sentence in _sentences(case):
            click.echo(f"    {word}: {sentence}")
    if brief:
        click.echo("")
    else:
        playing.print_scenario(change.scenario, change.after.parts)


def _sentences(case: Case) -> Iterator[str]:
    made = case.determination
    for found in made.findings:
        if found.kind != "advise":
            yield found.because
    for waiting in made.unsettled[:WAITING_SHOWN]:
        yield f"waits for `{waiting.rule}` ({waiting.title})"
    if len(made.unsettled) > WAITING_SHOWN:
        yield f"waits for {len(made.unsettled) - WAITING_SHOWN} more rules"


# --- for programs ----------------------------------------------------------------------------------


def _json(question: Question, result: Comparison) -> dict[str, Any]:
    return {
        **{
            name: {"policy": address, "day": day.isoformat(), "hash": ruleset.hash}
            for name, (address, day), ruleset in (
                ("old", question.old, result.old),
                ("new", question.new, result.new),
            )
        },
        "last_day": None if question.last_day is None else question.last_day.isoformat(),
        "verdict": result.verdict,
        "why": result.why,
        "text": [asdict(change) for change in result.text],
        "changes": [
            {
                "old": change.old,
                "new": change.new,
                "reasons_gone": list(change.reasons_gone),
                "reasons_come": list(change.reasons_come),
                "request": change.after.request,
                "parts": None if change.after.parts is None else sorted(change.after.parts),
                "before": list(_sentences(change.before)),
                "after": list(_sentences(change.after)),
                "scenario": change.scenario,
            }
            for change in result.changes
        ],
    }
