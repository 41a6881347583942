"""The sections of a policy: those that its rules name, their order, and which it silences."""

from __future__ import annotations

from collections.abc import Mapping

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.ruleset import Conclude, Rule
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.elaboration import COVERED, SECTION
from payer_policy.policy.versions import Merged, ReportDiagnostic


def check_sections(
    merged: Merged, rules: Mapping[str, Rule], vocabulary: Vocabulary, report: ReportDiagnostic
) -> None:
    """Every section that is named is one of the policy's, and is of use."""
    version, sections = merged.version, merged.sections
    used = {placed.model.section for placed in merged.rules.values()}
    for index, name in enumerate(version.model.sections):
        path = ("sections", index)
        if name in version.model.sections[:index]:
            message = f"`{name}` is listed twice in `sections`"
            report(version.document.problem("duplicate-entry", message, path, hint="keep one"))
        elif name not in used:
            message = f"no rule is in the section `{name}`"
            hint = f'remove it, or add "section": "{name}" to a rule'
            problem = version.document.problem(
                "unused-section", message, path, hint=hint, warning=True
            )
            report(problem)
    for placed in merged.rules.values():
        model, document = placed.model, placed.version.document
        if model.section is not None and model.section not in sections:
            message = f"rule `{model.id}`: `{model.section}` is not a section of this policy"
            near = did_you_mean(model.section, sections)
            add = f'add "{model.section}" to "sections"'
            where = (*placed.path, "section")
            report(document.problem("unknown-section", message, where, hint=near or add))
    if merged.silences is not None and merged.silences.version is version:
        _check_silences(merged, rules, vocabulary, report)


def _check_silences(
    merged: Merged, rules: Mapping[str, Rule], vocabulary: Vocabulary, report: ReportDiagnostic
) -> None:
    document, entries = merged.version.document, merged.version.model.silences
    known = [f"{SECTION}{name}" for name in merged.sections]
    for index, entry in enumerate(entries):
        path = ("silences", index)
        if entry in entries[:index]:
            message = f"`{entry}` is listed twice in `silences`"
            report(document.problem("duplicate-entry", message, path, hint="keep one"))
        elif entry not in known:
            message = f"`silences`: `{entry}` is not a section of this policy"
            hint = (
                f'write "{SECTION}{entry}"'
                if f"{SECTION}{entry}" in known
                else did_you_mean(entry, known)
                or f'write "{SECTION}<name>" with a name from "sections"'
            )
            report(document.problem("unknown-section", message, path, hint=hint))
    if not entries:
        return
    covered_by = vocabulary.telling(COVERED)
    if covered_by is None:
        message = (
            "`silences`: no fact of the vocabulary says that an authorization covers a service"
        )
        hint = f'add "tells": "{COVERED}" to that derived fact in vocabulary.json'
        report(document.problem("missing-key", message, ("silences",), key=True, hint=hint))
    elif not any(
        name == covered_by
        for rule in rules.values()
        if isinstance(rule.effect, Conclude)
        for name, _ in rule.effect.values
    ):
        message = f"`silences`: no rule concludes `{covered_by}`, so nothing is ever silenced"
        hint = f"add a rule that concludes `{covered_by}`, or remove `silences`"
        report(document.problem("never-concluded", message, ("silences",), key=True, hint=hint))
