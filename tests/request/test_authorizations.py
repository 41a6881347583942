"""Which authorization on file a claim's number names, and what is known where none is."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy import Engine
from payer_policy.formats import read_requests, read_supplements, supplemented
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.models import Request
from payer_policy.request.services import services_of, view_lines
from tests.places import ROOT

FITS: dict[str, Any] = {
    "number": "SYN-AUTH-7", "status": "approved", "payer": "lab", "plan": "P1", "member_id": "M1",
    "provider_npi": "1234567893", "codes": ["J1234"], "valid_from": "2025-01-01",
    "valid_through": "2025-12-31", "requested_on": "2024-12-20", "units": 10, "units_used": 0,
}  # fmt: skip


def claim(number: str | None, *on_file: dict[str, Any], of_line: str | None = None) -> Request:
    return Request.model_validate(
        {
            "coverage": {"plan": "P1", "member_id": "M1"},
            "provider": {"billing_npi": "1234567893"},
            "authorization_number": number,
            "lines": [
                {
                    "code": "J1234",
                    "date": "2025-03-04",
                    "units": 4,
                    "authorization_number": of_line,
                }
            ],
            "authorizations": on_file,
        }
    )


def facts(request: Request) -> dict[str, Any]:
    [service] = services_of(view_lines(request, ReferenceData()))
    return dict(authorization_facts(request, "lab", service))


OTHER = {"number": "SYN-AUTH-9"}
UNNUMBERED = {"number": None}
EXPIRED = {"valid_through": "2025-02-28"}


@pytest.mark.parametrize(
    ("number", "on_file", "expected"),
    [
        # found under its number, however it is typed
        ("SYN-AUTH-7", [{}], (True, False, "SYN-AUTH-7")),
        ("syn-auth-7", [{}], (True, False, "SYN-AUTH-7")),
        ("SYN AUTH 7", [{}], (True, False, "SYN-AUTH-7")),
        ("synauth7", [{}], (True, False, "SYN-AUTH-7")),
        ("Syn/Auth.7", [{"number": "SYN_AUTH_7"}], (True, False, "SYN_AUTH_7")),
        ("syn-auth-7", [EXPIRED, OTHER], (True, False, "SYN-AUTH-7")),
        # another number, and nothing else against it
        ("AUTH SYN-AUTH-7", [{}], (None, True, "SYN-AUTH-7")),
        ("SYN-AUTH-77", [EXPIRED, OTHER], (None, True, "SYN-AUTH-9")),
        ("X", [{"status": None, "plan": None}], (None, True, "SYN-AUTH-7")),
        ("X", [{"status": "pending"}], (None, True, "SYN-AUTH-7")),
        ("X", [{"units": 2}], (None, True, "SYN-AUTH-7")),
        # another number, and more against it
        ("X", [], (False, False, None)),
        ("X", [EXPIRED], (False, False, None)),
        ("X", [{"status": "refused"}], (False, False, None)),
        ("X", [{"status": "cancelled"}], (False, False, None)),
        ("X", [{"payer": "another"}], (False, False, None)),
        ("X", [{"plan": "P2"}], (False, False, None)),
        ("X", [{"member_id": "M2"}], (False, False, None)),
        ("X", [{"provider_npi": "1999999976"}], (False, False, None)),
        ("X", [{"codes": ["J1235"]}], (False, False, None)),
        ("X", [{"valid_from": "2025-03-05"}], (False, False, None)),
        ("X", [{"requested_on": "2025-03-05"}], (False, False, None)),
        # one whose number is not known may be the one named
        ("SYN-AUTH-7", [UNNUMBERED], (None, False, None)),
        ("SYN-AUTH-7", [{**UNNUMBERED, **EXPIRED}], (None, False, None)),
        ("SYN-AUTH-7", [UNNUMBERED, {**OTHER, **EXPIRED}], (None, False, None)),
        ("SYN-AUTH-7", [UNNUMBERED, EXPIRED], (None, False, None)),
        ("SYN-AUTH-7", [{}, UNNUMBERED], (True, False, "SYN-AUTH-7")),
        ("SYN-AUTH-7", [EXPIRED, {**UNNUMBERED, **EXPIRED}], (True, False, "SYN-AUTH-7")),
        # no number: the best fit
        (None, [UNNUMBERED], (True, False, None)),
        (None, [EXPIRED, OTHER], (True, False, "SYN-AUTH-9")),
        ("none", [{}], (True, False, "SYN-AUTH-7")),
        (None, [], (False, False, None)),
    ],
)
def test_which_authorization_is_looked_at(
    number: str | None, on_file: list[dict[str, Any]], expected: tuple[Any, ...]
) -> None:
    entries = [{**FITS, **changed} for changed in on_file]
    for request in (claim(number, *entries), claim("OF-THE-CLAIM", *entries, of_line=number)):
        if number in (None, "none") and request.authorization_number == "OF-THE-CLAIM":
            continue  # then the number of the claim is the one that counts
        found = facts(request)
        assert (found.get("on_file"), found["other_fits"], found.get("number")) == expected
        assert found.get("number_given") == (None if number == "none" else number)


def test_lines_that_name_different_ones_leave_it_open_and_spellings_of_one_do_not() -> None:
    request = claim(None, FITS, of_line="SYN-AUTH-7")
    [line] = request.lines
    for other, known in (("SYN-AUTH-9", False), ("syn auth 7", True)):
        two = (line, line.model_copy(update={"authorization_number": other}))
        found = facts(request.model_copy(update={"lines": two}))
        assert found.get("on_file") is (True if known else None)


VALUES: dict[str, list[Any]] = {
    "number": ["SYN-AUTH-7", "syn auth 7", "SYN-AUTH-9"],
    "status": ["approved", "refused", "pending"],
    "member_id": ["M1", "M2"],
    "valid_through": ["2025-12-31", "2025-02-28"],
    "units": [10, 2],
}


@st.composite
def learning(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Authorizations on file, and the same of which more is known."""
    more = [
        {**FITS, **{name: draw(st.sampled_from(values)) for name, values in VALUES.items()}}
        for _ in range(draw(st.integers(1, 3)))
    ]
    less = [
        {**entry, **dict.fromkeys(draw(st.sets(st.sampled_from(sorted(VALUES)))))} for entry in more
    ]
    return less, more


@given(learning())
def test_that_none_is_on_file_stays_when_more_is_known_of_those_listed(
    both: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    less, more = (facts(claim("SYN-AUTH-7", *entries)) for entries in both)
    if less.get("on_file") is False:
        assert (more.get("on_file"), more["other_fits"]) == (False, False)


FILES = ROOT / "tests" / "formats" / "claims" / "data" / "authorizations"


@pytest.mark.parametrize("engine", ["compiled", "durable"])
@pytest.mark.parametrize(
    ("file", "number", "matches", "rules"),
    [
        ("lower-case.837", "SYN-AUTH-7", True, set()),
        ("word-before-it.837", "SYN-AUTH-7", None, {"authorization-number-differs"}),
        ("lower-case.837", None, None, set()),
        ("lower-case.837", "SYN-AUTH-8", None, {"authorization-number-differs"}),
    ],
)
def test_a_number_typed_otherwise_is_never_none_on_file(
    engine: str, file: str, number: str | None, matches: bool | None, rules: set[str]
) -> None:
    beside = json.loads((FILES / "facts.json").read_text("utf-8"))
    beside["SYN-1"]["authorizations"][0]["number"] = number
    read = read_requests((FILES / file).read_bytes(), file)
    facts = read_supplements(json.dumps(beside).encode(), "facts.json")
    [intake] = supplemented(read, facts)
    assert intake.request is not None

    [one] = opened(engine).decide(intake.request).determinations

    assert one.decision == "pend"
    assert {finding.rule for finding in one.findings} == rules
    assert dict(one.derived).get("authorization.matches") is matches
    if rules:
        [finding] = one.findings
        said = str(finding.to_json())
        assert str(intake.request.authorization_number) in said
        assert str(number) in said


@cache
def opened(engine: str) -> Engine:
    return Engine.open(ROOT / "policies", engine=engine)
