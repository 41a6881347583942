"""The Given sentences: what is asked of whom, and what is known. And the one When sentence."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from payer_policy.request.models import Authorization, Line, PriorLine, Request
from payer_policy.specs import cells
from payer_policy.specs.case import REQUEST_ID, Case, Subject
from payer_policy.specs.failures import Wrong
from payer_policy.specs.sentences import Arguments, Row, Step, Table

# --- what is asked of whom -----------------------------------------------------------------------


def _claim(case: Case, said: Arguments, table: Table) -> None:
    _begin(case, said, Subject("claim", _code(said), cells.day(said["date"])))


def _preauthorization(case: Case, said: Arguments, table: Table) -> None:
    _begin(case, said, Subject("request", _code(said), cells.day(said["date"])))


def _question(case: Case, said: Arguments, table: Table) -> None:
    _begin(case, said, Subject("question", _code(said), None))


def _code(said: Arguments) -> str:
    return cells.code_of("hcpcs", said["code"])


def _begin(case: Case, said: Arguments, subject: Subject) -> None:
    if case.subject is not None:
        raise Wrong(
            f"the scenario is already about a {case.subject.kind}",
            "a scenario is about one request; look for another one in the Background",
        )
    named, payer = cells.payer(case.library, said["payer"])
    case.subject = subject
    case.put(("id",), REQUEST_ID)
    case.put(("kind",), "claim" if subject.kind == "claim" else "preauthorization")
    case.put(("coverage", "payer"), named)
    if len(payer.lines_of_business) == 1:
        case.put(("coverage", "line_of_business"), payer.lines_of_business[0])


# --- facts ---------------------------------------------------------------------------------------


def _facts(case: Case, said: Arguments, table: Table) -> None:
    for line, name, value in cells.pairs(table, "fact"):
        try:
            _known(case, name, value)
        except Wrong as error:
            cells.at_row(line, error)


def _fact(case: Case, said: Arguments, table: Table) -> None:
    declared, value = cells.fact_and_value(case.library, said["fact_and_value"])
    _known(case, declared.name, value)


def _known(case: Case, name: str, value: str) -> None:
    case.change()
    fact = cells.fact(case.library, name)
    if fact.derived:
        raise Wrong(
            f"`{fact.name}` is concluded by rules; a request cannot supply it",
            "say what the rules conclude it from",
        )
    if value.strip():
        case.know(fact.name, cells.value(case.library, fact, value))
    else:
        case.forget(fact.name)


def _nothing_known(case: Case, said: Arguments, table: Table) -> None:
    _known(case, said["fact"], "")


# --- the form ------------------------------------------------------------------------------------

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "claim number": ("id",),
    "frequency": ("frequency",),
    "original id": ("original_id",),
    "received": ("received",),
    "bill type": ("bill_type",),
    "place of service": ("place_of_service",),
    "authorization number": ("authorization_number",),
    "payer": ("coverage", "payer"),
    "payer name": ("coverage", "payer_name"),
    "line of business": ("coverage", "line_of_business"),
    "plan": ("coverage", "plan"),
    "member id": ("coverage", "member_id"),
    "birth date": ("patient", "birth_date"),
    "billing npi": ("provider", "billing_npi"),
    "rendering npi": ("provider", "rendering_npi"),
}
_SETS: Final = {"modifiers": "modifier", "codes": "hcpcs"}
_CODES: Final = {"code": "hcpcs", "place of service": "place_of_service"}


def _form(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    for line, name, value in cells.pairs(table, "field"):
        field = _field(name, _FIELDS, line)
        path = _FIELDS[field]
        cell = _cell(Request, field, value, line)
        nested: Any = cell
        for key in reversed(path):
            nested = {key: nested}
        if cell is not None:
            cells.checked(Request, nested, {".".join(path): field}, line)
        case.put(path, cell)


def _field(name: str, known: dict[str, Any] | tuple[str, ...], line: int) -> str:
    return cells.header((Row(line, (name,)),), known)[0]


def _cell(model: type[BaseModel], column: str, text: str, line: int) -> Any:
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
        if column == "void":
            return cells.yes_or_no(text)
    except Wrong as error:
        error.message = f"`{column}`: {error.message}"
        cells.at_row(line, error)
    return text.strip()


def _rows(
    case: Case, table: Table, model: type[BaseModel], columns: dict[str, str], **defaults: Any
) -> list[dict[str, Any]]:
    """The rows of a table as JSON objects of a model; a column left out has its default."""
    out = []
    for line, record in cells.records(table, columns):
        raw = dict(defaults)
        for column, text in record.items():
            cell = _cell(model, column, text, line)
            if cell == [] and columns[column] == "codes":
                cell = None  # no codes given is not known; no modifiers is none
            raw[columns[column]] = cell
        given = {name: cell for name, cell in raw.items() if cell is not None}
        required = {"code": None} if model is Line else {}
        cells.checked(
            model, {**required, **given}, {field: column for column, field in columns.items()}, line
        )
        out.append({**required, **given})
    return out


def _columns(model: type[BaseModel]) -> dict[str, str]:
    return {cells.spoken(name): name for name in model.model_fields}


_LINE: Final = _columns(Line)
_AUTHORIZATION: Final = _columns(Authorization)
_EARLIER: Final = {
    "claim number" if column == "claim id" else column: name
    for column, name in _columns(PriorLine).items()
}


def _lines(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    subject = case.asked()
    day = subject.day.isoformat() if subject.day else None
    case.put(("lines",), _rows(case, table, Line, _LINE, code=subject.code, date=day))


def _diagnoses(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    codes = [cells.code_of("icd10cm", one) for one in cells.several(said["codes"])]
    case.put(("diagnoses",), codes)


def _authorization(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    entry: dict[str, Any] = {}
    for line, name, value in cells.pairs(table, "field"):
        field = _field(name, _AUTHORIZATION, line)
        cell = _cell(Authorization, field, value, line)
        if cell not in (None, []):
            key = _AUTHORIZATION[field]
            cells.checked(Authorization, {key: cell}, {key: field}, line)
            entry[key] = cell
    on_file = case.request.get("authorizations") or []
    case.put(("authorizations",), [*on_file, entry])


def _no_authorization(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    case.put(("authorizations",), [])


def _earlier(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    subject = case.asked()
    day = subject.day.isoformat() if subject.day else None
    rows = _rows(
        case, table, PriorLine, _EARLIER, claim_id="EARLIER-1", code=subject.code, date=day
    )
    case.put(("history",), rows)


def _nothing_earlier(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    case.put(("history",), [])


# --- deciding ------------------------------------------------------------------------------------


def _decide(case: Case, said: Arguments, table: Table) -> None:
    kind = case.asked().kind
    if said["kind"] != kind:
        verb = "asked" if kind == "question" else "decided"
        raise Wrong(f"the scenario is about a {kind}", f"say `the {kind} is {verb}`")
    case.decide()


def _ask(case: Case, said: Arguments, table: Table) -> None:
    _decide(case, {"kind": "question"}, table)


# --- the sentences -------------------------------------------------------------------------------

GIVEN: Final = (
    Step(
        "given",
        ("a claim to {payer} for {code} on {date}",),
        _claim,
        "A claim for a drug code on a date of service. The payer is its folder under the policies, "
        "its name or one of its identifiers; of a payer with one line of business the claim has "
        "that. The claim has no lines until a table gives them.",
        "Given a claim to Example Health for J0945 on 2025-03-04",
    ),
    Step(
        "given",
        ("a preauthorization request to {payer} for {code} on {date}",),
        _preauthorization,
        "The same for a preauthorization request.",
        "Given a preauthorization request to Example Health for J0945 on 2025-03-04",
    ),
    Step(
        "given",
        ("a question to {payer} about {code}",),
        _question,
        "What does the policy require? A preauthorization request of which only payer and code are "
        "known, under the newest version of the policy.",
        "Given a question to Example Health about J0945",
    ),
    Step(
        "given",
        ("these claim lines",),
        _lines,
        "The lines, one a row. Columns: "
        + ", ".join(_LINE)
        + ". Any may be left out; code and date are then the claim's. Several modifiers are parted "
        "by blanks or commas. An empty cell is not known; of modifiers it means none. Another code "
        "makes a procedure line.",
        "And these claim lines\n"
        "  | code  | modifiers | units | ndc           |\n"
        "  | J0945 | JZ        | 3     | 99999-1234-01 |\n"
        "  | 62370 |           | 1     |               |",
        table=True,
    ),
    Step(
        "given",
        ("these facts",),
        _facts,
        "Facts by their name in the vocabulary or by their label. yes and no, numbers with or "
        "without their unit, dates as YYYY-MM-DD, choices with blanks for underscores, lists with "
        "commas (none: known to be empty). An empty cell is not known.",
        "And these facts\n"
        "  | fact                | value         |\n"
        "  | therapy.phase       | initial       |\n"
        "  | oral_therapy.weeks  | 8 weeks       |\n"
        "  | the date of birth   | 1979-05-30    |",
        table=True,
    ),
    Step(
        "given",
        ("it is known that {fact_and_value}",),
        _fact,
        "One fact, as `fact is value`.",
        "And it is known that trial.response is favourable",
    ),
    Step(
        "given",
        ("nothing is known about {fact}",),
        _nothing_known,
        "Takes back what a Background or a table said of the fact. That the request itself does "
        "not tell it either is made sure of.",
        "And nothing is known about trial.response",
    ),
    Step(
        "given",
        ("the {form=claim|request} says",),
        _form,
        "What the form says outside its lines. Fields: " + ", ".join(_FIELDS) + ".",
        "And the claim says\n"
        "  | field            | value      |\n"
        "  | frequency        | 7          |\n"
        "  | place of service | 11         |",
        table=True,
    ),
    Step(
        "given",
        ("the diagnoses {codes}",),
        _diagnoses,
        "All diagnoses of the request, in order.",
        "And the diagnoses G80.1 and G35.A",
    ),
    Step(
        "given",
        ("no authorization is on file",),
        _no_authorization,
        "The payer has looked and found none. Where nothing is said, it is not known.",
        "And no authorization is on file",
    ),
    Step(
        "given",
        ("this authorization is on file",),
        _authorization,
        "One authorization; say it again for another one. Fields: "
        + ", ".join(_AUTHORIZATION)
        + ". What is left out is not known.",
        "And this authorization is on file\n"
        "  | field         | value      |\n"
        "  | number        | A-100      |\n"
        "  | status        | approved   |\n"
        "  | codes         | J0945      |\n"
        "  | valid from    | 2025-01-01 |\n"
        "  | valid through | 2025-12-31 |",
        table=True,
    ),
    Step(
        "given",
        ("these earlier claims",),
        _earlier,
        "Lines of the member's earlier claims. Columns: "
        + ", ".join(_EARLIER)
        + ". Any may be left out; code and date are then the claim's.",
        "And these earlier claims\n"
        "  | claim number | date       | units | void |\n"
        "  | C-77         | 2025-03-04 | 3     | no   |",
        table=True,
    ),
    Step(
        "given",
        ("there are no earlier claims",),
        _nothing_earlier,
        "The payer has looked and found none. Where nothing is said, it is not known.",
        "And there are no earlier claims",
    ),
)

WHEN: Final = (
    Step(
        "when",
        ("the {kind=claim|request} is decided",),
        _decide,
        "The engine decides. A Given after it changes the request, which is then decided anew.",
        "When the claim is decided",
    ),
    Step(
        "when",
        ("the question is asked",),
        _ask,
        "The same for a question.",
        "When the question is asked",
    ),
)
