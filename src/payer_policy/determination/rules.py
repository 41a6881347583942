"""What is prepared of each rule that has a finding, once a ruleset: `DecidingRule`.

So that nothing that depends on the ruleset alone is worked out again on a claim.
"""

from __future__ import annotations

from typing import Final, Literal

from payer_policy.core.ruleset import FindingEffect, Rule, Ruleset, Sentence
from payer_policy.core.semantics import Facts
from payer_policy.core.vocabulary.types import FactType
from payer_policy.determination.model import Citation, Finding, PolicyIdentity
from payer_policy.determination.words import in_words

BUILT_IN: Final = "built-in:"
"""The start of the id of a finding that no rule of a policy makes; the id of a rule has no colon."""
NEED: Final = f"{BUILT_IN}preauthorization-needed"
"""The id of what waits for whether preauthorization is needed at all, with its title."""
NEED_TITLE: Final = "Whether preauthorization is needed is open"
KINDS: Final = ("deny", "pend", "reduce", "certify", "advise")
"""What findings do, in the order in which they lead."""
ADVICE: Final = KINDS.index("advise")

Rank = tuple[int, int, str]
"""The place of a finding among those that may lead: by kind, section of the policy, then id."""


def policy_identity(ruleset: Ruleset) -> PolicyIdentity:
    """The policy, version and window of a ruleset."""
    return PolicyIdentity(
        ruleset.policy,
        ruleset.version,
        ruleset.title,
        ruleset.hash,
        ruleset.first_day,
        ruleset.last_day,
    )


def citations_of(ruleset: Ruleset, rule: Rule) -> tuple[Citation, ...]:
    """What a rule cites, in its own order."""
    return tuple(
        Citation(id_, reference.title, reference.href)
        if (reference := ruleset.references.get(id_)) is not None
        else Citation(id_, id_)
        for id_ in rule.cites
    )


def rank(ruleset: Ruleset, rule: Rule) -> Rank:
    """The rank of the finding of a rule."""
    effect = rule.effect
    assert isinstance(effect, FindingEffect)
    order = ruleset.sections
    section = order.index(rule.section) if rule.section in order else len(order)
    return KINDS.index(effect.kind), section, rule.id


class Because:
    """The sentence of a rule, with slots for values of the claim; those of parameters are filled."""

    __slots__ = ("_first", "_slots")

    def __init__(self, ruleset: Ruleset, sentence: Sentence) -> None:
        self._first = sentence.pieces[0]
        slots: list[tuple[str, FactType | None, str]] = []
        for name, piece in zip(sentence.facts, sentence.pieces[1:], strict=True):
            if (parameter := _parameter(ruleset, name)) is None:
                fact = ruleset.facts.get(name)
                slots.append((name, None if fact is None else fact.type, piece))
            elif slots:
                before, type_, text = slots[-1]
                slots[-1] = before, type_, f"{text}{parameter}{piece}"
            else:
                self._first += f"{parameter}{piece}"
        self._slots = tuple(slots)

    @property
    def constant(self) -> str | None:
        """The sentence, where it is the same on every claim."""
        return None if self._slots else self._first

    def filled(self, known: Facts) -> str:
        """The sentence with values and their units, or with the statement that they are not known."""
        text = self._first
        for name, type_, piece in self._slots:
            value = known.get(name)
            if value is None and type_ is not None and type_.kind == "date":
                text += f"an unknown date{piece}"
            else:
                text += in_words(value, type_) + piece
        return text


def _parameter(ruleset: Ruleset, name: str) -> str | None:
    """The value of a parameter with its unit, where a slot names one."""
    prefix, _, parameter_name = name.partition(":")
    parameter = ruleset.parameters.get(parameter_name) if prefix == "parameter" else None
    if parameter is None:
        return None
    text = in_words(parameter.value)
    return text if parameter.unit is None else f"{text} {parameter.unit}"


class DecidingRule:
    """One rule that has a finding."""

    __slots__ = (
        "amounts",
        "assumed",
        "because",
        "certifies",
        "citations",
        "constant",
        "disposition",
        "follow_up",
        "found",
        "index",
        "kind",
        "on",
        "part",
        "rank",
        "reason",
        "review",
        "rule",
        "silenced",
        "title",
        "to",
    )

    def __init__(self, ruleset: Ruleset, index: int, rule: Rule, finding: FindingEffect) -> None:
        self.index = index
        """Its place in the ruleset."""
        self.rule = rule.id
        self.title = rule.title
        self.kind = finding.kind
        self.part = finding.part
        self.on = (
            None if finding.part is None else ruleset.line_parts.get(finding.part, finding.part)
        )
        self.reason = finding.reason
        self.because = Because(ruleset, finding.because)
        self.constant = self.because.constant
        self.citations = citations_of(ruleset, rule)
        self.assumed = rule.assume_not_holding
        self.to = finding.to
        self.amounts = finding.amounts()
        self.certifies = finding.certifies
        self.review = finding.review
        self.disposition = finding.disposition
        self.follow_up: Literal[True] | None = True if finding.follow_up else None
        self.rank = rank(ruleset, rule)
        self.silenced = rule.section in ruleset.silences and finding.kind != "certify"
        """Whether the finding is advice where an authorization covers the service."""
        reason = finding.reason
        self.found = None
        """The finding where there are no lines and the sentence has no values of the claim."""
        if self.constant is not None:
            self.found = Finding(
                self.rule, self.title, self.kind, False, reason.group, reason.carc, reason.rarcs,
                self.constant, self.on, (), self.citations, "clinician" if self.review else None,
                self.disposition, None, self.follow_up,
            )  # fmt: skip
