"""payer-policy itself, by the `compiled` engine: from a request as JSON, and from typed facts.

The first row is what a service calls: the request is read and checked field by field, the policy is
found by payer, code and day. The second gives an already chosen policy facts that are already exact.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from halves import Answer
from tables import Finding, by_claim
from workload import PAYER, Policy, typed_facts, write_folder

from contenders import About, Decide, Lines, Shape

DAY = date(2025, 7, 1)


def folder_of(policy: Policy, folder: Path) -> Path:
    kind = policy.guard.partition(".")[0] if policy.guarded else "unguarded"
    made = folder / f"policies-{len(policy.rules)}-{kind}"
    write_folder(made, [policy])
    return made


def build(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    from payer_policy import Engine

    engine = Engine.open(folder_of(policy, folder))

    def decide(request: Any) -> Any:
        (found,) = engine.decide(request).determinations
        return found.decision, [(one.rule, one.carc, one.rarcs) for one in found.findings]

    return (lambda request: request), decide


def build_lines(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    from payer_policy import Engine

    engine = Engine.open(folder_of(policy, folder))

    def decide(request: Any) -> Any:
        return sorted(
            (
                found.code,
                found.service_date.isoformat(),
                found.decision,
                [(one.rule, one.carc, one.rarcs) for one in found.findings],
            )
            for found in engine.decide(request).determinations
        )

    return (lambda request: request), decide


def build_facts(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    from payer_policy import Engine

    engine = Engine.open(folder_of(policy, folder))
    if not hasattr(engine, "policy"):
        raise NotImplementedError("this version has no call from typed facts")
    chosen = engine.policy(f"{PAYER}/sample-{policy.code.lower()}", DAY)

    def shape(request: dict[str, Any]) -> Any:
        facts = typed_facts(policy, request["facts"])
        return request["id"], {name: value for name, value in facts.items() if value is not None}

    def decide(claim: Any) -> Any:
        name, facts = claim
        found = chosen.decide(facts, name)
        return found.decision, [(one.rule, one.carc, one.rarcs) for one in found.findings]

    return shape, decide


_SAYS: Any = {
    "unknown": "its own truth value: pends, and asks",
    "reasons": "yes, with sentence and citation",
    "proof": "yes: a tree in English, on demand",
    "dates": "yes",
}
ABOUT = [
    About(
        name="payer-policy",
        title="payer-policy, from a request as JSON",
        needs=(".",),
        note="Every value is read and checked; also sentences, citations, questions, policy hash.",
        build=build,
        unguarded=True,
        lines=Lines(
            build_lines, note="The request as it arrives; every field of every line is checked."
        ),
        **_SAYS,
    ),
    About(
        name="payer-policy-facts",
        title="payer-policy, from typed facts",
        needs=(".",),
        note="The same answer from facts that are exact already, by a policy chosen beforehand.",
        build=build_facts,
        unguarded=True,
        **_SAYS,
    ),
]


def batch(policy: Policy, folder: Path, claims: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "payer_policy", "batch", str(claims), "-o", str(out)]
    command += ["--policies", str(folder_of(policy, folder)), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No such command" in done.stderr:
        raise NotImplementedError("not installed: this version has no `payer-policy batch`")
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])


def read(out: Path) -> list[Answer]:
    import pyarrow.dataset as ds

    columns = ["record", "decision", "findings", "reasons"]
    rows = ds.dataset(out / "rows").to_table(columns=columns).to_pylist()
    rows.sort(key=lambda row: row["record"])
    return [(row["decision"], _findings(row)) for row in rows]


def read_of_lines(out: Path) -> list[Any]:
    import pyarrow.dataset as ds

    columns = ["record", "code", "service_date", "decision", "findings", "reasons"]
    rows = ds.dataset(out / "rows").to_table(columns=columns).to_pylist()
    return by_claim(
        (row["record"], row["code"], str(row["service_date"]), row["decision"], _findings(row))
        for row in rows
    )


def _findings(row: dict[str, Any]) -> list[Finding]:
    return list(map(_finding, row["findings"], row["reasons"]))


def _finding(rule: str, reason: str) -> tuple[str, str | None, tuple[str, ...]]:
    """`deny CO 16 N822 MA130`, or without group and CARC: `advise N130`."""
    _, *codes = reason.split()
    if codes[:1] == ["CO"]:
        return rule, codes[1], tuple(codes[2:])
    return rule, None, tuple(codes)


ABOUT.append(
    About(
        name="payer-policy-batch",
        title="`payer-policy batch`",
        needs=(".[batch]",),
        note="The whole command, from reading and checking the policies on. Every cell is checked; "
        "writes 19 columns (questions, waiting rules, policy hash …), a journal and a summary.",
        batch=batch,
        read=read,
        lines=Lines(
            batch=batch, read=read_of_lines, note="The same command; a table of claim lines."
        ),
        **_SAYS,
    )
)
