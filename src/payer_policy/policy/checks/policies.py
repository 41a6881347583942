"""One policy with its bases, span by span: what it applies to, its rules, and its parameters."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.ruleset import All, Condition, Constant, Test
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.basis import Basis, Typed
from payer_policy.policy.checks.asking import CODE as IS_KNOWN
from payer_policy.policy.checks.conclusions import check_concluded, check_conflicts, check_cycles
from payer_policy.policy.checks.reasons import check_reason
from payer_policy.policy.checks.rules import RuleChecks
from payer_policy.policy.checks.sections import check_sections
from payer_policy.policy.elaboration import Elaboration
from payer_policy.policy.reference import ReferenceData
from payer_policy.policy.resolve import Resolver
from payer_policy.policy.versions import Merged, PolicyVersion, ReportDiagnostic, Span

OF_A_RULE: Final = ("never-holds", "hidden-by-overrides", "test-without-effect", "never-settled")
"""What `check --deep` warns of, which a file acknowledges for one rule as `code:rule`."""
CODE_IDENTITY = "code-identity"


@dataclass(frozen=True)
class Surroundings:
    """What policies are checked against, and what of it could not be read."""

    basis: Basis
    service_code: str | None
    """The fact that is the drug code of the service."""
    unread_reasons: Set[str] = frozenset()
    unread_drugs: bool = False
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
    applies_to: list[tuple[Span, Condition, frozenset[str]]] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)
    """Parameters that some rule uses, each with the name of every version that gives it a value."""
    unsound: bool = False
    elaborations: list[Elaboration] = field(default_factory=list)
    """One for each span, where all of them are sound."""


def check_policy(
    spans: Sequence[Span], around: Surroundings, report: ReportDiagnostic
) -> tuple[Checked, frozenset[tuple[str, ...]]]:
    """Check every span of a policy, rule by rule and across rules.

    Returns what was found out, and the conflicts that nobody need report again.
    """
    out, before = Checked(), set(around.conflicts)
    acknowledged: dict[str, PolicyVersion] = {}
    warned: set[str] = set()
    for span in spans:
        merged = span.merged
        resolver = Resolver(merged, around.basis, report)
        if None in resolver.parameters.values():
            out.unsound = True
        applies_to = resolver.applies_to()
        if applies_to is None:
            out.unsound = True
        else:
            condition: Condition = applies_to.made
            codes = _drug_codes(condition, around)
            out.applies_to.append((span, condition, codes))
            out.codes |= codes
            _check_codes(merged, codes, around, report)
            if CODE_IDENTITY in merged.version.model.acknowledges:
                acknowledged[merged.version.name] = merged.version
            if _check_code_identity(span, codes, around.reference, report):
                warned.add(merged.version.name)
        _check_rules(span, resolver, applies_to, out, around, report)
    for name, version in acknowledged.items():
        if name not in warned and not out.unsound and not around.unread_drugs:
            _unused_acknowledgement(version, report)
    _check_acknowledgements(spans, report)
    return out, frozenset(around.conflicts - before)


def _check_rules(
    span: Span,
    resolver: Resolver,
    applies_to: Typed | None,
    out: Checked,
    around: Surroundings,
    report: ReportDiagnostic,
) -> None:
    merged = span.merged
    typed: dict[str, Typed] = {}
    for placed in merged.rules.values():
        found = resolver.rule(placed)
        if found is not None:
            typed[placed.model.id] = found
        if placed.version is merged.version:  # any other is checked with the policy of its file
            checks = RuleChecks(
                placed, merged, around.vocabulary, around.reference, around.unread_reasons, report
            )
            checks.check(None if found is None else found.made)
    _check_citations_of_parameters(merged, report)
    _check_information_request(merged, around, report)
    check_cycles(merged, typed, report)
    rules = {id_: one.made for id_, one in typed.items()}
    check_conflicts(merged, rules, around.vocabulary, around.conflicts, report)
    elaboration = resolver.elaborated_from(applies_to, typed)
    if elaboration is None:
        out.unsound = True
    else:
        out.elaborations.append(elaboration)
        check_concluded(merged, typed, around.vocabulary, report)
        check_sections(merged, rules, around.vocabulary, report)
    used = [one.parameters for one in (*typed.values(), *([applies_to] if applies_to else ()))]
    for name in frozenset().union(*used):
        out.used.update((version.name, name) for version in merged.chain)


# --- drug codes ------------------------------------------------------------------------------------


def _drug_codes(condition: Condition, around: Surroundings) -> frozenset[str]:
    """The codes that `applies_to` asks for, at its top or in its `all`."""
    parts = condition.parts if isinstance(condition, All) else (condition,)
    for part in parts:
        if (
            isinstance(part, Test)
            and part.fact == around.service_code
            and part.operator in ("is", "in")
            and isinstance(side := part.right[0], Constant)
        ):
            kind, _, name = (side.name or "").partition(":")
            if kind == "code_set":  # all that it lists, on whatever days
                listed = around.reference.code_sets[name].codes
                return frozenset(entry.value for entry in listed)
            return side.value if isinstance(side.value, frozenset) else frozenset({str(side.value)})
    return frozenset()


def _check_codes(
    merged: Merged, codes: frozenset[str], around: Surroundings, report: ReportDiagnostic
) -> None:
    placed = merged.applies_to
    if placed is None or placed.version is not merged.version:
        return  # said for the file that gives `applies_to`
    document = placed.version.document
    if not codes and around.service_code is not None:
        report(
            document.problem(
                "no-drug-code",
                "`applies_to` does not say for which drug codes the policy is",
                placed.path,
                key=True,
                hint=f'add {{"fact": "{around.service_code}", "in": [ … ]}} to its `all`',
            )
        )
    for code in sorted(codes - set(around.reference.drugs)):
        if not around.unread_drugs:
            report(
                document.problem(
                    "missing-file",
                    f"`applies_to` names {code}, but there is no file drugs/{code}.json",
                    placed.path,
                    key=True,
                    warning=True,
                    hint="add it, so that the drug's billing unit and its official meaning are known",
                )
            )


def _check_code_identity(
    span: Span, codes: frozenset[str], reference: ReferenceData, report: ReportDiagnostic
) -> bool:
    """Warn where the official list gives a code to another drug than the policies take it for.

    Returns whether there was something to warn of, even if it is acknowledged.
    """
    merged = span.merged
    placed = merged.applies_to
    if placed is None or placed.version is not merged.version:
        return False  # the warning belongs to the file that names the code
    found = False
    for code in sorted(codes & set(reference.drugs)):
        drug = reference.drugs[code]
        for identity in drug.identities:
            official = identity.value
            if (
                official.source != "official"
                or _folded(official.ingredient) == _folded(drug.ingredient)
                or (identity.last_day is not None and identity.last_day < span.first_day)
                or (identity.first_day and span.last_day and identity.first_day > span.last_day)
            ):
                continue
            found = True
            if CODE_IDENTITY not in merged.version.model.acknowledges:
                message = f"the policies take {code} for {drug.ingredient}, but the official list "
                hint = "use the official code, or write "
                hint += '"acknowledges": {"code-identity": "why this is meant"}'
                if drug.ingredient is None:
                    message = f"drugs/{code}.json has no `ingredient`, and the official list "
                    hint = f'add "ingredient": "…" to drugs/{code}.json'
                report(
                    placed.version.document.problem(
                        CODE_IDENTITY,
                        f"{message}says: {official.says}",
                        placed.path,
                        key=True,
                        warning=True,
                        hint=hint,
                    )
                )
    return found


def _folded(ingredient: str | None) -> str | None:
    return None if ingredient is None else " ".join(ingredient.casefold().split())


def _unused_acknowledgement(version: PolicyVersion, report: ReportDiagnostic) -> None:
    report(
        version.document.problem(
            "unused-acknowledgement",
            f"`{CODE_IDENTITY}` is acknowledged, but its codes mean what the policies take them for",
            ("acknowledges", CODE_IDENTITY),
            key=True,
            warning=True,
            hint="remove it",
        )
    )


def _check_acknowledgements(spans: Sequence[Span], report: ReportDiagnostic) -> None:
    for version in dict.fromkeys(span.merged.version.name for span in spans):
        made = next(span.merged.version for span in spans if span.merged.version.name == version)
        for name, reason in made.model.acknowledges.items():
            path = ("acknowledges", name)
            code, _, rule = name.partition(":")
            of_a_rule = code in (*OF_A_RULE, IS_KNOWN) and rule in {
                one.id for one in made.model.rules
            }
            if name != CODE_IDENTITY and not of_a_rule:
                message = f"`{name}` is no warning that can be acknowledged"
                known = (CODE_IDENTITY, *(f"{code}:{one.id}" for one in made.model.rules if rule))
                hint = did_you_mean(name, known) or f"expected `{CODE_IDENTITY}`"
                report(made.document.problem("unknown-key", message, path, key=True, hint=hint))
            elif not reason.strip():
                message = f"`{name}` is acknowledged without a reason"
                hint = "say in words why this is meant"
                report(made.document.problem("wrong-value", message, path, hint=hint))


# --- parameters and reasons of the policy as a whole -----------------------------------------------


def _check_citations_of_parameters(merged: Merged, report: ReportDiagnostic) -> None:
    for name, placed in merged.parameters.items():
        cites = placed.value.cites
        for index, cited in enumerate(cites):
            path = (*placed.path, "cites", index)
            document = placed.version.document
            if cited not in merged.references:
                message = f"parameter `{name}`: `{cited}` is not among the references"
                hint = did_you_mean(cited, merged.references)
                hint = hint or f'add it to "references": {{"{cited}": …}}'
                report(document.problem("unknown-citation", message, path, hint=hint))
            elif cited in cites[:index]:
                message = f"parameter `{name}`: `{cited}` stands twice in `cites`"
                report(document.problem("duplicate-entry", message, path, hint="keep one"))


def _check_information_request(
    merged: Merged, around: Surroundings, report: ReportDiagnostic
) -> None:
    version = merged.version
    reason = version.model.information_request
    if reason is None:
        return

    def problem(code: str, message: str, *path: str | int, **more: Any) -> None:
        where = ("information_request", *path)
        text = f"`information_request`: {message}"
        report(version.document.problem(code, text, where, **more))

    window = (version.first_day, version.last_day)
    unread = around.unread_reasons
    check_reason(reason, "pend", window, around.reference, unread, problem, of_a_rule=False)
