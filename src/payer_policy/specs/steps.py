"""The step library: every sentence that a scenario may say, in the order to learn them.

The examples are run by the tests.
"""

from __future__ import annotations

from typing import Final

from payer_policy.specs import given, then
from payer_policy.specs.sentences import Step

GIVEN: Final = (
    Step(
        "given",
        ("a claim to {payer} for {code} on {date}",),
        given.claim,
        "A claim for a drug code on a date of service. The payer is its folder under the policies, "
        "its name or one of its identifiers; of a payer with one line of business the claim has "
        "that. The claim has no lines until a table gives them.",
        "Given a claim to Example Health for J3420 on 2025-03-04",
    ),
    Step(
        "given",
        ("a preauthorization request to {payer} for {code} on {date}",),
        given.preauthorization,
        "The same for a preauthorization request.",
        "Given a preauthorization request to Example Health for J3420 on 2025-03-04",
    ),
    Step(
        "given",
        ("a question to {payer} about {code} on {date}", "a question to {payer} about {code}"),
        given.question,
        "What does the policy require? A preauthorization request of which only payer, code and date "
        "of service are known. Without the date the question pends, and asks for it.",
        "Given a question to Example Health about J3420 on 2025-03-04",
    ),
    Step(
        "given",
        ("these claim lines",),
        given.lines,
        "The lines, one a row. Columns: "
        + ", ".join(given.LINE)
        + "; and facts about the line's service, by name or label, in place of what was said of them for "
        "the whole request. Any may be left out; code and date are then the claim's. Several modifiers "
        "are parted by blanks or commas. An empty cell is not known; of modifiers it means none. "
        "Another code makes a procedure line.",
        "And these claim lines\n"
        "  | code  | modifiers | units | charge | injection.previous_date |\n"
        "  | J3420 | JZ        | 1     | 25.50  | 2025-02-04              |\n"
        "  | 96372 |           | 1     |        |                         |",
        table=True,
    ),
    Step(
        "given",
        ("these facts",),
        given.facts,
        "Facts by their name in the vocabulary or by their label. yes and no, numbers with or "
        "without their unit, dates as YYYY-MM-DD, choices with blanks for underscores, lists with "
        "commas (none: known to be empty). An empty cell is not known.",
        "And these facts\n"
        "  | fact                       | value         |\n"
        "  | oral_trial.outcome         | not tolerated |\n"
        "  | the length of oral therapy | 8 weeks       |\n"
        "  | patient.vegan              | no            |",
        table=True,
    ),
    Step(
        "given",
        ("it is known that {fact_and_value}",),
        given.fact,
        "One fact, as `fact is value`.",
        "And it is known that oral_trial.outcome is not tolerated",
    ),
    Step(
        "given",
        ("nothing is known about {fact}",),
        given.nothing_known,
        "Takes back what a Background or a table said of the fact. That the request itself does "
        "not tell it either is made sure of.",
        "And nothing is known about oral_trial.outcome",
    ),
    Step(
        "given",
        ("the {form=claim|request} says",),
        given.form,
        "What the form says outside its lines. Fields: " + ", ".join(given.FIELDS) + ".",
        "And the claim says\n"
        "  | field            | value      |\n"
        "  | frequency        | 7          |\n"
        "  | place of service | 11         |",
        table=True,
    ),
    Step(
        "given",
        ("the diagnoses {codes}",),
        given.diagnoses,
        "All diagnoses of the request, in order.",
        "And the diagnoses D51.0 and E53.8",
    ),
    Step(
        "given",
        ("no authorization is on file",),
        given.no_authorization,
        "The payer has looked and found none. Where nothing is said, it is not known.",
        "And no authorization is on file",
    ),
    Step(
        "given",
        ("this authorization is on file",),
        given.authorization,
        "One authorization; say it again for another one. Fields: "
        + ", ".join(given.AUTHORIZATION)
        + ". What is left out is not known.",
        "And this authorization is on file\n"
        "  | field         | value      |\n"
        "  | number        | A-100      |\n"
        "  | status        | approved   |\n"
        "  | codes         | J3420      |\n"
        "  | valid from    | 2025-01-01 |\n"
        "  | valid through | 2025-12-31 |",
        table=True,
    ),
    Step(
        "given",
        ("these earlier claims",),
        given.earlier,
        "Lines of the member's earlier claims. Columns: "
        + ", ".join(given.EARLIER)
        + ". Any may be left out; code and date are then the claim's.",
        "And these earlier claims\n"
        "  | claim number | date       | units | void |\n"
        "  | C-77         | 2025-03-04 | 3     | no   |",
        table=True,
    ),
    Step(
        "given",
        ("there are no earlier claims",),
        given.nothing_earlier,
        "The payer has looked and found none. Where nothing is said, it is not known.",
        "And there are no earlier claims",
    ),
)

WHEN: Final = (
    Step(
        "when",
        ("the {kind=claim|request} is decided",),
        given.decide,
        "The engine decides. A Given after it changes the request, which is then decided anew.",
        "When the claim is decided",
    ),
    Step(
        "when",
        ("the question is asked",),
        given.ask,
        "The same for a question.",
        "When the question is asked",
    ),
)

_DECISION: Final = "{decision=approved|denied|pended|partly approved|void}"
_LINE_DECISION: Final = "{decision=approved|denied|pended|void}"

THEN: Final = (
    Step(
        "then",
        (f"it is {_DECISION}",),
        then.decision,
        "The decision on the whole request: pended while any of its lines is; where they differ "
        "otherwise, partly approved.",
        "Then it is denied",
    ),
    Step(
        "then",
        (f"line {{line}} is {_LINE_DECISION}",),
        then.line_decision,
        "The decision on one line.",
        "Then line 1 is approved",
    ),
    Step(
        "then",
        ("line {line} is reduced to {units} units", "line {line} is reduced to {units} unit"),
        then.reduced,
        "The line is approved for fewer units than billed.",
        "Then line 1 is reduced to 1 unit",
    ),
    Step(
        "then",
        ("{units} units are allowed on line {line}", "{units} unit is allowed on line {line}"),
        then.allowed,
        "All billed units of an approved line, none of a denied one; not known while it pends.",
        "Then 1 unit is allowed on line 1",
    ),
    Step(
        "then",
        (
            "the reason is {reason} from rule {rule}",
            "the reason is {reason} with {rarcs} from rule {rule}",
        ),
        then.reason,
        "A rule denies, pends or reduces with this group and CARC; with these RARCs and no others, "
        "where they are said. Other reasons may stand beside it.",
        "Then the reason is CO 50 with N386 from rule oral-therapy-first",
    ),
    Step(
        "then",
        ("the reasons are",),
        then.reasons,
        "These reasons and no others, of all rules that deny, pend or reduce. Columns: rule, "
        "group, carc, rarc, line; all but rule may be left out.",
        "Then the reasons are\n"
        "  | rule               | group | carc | rarc | line |\n"
        "  | oral-therapy-first | CO    | 50   | N386 | 1    |",
        table=True,
    ),
    Step(
        "then",
        ("no rule denies it",),
        then.no_denial,
        "No denying rule holds; it may still pend.",
        "Then no rule denies it",
    ),
    Step(
        "then",
        ("there is no reason from rule {rule}",),
        then.no_reason,
        "The rule finds nothing on the request.",
        "Then there is no reason from rule oral-therapy-first",
    ),
    Step(
        "then",
        ('it says "{text}"',),
        then.says,
        "A sentence of the determination has this text in it.",
        'Then it says "one is paid a day"',
    ),
    Step(
        "then",
        (
            "it advises by rule {rule}",
            "it advises {reason} by rule {rule}",
            "it advises {reason} with {rarcs} by rule {rule}",
        ),
        then.advises,
        "The rule gives a note that decides nothing; with this group and CARC, and with these RARCs "
        "and no others, where they are said.",
        "Then it advises by rule note-on-diet",
    ),
    Step(
        "then",
        (
            "the information request is {reason}",
            "the information request is {reason} with {rarcs}",
        ),
        then.information,
        "The reason codes with which the payer asks for what is missing.",
        "Then the information request is CO 252 with N706",
    ),
    Step(
        "then",
        ("it asks for {fact}",),
        then.asks_for,
        "The fact is among the questions that could still change the outcome.",
        "Then it asks for oral_trial.outcome",
    ),
    Step(
        "then",
        ("it first asks for {fact}",),
        then.asks_first,
        "The fact is the first of them.",
        "Then it first asks for oral_trial.outcome",
    ),
    Step(
        "then",
        ("it does not ask for {fact}",),
        then.asks_not,
        "The fact is not among the questions.",
        "Then it does not ask for patient.vegan",
    ),
    Step(
        "then",
        ("it asks nothing",),
        then.asks_nothing,
        "There is no question left.",
        "Then it asks nothing",
    ),
    Step(
        "then",
        ("{fact} is concluded to be {value}",),
        then.concluded,
        "The value of a fact that rules conclude, or that is computed from the request.",
        "Then oral_trial.failed is concluded to be yes",
    ),
    Step(
        "then",
        ("it is assumed that rule {rule} does not hold",),
        then.assumed,
        "The rule is not known, and its policy says to take it as not holding.",
        "Then it is assumed that rule duplicate does not hold",
    ),
    Step(
        "then",
        ("rule {rule} {truth=holds|does not hold|is not known}",),
        then.rule_is,
        "Whether a rule holds, with the rules that override it taken into account.",
        "Then rule oral-therapy-first does not hold",
    ),
    Step(
        "then",
        ("it waits for these rules",),
        then.waits,
        "These rules and no others are open: they are not known, and their lines pend until they are. "
        "One rule a row.",
        "Then it waits for these rules\n  | rule               |\n  | oral-therapy-first |",
        table=True,
    ),
    Step(
        "then",
        ("no policy applies",),
        then.no_policy,
        "No policy of the payer covers the code on that day and in that line of business.",
        "Then no policy applies",
    ),
    Step(
        "then",
        ('the {form=claim|request} is refused because "{text}"',),
        then.refused,
        "The request itself is wrong, and the message has this text in it.",
        'Then the request is refused because "but the claim says"',
    ),
)

STEPS: Final[tuple[Step, ...]] = (*GIVEN, *WHEN, *THEN)
