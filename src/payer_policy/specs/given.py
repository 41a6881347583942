"""The Given and When sentences: they put the request together, and have it decided."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from pydantic import BaseModel

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import to_json
from payer_policy.request.models import Authorization, Line, PriorLine, Request
from payer_policy.specs import cells
from payer_policy.specs.case import Case, Subject, SubjectKind
from payer_policy.specs.examples import Example, example_of_role, find_example
from payer_policy.specs.failures import Wrong
from payer_policy.specs.sentences import Arguments, Step, Table, sentence

STEPS: Final[list[Step]] = []
_given: Final = partial(sentence, STEPS, "given")
_when: Final = partial(sentence, STEPS, "when")

_NO_FACTS: Final[Mapping[str, Fact]] = {}

FIELDS: Final = {
    "claim number": "id",
    "frequency": "frequency",
    "original id": "original_id",
    "received": "received",
    "received at": "received_at",
    "expedited": "expedited",
    "bill type": "bill_type",
    "place of service": "place_of_service",
    "authorization number": "authorization_number",
    "description": "description",
    "payer": "coverage.payer",
    "payer name": "coverage.payer_name",
    "line of business": "coverage.line_of_business",
    "plan": "coverage.plan",
    "member id": "coverage.member_id",
    "birth date": "patient.birth_date",
    "billing npi": "provider.billing_npi",
    "rendering npi": "provider.rendering_npi",
    "billing tin": "provider.billing_tin",
    "billing specialty": "provider.billing_specialty",
    "rendering specialty": "provider.rendering_specialty",
}
_SETS: Final = {"modifiers": "modifier", "codes": "hcpcs"}
_FLAGS: Final = ("void", "expedited")
_CODES: Final = {"code": "hcpcs", "place of service": "place_of_service"}


def _columns(model: type[BaseModel]) -> dict[str, str]:
    return {cells.spoken(name): name for name in model.model_fields}


LINE: Final = {column: name for column, name in _columns(Line).items() if name != "facts"}
LINE_COLUMNS: Final = {column: name for column, name in LINE.items() if name != "records"}
"""No cell holds rows; those of an example can be cleared."""
AUTHORIZATION: Final = _columns(Authorization)
EARLIER: Final = {
    "claim number" if column == "claim id" else column: name
    for column, name in _columns(PriorLine).items()
}

# --- what is asked of whom -----------------------------------------------------------------------


@_given("a claim to {payer} for {code} on {date}")
def claim(case: Case, said: Arguments, table: Table) -> None:
    """A claim for a drug code on a date of service. Name the payer by its folder, its name or one of
    its identifiers. If the payer has one line of business, the claim has it. The claim has no lines
    until a table gives them.

    Given a claim to Example Health for J3420 on 2025-03-04
    """
    _begin(case, said, "claim")


@_given("a preauthorization request to {payer} for {code} on {date}")
def preauthorization(case: Case, said: Arguments, table: Table) -> None:
    """The same for a preauthorization request.

    Given a preauthorization request to Example Health for J3420 on 2025-03-04
    """
    _begin(case, said, "request")


@_given("a question to {payer} about {code} on {date}", "a question to {payer} about {code}")
def question(case: Case, said: Arguments, table: Table) -> None:
    """What does the policy require? A preauthorization request with only a payer, a code and a date of
    service. Without the date the question pends, and asks for it.

    Given a question to Example Health about J3420 on 2025-03-04
    """
    _begin(case, said, "question")


def _begin(case: Case, said: Arguments, kind: SubjectKind) -> None:
    day = cells.day(said["date"]) if "date" in said else None
    code = cells.code_of("hcpcs", said["code"])
    named, payer = cells.payer(case.library, said["payer"])
    coverage = {"payer": named}
    if len(payer.lines_of_business) == 1:
        coverage["line_of_business"] = payer.lines_of_business[0]
    form = "claim" if kind == "claim" else "preauthorization"
    case.begin(Subject(kind, code, day), {"kind": form, "coverage": coverage})


@_given(
    "the example {example}",
    "the example {example} of {payer} for {code}",
    "the example {example} of {payer} for {code} on {date}",
)
def example(case: Case, said: Arguments, table: Table) -> None:
    """Start from a named example: the request in `examples/<name>.json` beside a policy. The payer and
    the code say which policy; leave them out if only one policy has an example of that name. A date
    of service replaces the dates of all lines. Every sentence that follows changes the example: what
    it says replaces what the example says.

    Given the example clean-injection of Example Health for J3420
    """
    library, code, addresses = case.library, None, None
    if "payer" in said:
        _, payer = cells.payer(library, said["payer"])
        code = cells.code_of("hcpcs", said["code"])
        addresses = library.candidates(payer.folder, code)
        if not addresses:
            own = [one for one in library.addresses() if one.startswith(f"{payer.folder}/")]
            known = [one for address in own for one in library.codes[address]]
            raise Wrong(f"{payer.name} has no policy for {code}", did_you_mean(code, known))
    _start(case, find_example(library, said["example"], addresses), code, said)


@_given("the role {role} of {module}", "the role {role} of {module} on {date}")
def role(case: Case, said: Arguments, table: Table) -> None:
    """Start a scenario of a module, which runs for every policy that extends the module: from the
    example of that name beside the policy, or from the one that the policy's `roles` name for it. A
    policy that the scenario is not meant for withdraws it, with a reason.

    Given the role clean-claim of general/wastage
    """
    library, module = case.library, said["module"]
    if module not in library.policies:
        hint = did_you_mean(module, library.policies) or "write <owner>/<module>"
        raise Wrong(f"`{module}` is not a policy or module of this folder", hint)
    if case.policy is None:
        raise Wrong(f"no policy of this folder extends {module}")
    _start(case, example_of_role(library, case.policy, said["role"]), None, said)


def _start(case: Case, found: Example, code: str | None, said: Arguments) -> None:
    """Start from an example: of its services, the one of the code, or else the first of its policy."""
    library, request = case.library, found.request()
    billed, facts = request.get("lines", []), request.get("facts", {})
    services = [(line["code"], line.get("date")) for line in billed]
    if not billed:
        names = [library.facts_by_source.get(("service", part), "") for part in ("code", "date")]
        services = [(facts.pop(names[0], None), facts.pop(names[1], None))]
    wanted = library.codes[found.address] if code is None else {code}
    service = next((one for one in services if one[0] in wanted), None)
    if service is None:
        codes, drug = ", ".join(str(one) for one, _ in services), code or "a code of its policy"
        raise Wrong(f"the example `{found.name}` is not about {drug}", f"its codes are: {codes}")
    day = said.get("date", service[1])
    if "date" in said:
        for line in billed:
            line["date"] = day
    kind: SubjectKind = "claim" if request.get("kind", "claim") == "claim" else "request"
    case.begin(Subject(kind, service[0], None if day is None else cells.day(day)), request)


@_given(
    "{part} {carry=carries|carry} no {removed}",
    "{part} {carry=carries|carry} {modifiers}",
    "{part} {has=has|have} no {cleared}",
    "{part} {has=has|have} {field_and_value}",
)
def change(case: Case, said: Arguments, table: Table) -> None:
    """Change one thing. The part is the drug lines (all lines of the scenario's drug), line 2 (or
    another number), the claim, the request, or the authorization (the last one on file). `carry JW`
    sets the modifiers of lines, `carry no JZ` removes some, `carry no modifiers` removes all. `has
    place of service 22` sets a field, `has no plan` clears it: it is then not known. The fields are
    those of claim lines, of the claim and of an authorization, as the tables have them.

    But the drug lines carry no JZ
    """
    case.change()
    part = said["part"]
    model, fields, targets = _part(case, part)
    if model is not Line and ("modifiers" in said or "removed" in said):
        raise Wrong(f"{part} carries no modifiers", "say it of the drug lines, or of one line")
    if "removed" in said:
        removed = said["removed"]
        every = removed.casefold() in ("modifier", "modifiers")
        gone = [] if every else _cell(Line, "modifiers", removed, None)
        for target in targets:
            left = [one for one in target.get("modifiers", ()) if one not in gone]
            target["modifiers"] = [] if every else left
        return
    if "modifiers" in said:
        field, value = "modifiers", said["modifiers"]
    elif "cleared" in said:
        field, value = cells.named(said["cleared"], list(fields), "field", None), ""
    else:
        field, value = _field_and_value(said["field_and_value"], fields)
    cell = _checked_cell(model, fields, field, value, None)
    for target in targets:
        _set(target, fields[field], None if cell == [] else cell)


def _part(case: Case, part: str) -> tuple[type[BaseModel], Mapping[str, str], list[dict[str, Any]]]:
    """The model of a part of the request, its fields, and where they are in the request's JSON."""
    subject, lines = case.asked(), case.request.get("lines", [])
    if part in ("the claim", "the request"):
        return Request, FIELDS, [case.request]
    if part == "the authorization":
        on_file = case.request.get("authorizations") or []
        if not on_file:
            raise Wrong("no authorization is on file", "say first: this authorization is on file")
        return Authorization, AUTHORIZATION, on_file[-1:]
    if part == "the drug lines":
        found = [line for line in lines if line["code"] == subject.code]
        missing = f"the {subject.kind} has no line for {subject.code}"
    else:
        number = cells.whole_number(part.removeprefix("line "), "the number of the line")
        found = [line for at, line in enumerate(lines, 1) if line.get("number", at) == number]
        missing = f"the {subject.kind} has no line {number}"
    if not found:
        raise Wrong(missing, "give the lines first: these claim lines")
    return Line, LINE, found


def _field_and_value(text: str, fields: Mapping[str, str]) -> tuple[str, str]:
    words = text.split()
    for at in range(len(words) - 1, 0, -1):
        if (field := cells.spelling(" ".join(words[:at]))) in fields:
            return field, " ".join(words[at:])
    if cells.spelling(text) not in fields:
        cells.named(" ".join(words[:-1] or words), list(fields), "field", None)
    raise Wrong(f"`{text}` gives no value", "say the field, then its value")


@_given("these claim lines", table=True, columns=LINE_COLUMNS)
def lines(case: Case, said: Arguments, table: Table) -> None:
    """The lines, one a row. Columns are fields of a line, and facts about the line's service, by name
    or label, in place of what was said of them for the whole request. Any may be left out; code and
    date are then the claim's. Separate modifiers with spaces or commas. An empty cell is not known; of
    modifiers it means none. Another code makes a procedure line.

    And these claim lines
      | code  | modifiers | units | charge | injection.previous_date |
      | J3420 | JZ        | 1     | 25.50  | 2025-02-04              |
      | 96372 |           | 1     |        |                         |
    """
    case.change()
    facts = _facts_of_lines(case, table)
    for declared in facts.values():
        case.facts.pop(declared.name, None)  # what was said of it for the whole request
    case.request["lines"] = _rows(case, table, Line, LINE_COLUMNS, facts)


def _facts_of_lines(case: Case, table: Table) -> dict[str, Fact]:
    """The columns that are facts about the line's service, each by the column's one spelling."""
    found: dict[str, Fact] = {}
    facts, line = case.library.vocabulary.facts, table[0].line
    for cell in table[0].cells:
        column = cells.spelling(cell)
        if column in LINE_COLUMNS:
            continue
        declared = cells.fact_named(case.library, cell.strip())
        if declared is None or declared.derived:
            services = [name for name, fact in facts.items() if fact.about == "service"]
            hint = did_you_mean(cell.strip(), [*LINE_COLUMNS, *services])
            hint = hint or f"the columns are {', '.join(LINE_COLUMNS)}, and facts about a service"
            raise Wrong(f"`{cell.strip()}` is not a column here", hint, line)
        if declared.about == "member":
            message = f"`{declared.name}` is about the member and not about one service"
            raise Wrong(message, "put it in a table of its own: And these facts", line)
        if declared in found.values():
            raise Wrong(f"`{declared.name}` has two columns here", "keep one of the two", line)
        found[column] = declared
    return found


# --- facts ---------------------------------------------------------------------------------------


@_given("these facts", table=True)
def facts(case: Case, said: Arguments, table: Table) -> None:
    """Facts by their name in the vocabulary or by their label. yes and no, numbers with or without
    their unit, dates as YYYY-MM-DD, choices with spaces for underscores, lists with commas (none:
    known to be empty). An empty cell is not known.

    And these facts
      | fact                       | value         |
      | oral_trial.outcome         | not tolerated |
      | the length of oral therapy | 8 weeks       |
      | patient.vegan              | no            |
    """
    lines: dict[str, int] = {}
    for line, name, value in cells.pairs(table, "fact"):
        with cells.in_row(line):
            cells.once(lines, cells.fact(case.library, name).name, line)
            _known(case, name, value)


@_given("it is known that {fact_and_value}")
def fact(case: Case, said: Arguments, table: Table) -> None:
    """One fact, as `fact is value`.

    And it is known that oral_trial.outcome is not tolerated
    """
    declared, value = cells.fact_and_value(case.library, said["fact_and_value"])
    _known(case, declared.name, value)


@_given("nothing is known about {fact}")
def nothing_known(case: Case, said: Arguments, table: Table) -> None:
    """Clears the fact, whatever an example, a Background or a table says of it. Fails if the request
    itself supplies it.

    And nothing is known about oral_trial.outcome
    """
    _known(case, said["fact"], "")


def _known(case: Case, name: str, value: str) -> None:
    case.change()
    fact = cells.fact(case.library, name)
    if fact.derived:
        raise Wrong(
            f"`{fact.name}` is concluded by rules; a request cannot supply it",
            "say what the rules conclude it from",
        )
    if value.strip():
        case.know(fact.name, to_json(cells.value(case.library, fact, value)))
    else:
        case.forget(fact.name)


# --- the form ------------------------------------------------------------------------------------


@_given("the {form=claim|request} says", table=True, columns=FIELDS)
def form(case: Case, said: Arguments, table: Table) -> None:
    """What the form says outside its lines.

    And the claim says
      | field            | value      |
      | frequency        | 7          |
      | place of service | 11         |
    """
    case.change()
    for line, field, value in cells.fields(table, FIELDS):
        _set(case.request, FIELDS[field], _checked_cell(Request, FIELDS, field, value, line))


def _set(into: dict[str, Any], path: str, value: Any) -> None:
    """Set a field of the request's JSON, or leave it out (not known) where the value is None."""
    *parents, last = path.split(".")
    for key in parents:
        into = into.setdefault(key, {})
    into[last] = value
    if value is None:
        del into[last]


def _cell(model: type[BaseModel], column: str, text: str, line: int | None) -> Any:
    """A cell as the request's JSON has it; None where it is empty."""
    try:
        if column in _SETS:
            return [cells.code_of(_SETS[column], one) for one in cells.several(text)]
        if not text.strip():
            return None
        if column in _CODES:
            return cells.code_of(_CODES[column], text)
        if column == "number" and model is Line:
            return cells.whole_number(text, "the number of the line")
        if column == "diagnosis pointers":
            return [cells.whole_number(one, "a diagnosis pointer") for one in cells.several(text)]
        if column in _FLAGS:
            return cells.yes_or_no(text)
    except Wrong as error:
        raise Wrong(f"`{column}`: {error.message}", error.hint, line) from None
    return text.strip()


def _checked_cell(
    model: type[BaseModel], fields: Mapping[str, str], field: str, text: str, line: int | None
) -> Any:
    """A cell that the request's own model accepts."""
    cell = _cell(model, field, text, line)
    if cell not in (None, []):
        raw: dict[str, Any] = {"code": None} if model is Line else {}
        _set(raw, fields[field], cell)
        cells.checked(model, raw, {fields[field]: field}, line)
    return cell


def _rows(
    case: Case,
    table: Table,
    model: type[BaseModel],
    columns: Mapping[str, str],
    facts: Mapping[str, Fact] = _NO_FACTS,
    **defaults: Any,
) -> list[dict[str, Any]]:
    """The rows of a table as JSON objects of a model; a column left out has its default. Some columns
    may be facts, which are in the row's own `facts`."""
    subject = case.asked()
    day = subject.day.isoformat() if subject.day else None
    out = []
    for line, record in cells.records(table, [*columns, *facts]):
        raw = {**defaults, "code": subject.code, "date": day}
        for column, text in record.items():
            if column not in facts:
                cell = _cell(model, column, text, line)
                # No codes given is not known; no modifiers is none.
                raw[columns[column]] = None if cell == [] and columns[column] == "codes" else cell
            elif text.strip():
                with cells.in_row(line):
                    value = cells.value(case.library, facts[column], text)
                raw.setdefault("facts", {})[facts[column].name] = to_json(value)
        given = {name: cell for name, cell in raw.items() if cell is not None}
        if model is Line:
            given.setdefault("code", None)
        cells.checked(model, given, {field: column for column, field in columns.items()}, line)
        out.append(given)
    return out


@_given("the diagnoses {codes}")
def diagnoses(case: Case, said: Arguments, table: Table) -> None:
    """All diagnoses of the request, in order.

    And the diagnoses D51.0 and E53.8
    """
    case.change()
    codes = [cells.code_of("icd10cm", one) for one in cells.several(said["codes"])]
    case.request["diagnoses"] = codes


@_given("no authorization is on file")
def no_authorization(case: Case, said: Arguments, table: Table) -> None:
    """The payer has looked and found none. If no sentence says it, it is not known.

    And no authorization is on file
    """
    case.change()
    case.request["authorizations"] = []


@_given("this authorization is on file", table=True, columns=AUTHORIZATION)
def authorization(case: Case, said: Arguments, table: Table) -> None:
    """One authorization; repeat the sentence for another one. A field left out is not known.

    And this authorization is on file
      | field         | value      |
      | number        | A-100      |
      | status        | approved   |
      | codes         | J3420      |
      | valid from    | 2025-01-01 |
      | valid through | 2025-12-31 |
    """
    case.change()
    entry: dict[str, Any] = {}
    for line, field, value in cells.fields(table, AUTHORIZATION):
        cell = _checked_cell(Authorization, AUTHORIZATION, field, value, line)
        _set(entry, AUTHORIZATION[field], None if cell == [] else cell)
    case.request["authorizations"] = [*(case.request.get("authorizations") or []), entry]


@_given("these earlier claims", table=True, columns=EARLIER)
def earlier(case: Case, said: Arguments, table: Table) -> None:
    """Lines of the member's earlier claims. Any column may be left out; code and date are then the
    claim's.

    And these earlier claims
      | claim number | date       | units | void |
      | C-77         | 2025-03-04 | 3     | no   |
    """
    case.change()
    case.request["history"] = _rows(case, table, PriorLine, EARLIER, claim_id="EARLIER-1")


@_given("there are no earlier claims")
def nothing_earlier(case: Case, said: Arguments, table: Table) -> None:
    """The payer has looked and found none. If no sentence says it, it is not known.

    And there are no earlier claims
    """
    case.change()
    case.request["history"] = []


@_given("these records of {records}", table=True)
def records(case: Case, said: Arguments, table: Table) -> None:
    """All rows of a list about the member that the vocabulary or a policy declares. Columns are its
    fields; one left out, or an empty cell, is not known.

    And these records of b12.tests
      | drawn      | pmol |
      | 2025-02-01 | 140  |
    """
    case.change()
    kind = cells.record_type(case.library, said["records"])
    fields = {cells.spoken(name): name for name in kind.fields}
    rows = []
    for line, record in cells.records(table, fields):
        with cells.in_row(line):
            rows.append(
                {
                    fields[column]: to_json(cells.field(case.library, kind, fields[column], text))
                    for column, text in record.items()
                    if text.strip()
                }
            )
    case.request["records"] = {**case.request.get("records", {}), kind.name: rows}


@_given("rule {rule} is confirmed by a clinician on {date}")
def confirmed(case: Case, said: Arguments, table: Table) -> None:
    """A clinician confirmed that the rule denies. Until then such a denial is a recommendation.

    And rule oral-therapy-first is confirmed by a clinician on 2025-03-06
    """
    case.change()
    one = {"rule": said["rule"], "by": "a clinician", "on": cells.day(said["date"]).isoformat()}
    case.request["confirmations"] = [*case.request.get("confirmations", []), one]


# --- deciding ------------------------------------------------------------------------------------


@_when("the {kind=claim|request} is decided")
def decide(case: Case, said: Arguments, table: Table) -> None:
    """The engine decides. A Given after it changes the request, which is then decided again.

    When the claim is decided
    """
    kind = case.asked().kind
    if said["kind"] != kind:
        verb = "asked" if kind == "question" else "decided"
        raise Wrong(f"the scenario is about a {kind}", f"say `the {kind} is {verb}`")
    case.decide()


@_when("the question is asked")
def ask(case: Case, said: Arguments, table: Table) -> None:
    """The same for a question.

    When the question is asked
    """
    decide(case, {"kind": "question"}, table)
