"""The sections of a policy: those that its rules name, their order, and which it silences."""

from __future__ import annotations

from collections.abc import Mapping

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import Report, Reporter
from payer_policy.core.ruleset import Rule
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.elaboration import COVERED
from payer_policy.policy.versions import SECTION, Merged


def check_sections(
    merged: Merged, rules: Mapping[str, Rule], vocabulary: Vocabulary, report: Report
) -> None:
    """Every section that is named is one of the policy's, and is of use."""
    version, sections = merged.version, merged.sections
    say = version.reporter(report)
    used = {placed.model.section for placed in merged.rules.values()}
    for index, name in enumerate(version.model.sections):
        path = ("sections", index)
        if name in version.model.sections[:index]:
            message = f"`{name}` is listed twice in `sections`"
            say("duplicate-entry", message, path, hint="keep one")
        elif name not in used and not version.abstract:
            message = f"no rule is in the section `{name}`"
            hint = f'remove it, or add "section": "{name}" to a rule'
            say("unused-section", message, path, hint=hint, warning=True)
    for placed in merged.rules.values():
        section = placed.model.section
        if section is not None and section not in sections:
            message = f"`{section}` is not a section of this policy"
            hint = did_you_mean(section, sections) or f'add "{section}" to "sections"'
            rule = placed.reporter(report, f"rule `{placed.model.id}`")
            rule("unknown-section", message, ("section",), hint=hint)
    if merged.silences is not None and merged.silences.version is version:
        _check_silences(merged, rules, vocabulary, version.reporter(report, "", "silences"))


def _check_silences(
    merged: Merged, rules: Mapping[str, Rule], vocabulary: Vocabulary, report: Reporter
) -> None:
    entries = merged.version.model.silences
    known = [f"{SECTION}{name}" for name in merged.sections]
    for index, entry in enumerate(entries):
        if entry in entries[:index]:
            message = f"`{entry}` is listed twice in `silences`"
            report("duplicate-entry", message, (index,), hint="keep one")
        elif entry not in known:
            message = f"`silences`: `{entry}` is not a section of this policy"
            hint = did_you_mean(entry, known)
            hint = hint or f'write "{SECTION}<name>" with a name from "sections"'
            if f"{SECTION}{entry}" in known:
                hint = f'write "{SECTION}{entry}"'
            report("unknown-section", message, (index,), hint=hint)
    if not entries:
        return
    covered_by = vocabulary.telling(COVERED)
    concluded = {name for rule in rules.values() for name in rule.concludes}
    if covered_by is None:
        message = (
            "`silences`: no fact of the vocabulary says that an authorization covers a service"
        )
        hint = f'add "tells": "{COVERED}" to that derived fact in vocabulary.json'
        report("missing-key", message, key=True, hint=hint)
    elif covered_by not in concluded:
        message = f"`silences`: no rule concludes `{covered_by}`, so nothing is ever silenced"
        hint = f"add a rule that concludes `{covered_by}`, or remove `silences`"
        report("never-concluded", message, key=True, hint=hint)
