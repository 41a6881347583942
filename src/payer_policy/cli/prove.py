"""`payer-policy prove`: statements about policies, each proved or broken by an example."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from payer_policy.cli import options, playing
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.determination.words import counted

if TYPE_CHECKING:
    from payer_policy.analysis.prove import Proof
    from payer_policy.engine import Engine
    from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library


@click.command("prove")
@click.argument("statements", nargs=-1)
@options.policies
@options.only_policies
@options.processes
@options.as_json
def command(
    statements: tuple[str, ...],
    folder: Path,
    addresses: tuple[str, ...],
    processes: int | None,
    as_json: bool,
) -> None:
    """Prove the STATEMENTS about the policies (statements.json) for every possible request.

    Each is proved for each policy, overlay and window of dates; or it is broken, and the plainest
    request that breaks it is shown as a scenario; or it is not proved, with the reason.

    Exit status 0: all are proved; 1: some are not; 2: the call was wrong.
    """
    options.need_solver()
    from payer_policy.core.in_parallel import ask_each
    from payer_policy.engine import Engine

    library = open_library(folder)
    chosen = options.chosen(library, addresses)
    _known(library, statements)
    questions = [(address, statements) for address in chosen]
    proofs = [
        proof
        for found in ask_each(
            partial(Engine.open, folder), questions, proofs_of, processes=processes
        )
        for proof in found
    ]
    if as_json:
        options.print_json(
            {"schema": "payer-policy/prove/1", "proofs": [_json(proof) for proof in proofs]}
        )
    else:
        _print(proofs)
    sys.exit(0 if all(proof.verdict == "proved" for proof in proofs) else 1)


def proofs_of(engine: Engine, question: tuple[str, Sequence[str]]) -> list[Proof]:
    """The proofs of one policy's statements, in a process of its own."""
    from payer_policy.analysis.prove import prove

    address, only = question
    return list(prove(engine, address, only))


def _known(library: Library, statements: Iterable[str]) -> None:
    known = sorted(
        {one.id for file in library.statements.values() for one in file.model.statements}
    )
    for id_ in statements:
        if id_ not in known:
            hint = did_you_mean(id_, known) or f"there are {', '.join(known) or 'none'}"
            raise click.UsageError(f"`{id_}` is not a statement of this folder; {hint}")


def _print(proofs: Sequence[Proof]) -> None:
    groups: dict[tuple[str, str], list[Proof]] = {}
    for proof in proofs:
        groups.setdefault((proof.policy, proof.statement.id), []).append(proof)
    printed = None
    for (policy, _), mine in groups.items():
        if policy != printed:
            printed = policy
            click.echo(policy)
        bad = [proof for proof in mine if proof.verdict != "proved"]
        if bad:
            _print_unproved(bad)
        else:
            reasons = {proof.why or "" for proof in mine}
            note = f" ({reasons.pop()})" if len(reasons) == 1 and "" not in reasons else ""
            windows = f"{counted(len(mine), 'window')} of dates"
            click.echo(f"  proved      {mine[0].statement.title}  [{windows}]{note}")
    good = sum(proof.verdict == "proved" for proof in proofs)
    policies = len({proof.policy for proof in proofs})
    statements = counted(len({proof.statement.id for proof in proofs}), "statement")
    click.echo(
        f"{good} of {len(proofs)} proved: {statements} about "
        f"{policies} {'policy' if policies == 1 else 'policies'}, each on every window of dates."
        if proofs
        else "No policy has statements: write them into statements.json in its folder."
    )


def _print_unproved(proofs: Sequence[Proof]) -> None:
    """Print the windows in which a statement is not proved, and its first counterexample."""
    shown = False
    for proof in proofs:
        window = options.window(proof.first_day, proof.last_day)
        click.echo(f"  {proof.verdict.upper():<11} {proof.statement.title}  [{window}]")
        if proof.why:
            click.echo(f"              {proof.why}")
        found = proof.counterexample
        if found is not None and not shown:
            shown = True
            playing.print_scenario(found.scenario, found.case.parts)


def _json(proof: Proof) -> dict[str, Any]:
    made: dict[str, Any] = {
        "policy": proof.policy,
        "statement": proof.statement.id,
        "title": proof.statement.title,
        "beside": proof.statement.origin,
        "first_day": proof.first_day.isoformat(),
        "last_day": None if proof.last_day is None else proof.last_day.isoformat(),
        "verdict": proof.verdict,
        "why": proof.why,
    }
    found = proof.counterexample
    if found is not None:
        made["counterexample"] = {
            "request": found.case.request,
            "parts": None if found.case.parts is None else sorted(found.case.parts),
            "later_request": None if found.later is None else found.later.request,
            "decision": found.case.determination.decision,
            "scenario": found.scenario,
        }
    return made
