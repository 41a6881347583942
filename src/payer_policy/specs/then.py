"""What the Then sentences do: compare the determination with what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import partial
from typing import Final, NamedTuple

from payer_policy.core.ruleset import Reason
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import Value, format_number
from payer_policy.determination import Determination, Finding, LineOutcome, Outcome, Question
from payer_policy.determination.words import counted, in_words, listed
from payer_policy.specs import cells
from payer_policy.specs.case import Case
from payer_policy.specs.failures import Mismatch, Wrong
from payer_policy.specs.sentences import Arguments, Step, Table, sentence

STEPS: Final[list[Step]] = []
_then: Final = partial(sentence, STEPS, "then")

_DECISIONS: Final = {
    "approve": "approved",
    "deny": "denied",
    "pend": "pended",
    "partial": "partly approved",
    "reduce": "reduced",
    "void": "void",
    "not_required": "not required",
}
_TRUTHS: Final = {HOLDS: "holds", FAILS: "does not hold", UNKNOWN: "is not known"}
_DECIDING: Final = ("deny", "pend", "reduce")


def decided_as(made: Determination | Outcome) -> str:
    """The decision as `it is …` says it."""
    return "recommended for denial" if made.recommended is not None else _DECISIONS[made.decision]


# --- the decision --------------------------------------------------------------------------------


@_then(
    "it is {decision=approved|denied|pended|partly approved|void|not required"
    "|recommended for denial}"
)
def decision(case: Case, said: Arguments, table: Table) -> None:
    """The decision on the whole request: pended if any line is pended; otherwise partly approved if
    the lines differ. Recommended for denial: pended, and denied once a clinician confirms it.

    Then it is denied
    """
    outcome = case.determined().outcome
    found = decided_as(outcome)
    if found != said["decision"]:
        lines = [f"line {line.number} {_DECISIONS[line.outcome]}" for line in _lines(case)]
        differ = len({line.outcome for line in _lines(case)}) > 1
        parts = f" ({', '.join(lines)})" if differ or outcome.decision == "partial" else ""
        raise Mismatch(said["decision"], found + parts, rules=_deciding_rules(case))


def _deciding_rules(case: Case, line: int | None = None) -> list[str]:
    """The rules behind the outcome of a line (or of all): those that make it what it is."""
    outcomes = {one.outcome for one in _lines(case) if line in (None, one.number)}
    kinds = outcomes & {"deny", "pend", "reduce"} or set(_DECIDING)
    found = [
        one.rule
        for one in _findings(case)
        if one.kind in kinds and (line is None or line in one.lines)
    ]
    unsettled = [
        one.rule
        for determination in case.determinations()
        for one in determination.unsettled
        if line is None or line in one.lines
    ]
    return [*found, *unsettled]


def _lines(case: Case) -> list[LineOutcome]:
    return [line for one in case.determinations() for line in one.lines]


def _line(case: Case, text: str) -> LineOutcome:
    number = cells.whole_number(text, "the number of the line")
    lines = {line.number: line for line in _lines(case)}
    if number not in lines:
        without = [at for one in case.determined().without for at in one.lines]
        if number in without:
            raise Mismatch(f"a decision on line {number}", f"no policy applies to line {number}")
        known = listed([str(one) for one in lines]) or "none"
        raise Wrong(f"there is no line {number}", f"the decided lines are: {known}")
    return lines[number]


@_then("line {line} is {decision=approved|denied|pended|void|not required}")
def line_decision(case: Case, said: Arguments, table: Table) -> None:
    """The decision on one line.

    Then line 1 is approved
    """
    line = _line(case, said["line"])
    if _DECISIONS[line.outcome] != said["decision"]:
        _line_mismatch(case, line, said["decision"])


def _line_mismatch(case: Case, line: LineOutcome, expected: str) -> None:
    found = _DECISIONS[line.outcome]
    if line.outcome == "reduce":
        found += f" to {_units(line.allowed_units)}"
    elif line.outcome == "approve":
        found += f" with {_units(line.allowed_units)}"
    rules = _deciding_rules(case, line.number)
    raise Mismatch(f"line {line.number} {expected}", f"line {line.number} {found}", rules=rules)


@_then("line {line} is reduced to {units} units", "line {line} is reduced to {units} unit")
def reduced(case: Case, said: Arguments, table: Table) -> None:
    """The line is approved for fewer units than billed.

    Then line 1 is reduced to 1 unit
    """
    line, units = _line(case, said["line"]), _quantity(said["units"])
    if line.outcome != "reduce" or line.allowed_units != units:
        _line_mismatch(case, line, f"reduced to {_units(units)}")


@_then("{units} units are allowed on line {line}", "{units} unit is allowed on line {line}")
def allowed(case: Case, said: Arguments, table: Table) -> None:
    """All billed units of an approved line, none of a denied one; not known for a pended one.

    Then 1 unit is allowed on line 1
    """
    line, units = _line(case, said["line"]), _quantity(said["units"])
    if line.allowed_units != units:
        raise Mismatch(
            f"{_units(units)} allowed on line {line.number}",
            f"{_units(line.allowed_units)} allowed; the line is {_DECISIONS[line.outcome]}",
            rules=_deciding_rules(case, line.number),
        )


def _quantity(text: str) -> Fraction:
    try:
        return Fraction(Decimal(text))
    except (InvalidOperation, ValueError, OverflowError):
        raise Wrong(f'found "{text}"; a number of units was expected') from None


def _units(units: int | Decimal | Fraction | None) -> str:
    if units is None:
        return "an unknown number of units"
    return f"{format_number(units)} unit{'' if units == 1 else 's'}"


# --- the reasons ---------------------------------------------------------------------------------


def _findings(case: Case) -> list[Finding]:
    return [found for one in case.determinations() for found in one.findings]


def _codes(group: str | None, carc: str | None, rarcs: Sequence[str]) -> str:
    first = " ".join(one for one in (group, carc) if one) or "no codes"
    return f"{first} with {listed(rarcs)}" if rarcs else first


class _Codes(NamedTuple):
    """The reason codes that a sentence expects; RARCs of None: any."""

    group: str
    carc: str
    rarcs: tuple[str, ...] | None

    @classmethod
    def of(cls, case: Case, said: Arguments) -> _Codes:
        group, carc = cells.reason(case.library, said["reason"])
        rarcs = cells.rarcs(case.library, said["rarcs"]) if "rarcs" in said else None
        return cls(group, carc, rarcs)

    def fit(self, found: Finding | Reason) -> bool:
        rarcs = tuple(sorted(found.rarcs)) if self.rarcs is not None else None
        return (found.group, found.carc, rarcs) == self

    def __str__(self) -> str:
        return _codes(self.group, self.carc, self.rarcs or ())


def _describe(found: Finding) -> str:
    kind = {
        "deny": "denies",
        "pend": "pends",
        "reduce": "reduces",
        "certify": "certifies",
        "advise": "advises",
    }
    return f"rule {found.rule} {kind[found.kind]}, {_codes(found.group, found.carc, found.rarcs)}"


def _describe_all(findings: Iterable[Finding]) -> str:
    return "\n".join(_describe(found) for found in findings) or "no reason from any rule"


@_then(
    "the reason is {reason} from rule {rule}",
    "the reason is {reason} with {rarcs} from rule {rule}",
)
def reason(case: Case, said: Arguments, table: Table) -> None:
    """A rule denies, pends or reduces with this group and CARC; with these RARCs and no others,
    where the sentence gives them. There may be other reasons too.

    Then the reason is CO 50 with N386 from rule oral-therapy-first
    """
    codes = _Codes.of(case, said)
    rule = cells.rule(case.rulesets(), said["rule"])
    deciding = [one for one in _findings(case) if one.kind in _DECIDING]
    if not any(one.rule == rule and codes.fit(one) for one in deciding):
        raise Mismatch(f"rule {rule} gives {codes}", _describe_all(deciding), rules=[rule])


_REASON_COLUMNS: Final = ("rule", "group", "carc", "rarc", "line")


@_then("the reasons are", table=True)
def reasons(case: Case, said: Arguments, table: Table) -> None:
    """These reasons and no others, of all rules that deny, pend or reduce. Columns: rule, group,
    carc, rarc, line; all but rule may be left out.

    Then the reasons are
      | rule               | group | carc | rarc | line |
      | oral-therapy-first | CO    | 50   | N386 | 1    |
    """
    records = cells.records(table, _REASON_COLUMNS)
    columns = [column for column in _REASON_COLUMNS if column in records[0][1]]
    if "rule" not in columns:
        raise Wrong("the column `rule` is missing", None, table[0].line)
    expected = []
    for line, record in records:
        with cells.in_row(line):
            expected.append(tuple(_expected(case, one, record[one].strip()) for one in columns))
    found = [
        tuple(_reason_cell(one, column) for column in columns)
        for one in _findings(case)
        if one.kind in _DECIDING
    ]
    missing, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    if missing or more:
        place = columns.index("rule")
        raise Mismatch(
            "these reasons and no others\n" + _shown(expected),
            _shown(found) or "no reason",
            rules=[row[place] for row in (*missing.elements(), *more.elements())],
        )


def _expected(case: Case, column: str, text: str) -> str:
    """A cell as `_reason_cell` writes it."""
    if column == "rule":
        return cells.rule(case.rulesets(), text) if text else ""
    if column == "rarc":
        return " ".join(cells.rarcs(case.library, text))
    if column == "line":
        numbers = [cells.whole_number(one, "the number of a line") for one in cells.several(text)]
        return " ".join(map(str, sorted(numbers)))
    return cells.reason_code(case.library, column, text) if text else ""


def _reason_cell(found: Finding, column: str) -> str:
    return {
        "rule": found.rule,
        "group": found.group or "",
        "carc": found.carc or "",
        "rarc": " ".join(sorted(found.rarcs)),
        "line": " ".join(str(line) for line in sorted(found.lines)),
    }[column]


def _shown(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cell or '-' for cell in row)} |" for row in rows)


@_then("the {form=claim|request} is recommended for denial by rule {rule}")
def recommended(case: Case, said: Arguments, table: Table) -> None:
    """It pends, and is denied once a clinician confirms that this rule denies.

    Then the claim is recommended for denial by rule oral-therapy-first
    """
    outcome = case.determined().outcome
    reviewed = [one.rule for one in _findings(case) if one.review is not None]
    rule = cells.rule(case.rulesets(), said["rule"])
    if outcome.recommended is None or rule not in reviewed:
        found = f"it is {_DECISIONS[outcome.decision]}"
        if outcome.recommended is not None:
            found = f"recommended for denial by {listed(reviewed)}"
        raise Mismatch(f"recommended for denial by rule {rule}", found, rules=[rule])


@_then("line {line} is {disposition=paid|returned|packaged|denied for good}")
def disposed(case: Case, said: Arguments, table: Table) -> None:
    """What becomes of a line: paid as billed; denied, to be corrected and billed anew (returned); denied
    since its payment lies in another line (packaged); or denied for good.

    Then line 1 is packaged
    """
    line = _line(case, said["line"])
    words = {"pay": "paid", "return": "returned", "deny": "denied for good"}
    found = words.get(line.disposition, line.disposition.replace("_", " "))
    if found != said["disposition"]:
        rules = _deciding_rules(case, line.number)
        expected = f"line {line.number} {said['disposition']}"
        raise Mismatch(expected, f"line {line.number} {found}", rules=rules)


_CERTIFIED: Final = (
    "the request is certified for {units} units from {first} through {last}",
    "the request is certified for {units} unit from {first} through {last}",
    "the request is certified for {units} units",
    "the request is certified for {units} unit",
)


@_then(*_CERTIFIED)
def is_certified(case: Case, said: Arguments, table: Table) -> None:
    """What a rule certifies: units in all, and the first and the last day.

    Then the request is certified for 20 units from 2025-01-01 through 2025-06-30
    """
    case.determined()
    units = _quantity(said["units"])
    days = tuple(cells.day(said[name]) for name in ("first", "last")) if "first" in said else ()
    found = [one.certified for one in case.determinations() if one.certified is not None]
    fits = any(
        one.quantity == units and (not days or days == (one.valid_from, one.valid_through))
        for one in found
    )
    if not fits:
        raise Mismatch(
            f"certified for {_units(units)}{_days(*days)}",
            listed(
                [
                    f"{_units(one.quantity)}{_days(one.valid_from, one.valid_through)}"
                    for one in found
                ]
            )
            or "no rule certifies anything",
            rules=[one.rule for one in found],
        )


def _days(first: date | None = None, last: date | None = None) -> str:
    start = f" from {first}" if first else ""
    return f"{start} through {last}" if last else start


@_then("rule {rule} is to be followed up after payment")
def followed_up(case: Case, said: Arguments, table: Table) -> None:
    """The advice of a rule is to be reviewed after payment.

    Then rule note-on-diet is to be followed up after payment
    """
    rule = cells.rule(case.rulesets(), said["rule"])
    found = [one.rule for one in _findings(case) if one.follow_up]
    if rule not in found:
        raise Mismatch(
            f"rule {rule} followed up after payment",
            f"followed up: {listed(found)}" if found else "nothing is followed up",
            rules=[rule],
        )


@_then("no rule denies it")
def no_denial(case: Case, said: Arguments, table: Table) -> None:
    """No rule denies a line; the request may still pend.

    Then no rule denies it
    """
    denying = [one for one in _findings(case) if one.kind == "deny"]
    if denying:
        rules = [one.rule for one in denying]
        raise Mismatch("no rule that denies", _describe_all(denying), rules=rules)


@_then("there is no reason from rule {rule}")
def no_reason(case: Case, said: Arguments, table: Table) -> None:
    """The rule finds nothing on the request.

    Then there is no reason from rule oral-therapy-first
    """
    rule = cells.rule(case.rulesets(), said["rule"])
    found = [one for one in _findings(case) if one.rule == rule]
    if found:
        raise Mismatch(f"no reason from rule {rule}", _describe_all(found), rules=[rule])


@_then('it says "{text}"')
def says(case: Case, said: Arguments, table: Table) -> None:
    """A sentence of the determination contains this text.

    Then it says "one is paid a day"
    """
    wanted = " ".join(said["text"].split())
    sentences = [" ".join(one.because.split()) for one in _findings(case)]
    if not any(wanted in sentence for sentence in sentences):
        found = "\n".join(f'"{sentence}"' for sentence in sentences) or "no sentence at all"
        raise Mismatch(f'a sentence with "{wanted}"', found)


@_then(
    "it advises by rule {rule}",
    "it advises {reason} by rule {rule}",
    "it advises {reason} with {rarcs} by rule {rule}",
)
def advises(case: Case, said: Arguments, table: Table) -> None:
    """The rule gives a note that decides nothing; with this group and CARC, and with these RARCs
    and no others, where the sentence gives them.

    Then it advises by rule note-on-diet
    """
    rule = cells.rule(case.rulesets(), said["rule"])
    advising = [one for one in _findings(case) if one.kind == "advise"]
    if all(one.rule != rule for one in advising):
        found = listed([one.rule for one in advising])
        found = f"advice by {found}" if found else "no advice"
        raise Mismatch(f"advice by rule {rule}", found, rules=[rule])
    if "reason" not in said:
        return
    codes = _Codes.of(case, said)
    if not any(one.rule == rule and codes.fit(one) for one in advising):
        raise Mismatch(f"rule {rule} advises, {codes}", _describe_all(advising), rules=[rule])


@_then("the information request is {reason}", "the information request is {reason} with {rarcs}")
def information(case: Case, said: Arguments, table: Table) -> None:
    """The reason codes with which the payer asks for what is missing.

    Then the information request is CO 252 with N706
    """
    codes = _Codes.of(case, said)
    requests = [one.information_request for one in case.determinations()]
    found = [request for request in requests if request is not None]
    if not any(map(codes.fit, found)):
        raise Mismatch(
            f"information requested with {codes}",
            listed([_codes(one.group, one.carc, one.rarcs) for one in found])
            or "no information requested",
        )


# --- what is asked -------------------------------------------------------------------------------


def _questions(case: Case) -> list[Question]:
    return [question for one in case.services() for question in one.determination.missing]


def _asked(questions: Sequence[Question]) -> str:
    if not questions:
        return "it asks nothing"
    lines = [f"{at}. {one.fact}: {one.question}" for at, one in enumerate(questions, 1)]
    return "\n".join(["it asks for", *lines])


@_then("it asks for {fact}")
def asks_for(case: Case, said: Arguments, table: Table) -> None:
    """The fact is among the questions that could still change the outcome.

    Then it asks for oral_trial.outcome
    """
    fact, questions = cells.fact(case.library, said["fact"]), _questions(case)
    if all(question.fact != fact.name for question in questions):
        raise Mismatch(f"a question about {fact.name}", _asked(questions))


@_then("it first asks for {fact}")
def asks_first(case: Case, said: Arguments, table: Table) -> None:
    """The fact is the first question.

    Then it first asks for oral_trial.outcome
    """
    fact, questions = cells.fact(case.library, said["fact"]), _questions(case)
    if not questions or questions[0].fact != fact.name:
        raise Mismatch(f"a question about {fact.name} first", _asked(questions))


@_then("it does not ask for {fact}")
def asks_not(case: Case, said: Arguments, table: Table) -> None:
    """The fact is not among the questions.

    Then it does not ask for patient.vegan
    """
    fact, questions = cells.fact(case.library, said["fact"]), _questions(case)
    for question in questions:
        if question.fact == fact.name:
            raise Mismatch(
                f"no question about {fact.name}", _asked([question]), rules=question.rules
            )


@_then("it asks nothing")
def asks_nothing(case: Case, said: Arguments, table: Table) -> None:
    """There is no question left.

    Then it asks nothing
    """
    questions = _questions(case)
    if questions:
        raise Mismatch("no question", _asked(questions))


# --- what holds ----------------------------------------------------------------------------------


@_then("{fact} is concluded to be {value}")
def concluded(case: Case, said: Arguments, table: Table) -> None:
    """The value of a fact that rules conclude, or that is computed from the request.

    Then oral_trial.failed is concluded to be yes
    """
    fact = cells.fact(case.library, said["fact"])
    if fact.name in case.facts:
        raise Wrong(f"`{fact.name}` is given by the scenario itself, not concluded")
    expected = cells.value(case.library, fact, said["value"])
    services = case.services()
    values: list[Value | None] = []
    for one in services:
        derived = dict(one.determination.derived)
        values.append(derived.get(fact.name) if fact.derived else one.facts.get(fact.name))
    if expected not in values:
        found = listed([in_words(value, fact.type) for value in dict.fromkeys(values)], "or")
        raise Mismatch(
            f"{fact.name}: {in_words(expected, fact.type)}",
            f"{fact.name}: {found}",
            rules=[
                one.ruleset.rules[index].id
                for one in services
                if (declared := one.ruleset.derived.get(fact.name)) is not None
                for index, _ in declared.concluded_by
            ],
        )


@_then("it is assumed that rule {rule} does not hold")
def assumed(case: Case, said: Arguments, table: Table) -> None:
    """The rule is not known, and its policy assumes that it does not hold.

    Then it is assumed that rule duplicate does not hold
    """
    rule = cells.rule(case.rulesets(), said["rule"])
    assumed = [
        one.rule for of in case.determinations() for one in of.assumptions if one.rule is not None
    ]
    if rule not in assumed:
        found = listed(assumed)
        raise Mismatch(
            f"the assumption that rule {rule} does not hold",
            f"it is assumed of {found}" if found else "nothing is assumed",
            rules=[rule],
        )


@_then("rule {rule} {truth=holds|does not hold|is not known}")
def rule_is(case: Case, said: Arguments, table: Table) -> None:
    """Whether a rule holds, with the rules that override it taken into account.

    Then rule oral-therapy-first does not hold
    """
    rule = cells.rule(case.rulesets(), said["rule"])
    truths: set[Truth] = set()
    for one in case.services():
        if one.evaluation is None:
            raise Mismatch(f"rule {rule} {said['truth']}", "the engine failed")
        ids = [known.id for known in one.ruleset.rules]
        if rule in ids:
            truths.add(one.evaluation.truths[ids.index(rule)])
    found = sorted(_TRUTHS[truth] for truth in truths)
    if found != [said["truth"]]:
        actual = listed(found) or "is of another service of the claim"
        raise Mismatch(f"rule {rule} {said['truth']}", f"rule {rule} {actual}", rules=[rule])


@_then("it waits for these rules", table=True)
def waits(case: Case, said: Arguments, table: Table) -> None:
    """These rules and no others are not known yet, and their lines pend until they are. One rule a
    row.

    Then it waits for these rules
      | rule               |
      | oral-therapy-first |
    """
    rulesets = case.rulesets()
    expected: dict[str, int] = {}
    for line, record in cells.records(table, ("rule",)):
        with cells.in_row(line):
            cells.once(expected, cells.rule(rulesets, record["rule"]), line)
    found = {one.rule for of in case.determinations() for one in of.unsettled}
    if set(expected) != found:
        lacking, more = sorted(set(expected) - found), sorted(found - set(expected))
        raise Mismatch(
            "these open rules and no others\n" + "\n".join(sorted(expected)),
            "\n".join(
                [
                    *(f"{rule} is not open" for rule in lacking),
                    *(f"{rule} is open too" for rule in more),
                ]
            ),
            rules=[*lacking, *more],
        )


# --- no determination ----------------------------------------------------------------------------


@_then("no policy applies")
def no_policy(case: Case, said: Arguments, table: Table) -> None:
    """No policy of the payer covers the code on that day and in that line of business.

    Then no policy applies
    """
    answer = case.answered()
    if answer.refused is not None:
        case.determined()
    if answer.decided:
        policies = listed([one.determination.policy.address for one in answer.decided])
        raise Mismatch("no policy", f"decided by {policies}")


@_then('the {form=claim|request} is refused because "{text}"')
def refused(case: Case, said: Arguments, table: Table) -> None:
    """The request itself is wrong, and the message contains this text.

    Then the request is refused because "but the claim says"
    """
    answer = case.answered()
    wanted = " ".join(said["text"].split())
    expected = f'a refusal that says "{wanted}"'
    if answer.refused is None:
        count = counted(len(answer.decided), "determination")
        raise Mismatch(expected, f"the request was not refused ({count})")
    refusals = [
        " ".join(f"{problem.message} {problem.hint or ''}".split())
        for problem in answer.refused.diagnostics
    ]
    if not any(wanted in one for one in refusals):
        raise Mismatch(expected, "\n".join(f'"{one}"' for one in refusals))
