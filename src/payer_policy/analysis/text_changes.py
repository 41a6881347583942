"""What changed in the text of two rulesets: parameters, rules, dates, as people name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from payer_policy.core.ruleset import FindingEffect, Parameter, Rule, Ruleset
from payer_policy.determination.words import in_words

Subject = Literal[
    "dates", "applies to", "parameter", "rule", "information request", "lines over several days"
]


@dataclass(frozen=True, slots=True)
class TextChange:
    """One thing that reads otherwise: which, and what was and is said of it."""

    subject: Subject
    name: str
    old: str | None
    """None: it was not there."""
    new: str | None


def text_changes(old: Ruleset, new: Ruleset) -> Iterator[TextChange]:
    """What reads otherwise, in the order of a policy file."""
    if old.version != new.version:
        yield TextChange("dates", "version", old.version, new.version)
    if old.applies_to != new.applies_to:
        yield TextChange("applies to", "applies_to", "as before", "changed")
    for name in sorted({*old.parameters, *new.parameters}):
        one, other = old.parameters.get(name), new.parameters.get(name)
        if _value(one) != _value(other):
            yield TextChange("parameter", name, _value(one), _value(other))
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for id_ in sorted({*before, *after}):
        was, now = before.get(id_), after.get(id_)
        if was is None or now is None:
            yield TextChange(
                "rule", id_, None if was is None else was.title, None if now is None else now.title
            )
            continue
        what = [word for word, changed in _differences(was, now) if changed]
        if what:
            yield TextChange("rule", id_, was.title, f"{now.title} ({', '.join(what)})")
    if old.information_request != new.information_request:
        yield TextChange("information request", "information_request", "as before", "changed")
    if old.spans != new.spans:
        yield TextChange("lines over several days", "spans", old.spans, new.spans)


def _value(parameter: Parameter | None) -> str | None:
    if parameter is None:
        return None
    unit = f" {parameter.unit}" if parameter.unit else ""
    return f"{in_words(parameter.value)}{unit}"


def _differences(was: Rule, now: Rule) -> Iterator[tuple[str, bool]]:
    yield "its title", was.title != now.title
    yield "its condition", was.condition != now.condition
    one, other = was.effect, now.effect
    if isinstance(one, FindingEffect) and isinstance(other, FindingEffect):
        yield "its reason codes", one.reason != other.reason
        yield "its sentence", one.because != other.because
        yield "what it does", (one.kind, one.part, one.to) != (other.kind, other.part, other.to)
    else:
        yield "what it does", one != other
    yield "its citations", was.cites != now.cites
    yield "what overrides it", was.overridden_by != now.overridden_by
    yield "what it means when it is not known", was.assume_not_holding != now.assume_not_holding
    yield "its note", was.note != now.note
