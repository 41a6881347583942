"""The first form of a file: what an analyst goes on from, and what `check` accepts as it is.

Each function returns the one file that it would write. `problems_of` says why it cannot be written: it is
there already, or `check` would not accept it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from payer_policy.core.diagnostics import Diagnostic, PayerPolicyError
from payer_policy.engine import Engine
from payer_policy.policy.library import Library
from payer_policy.policy.loading import (
    DRUGS,
    EXAMPLES,
    PAYER,
    load_folder,
    read_library,
)
from payer_policy.request.mappings import request_from_mapping
from payer_policy.specs.examples import example_problems
from payer_policy.specs.then import decided_as

_NUMERAL: Final = re.compile(r"(0|[1-9]\d{0,8})(\.\d{1,6})?", re.ASCII)


class NotStarted(PayerPolicyError):
    """A file cannot be begun: it is there already, or what it is about is not there."""


class NewFile(NamedTuple):
    """A file to write."""

    path: str
    """Below the folder of policies; of a scenario, below that of features."""
    text: str


def new_payer(name: str, title: str, identifiers: Sequence[str], synthetic: bool) -> NewFile:
    """A payer's own file, by which its claims are recognized.

    Args:
        name: Its folder.
        title: Its name as people know it.
        identifiers: Its payer ids.
        synthetic: Whether it is made up.
    """
    content: dict[str, Any] = {"name": title}
    if synthetic:
        content["synthetic"] = True
    content["identifiers"] = list(identifiers)
    return NewFile(f"{name}/{PAYER}", _json("payer", 1, content))


def new_drug(code: str, title: str, ingredient: str, amount: str, unit: str) -> NewFile:
    """A HCPCS code, and the drug that the policies take it to be.

    Args:
        code: The code.
        title: What it is, with the billing unit.
        ingredient: The active ingredient.
        amount: The amount of one billing unit, a number.
        unit: The unit of that amount, such as mg.

    Raises:
        NotStarted: The amount is not a number.
    """
    content = {
        "code": code,
        "title": title,
        "ingredient": ingredient,
        "billing_unit": {"amount": _number(amount), "unit": unit},
    }
    return NewFile(f"{DRUGS}/{code}.json", _json("drug", 1, content))


def new_policy(
    library: Library,
    address: str,
    title: str,
    first_day: date,
    codes: Sequence[str],
    bases: Sequence[str],
    source: str | None,
) -> NewFile:
    """The first version of a policy.

    Args:
        library: The policies that there are.
        address: `<owner>/<policy>`.
        title: What it is for.
        first_day: The first date of service on which it is in force.
        codes: The drug codes that it decides.
        bases: The modules and policies that it extends.
        source: The title of the payer's own policy, which its rules cite; None: it has no rule yet.
    """
    content: dict[str, Any] = {"title": title, "effective": {"from": first_day.isoformat()}}
    if bases:
        content["extends"] = list(bases)
    code = library.facts_by_source.get(("service", "code"), "")
    content["applies_to"] = {"fact": code, "in": list(codes)}
    if source is not None:
        content["references"] = {"policy": {"title": source}}
    content["rules"] = []
    return NewFile(f"{address}/{first_day.isoformat()}.json", _json("policy", 2, content))


def new_example(
    library: Library, address: str, name: str, day: date, units: str, diagnoses: Sequence[str]
) -> NewFile:
    """A synthetic claim with one line, which the policy decides.

    Args:
        library: The policies.
        address: The policy that decides it.
        name: The example's name.
        day: The date of service.
        units: The units billed.
        diagnoses: The ICD-10-CM codes on the claim.

    Raises:
        NotStarted: There is no such policy, or it has no code, or the units are not a number.
    """
    payer = library.reference.payers.get(address.partition("/")[0])
    codes = sorted(library.codes.get(address, ()))
    if payer is None or not codes:
        raise NotStarted(f"there is no policy `{address}` of a payer that decides a drug")
    coverage = {"payer": payer.folder}
    if len(payer.lines_of_business) == 1:
        coverage["line_of_business"] = payer.lines_of_business[0]
    content = {
        "kind": "claim",
        "coverage": coverage,
        "diagnoses": list(diagnoses),
        "lines": [{"code": codes[0], "units": _number(units), "date": day.isoformat()}],
    }
    return NewFile(f"{address}/{EXAMPLES}/{name}.json", _json("request", 3, content))


def new_scenario(library: Library, address: str, title: str, example: str) -> NewFile:
    """A feature file with one scenario: that an example is decided as it is decided now.

    Args:
        library: The policies.
        address: The policy that decides it.
        title: What the scenario says.
        example: The name of the example that it starts from.

    Returns:
        The file by its path below the folder of features.

    Raises:
        NotStarted: There is no such example, or the policy does not decide it.
    """
    document = library.examples.get(address, {}).get(example)
    if document is None:
        known = ", ".join(sorted(library.examples.get(address, {})))
        more = f"its examples are {known}" if known else "write one with `payer-policy new example`"
        raise NotStarted(f"{address} has no example `{example}`; {more}")
    given = {key: value for key, value in document.value.items() if key != "$schema"}
    outcome = Engine(library).decide(request_from_mapping(given))
    found = [one for one in outcome.determinations if one.policy.address == address]
    if not found:
        raise NotStarted(f"{address} does not decide its example `{example}`")
    payer = library.reference.payers[address.partition("/")[0]].name
    text = f"""Feature: {library.policies[address][-1].title}

  Scenario: {title}
    Given the example {example} of {payer} for {found[0].code}
    When the claim is decided
    Then it is {decided_as(found[0])}
"""
    return NewFile(f"{address}/{_slug(title)}.feature", text)


def problems_of(root: Path, file: NewFile) -> list[Diagnostic]:
    """What `check` would say of a new file that it does not say of the folder without it.

    Args:
        root: The folder of policies.
        file: The file.

    Raises:
        NotStarted: A file of that path is there, so nothing is to be written.
    """
    contents, problems = load_folder(root)
    if file.path in contents:
        message = f"{(root / file.path).as_posix()} exists, and nothing was written; edit it, or "
        raise NotStarted(f"{message}choose another name")
    before = {(one.code, one.message) for one in (*problems, *read_library(root, contents)[1])}
    library, after = read_library(root, {**contents, file.path: file.text.encode("utf-8")})
    found = [] if library is None else example_problems(library)
    return [
        one
        for one in (*after, *found)
        if one.severity == "error" and (one.code, one.message) not in before
    ]


def _json(schema: str, depth: int, content: Mapping[str, Any]) -> str:
    above = "../" * (depth + 1)
    whole = {"$schema": f"{above}schema/{schema}.schema.json", **content}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _number(text: str) -> Any:
    """A number as JSON writes it. So short a numeral is written as it was typed, also through a float."""
    if not _NUMERAL.fullmatch(text.strip()):
        raise NotStarted(f"`{text}` is not a number; write one such as 10 or 2.5, without its unit")
    return json.loads(text)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "scenario"
