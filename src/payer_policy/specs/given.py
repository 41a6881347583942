"""What the Given sentences do: put the request together. And the one When: decide it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import to_json
from payer_policy.request.models import Authorization, Line, PriorLine, Request
from payer_policy.specs import cells
from payer_policy.specs.case import REQUEST_ID, Case, Subject
from payer_policy.specs.failures import Wrong
from payer_policy.specs.sentences import Arguments, Table

_NO_FACTS: Final[Mapping[str, Fact]] = {}

# --- what is asked of whom -----------------------------------------------------------------------


def claim(case: Case, said: Arguments, table: Table) -> None:
    _begin(case, said, Subject("claim", _code(said), cells.day(said["date"])))


def preauthorization(case: Case, said: Arguments, table: Table) -> None:
    _begin(case, said, Subject("request", _code(said), cells.day(said["date"])))


def question(case: Case, said: Arguments, table: Table) -> None:
    _begin(
        case,
        said,
        Subject("question", _code(said), cells.day(said["date"]) if "date" in said else None),
    )


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


def facts(case: Case, said: Arguments, table: Table) -> None:
    lines: dict[str, int] = {}
    for line, name, value in cells.pairs(table, "fact"):
        try:
            cells.once(lines, cells.fact(case.library, name).name, line)
            _known(case, name, value)
        except Wrong as error:
            cells.at_row(line, error)


def fact(case: Case, said: Arguments, table: Table) -> None:
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


def nothing_known(case: Case, said: Arguments, table: Table) -> None:
    _known(case, said["fact"], "")


# --- the form ------------------------------------------------------------------------------------

FIELDS: Final[dict[str, tuple[str, ...]]] = {
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


def form(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    lines: dict[str, int] = {}
    for line, name, value in cells.pairs(table, "field"):
        field = cells.named(name, list(FIELDS), "field", line)
        cells.once(lines, field, line)
        path = FIELDS[field]
        cell = _cell(Request, field, value, line)
        nested: Any = cell
        for key in reversed(path):
            nested = {key: nested}
        if cell is None:
            case.drop(path)
        else:
            cells.checked(Request, nested, {".".join(path): field}, line)
            case.put(path, cell)


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
    case: Case,
    table: Table,
    model: type[BaseModel],
    columns: Mapping[str, str],
    facts: Mapping[str, Fact] = _NO_FACTS,
    **defaults: Any,
) -> list[dict[str, Any]]:
    """The rows of a table as JSON objects of a model; a column left out has its default. Some columns
    may be facts, which stand in the row's own `facts`."""
    out = []
    for line, record in cells.records(table, [*columns, *facts]):
        raw = dict(defaults)
        for column, text in record.items():
            if column in facts:
                if text.strip():
                    raw.setdefault("facts", {})[facts[column].name] = _fact(
                        case, facts[column], text, line
                    )
                continue
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


def _fact(case: Case, fact: Fact, text: str, line: int) -> Any:
    """A cell of a fact as the request's JSON has it."""
    try:
        return to_json(cells.value(case.library, fact, text))
    except Wrong as error:
        cells.at_row(line, error)


def _columns(model: type[BaseModel]) -> dict[str, str]:
    return {cells.spoken(name): name for name in model.model_fields}


LINE: Final = {column: name for column, name in _columns(Line).items() if name != "facts"}
AUTHORIZATION: Final = _columns(Authorization)
EARLIER: Final = {
    "claim number" if column == "claim id" else column: name
    for column, name in _columns(PriorLine).items()
}


def lines(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    subject = case.asked()
    day = subject.day.isoformat() if subject.day else None
    facts = _facts_of_lines(case, table)
    for declared in facts.values():
        case.facts.pop(declared.name, None)  # what was said of it for the whole request
    rows = _rows(case, table, Line, LINE, facts, code=subject.code, date=day)
    case.put(("lines",), rows)


def _facts_of_lines(case: Case, table: Table) -> dict[str, Fact]:
    """The columns that are facts about the line's service, each by the column's one spelling."""
    found: dict[str, Fact] = {}
    facts, line = case.library.vocabulary.facts, table[0].line
    for cell in table[0].cells:
        column = cells.spelling(cell)
        if column in LINE:
            continue
        declared = cells.fact_named(case.library, cell.strip())
        if declared is None or declared.derived:
            services = [name for name, fact in facts.items() if fact.about == "service"]
            hint = did_you_mean(cell.strip(), [*LINE, *services])
            hint = hint or f"the columns are {', '.join(LINE)}, and facts about a service"
            raise Wrong(f"`{cell.strip()}` is not a column here", hint, line)
        if declared.about == "member":
            message = f"`{declared.name}` is about the member and not about one service"
            raise Wrong(message, "put it in a table of its own: And these facts", line)
        if declared in found.values():
            raise Wrong(f"`{declared.name}` has two columns here", "keep one of the two", line)
        found[column] = declared
    return found


def diagnoses(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    codes = [cells.code_of("icd10cm", one) for one in cells.several(said["codes"])]
    case.put(("diagnoses",), codes)


def authorization(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    entry: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for line, name, value in cells.pairs(table, "field"):
        field = cells.named(name, list(AUTHORIZATION), "field", line)
        cells.once(lines, field, line)
        cell = _cell(Authorization, field, value, line)
        if cell not in (None, []):
            key = AUTHORIZATION[field]
            cells.checked(Authorization, {key: cell}, {key: field}, line)
            entry[key] = cell
    on_file = case.request.get("authorizations") or []
    case.put(("authorizations",), [*on_file, entry])


def no_authorization(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    case.put(("authorizations",), [])


def earlier(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    subject = case.asked()
    day = subject.day.isoformat() if subject.day else None
    rows = _rows(case, table, PriorLine, EARLIER, claim_id="EARLIER-1", code=subject.code, date=day)
    case.put(("history",), rows)


def nothing_earlier(case: Case, said: Arguments, table: Table) -> None:
    case.change()
    case.put(("history",), [])


# --- deciding ------------------------------------------------------------------------------------


def decide(case: Case, said: Arguments, table: Table) -> None:
    kind = case.asked().kind
    if said["kind"] != kind:
        verb = "asked" if kind == "question" else "decided"
        raise Wrong(f"the scenario is about a {kind}", f"say `the {kind} is {verb}`")
    case.decide()


def ask(case: Case, said: Arguments, table: Table) -> None:
    decide(case, {"kind": "question"}, table)
