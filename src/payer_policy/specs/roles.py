"""Scenarios of a module: each runs for every policy that extends it, from that policy's own example.

`Given the role clean-claim of general/wastage` names no example but a role. Each policy has an example
for it: the one of that name beside it, or the one that its `roles` bind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.policy.composition import SCENARIO, withdrawals
from payer_policy.policy.library import Library
from payer_policy.specs.given import role
from payer_policy.specs.reading import FeatureFile
from payer_policy.specs.replay import Script, scripts_of


def scripts_in(files: Iterable[FeatureFile], library: Library) -> list[Script]:
    """The scenarios of some files in order, those of a module once for each policy that extends it.

    Args:
        files: Feature files.
        library: The policies; one that withdraws a scenario is left out of it.
    """
    return [
        one for file in files for script in scripts_of(file) for one in for_each(script, library)
    ]


def for_each(script: Script, library: Library) -> Iterator[Script]:
    """A scenario, or one of a module for each of the policies that it is about."""
    module = None if any(one.step is None for one in script.said) else module_of(script)
    extending = () if module is None else library.extending(module)
    if (
        not extending
    ):  # a scenario of no module, or one of a module that nothing extends, and says so
        yield script
    for address in extending:
        if script.place.scenario not in withdrawn_scenarios(library, address):
            yield replace(script, place=replace(script.place, policy=address))


def module_of(script: Script) -> str | None:
    """The module whose role a scenario starts from; None: it starts from something else."""
    for one in script.said:
        if one.step is not None and one.step.run is role:
            return one.arguments["module"]
    return None


def withdrawn_scenarios(library: Library, address: str) -> frozenset[str]:
    """The titles of the scenarios of modules that a policy withdraws.

    What a base withdraws is not withdrawn for its extensions: those may do what it does not.
    """
    return frozenset(
        entry.name.removeprefix(SCENARIO)
        for version in library.policies[address]
        for entry in withdrawals(version)
        if entry.name.startswith(SCENARIO)
    )


def withdrawn_without_effect(files: Iterable[FeatureFile], library: Library) -> list[Diagnostic]:
    """Every withdrawal of a scenario that is in none of the feature files.

    Args:
        files: All feature files.
        library: The policies.
    """
    titles: dict[str, set[str]] = {}
    for script in (script for file in files for script in scripts_of(file)):
        module = module_of(script)
        if module is not None:
            titles.setdefault(module, set()).add(script.place.scenario)
    found: list[Diagnostic] = []
    for address, versions in library.policies.items():
        known = {
            title
            for module in titles
            if address in library.extending(module, modules=True)
            for title in titles[module]
        }
        for version in versions:
            for name, path, _ in withdrawals(version):
                title = name.removeprefix(SCENARIO)
                if title == name or title in known:
                    continue
                message = f"there is no scenario `{title}` of a module that this policy extends"
                hint = did_you_mean(title, known) or "remove it"
                say = version.reporter(found.append)
                say("overlay-touches-nothing", message, path, key=True, hint=hint)
    return found
