"""One policy with its bases, span by span: what it applies to, its rules, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonDocument, Report
from payer_policy.core.ruleset import Condition
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.basis import Basis, Typed
from payer_policy.policy.checks.asking import CODE as IS_KNOWN
from payer_policy.policy.checks.conclusions import (
    NEVER_CONCLUDED,
    check_concluded,
    check_conflicts,
    check_cycles,
)
from payer_policy.policy.checks.reasons import check_reason
from payer_policy.policy.checks.rules import RuleChecks, check_citations
from payer_policy.policy.checks.sections import check_sections
from payer_policy.policy.checks.sources import check_sources
from payer_policy.policy.checks.tables import check_tables
from payer_policy.policy.drug_codes import asks_about_drug, drug_codes
from payer_policy.policy.elaboration import Elaboration
from payer_policy.policy.local_facts import reporters
from payer_policy.policy.reference.data import DrugIdentity, ReferenceData
from payer_policy.policy.resolve import Resolver
from payer_policy.policy.versions import Merged, PolicyVersion

ACKNOWLEDGEABLE_PER_RULE: Final = (
    "never-holds",
    "hidden-by-overrides",
    "test-without-effect",
    "never-settled",
)
"""What `check --deep` warns of, which a file acknowledges for one rule as `code:rule`."""
CODE_IDENTITY: Final = "code-identity"


@dataclass(frozen=True)
class Surroundings:
    """What policies are checked against, and what of it could not be read."""

    basis: Basis
    service_code: str | None
    """The fact that is the drug code of the service."""
    unread_reasons: Set[str] = frozenset()
    unread_drugs: bool = False
    drug_documents: Mapping[str, JsonDocument] = field(default_factory=dict)
    conflicts: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def vocabulary(self) -> Vocabulary:
        return self.basis.vocabulary

    @property
    def reference(self) -> ReferenceData:
        return self.basis.reference


@dataclass
class Checked:
    """What the check of a policy found out on the way."""

    codes: frozenset[str] = frozenset()
    """The drug codes that it can apply to."""
    applies_to: list[tuple[Merged, Condition, frozenset[str]]] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)
    """Parameters that some rule uses, each with the name of every version that gives it a value."""
    unsound: bool = False
    elaborations: list[Elaboration] = field(default_factory=list)
    """One for each span, where all of them are sound."""


def check_policy(
    spans: Sequence[Merged], around: Surroundings, report: Report
) -> tuple[Checked, frozenset[tuple[str, ...]]]:
    """Check every span of a policy, rule by rule and across rules.

    Returns:
        What was found out, and the conflicts that need not be reported again.
    """
    out, before = Checked(), set(around.conflicts)
    acknowledged: dict[str, PolicyVersion] = {}
    warned: set[str] = set()
    for merged in spans:
        version = merged.version
        resolver = Resolver(merged, around.basis, report)
        applies_to = resolver.applies_to()
        if applies_to is None or None in resolver.parameters.values():
            out.unsound = True
        if applies_to is not None:
            codes = (
                frozenset()
                if version.abstract
                else drug_codes(merged, applies_to.made, around.basis)
            )
            if not version.abstract:
                out.applies_to.append((merged, applies_to.made, codes))
            out.codes |= codes
            _check_codes(merged, applies_to.made, codes, around, report)
            if CODE_IDENTITY in version.model.acknowledges:
                acknowledged[version.name] = version
            if _check_code_identity(merged, codes, around.reference, report):
                warned.add(version.name)
        _check_rules(merged, resolver, applies_to, out, around, report)
    for name, version in acknowledged.items():
        if name not in warned and not out.unsound and not around.unread_drugs:
            version.reporter(report)(
                "unused-acknowledgement",
                f"`{CODE_IDENTITY}` is acknowledged, but its codes mean what the policies take them "
                "to be",
                ("acknowledges", CODE_IDENTITY),
                key=True,
                warning=True,
                hint="remove it",
            )
    for version in {merged.version.name: merged.version for merged in spans}.values():
        _check_acknowledgements(version, report)
    return out, frozenset(around.conflicts - before)


def _check_rules(
    merged: Merged,
    resolver: Resolver,
    applies_to: Typed | None,
    out: Checked,
    around: Surroundings,
    report: Report,
) -> None:
    sources = resolver.basis.sources
    files, report_of = around.drug_documents, reporters(merged, report)
    names = [name for name in merged.facts if name in sources]
    check_sources(resolver.vocabulary, sources, around.reference, files, report_of, names)
    typed: dict[str, Typed] = {}
    for placed in merged.rules.values():
        found = resolver.rule(placed)
        if found is not None:
            typed[placed.model.id] = found
        if merged.own(placed):  # any other is checked with the policy of its file
            checks = RuleChecks(
                placed, merged, resolver.vocabulary, around.reference, around.unread_reasons, report
            )
            checks.check(None if found is None else found.made)
    _check_citations_of_parameters(merged, report)
    _check_information_request(merged, around, report)
    _check_ask_first(merged, resolver.vocabulary, report)
    service_code = around.service_code
    check_tables(
        merged,
        resolver.tables,
        resolver.basis.types,
        lambda key: out.codes if key == service_code else frozenset(),
        report,
    )
    check_cycles(merged, typed, report)
    rules = {id_: one.made for id_, one in typed.items()}
    check_conflicts(merged, rules, resolver.vocabulary, around.conflicts, report)
    elaboration = resolver.elaborated_from(applies_to, typed)
    if elaboration is None:
        out.unsound = True
    else:
        out.elaborations.append(elaboration)
        check_concluded(merged, typed, resolver.vocabulary, report)
        check_sections(merged, rules, resolver.vocabulary, report)
    used = [one.parameters for one in (*typed.values(), *([applies_to] if applies_to else ()))]
    for name in resolver.used_by_facts.union(*used):
        out.used.update((version.name, name) for version in merged.chain)


# --- drug codes ------------------------------------------------------------------------------------


def _check_codes(
    merged: Merged,
    condition: Condition,
    codes: frozenset[str],
    around: Surroundings,
    report_to: Report,
) -> None:
    placed = merged.applies_to
    if placed is None or placed.version is not merged.version:
        return  # reported for the file that gives `applies_to`
    report = placed.reporter(report_to)
    if not codes and around.service_code is not None and not merged.version.abstract:
        message = "`applies_to` does not say for which drug codes the policy is"
        if asks_about_drug(condition, around.basis):
            message = "`applies_to` holds for no drug of this folder"
        hint = f'add {{"fact": "{around.service_code}", "in": [ … ]}} to its `all`, or test an '
        hint += "attribute that files under drugs/ have"
        report("no-drug-code", message, key=True, hint=hint)
    for code in sorted(codes - set(around.reference.drugs)):
        if not around.unread_drugs:
            message = f"`applies_to` names {code}, but there is no file drugs/{code}.json"
            hint = "add it, so that the drug's billing unit and its official meaning are known"
            report("missing-file", message, key=True, warning=True, hint=hint)


def _check_code_identity(
    merged: Merged, codes: frozenset[str], reference: ReferenceData, report_to: Report
) -> bool:
    """Warn where the official list gives a code to another drug than the policies do.

    Returns:
        Whether there was something to warn of, even if it is acknowledged.
    """
    placed = merged.applies_to
    if placed is None or placed.version is not merged.version:
        return False  # the warning belongs to the file that names the code
    others = [
        (code, identity.value)
        for code in sorted(codes & set(reference.drugs))
        for identity in reference.drugs[code].identities
        if identity.overlaps(merged)
        and identity.value.source == "official"
        and _folded(identity.value.ingredient) != _folded(reference.drugs[code].ingredient)
    ]
    if CODE_IDENTITY not in merged.version.model.acknowledges:
        for code, official in others:
            message, hint = _other_drug(code, official, reference.drugs[code].ingredient)
            report = placed.reporter(report_to)
            report(CODE_IDENTITY, message, key=True, warning=True, hint=hint)
    return bool(others)


def _other_drug(code: str, official: DrugIdentity, ingredient: str | None) -> tuple[str, str]:
    """A sentence, and what to type."""
    listed = f"and the official list says: {official.says}"
    if ingredient is None:
        message = f"drugs/{code}.json has no `ingredient`, {listed}"
        return message, f'add "ingredient": "…" to drugs/{code}.json'
    message = f"the policies take {code} to be {ingredient}, but {listed.removeprefix('and ')}"
    hint = 'use the official code, or write "acknowledges": {"code-identity": "why this is meant"}'
    return message, hint


def _folded(ingredient: str | None) -> str | None:
    return None if ingredient is None else " ".join(ingredient.casefold().split())


def _check_acknowledgements(version: PolicyVersion, report_to: Report) -> None:
    rules = [rule.id for rule in version.model.rules]
    for name, reason in version.model.acknowledges.items():
        report = version.reporter(report_to, "", "acknowledges", name)
        code, _, rule = name.partition(":")
        of_a_rule = code in (*ACKNOWLEDGEABLE_PER_RULE, IS_KNOWN) and rule in rules
        if name != CODE_IDENTITY and code != NEVER_CONCLUDED and not of_a_rule:
            message = f"`{name}` is not a warning that can be acknowledged"
            known = (CODE_IDENTITY, *(f"{code}:{id_}" for id_ in rules if rule))
            hint = did_you_mean(name, known) or f"expected `{CODE_IDENTITY}`"
            report("unknown-key", message, key=True, hint=hint)
        elif not reason.strip():
            message = f"`{name}` is acknowledged without a reason"
            report("wrong-value", message, hint="say in words why this is meant")


# --- parameters and reasons of the policy as a whole -----------------------------------------------


def _check_citations_of_parameters(merged: Merged, report_to: Report) -> None:
    for name, placed in merged.parameters.items():
        report = placed.reporter(report_to, f"parameter `{name}`")
        check_citations(placed.model.cites, merged.references, report)


def _check_ask_first(merged: Merged, vocabulary: Vocabulary, report: Report) -> None:
    """What is asked first is a fact with few answers that a request can supply."""
    version = merged.version
    say = version.reporter(report, "", "ask_first")
    for index, name in enumerate(version.model.ask_first):
        fact = vocabulary.facts.get(name)
        if fact is None:
            message = f"`{name}` is not a fact"
            hint = did_you_mean(name, vocabulary.facts)
            say("unknown-fact", message, (index,), hint=hint)
        elif fact.derived or fact.type.kind not in ("choice", "boolean"):
            message = f"`{name}` cannot be asked first: it is {fact.type.describe()}"
            if fact.derived:
                message = f"`{name}` cannot be asked first: rules conclude it"
            hint = "name a choice, or a yes or no, that the request supplies"
            say("wrong-value", message, (index,), hint=hint)


def _check_information_request(merged: Merged, around: Surroundings, report: Report) -> None:
    version = merged.version
    reason = version.model.information_request
    if reason is not None:
        window = (version.first_day, version.last_day)
        say = version.reporter(report, "`information_request`", "information_request")
        check_reason(
            reason, "pend", window, around.reference, around.unread_reasons, say, of_a_rule=False
        )
