"""One rule by itself: its citations, its days, what it overrides, and how it asks."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import date

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.ruleset import RESERVED, Rule
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.checks import asking, none
from payer_policy.policy.checks.reasons import check_reason
from payer_policy.policy.files import EffectModel, ReasonModel
from payer_policy.policy.reference import ReferenceData
from payer_policy.policy.resolve import EFFECTS, where_fact
from payer_policy.policy.versions import Merged, PlacedRule, ReportDiagnostic

_DECIDES = ("deny", "pend", "reduce")


class RuleChecks:
    """The checks of one rule as it stands in a merged policy."""

    def __init__(
        self,
        placed: PlacedRule,
        merged: Merged,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        unread_reasons: Set[str],
        report: ReportDiagnostic,
    ) -> None:
        self.placed, self.merged, self.reference = placed, merged, reference
        self.vocabulary = vocabulary
        self.unread_reasons, self.report = unread_reasons, report

    def problem(
        self,
        code: str,
        message: str,
        *path: str | int,
        key: bool = False,
        hint: str | None = None,
        warning: bool = False,
    ) -> None:
        """Report a problem at a place in the rule."""
        document, where = self.placed.version.document, (*self.placed.path, *path)
        text = f"rule `{self.placed.model.id}`: {message}"
        self.report(document.problem(code, text, where, key=key, hint=hint, warning=warning))

    def check(self, rule: Rule | None) -> None:
        """All checks; `rule` is the typed rule, if it is sound."""
        if self.placed.model.id in RESERVED:
            message = "this id is reserved for what is found without a rule"
            self.problem("duplicate-rule", message, "id", hint="give the rule another id")
        self._citations()
        self._overrides()
        window = self._window()
        kind, reason = _reason_of(self.placed.model.then)
        if self.placed.model.if_unknown == "assume_not_holding" and kind not in _DECIDES:
            self.problem(
                "wrong-shape",
                f"`if_unknown` is for rules that deny, pend or reduce; this one is to {kind}",
                "if_unknown",
                key=True,
                hint="remove it",
            )
        if reason is not None and window is not None:

            def problem(code: str, message: str, *path: str | int, **more: object) -> None:
                self.problem(code, message, "then", kind, *path, **more)  # type: ignore[arg-type]

            check_reason(reason, kind, window, self.reference, self.unread_reasons, problem)
        if rule is not None:
            self._asks(rule)
            self._denies(rule)

    def _citations(self) -> None:
        cites, known = self.placed.model.cites, self.merged.references
        if not cites:
            advice = 'add "cites": ["…"] with an id from "references"'
            self.problem("no-citation", "it cites no source", "id", hint=advice)
        for index, cited in enumerate(cites):
            if cited not in known:
                message = f"`{cited}` is not among the references"
                hint = did_you_mean(cited, known) or f'add it to "references": {{"{cited}": …}}'
                self.problem("unknown-citation", message, "cites", index, hint=hint)
        self._twice("cites", cites)

    def _overrides(self) -> None:
        id_, overrides = self.placed.model.id, self.placed.model.overrides
        for index, other in enumerate(overrides):
            if other == id_:
                advice = "name the rule that must give way"
                self.problem("cycle", "it overrides itself", "overrides", index, hint=advice)
            elif other not in self.merged.rules and not self._withdrawn_above(other):
                message = f"it overrides `{other}`, which is not a rule of this policy"
                hint = did_you_mean(other, set(self.merged.rules) - {id_})
                self.problem("unknown-rule", message, "overrides", index, hint=hint)
        self._twice("overrides", overrides)

    def _withdrawn_above(self, id_: str) -> bool:
        """Whether the rule's own file is right, and an overlay above it withdrew the other."""
        own = self.placed.version
        return own is not self.merged.version and id_ in self.merged.rule_ids[own.name]

    def _twice(self, field: str, listed: Sequence[str]) -> None:
        for index, entry in enumerate(listed):
            if entry in listed[:index]:
                message = f"`{entry}` stands twice in `{field}`"
                self.problem("duplicate-entry", message, field, index, hint="keep one")

    def _window(self) -> tuple[date, date | None] | None:
        """The days on which the rule applies, if there are any."""
        version, window = self.placed.version, self.placed.model.in_force
        first, last = version.first_day, version.last_day
        if window is None:
            return first, last
        if window.from_ and window.through and window.from_ > window.through:
            self.problem(
                "unreachable-dates",
                f"it ends on {window.through}, before it begins on {window.from_}",
                "in_force",
                "through",
                hint="swap the two dates",
            )
            return None
        if (window.through and window.through < first) or (
            last and window.from_ and window.from_ > last
        ):
            days = f"from {first} through {last}" if last else f"from {first} on"
            self.problem(
                "unreachable-dates",
                f"its own days lie outside those of this version ({days}), so it never applies",
                "in_force",
                hint="correct the dates, or remove the rule",
            )
            return None
        ends = [day for day in (last, window.through) if day is not None]
        return max(first, window.from_ or first), min(ends) if ends else None

    def _denies(self, rule: Rule) -> None:
        """A `not` that holds where there is no such thing must be meant."""
        for name in none.holding_for_none(rule.condition, self.vocabulary):
            self.problem(
                none.CODE,
                f"the `not` holds also where `{name}` is none",
                *where_fact(self.placed.model.when, name, ("when",)),
                key=True,
                warning=True,
                hint=f'add {{"fact": "{name}", "exists": true}} beside it, or '
                f'{{"fact": "{name}", "exists": false}} where none is meant too',
            )

    def _asks(self, rule: Rule) -> None:
        if f"{asking.CODE}:{rule.id}" in self.placed.version.model.acknowledges:
            return
        raw = self.placed.model.when
        for message, path in asking.asking(rule, raw, self.merged, self.vocabulary):
            self.problem(
                asking.CODE,
                message,
                *path,
                key=True,
                warning=True,
                hint="test the value itself, or whether there is such a thing (`exists`): a value "
                "that is not known pends, and is asked for",
            )


def _reason_of(effect: EffectModel) -> tuple[str, ReasonModel | None]:
    for kind in EFFECTS:
        found = getattr(effect, kind)
        if found is not None:
            return kind, found if isinstance(found, ReasonModel) else None
    return "", None
