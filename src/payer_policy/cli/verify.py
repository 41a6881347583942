"""`payer-policy verify`: every step of recorded determinations, checked against the policy files."""

from __future__ import annotations

import json
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import click

from payer_policy.audit.checker import Verified, Verifier
from payer_policy.cli import options
from payer_policy.core.sealed import Wrong, at
from payer_policy.policy.loading import open_library

_SHOWN: Final = 20
"""The maximum number of wrong steps listed for people; all of them are in the JSON."""
_STEPS: Final = {
    "rules": "rule `{}`",
    "tests": "test {}",
    "read": "value of `{}`",
    "facts": "fact `{}`",
    "derived": "derived fact `{}`",
    "settled_by": "settled by `{}`",
    "overridden_by": "overridden by `{}`",
    "lines": "line {}",
    "left": "left by `{}`",
    "findings": "finding `{}`",
    "unsettled": "unsettled rule `{}`",
    "assumptions": "assumption `{}`",
    "missing": "question `{}`",
    "citations": "citation `{}`",
    "meaning": "part `{}` of the policy",
    "sha256": "hash of the record",
    "bytes": "bytes of the record",
    "records": "records of the request",
    "answers": "answers of the request on this service",
    "candidates": "policy `{}`",
}


@click.command("verify")
@click.argument("record")
@options.policies
@options.as_json
def command(record: str, folder: Path, as_json: bool) -> None:
    """Check each record in RECORD, as written by `decide --record`, or - for stdin.

    The checker has its own implementation of what a policy means, and runs no engine. It reports the
    steps that do not follow from the policy files and the recorded facts, what is missing, and what it
    could not check. Exit status 0: everything was checked and follows; 1: something is wrong, missing
    or damaged, or was not checked; 2: the call was wrong.
    """
    data = options.read_bytes(record)
    if not data:
        raise click.UsageError(f"{record}: contains no record; `decide --record` writes them")
    verifier = Verifier(open_library(folder))
    checked = verifier.verify_all(BytesIO(data).readlines())
    answers = [_json(number, one) for number, one in enumerate(checked, 1)]
    value = {"schema": "payer-policy/verification/1", "records": answers}
    options.report(as_json, value, (_text(number, one) for number, one in enumerate(checked, 1)))
    sys.exit(1 if any(one.wrong or one.unchecked for one in checked) else 0)


def _json(number: int, one: Verified) -> dict[str, Any]:
    address = at(one.content, "policy", "address")
    return {
        "record": number,
        "request": one.content.get("request"),
        "policy": address if isinstance(address, str) and "policy" in one.content else None,
        "checked": one.steps,
        "policy_changed": _changed(one),
        "wrong": [
            {
                "step": step_name(wrong),
                "path": list(wrong.path),
                "recorded": wrong.recorded,
                "follows": wrong.found,
                "file": wrong.file,
            }
            for wrong in one.wrong
        ],
        "not_checked": list(one.unchecked),
    }


def _text(number: int, one: Verified) -> str:
    content = one.content
    about = "no policy found" if "without_policy" in content else "determination"
    if "policy" in content:
        about = f"{at(content, 'policy', 'address')}, {at(content, 'determination', 'decision')}"
    claim = content.get("request", "not known")
    out = [f"Record {number}, {'no claim number' if claim is None else f'claim {claim}'}: {about}"]
    not_checked = [f"  Not checked: {what}." for what in one.unchecked]
    if not one.wrong:
        out.append(f"  {one.steps:,} recorded values checked: {_right(one)}")
        return "\n".join([*out, *not_checked])
    steps = "1 step is" if len(one.wrong) == 1 else f"{len(one.wrong):,} steps are"
    out.append(f"  {one.steps:,} recorded values checked: {steps} wrong.")
    if (changed := _changed(one)) is not None:
        what = f"changed: {', '.join(changed)}" if changed else "but each part is unchanged"
        out.append(f"  The policy files do not have the recorded hash; {what}.")
    for wrong in one.wrong[:_SHOWN]:
        out.append(f"  {step_name(wrong)}{f' ({wrong.file})' if wrong.file else ''}")
        out.append(f"    recorded: {_short(wrong.recorded)}")
        out.append(f"    follows:  {_short(wrong.found)}")
    if len(one.wrong) > _SHOWN:
        out.append(f"  … and {len(one.wrong) - _SHOWN:,} more (all of them: --json)")
    return "\n".join([*out, *not_checked])


def _right(one: Verified) -> str:
    if one.unchecked:
        return "no errors were found, but not everything could be checked."
    if "without_policy" in one.content:
        return "every step follows: no policy in the folder applies."
    return "every step follows."


def _changed(one: Verified) -> list[str] | None:
    """The parts of the policy that changed after the record was made; None: it has the recorded hash."""
    paths = {wrong.path: wrong.file for wrong in one.wrong}
    if ("policy", "hash") not in paths:
        return None
    changed = [f"part `{path[1]}`" for path in paths if path[:1] == ("meaning",)]
    for path, file in paths.items():
        if path[:2] == ("proof", "rules") and (path[3:] == ("hash",) or len(path) == 3):
            changed.append(f"rule `{path[2]}` in {file}")
    return changed


def step_name(wrong: Wrong) -> str:
    """A step in words: `rule x, test when.all[0], truth`."""
    parts, path = [], [key for key in wrong.path if key != "proof"]
    while path:
        key = path.pop(0)
        words = _STEPS.get(key, key.replace("_", " "))
        parts.append(words.format(path.pop(0)) if "{}" in words and path else words)
    return ", ".join(parts)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"
