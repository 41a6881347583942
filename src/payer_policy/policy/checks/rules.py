"""One rule by itself: its citations, its days, what it overrides, and how it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import Report, Reporter
from payer_policy.core.ruleset import RESERVED, Rule
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.checks import asking, none
from payer_policy.policy.checks.reasons import check_reason
from payer_policy.policy.files import EffectModel, ReasonModel, RuleModel
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.policy.reference.files import Source
from payer_policy.policy.resolve import EFFECTS, where_fact
from payer_policy.policy.versions import SECTION, Merged, Placed

_DECIDES = ("deny", "pend", "reduce")


class RuleChecks:
    """The checks of one rule in a merged policy."""

    def __init__(
        self,
        placed: Placed[RuleModel],
        merged: Merged,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        unread_reasons: Set[str],
        report: Report,
    ) -> None:
        self.placed, self.merged, self.model = placed, merged, placed.model
        self.vocabulary, self.reference = vocabulary, reference
        self.unread_reasons = unread_reasons
        self.report = placed.reporter(report, f"rule `{placed.model.id}`")

    def check(self, rule: Rule | None) -> None:
        """All checks; `rule` is the typed rule, if it is sound."""
        if self.model.id in RESERVED:
            message = "this id is reserved for what is found without a rule"
            self.report("duplicate-rule", message, ("id",), hint="give the rule another id")
        self._citations()
        self._overrides()
        window = self._window()
        kind, reason = _reason_of(self.model.then)
        if self.model.if_unknown == "assume_not_holding" and kind not in _DECIDES:
            message = f"`if_unknown` is for rules that deny, pend or reduce; this one is to {kind}"
            self.report("wrong-shape", message, ("if_unknown",), key=True, hint="remove it")
        if reason is not None and window is not None:
            report = self.report.on("", "then", kind)
            check_reason(reason, kind, window, self.reference, self.unread_reasons, report)
        if rule is not None:
            self._asks(rule)
            self._denies(rule)

    def _citations(self) -> None:
        cites = self.model.cites
        if not cites:
            advice = 'add "cites": ["…"] with an id from "references"'
            self.report("no-citation", "it cites no source", ("id",), hint=advice)
        check_citations(cites, self.merged.references, self.report)

    def _overrides(self) -> None:
        id_, overrides = self.model.id, self.model.overrides
        for index, other in enumerate(overrides):
            path = ("overrides", index)
            if other == id_:
                advice = "name the other rule, which this one is to override"
                self.report("cycle", "it overrides itself", path, hint=advice)
            elif other.startswith(SECTION):
                known = [f"{SECTION}{name}" for name in self.merged.sections]
                if other not in known:
                    message = f"it overrides `{other}`, which is not a section of this policy"
                    hint = did_you_mean(other, known)
                    self.report("unknown-section", message, path, hint=hint)
            elif other not in self.merged.rules and not self._withdrawn_above(other):
                message = f"it overrides `{other}`, which is not a rule of this policy"
                hint = did_you_mean(other, set(self.merged.rules) - {id_})
                self.report("unknown-rule", message, path, hint=hint)
            if other in overrides[:index]:
                _listed_twice("overrides", other, index, self.report)

    def _withdrawn_above(self, id_: str) -> bool:
        """Whether the rule's own file is right, and an overlay above it withdrew the other."""
        return self.placed.version is not self.merged.version and id_ in self.merged.withdrawn

    def _window(self) -> tuple[date, date | None] | None:
        """The days on which the rule applies, if there are any."""
        version, own = self.merged.version, self.model.days
        first, last = version.first_day, version.last_day
        if own.first_day and own.last_day and own.first_day > own.last_day:
            message = f"it ends on {own.last_day}, before it begins on {own.first_day}"
            path = ("in_force", "through")
            self.report("unreachable-dates", message, path, hint="swap the two dates")
            return None
        if not own.overlaps(version):
            days = f"from {first} through {last}" if last else f"from {first} on"
            message = (
                f"its own days are outside those of this version ({days}), so it never applies"
            )
            hint = "correct the dates, or remove the rule"
            self.report("unreachable-dates", message, ("in_force",), hint=hint)
            return None
        ends = [day for day in (last, own.last_day) if day is not None]
        return max(first, own.first_day or first), min(ends) if ends else None

    def _denies(self, rule: Rule) -> None:
        """A `not` that holds where there is no such thing must be meant."""
        for name in none.holding_for_none(rule.condition, self.vocabulary):
            path = where_fact(self.model.when, name, ("when",))
            message = f"the `not` also holds where `{name}` is none"
            hint = f'add {{"fact": "{name}", "exists": true}} beside it, or '
            hint += f'{{"fact": "{name}", "exists": false}} where none is meant too'
            self.report(none.CODE, message, path, key=True, warning=True, hint=hint)

    def _asks(self, rule: Rule) -> None:
        if f"{asking.CODE}:{rule.id}" in self.placed.version.model.acknowledges:
            return
        for message, path in asking.asking(rule, self.model.when, self.merged, self.vocabulary):
            hint = "test the value itself, or whether there is such a thing (`exists`): a value "
            hint += "that is not known pends, and is asked for"
            self.report(asking.CODE, message, path, key=True, warning=True, hint=hint)


def check_citations(cites: Sequence[str], known: Mapping[str, Source], report: Reporter) -> None:
    """Every source that is cited is among the references, and cited once."""
    for index, cited in enumerate(cites):
        if cited not in known:
            message = f"`{cited}` is not among the references"
            hint = did_you_mean(cited, known) or f'add it to "references": {{"{cited}": …}}'
            report("unknown-citation", message, ("cites", index), hint=hint)
        if cited in cites[:index]:
            _listed_twice("cites", cited, index, report)


def _listed_twice(field: str, name: str, index: int, report: Reporter) -> None:
    message = f"`{name}` is listed twice in `{field}`"
    report("duplicate-entry", message, (field, index), hint="keep one")


def _reason_of(effect: EffectModel) -> tuple[str, ReasonModel | None]:
    for kind in EFFECTS:
        found = getattr(effect, kind)
        if found is not None:
            return kind, found if isinstance(found, ReasonModel) else None
    return "", None
