"""Named examples: complete, synthetic requests in files beside the policies.

`policies/<payer>/<policy>/examples/<name>.json` is a request that a scenario may start from.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from payer_policy.core.diagnostics import Diagnostic, PolicyError, did_you_mean
from payer_policy.core.json_source import JsonDocument
from payer_policy.core.vocabulary.codes import normalize_code
from payer_policy.determination.words import listed
from payer_policy.engine import Engine
from payer_policy.formats.intake import Intake
from payer_policy.policy.library import Library
from payer_policy.policy.loading import EXAMPLES
from payer_policy.request.checking import validated_request
from payer_policy.request.models import Request
from payer_policy.specs.failures import Wrong


@dataclass(frozen=True, slots=True)
class Example:
    """A named request beside a policy."""

    address: str
    """The policy beside which it is."""
    name: str
    document: JsonDocument

    def request(self) -> dict[str, Any]:
        """The request as JSON, its codes in their one spelling; a copy that the caller may change.

        Raises:
            Wrong: It is not a valid request.
        """
        errors = [one for one in read_example(self.document)[1] if one.severity == "error"]
        if errors:
            problems = "\n".join(f"{one.location}: {one.message}" for one in errors)
            raise Wrong(
                f"the example `{self.name}` is not a valid request:\n{problems}",
                "to see all its problems: payer-policy check",
            )
        request: dict[str, Any] = deepcopy(self.document.value)
        request.pop("$schema", None)
        for line in request.get("lines", ()):
            if line["code"] is not None:
                line["code"] = normalize_code("hcpcs", line["code"])
            if "modifiers" in line:
                line["modifiers"] = [normalize_code("modifier", one) for one in line["modifiers"]]
        return request


@lru_cache(maxsize=1024)  # scenarios of every mutant start from the same few
def read_example(document: JsonDocument) -> tuple[Request | None, tuple[Diagnostic, ...]]:
    """The request of an example's file, and everything that is wrong with its form."""
    copy = JsonDocument(document.text, document.file, deepcopy(document.value))
    request, problems = validated_request(copy)
    return request, tuple(problems)


def examples_of(library: Library) -> list[Example]:
    """Every example of a policy folder, by address and name."""
    return [
        Example(address, name, document)
        for address, named in sorted(library.examples.items())
        for name, document in sorted(named.items())
    ]


def find_example(library: Library, name: str, addresses: tuple[str, ...] | None = None) -> Example:
    """The one example of that name.

    Args:
        library: The policies.
        name: The example's name.
        addresses: Only examples beside these policies; None: beside any.

    Raises:
        Wrong: There is none, or several policies have one of that name.
    """
    known = [one for one in examples_of(library) if addresses is None or one.address in addresses]
    found = [one for one in known if one.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        places = listed([one.address for one in found])
        advice = f"say whose it is: the example {name} of … for …"
        if addresses is not None:
            advice = "give one of the examples another name"
        raise Wrong(f"several policies have an example `{name}`: {places}", advice)
    names = sorted({one.name for one in known})
    listing = f"the examples are: {', '.join(names)}" if names else None
    where = "of any policy" if addresses is None else f"of {listed(addresses)}"
    raise Wrong(
        f"`{name}` is not an example {where}",
        did_you_mean(name, names)
        or listing
        or f"write it to <payer>/<policy>/examples/{name}.json, beside the policy",
    )


def example_of_role(library: Library, address: str, role: str) -> Example:
    """The example of a policy for a role that scenarios of modules start from.

    Raises:
        Wrong: It has none.
    """
    bound = library.spans[address][-1].roles.get(role)
    name = role if bound is None else bound.model
    document = library.examples.get(address, {}).get(name)
    if document is None:
        known = sorted(library.examples.get(address, {}))
        near = f", such as `{known[0]}`" if known else ""
        raise Wrong(
            f"{address} has no example for the role `{role}`",
            f'add "roles": {{"{role}": "…"}} to the policy, with an example of its own{near}; or write '
            f"{address}/{EXAMPLES}/{role}.json; or withdraw the scenario",
        )
    return Example(address, name, document)


def _role_problems(library: Library) -> Iterator[Diagnostic]:
    """The roles that a policy binds to an example which it does not have."""
    for address, versions in library.policies.items():
        known = library.examples.get(address, {})
        for version in versions:
            for role, name in version.model.roles.items():
                if name not in known and not library.is_module(address):
                    message = f"role `{role}`: the policy {address} has no example `{name}`"
                    hint = did_you_mean(name, known) or f"write {address}/{EXAMPLES}/{name}.json"
                    yield version.document.problem(
                        "unknown-value", message, ("roles", role), hint=hint
                    )


def example_problems(library: Library) -> list[Diagnostic]:
    """Everything that is wrong with the examples of a policy folder, in file order.

    An example must be a valid request that the policy beside it decides.
    """
    engine = Engine(library)
    return sorted(
        [
            *_role_problems(library),
            *(
                replace(problem, code="wrong-example") if problem.severity == "error" else problem
                for example in examples_of(library)
                for problem in _problems(example, engine)
            ),
        ],
        key=Diagnostic.sort_key,
    )


def _problems(example: Example, engine: Engine) -> Iterator[Diagnostic]:
    document = example.document
    request, problems = read_example(document)
    yield from problems
    if request is None or any(problem.severity == "error" for problem in problems):
        return
    try:
        decided, without = engine.decide_fully(request)
    except PolicyError as error:
        read = Intake(None, document.locate(), request, locators=(document.locate,))
        yield from map(read.placed, error.diagnostics)
        return
    if all(one.determination.policy.address != example.address for one in decided):
        near = [sentence for one in without for sentence in one.near]
        message = f"the policy {example.address} does not decide this example"
        yield document.problem("wrong-example", message, hint="; ".join(near) or None)
