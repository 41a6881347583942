"""The policy and the claims that all contenders get: made up, and the same for the same numbers.

A policy has blocks of 20 rules over 30 facts. Every block is about one service category, as real
policies are: its rules ask for the category first. A claim is about one category. Some facts of a
claim are not known.

    python benchmarks/peers/workload.py FOLDER --rules 20 --claims 1000

writes the policy as a policy folder, and the claims as JSON Lines and as Parquet.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

Claim = dict[str, Any]
Rule = dict[str, Any]

BLOCK = 20
UNKNOWN = 0.08
PAYER, CODE = "acme", "J1234"
BOOLEANS = [f"flag.b{n}" for n in range(9)]
INTEGERS = [f"count.i{n}" for n in range(5)]
DECIMALS = [f"dose.d{n}" for n in range(3)]
DATES = [f"day.t{n}" for n in range(4)]
CHOICES = [f"kind.c{n}" for n in range(3)]
CODES = [f"code.x{n}" for n in range(2)]
CATEGORY = "service.category"
VALUES = ("alpha", "beta", "gamma", "delta")
FIRST, LAST = dt.date(2025, 1, 1), dt.date(2025, 10, 28)
OPERATORS = ("is", "in", "at_least", "at_most", "on_or_before", "on_or_after")
"""All tests of the policy; the right side is a value, a list of values or `{"fact": …}`."""


def facts() -> dict[str, dict[str, Any]]:
    """The 30 facts, as a vocabulary declares them."""
    out: dict[str, dict[str, Any]] = {
        "coverage.payer": {"type": "code", "system": "identifier",
                           "from": {"request": "coverage.payer"}},
        "drug.code": {"type": "code", "system": "hcpcs", "from": {"service": "code"}},
        "service.date": {"type": "date", "from": {"service": "date"}},
        CATEGORY: {"type": "code"},
        **{name: {"type": "boolean"} for name in BOOLEANS},
        **{name: {"type": "integer"} for name in INTEGERS},
        **{name: {"type": "decimal"} for name in DECIMALS},
        **{name: {"type": "date"} for name in DATES},
        **{name: {"type": "choice", "values": list(VALUES)} for name in CHOICES},
        **{name: {"type": "code"} for name in CODES},
    }  # fmt: skip
    return {
        name: {**fact, "label": f"the {name}", "question": f"What is {name}?"}
        for name, fact in out.items()
    }


def rules(count: int, *, guarded: bool = True) -> list[Rule]:
    """So many rules: `id`, `block`, `when`, and what it `deny`s, `pend`s, `advise`s or `conclude`s.

    `guarded`: each asks for its block's category first. Else all are about every claim.
    """
    made = []
    for block in range(count // BLOCK):
        rng = random.Random(f"rules {block}")
        derived = [f"derived.b{block}_{n}" for n in range(2)]
        for number in range(BLOCK):
            tests = [_test(rng) for _ in range(rng.randint(2, 4))]
            when = {"any": tests[:2]} if rng.random() < 0.25 else {"all": tests[:2]}
            parts = [when, *tests[2:]]
            if number > 5 and rng.random() < 0.4:
                parts.append({"fact": rng.choice(derived), "is": True})
            if guarded:
                parts.insert(0, {"fact": CATEGORY, "is": f"C{block}"})
            rule: Rule = {"id": f"r{block:03}-{number:02}", "block": block, "when": {"all": parts}}
            if number < 4:
                rule["conclude"] = derived[number % 2]
            elif number < 13:
                rule["deny"] = {"group": "CO", "carc": ("50", "197", "151")[number % 3]}
            elif number < 17:
                rule["pend"] = True
            else:
                rule["advise"] = True
            made.append(rule)
    return made


def _test(rng: random.Random) -> dict[str, Any]:
    kind = rng.choice("bbiidttccx")
    if kind == "b":
        return {"fact": rng.choice(BOOLEANS), "is": rng.random() < 0.5}
    if kind == "i":
        return {"fact": rng.choice(INTEGERS), rng.choice(OPERATORS[2:4]): rng.randint(20, 80)}
    if kind == "d":
        return {"fact": rng.choice(DECIMALS), rng.choice(OPERATORS[2:4]): rng.randint(20, 80)}
    if kind == "t":
        first, second = rng.sample(DATES, 2)
        if rng.random() < 0.5:
            return {"fact": first, "on_or_before": {"fact": second}}
        return {"fact": first, "on_or_after": f"2025-0{rng.randint(2, 8)}-15"}
    if kind == "c":
        return {"fact": rng.choice(CHOICES), "in": sorted(rng.sample(VALUES, 2))}
    return {"fact": rng.choice(CODES), "is": f"K{rng.randint(0, 3)}"}


def claims(count: int, blocks: int, *, seed: int = 1) -> list[Claim]:
    """Claims as flat facts, with `id`; a fact that is not known is left out."""
    rng = random.Random(f"claims {seed}")
    days = (LAST - FIRST).days
    made = []
    for number in range(count):
        claim: Claim = {}
        for name in BOOLEANS:
            claim[name] = rng.random() < 0.5
        for name in INTEGERS:
            claim[name] = rng.randrange(100)
        for name in DECIMALS:
            claim[name] = Decimal(rng.randrange(1000)) / 10
        for name in DATES:
            claim[name] = FIRST + dt.timedelta(days=rng.randrange(days))
        for name in CHOICES:
            claim[name] = rng.choice(VALUES)
        for name in CODES:
            claim[name] = f"K{rng.randrange(8)}"
        known = {name: value for name, value in claim.items() if rng.random() >= UNKNOWN}
        made.append(
            {
                "id": f"CLAIM-{number:07}",
                "coverage.payer": PAYER,
                "drug.code": CODE,
                "service.date": FIRST + dt.timedelta(days=rng.randrange(days)),
                CATEGORY: f"C{rng.randrange(blocks)}",
                **known,
            }
        )
    return made


# --- files -----------------------------------------------------------------------------------------


def write_policy(folder: Path, made: list[Rule]) -> None:
    """The policy as a policy folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / PAYER / "policy").mkdir(parents=True)
    derived = {rule["conclude"]: None for rule in made if "conclude" in rule}
    vocabulary = {
        **facts(),
        **{name: {"type": "boolean", "derived": True, "otherwise": False, "label": f"the {name}"}
           for name in derived},
    }  # fmt: skip
    _write(folder / "vocabulary.json", {"title": "Made up", "facts": vocabulary})
    payer = {"name": "Acme (synthetic)", "synthetic": True, "identifiers": [],
             "lines_of_business": ["commercial"], "recognised_by_line_of_business": False}  # fmt: skip
    _write(folder / PAYER / "payer.json", payer)
    shutil.copytree(
        Path(__file__).parents[2] / "policies" / "reason_codes", folder / "reason_codes"
    )
    policy = {
        "title": "Made up",
        "effective": {"from": "2025-01-01", "through": None},
        "applies_to": {"fact": "drug.code", "in": [CODE]},
        "references": {"none": {"title": "Made up for a benchmark"}},
        "parameters": {},
        "rules": [_as_policy_rule(rule) for rule in made],
    }
    _write(folder / PAYER / "policy" / "2025-01-01.json", policy)


def _as_policy_rule(rule: Rule) -> dict[str, Any]:
    because = f"Made up for {rule['id']}."
    if "conclude" in rule:
        then: dict[str, Any] = {"conclude": {rule["conclude"]: True}}
    elif "deny" in rule:
        then = {"deny": {**rule["deny"], "rarc": ["N130"], "because": because}}
    else:
        then = {"pend" if "pend" in rule else "advise": {"because": because}}
    title = f"Rule {rule['id']}"
    return {"id": rule["id"], "title": title, "cites": ["none"], "when": rule["when"], "then": then}


def write_parquet(path: Path, count: int, blocks: int, *, chunk: int = 100_000) -> None:
    """Claims as a typed table; null where not known."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"boolean": pa.bool_(), "integer": pa.int64(), "decimal": pa.decimal128(12, 1),
             "date": pa.date32()}  # fmt: skip
    schema = pa.schema(
        [("id", pa.string())]
        + [(name, types.get(fact["type"], pa.string())) for name, fact in facts().items()]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, chunk):
            some = claims(min(chunk, count - start), blocks, seed=start + 1)
            for number, claim in enumerate(some, start):
                claim["id"] = f"CLAIM-{number:07}"
            writer.write_table(pa.Table.from_pylist(some, schema))


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def plain(claim: Claim) -> Claim:
    """A claim as JSON holds it: days as text, decimals as text."""
    return {
        name: value.isoformat()
        if isinstance(value, dt.date)
        else str(value)
        if isinstance(value, Decimal)
        else value
        for name, value in claim.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rules", type=int, default=20)
    parser.add_argument("--claims", type=int, default=1000)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    blocks = asked.rules // BLOCK
    write_policy(asked.folder / "policies", rules(asked.rules))
    with (asked.folder / "claims.jsonl").open("w", encoding="utf-8") as file:
        for claim in claims(asked.claims, blocks):
            id_ = claim.pop("id")
            file.write(json.dumps({"id": id_, "facts": plain(claim)}) + "\n")
    write_parquet(asked.folder / "claims.parquet", asked.claims, blocks)


if __name__ == "__main__":
    main()
