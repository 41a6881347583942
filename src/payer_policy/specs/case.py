"""One scenario while it runs: the request that its sentences build, then the answer.

Knows nothing of pytest or Gherkin, so that anything that can read sentences can run scenarios.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from payer_policy.core.diagnostics import PolicyError, did_you_mean
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.vocabulary.types import Value, to_json
from payer_policy.determination import Determination, NoPolicy, Outcome
from payer_policy.determination.words import in_words
from payer_policy.engine import Decided, Engine
from payer_policy.policy.library import Library
from payer_policy.specs.failures import Mismatch, Wrong

REQUEST_ID = "SPEC-1"


SubjectKind = Literal["claim", "request", "question"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What the first sentence says: claim, request or question, and its code and day."""

    kind: SubjectKind
    code: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer: determinations, or (in `refused`) why the request was not decided."""

    decided: tuple[Decided, ...] = ()
    without: tuple[NoPolicy, ...] = ()
    refused: PolicyError | None = None

    @property
    def outcome(self) -> Outcome:
        return Outcome(REQUEST_ID, tuple(one.determination for one in self.decided), self.without)


def _without(name: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line as JSON, without a fact."""
    return {**line, "facts": {one: it for one, it in line["facts"].items() if one != name}}


@dataclass
class Case:
    """A request that sentences build, and its answer once it is decided."""

    engine: Engine
    policy: str | None = None
    """The policy for which a scenario of a module is run."""
    subject: Subject | None = None
    request: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    """As the request's JSON has them."""
    unknown: set[str] = field(default_factory=set)
    """Facts of which the scenario says that nothing is known."""
    answer: Answer | None = None

    @property
    def library(self) -> Library:
        return self.engine.library

    # --- before it is decided -------------------------------------------------------------------

    def begin(self, subject: Subject, request: dict[str, Any]) -> None:
        """Start from this request as JSON, its facts included."""
        if self.subject is not None:
            raise Wrong(
                f"the scenario is already about a {self.subject.kind}",
                "a scenario is about one request; look for another one in the Background",
            )
        self.subject = subject
        self.facts = request.pop("facts", {})
        self.request = {"id": REQUEST_ID, **request}

    def asked(self) -> Subject:
        """What the scenario is about; every other sentence needs it."""
        if self.subject is None:
            raise Wrong(
                "the scenario does not say yet what is asked, and of which payer",
                "start with `Given the example … of … for …`, `Given a claim to … for … on …`, "
                "`Given a preauthorization request to … for … on …` or "
                "`Given a question to … about … on …`",
            )
        return self.subject

    def change(self) -> None:
        """The request changes: what was decided before is dropped."""
        self.asked()
        self.answer = None

    def know(self, name: str, value: Any) -> None:
        """Give a fact for the whole request, in place of what its lines say of it."""
        self._clear(name)
        self.facts[name] = value
        self.unknown.discard(name)

    def forget(self, name: str) -> None:
        """Leave a fact out, of the request and of its lines."""
        self._clear(name)
        self.unknown.add(name)

    def _clear(self, name: str) -> None:
        self.facts.pop(name, None)
        if lines := self.request.get("lines"):
            self.request["lines"] = [
                _without(name, line) if name in line.get("facts", ()) else line for line in lines
            ]

    # --- deciding -------------------------------------------------------------------------------

    def json(self) -> dict[str, Any]:
        """The request as JSON, as a program would send it."""
        subject = self.asked()
        service = {} if self.request.get("lines") else dict(self._of_service(subject))
        return {**self.request, "facts": {**service, **self.facts}}

    def _of_service(self, subject: Subject) -> Iterator[tuple[str, Any]]:
        """Without lines, the code and the day are facts like others."""
        wanted = {"code": subject.code, "date": subject.day}
        for name, fact in self.library.vocabulary.facts.items():
            if fact.source is not None and name not in self.unknown:
                value = wanted.get(str(fact.source.get("service")))
                if value is not None:
                    yield name, to_json(value)

    def decide(self) -> None:
        """Has the request decided, and keeps the answer, also if it is a refusal."""
        request = self.json()
        try:
            decided, without = self.engine.decide_fully(request)
        except PolicyError as error:
            self.answer = Answer(refused=error)
            return
        self.answer = Answer(decided, without)
        for one in decided:
            for name in sorted(self.unknown):
                self._still_unknown(name, one.facts)

    def _still_unknown(self, name: str, facts: Mapping[str, Value | None]) -> None:
        fact = self.library.vocabulary.facts[name]
        value = facts.get(name)
        if value is not None and value != fact.absent_means:
            raise Wrong(
                f"the scenario says that nothing is known about `{name}`, but the request itself "
                f"says: {in_words(value, fact.type)}",
                "leave out what says it (lines, diagnoses, authorization), or drop the sentence",
            )

    # --- after it is decided --------------------------------------------------------------------

    def answered(self) -> Answer:
        """The answer, refused or not."""
        kind = self.asked().kind
        if self.answer is None:
            verb = "asked" if kind == "question" else "decided"
            raise Wrong(f"the {kind} is not {verb} yet", f"say first: `When the {kind} is {verb}`")
        return self.answer

    def determined(self) -> Answer:
        """The answer, where there is a determination at all."""
        answer = self.answered()
        if answer.refused is not None:
            raise Mismatch(
                "a determination",
                "the request was refused: "
                + "; ".join(problem.message for problem in answer.refused.diagnostics),
            )
        if not answer.decided:
            subject = self.asked()
            near = [sentence for one in answer.without for sentence in one.near]
            raise Mismatch(
                "a determination",
                f"no policy applies to {subject.code}"
                + (f" on {subject.day}" if subject.day else "")
                + ("; " + "; ".join(near) if near else ""),
                hint=self._code_hint(subject.code),
            )
        return answer

    def _code_hint(self, code: str) -> str | None:
        known = {one for codes in self.library.codes.values() for one in codes}
        return None if code in known else did_you_mean(code, known)

    def services(self) -> tuple[Decided, ...]:
        """The determinations on the code and day that the scenario is about (else all of them)."""
        subject, decided = self.asked(), self.determined().decided
        ours = tuple(
            one
            for one in decided
            if one.determination.code == subject.code
            and subject.day in (None, one.determination.service_date)
        )
        return ours or decided

    def determinations(self) -> tuple[Determination, ...]:
        return self.determined().outcome.determinations

    def rulesets(self) -> tuple[Ruleset, ...]:
        return tuple(one.ruleset for one in self.determined().decided)
