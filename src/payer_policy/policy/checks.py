"""What must be true across the rules and files of a folder, beyond the shape of each one.

Every check reports a problem at the place where the author would mend it. `payer-policy check`
and `Library.open` run the same checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import Any, Final

from payer_policy.diagnostics import did_you_mean
from payer_policy.json_source import JsonDocument, JsonPath
from payer_policy.policy.exclusion import can_both_hold
from payer_policy.policy.files import EffectModel, ReasonModel
from payer_policy.policy.library import Span
from payer_policy.policy.resolve import EFFECTS, Resolver, dependencies, find_cycle
from payer_policy.policy.versions import Merged, PlacedRule, PolicyVersion, ReportDiagnostic
from payer_policy.reference import ReferenceData
from payer_policy.request.sources import (
    DRUG_FIELDS,
    Aggregate,
    Cases,
    DrugAttribute,
    Path,
    Source,
    facts_of,
)
from payer_policy.request.sources import (
    AUTHORIZATION_FIELDS,
    LINE_FIELDS,
    REQUEST_PATHS,
    SERVICE_PATHS,
)
from payer_policy.ruleset import All, Condition, Conclude, Constant, Rule, Test, facts_read, tests_in
from payer_policy.vocabulary.model import Vocabulary
from payer_policy.vocabulary.types import FactType

_ROOTS: Final = {
    "request": REQUEST_PATHS,
    "service": SERVICE_PATHS,
    "authorization": AUTHORIZATION_FIELDS,
}


# --- the vocabulary --------------------------------------------------------------------------------


def check_sources(
    vocabulary: Vocabulary,
    sources: Mapping[str, Source],
    reference: ReferenceData,
    document: JsonDocument,
    report: ReportDiagnostic,
) -> None:
    """Sources give values of their fact's type, name things that exist, and have no circle."""
    attributes = {name for drug in reference.drugs.values() for name in drug.attributes}
    for name, source in sources.items():
        fact = vocabulary.facts[name]
        at: JsonPath = ("facts", name, "from")
        gives: FactType | None = None
        match source:
            case Path(root, field):
                gives = _ROOTS[root][field]
            case Aggregate(_, _, how, field, _):
                if how in ("any", "all"):
                    gives = FactType("boolean")
                elif how == "count":
                    gives = FactType("integer")
                elif field is not None:
                    gives = LINE_FIELDS[field]
                    if how == "collect":
                        gives = FactType("codes", system=gives.system)
            case DrugAttribute(attribute):
                if attribute not in attributes and attribute not in DRUG_FIELDS:
                    report(
                        document.problem(
                            "unknown-value",
                            f"fact `{name}`: no drug has the attribute `{attribute}`",
                            (*at, "drug"),
                            hint=did_you_mean(attribute, attributes | set(DRUG_FIELDS)),
                        )
                    )
            case Cases() | _:
                pass
        if gives is not None and not _gives(gives, fact.type):
            report(
                document.problem(
                    "wrong-type",
                    f"fact `{name}` is {fact.type.describe()}, but its source gives "
                    f"{gives.describe()}",
                    at,
                )
            )
    needs = {name: {other for other in facts_of(source) if other in sources} for name, source in
             sources.items()}
    for name, source in sources.items():
        for other in facts_of(source):
            if other in vocabulary.facts and vocabulary.facts[other].derived:
                report(
                    document.problem(
                        "wrong-shape",
                        f"fact `{name}` is made from the request, so it cannot read `{other}`, "
                        "which rules conclude",
                        ("facts", name, "from"),
                        hint="conclude it in a rule instead",
                    )
                )
    circle = find_cycle(needs)
    if circle:
        report(
            document.problem(
                "cycle",
                f"these facts are made from one another: {' <- '.join(circle)}",
                ("facts", circle[0], "from"),
                hint="break the circle at one of them",
            )
        )


def _gives(found: FactType, wanted: FactType) -> bool:
    numeric = ("integer", "decimal")
    if wanted.kind in numeric:
        return found.kind in numeric
    if found.kind == "code" and wanted.kind in ("choice", "code"):
        return found.system is None or wanted.system is None or found.system == wanted.system
    return found.kind == wanted.kind and (
        found.system is None or wanted.system is None or found.system == wanted.system
    )


# --- versions and overlays -------------------------------------------------------------------------


def sound_overlays(
    versions: Mapping[str, Sequence[PolicyVersion]], report: ReportDiagnostic
) -> dict[str, tuple[PolicyVersion, ...]]:
    """The policies by address, without those whose bases are missing or run in a circle."""
    policies = {
        address: tuple(sorted(listed, key=lambda version: version.first_day))
        for address, listed in versions.items()
    }
    bases: dict[str, set[str]] = {address: set() for address in policies}
    bad: set[str] = set()
    for address, listed in policies.items():
        for version in listed:
            base = version.model.extends
            if base is None:
                continue
            if base not in policies:
                bad.add(address)
                report(
                    version.document.problem(
                        "unknown-base",
                        f"`{base}` is not a policy of this folder",
                        ("extends",),
                        hint=did_you_mean(base, policies) or "write <payer>/<policy>",
                    )
                )
            else:
                bases[address].add(base)
        _check_windows(listed, report)
    circle = find_cycle(bases)
    if circle:
        bad.update(circle)
        version = policies[circle[0]][0]
        report(
            version.document.problem(
                "cycle",
                f"these policies extend one another: {' -> '.join(circle)}",
                ("extends",),
                hint="let one of them stand on its own",
            )
        )
    while True:  # what extends a policy that is left out is left out too
        more = {address for address in policies if bases[address] & bad} - bad
        if not more:
            break
        bad |= more
    sound = {address: listed for address, listed in policies.items() if address not in bad}
    for address, listed in sound.items():
        for version in listed:
            _check_base_in_force(version, sound, report)
    return sound


def _check_windows(listed: Sequence[PolicyVersion], report: ReportDiagnostic) -> None:
    for earlier, later in zip(listed, listed[1:], strict=False):
        if earlier.last_day is None or earlier.last_day >= later.first_day:
            ends = "has no end" if earlier.last_day is None else f"ends on {earlier.last_day}"
            report(
                earlier.document.problem(
                    "overlapping-windows",
                    f"this version {ends}, but the next one begins on {later.first_day}",
                    ("effective", "through"),
                    hint=f'write "through": "{later.first_day - timedelta(days=1)}"',
                )
            )
        elif earlier.last_day + timedelta(days=1) < later.first_day:
            report(
                later.document.problem(
                    "window-gap",
                    f"no version is in force from {earlier.last_day + timedelta(days=1)} "
                    f"through {later.first_day - timedelta(days=1)}",
                    ("effective", "from"),
                    warning=True,
                )
            )


def _check_base_in_force(
    version: PolicyVersion,
    policies: Mapping[str, Sequence[PolicyVersion]],
    report: ReportDiagnostic,
) -> None:
    base = version.model.extends
    if base is None:
        return
    first = min(lower.first_day for lower in policies[base])
    ends = [lower.last_day for lower in policies[base]]
    last = None if None in ends else max(day for day in ends if day is not None)
    if version.first_day < first or (
        last is not None and (version.last_day is None or version.last_day > last)
    ):
        until = f" through {last}" if last else ""
        report(
            version.document.problem(
                "base-not-in-force",
                f"`{base}` is in force from {first}{until}, not on all days of this version",
                ("effective",),
                hint="keep the dates inside those of the base",
            )
        )


# --- one policy with its bases ---------------------------------------------------------------------


def check_policy(
    address: str,
    versions: Sequence[PolicyVersion],
    spans: Sequence[Span],
    vocabulary: Vocabulary,
    reference: ReferenceData,
    known: Mapping[str, frozenset[str]],
    service_code: str | None,
    report: ReportDiagnostic,
) -> frozenset[str]:
    """Check every span of a policy, rule by rule and across rules; return its drug codes."""
    codes: set[str] = set()
    for span in spans:
        merged = span.merged
        resolver = Resolver(merged, vocabulary, reference, report, span.first_day, known)
        condition = resolver.applies_to()
        if condition is not None:
            found = _codes_of(condition, service_code)
            if not found and merged.applies_to is not None:
                report(
                    merged.applies_to.version.document.problem(
                        "no-drug-code",
                        "`applies_to` does not say for which drug codes the policy is",
                        merged.applies_to.path,
                        hint=f'add {{"fact": "{service_code}", "in": [ … ]}} to its `all`',
                    )
                )
            codes |= found
            _check_code_identity(merged, found, span, reference, report)
        rules: dict[str, Rule] = {}
        sound = True
        for placed in merged.rules.values():
            rule = resolver.rule(placed)
            sound = sound and rule is not None
            if rule is not None:
                rules[rule.id] = rule
            _check_rule(placed, merged, span, reference, report)
            if rule is not None:
                _check_is_known(placed, rule, report)
        _check_citations_of_parameters(merged, report)
        _check_information_request(merged, span, reference, report)
        if sound:
            _check_cycles(merged, rules, report)
            _check_conflicts(merged, rules, report)
            _check_conclusions(merged, rules, vocabulary, report)
            resolver.uses.parameters.update(())
            _check_parameters_used(merged, resolver.uses.parameters, report)
    return frozenset(codes)


def _codes_of(condition: Condition, service_code: str | None) -> set[str]:
    parts = condition.parts if isinstance(condition, All) else (condition,)
    for part in parts:
        if isinstance(part, Test) and part.fact == service_code and part.operator in ("is", "in"):
            side = part.right[0]
            if isinstance(side, Constant):
                value = side.value
                return {str(value)} if isinstance(value, str) else set(value)  # type: ignore[arg-type]
    return set()


def _check_code_identity(
    merged: Merged,
    codes: set[str],
    span: Span,
    reference: ReferenceData,
    report: ReportDiagnostic,
) -> None:
    """Warn where the official list gives a code to another drug than the policies take it for."""
    placed = merged.applies_to
    if placed is None or placed.version is not merged.version:
        return  # the warning belongs to the file that names the code
    if "code-identity" in merged.version.model.acknowledges:
        return
    for code in sorted(codes):
        drug = reference.drugs.get(code)
        if drug is None:
            continue
        for identity in drug.identities:
            official = identity.value
            if (
                official.source == "official"
                and official.ingredient != drug.ingredient
                and (identity.last_day is None or identity.last_day >= span.first_day)
            ):
                report(
                    placed.version.document.problem(
                        "code-identity",
                        f"the policies take {code} for {drug.ingredient}, but the official list "
                        f"says: {official.says}",
                        placed.path,
                        warning=True,
                        hint='use the official code, or write "acknowledges": '
                        '{"code-identity": "why this is meant"}',
                    )
                )


def _check_rule(
    placed: PlacedRule,
    merged: Merged,
    span: Span,
    reference: ReferenceData,
    report: ReportDiagnostic,
) -> None:
    model, document, path = placed.model, placed.version.document, placed.path

    def problem(code: str, message: str, *more: str | int, **kind: Any) -> None:
        report(document.problem(code, f"rule `{model.id}`: {message}", (*path, *more), **kind))

    if not model.cites:
        problem(
            "no-citation",
            "it cites no source",
            "cites",
            hint='add "cites": ["…"] with an id from "references"',
        )
    for index, cited in enumerate(model.cites):
        if cited not in merged.references:
            problem(
                "unknown-citation",
                f"`{cited}` is not among the references",
                "cites",
                index,
                hint=did_you_mean(cited, merged.references),
            )
    for index, other in enumerate(model.overrides):
        if other not in merged.rules:
            problem(
                "unknown-rule",
                f"it overrides `{other}`, which is not a rule of this policy",
                "overrides",
                index,
                hint=did_you_mean(other, merged.rules),
            )
    window = model.in_force
    first, last = placed.version.first_day, placed.version.last_day
    if window is not None:
        if window.from_ and window.through and window.from_ > window.through:
            problem(
                "unreachable-dates",
                f"it ends on {window.through}, before it begins on {window.from_}",
                "in_force",
                hint="swap the two dates",
            )
            return
        if (window.through and window.through < first) or (
            last and window.from_ and window.from_ > last
        ):
            problem(
                "unreachable-dates",
                "its own dates lie outside those of the policy version, so it never applies",
                "in_force",
            )
            return
        first = max(first, window.from_ or first)
        ends = [day for day in (last, window.through) if day is not None]
        last = min(ends) if ends else None
    kind, reason = _reason_of(model.then)
    if model.if_unknown == "assume_not_holding" and kind not in ("deny", "pend", "reduce"):
        problem(
            "wrong-shape",
            "`if_unknown` is for rules that deny, pend or reduce",
            "if_unknown",
            key=True,
        )
    if reason is not None:
        _check_reason(
            reason, kind, (first, last), reference,
            lambda code, message, *more, **k: problem(code, message, "then", kind, *more, **k),
        )


def _reason_of(effect: EffectModel) -> tuple[str, ReasonModel | None]:
    for kind in EFFECTS:
        found = getattr(effect, kind)
        if found is not None:
            return kind, found if isinstance(found, ReasonModel) else None
    return "", None


def _check_reason(
    reason: ReasonModel,
    kind: str,
    window: tuple[date, date | None],
    reference: ReferenceData,
    problem: Any,
) -> None:
    """Reason codes exist, are in force on all days of the window, and go together."""
    known: dict[str, list[str]] = {"group": [], "carc": [], "rarc": []}
    for system, code in reference.reason_codes:
        known[system].append(code)
    if kind in ("deny", "reduce"):
        for key in ("group", "carc"):
            if getattr(reason, key) is None:
                problem("missing-key", f"a rule that decides needs a `{key}`", hint=f'add "{key}"')
    listed = [("group", reason.group, ()), ("carc", reason.carc, ())]
    listed += [("rarc", code, (index,)) for index, code in enumerate(reason.rarc)]
    explained = False
    for system, code, more in listed:
        if code is None:
            continue
        entry = reference.reason_codes.get((system, code))
        if entry is None:
            problem(
                "unknown-code",
                f"`{code}` is not in reason_codes/{system}.json",
                system,
                *more,
                hint=did_you_mean(code, known[system]),
            )
        elif not entry.in_force_throughout(*window):
            until = f" since {entry.last_day}" if entry.last_day else ""
            problem(
                "reason-not-in-force",
                f"{system.upper()} {code} is not in force{until} on all days of this rule",
                system,
                *more,
                hint="choose a code that is in force, or give the rule dates",
            )
        elif system == "rarc" and not entry.alert:
            explained = True
    carc = reference.reason_codes.get(("carc", reason.carc or ""))
    if carc is None:
        return
    if carc.needs_rarc and not explained:
        problem(
            "reason-needs-rarc",
            f"CARC {carc.code} must come with a RARC that explains it (an alert does not)",
            "carc",
            hint='add "rarc": ["…"]',
        )
    if carc.only_group and reason.group not in (None, carc.only_group):
        problem(
            "reason-group",
            f"CARC {carc.code} goes with group {carc.only_group}; found {reason.group}",
            "group",
            hint=f'write "group": "{carc.only_group}"',
        )


def _check_is_known(placed: PlacedRule, rule: Rule, report: ReportDiagnostic) -> None:
    for test in tests_in(rule.condition):
        if test.operator == "is_known" and not _only_asks(rule):
            report(
                placed.version.document.problem(
                    "is-known",
                    f"rule `{rule.id}`: `is_known` on `{test.fact}` decides by what was not said; "
                    "it is for asking whether something was submitted",
                    (*placed.path, "when"),
                    warning=True,
                    hint="test the value itself: an unknown one pends and is asked for",
                )
            )


def _only_asks(rule: Rule) -> bool:
    return getattr(rule.effect, "kind", "conclude") in ("advise", "pend")


def _check_citations_of_parameters(merged: Merged, report: ReportDiagnostic) -> None:
    for name, placed in merged.parameters.items():
        for index, cited in enumerate(placed.value.cites):
            if cited not in merged.references:
                report(
                    placed.version.document.problem(
                        "unknown-citation",
                        f"parameter `{name}`: `{cited}` is not among the references",
                        (*placed.path, "cites", index),
                        hint=did_you_mean(cited, merged.references),
                    )
                )


def _check_information_request(
    merged: Merged, span: Span, reference: ReferenceData, report: ReportDiagnostic
) -> None:
    for version in merged.chain:
        reason = version.model.information_request
        if reason is not None:
            document = version.document

            def problem(
                code: str,
                message: str,
                *more: str | int,
                _document: JsonDocument = document,
                **kind: Any,
            ) -> None:
                path = ("information_request", *more)
                report(_document.problem(code, f"information_request: {message}", path, **kind))

            window = (version.first_day, version.last_day)
            _check_reason(reason, "pend", window, reference, problem)


def _check_cycles(merged: Merged, rules: Mapping[str, Rule], report: ReportDiagnostic) -> None:
    full = {
        id_: rule if not rule.overridden_by else rule for id_, rule in rules.items()
    }
    needs = dependencies(full)
    for placed in merged.rules.values():
        for other in placed.model.overrides:
            if other in needs:
                needs[other].add(placed.model.id)
    circle = find_cycle(needs)
    if circle is None:
        return
    shown = " -> ".join(f"`{step}`" for step in _with_facts(circle, rules))
    placed = merged.rules[circle[0]]
    report(
        placed.version.document.problem(
            "cycle",
            f"these rules feed one another in a circle: {shown}",
            (*placed.path, "when"),
            hint="let one of them read facts of the request instead",
        )
    )


def _with_facts(circle: Sequence[str], rules: Mapping[str, Rule]) -> Iterator[str]:
    """The circle with the derived facts between the rules, each reading what follows it."""
    for reader, read in zip(circle, circle[1:], strict=False):
        yield reader
        effect = rules[read].effect
        if isinstance(effect, Conclude):
            names = set(facts_read(rules[reader]))
            yield from sorted(name for name, _ in effect.values if name in names)[:1]
    yield circle[-1]


def _check_conflicts(merged: Merged, rules: Mapping[str, Rule], report: ReportDiagnostic) -> None:
    """Rules that conclude different values of one fact must not be able to hold together."""
    by_fact: dict[str, list[tuple[Rule, Any]]] = {}
    for rule in rules.values():
        if isinstance(rule.effect, Conclude):
            for name, value in rule.effect.values:
                by_fact.setdefault(name, []).append((rule, value))
    for name, concluded in sorted(by_fact.items()):
        for (one, a), (other, b) in combinations(concluded, 2):
            if a == b:
                continue
            first, second = merged.rules[one.id], merged.rules[other.id]
            if (
                one.id in second.model.overrides
                or other.id in first.model.overrides
                or not _same_days(first, second)
                or not can_both_hold(one.condition, other.condition)
            ):
                continue
            report(
                second.version.document.problem(
                    "conflict",
                    f"rule `{other.id}` and rule `{one.id}` can hold together, but conclude "
                    f"different values of `{name}`",
                    (*second.path, "then"),
                    hint=f'let one exclude the other, or add "overrides": ["{one.id}"]',
                )
            )


def _same_days(a: PlacedRule, b: PlacedRule) -> bool:
    x, y = a.model.in_force, b.model.in_force
    if x is None or y is None:
        return True
    return (x.from_ or date.min) <= (y.through or date.max) and (y.from_ or date.min) <= (
        x.through or date.max
    )


def _check_conclusions(
    merged: Merged, rules: Mapping[str, Rule], vocabulary: Vocabulary, report: ReportDiagnostic
) -> None:
    concluded = {
        name
        for rule in rules.values()
        if isinstance(rule.effect, Conclude)
        for name, _ in rule.effect.values
    }
    for placed in merged.rules.values():
        for name in dict.fromkeys(facts_read(rules[placed.model.id])):
            if vocabulary.facts[name].derived and name not in concluded:
                report(
                    placed.version.document.problem(
                        "never-concluded",
                        f"rule `{placed.model.id}` reads `{name}`, which no rule of this policy "
                        "concludes",
                        (*placed.path, "when"),
                        warning=True,
                        hint=did_you_mean(name, concluded),
                    )
                )


def _check_parameters_used(merged: Merged, used: set[str], report: ReportDiagnostic) -> None:
    for name, placed in merged.parameters.items():
        if name not in used and placed.version is merged.version:
            report(
                placed.version.document.problem(
                    "unused-parameter",
                    f"parameter `{name}` is used by no rule",
                    placed.path,
                    key=True,
                    warning=True,
                    hint=did_you_mean(name, used),
                )
            )


def check_use(
    spans: Mapping[str, Sequence[Span]],
    vocabulary: Vocabulary,
    reference: ReferenceData,
    report: ReportDiagnostic,
) -> None:
    """Checks over all policies together; each policy's own are in `check_policy`."""
