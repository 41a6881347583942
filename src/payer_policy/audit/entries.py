"""An answer as an entry of the audit record: what is kept for good, and the member part.

What is kept identifies no member: no claim or member number, no date of service, no fact, no sentence
with values.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from payer_policy.audit.chain import (
    FORMAT,
    SALT_BYTES,
    Entry,
    Row,
    canonical,
    commitment_of,
)
from payer_policy.audit.errors import AuditError
from payer_policy.audit.record import stated_facts, stated_silence
from payer_policy.core.vocabulary.types import to_json
from payer_policy.determination import Determination, NoPolicy, Outcome
from payer_policy.determination.model import OUTCOME_VERSION
from payer_policy.engine import Decided
from payer_policy.request.models import Request

DECISION: Final = "decision"
REDACTION: Final = "redaction"
REFUSAL: Final = "refusal"
INQUIRY: Final = "inquiry"
Salt = Callable[[int], bytes]


@cache
def product_version() -> str:
    """The installed version of this product."""
    try:
        return version("payer-policy")
    except PackageNotFoundError:  # run from sources that were never installed
        return "not known"


def entry_of(
    request: Request,
    decided: Sequence[Decided],
    without_policy: Sequence[NoPolicy] = (),
    *,
    keep_request: bool = True,
    source: str | None = None,
    caller: str | None = None,
    request_id: str | None = None,
    context: Mapping[str, Any] | None = None,
    as_of: date | None = None,
    salt: Salt = secrets.token_bytes,
) -> Entry:
    """The entry of one answer, as `Engine.decide_fully` gives it.

    The same answer gives the same entry, apart from the salt.

    Args:
        request: What was asked.
        decided: The determinations, with what they were made from.
        without_policy: The services for which no policy was found.
        keep_request: Whether the member part holds the request itself, or only its SHA-256.
        source: The hash of the bundle or folder of policies that answered, if known.
        caller: Who asked, such as the name of an API key. It is never erased: name no member.
        request_id: The id of the HTTP request, such as a UUID, as in the service's log. It is never
            erased: it must not identify a member.
        context: JSON that is needed to answer the question again in its format, such as what a FHIR
            claim refers to. Kept only if the request is.
        as_of: The day that was filled in as the date of service; it is among the request's facts.
        salt: Returns that many random bytes.

    Raises:
        AuditError: The request holds something that JSON cannot hold exactly.
    """
    asked = request_text(request)
    determinations = tuple(one.determination for one in decided)
    outcome = Outcome(request.id, determinations, tuple(without_policy))
    about = {
        "claim_number": request.id,
        "member_id": request.coverage.member_id,
        "request_sha256": hashlib.sha256(asked.encode()).hexdigest(),
    }
    answered: dict[str, Any] = {
        "answers": [_answer(one) for one in decided],
        "without_policy": [service.to_json() for service in without_policy],
    }
    if as_of is not None:
        answered["as_of"] = as_of.isoformat()
    # The request is serialized once: these are the bytes that were hashed.
    written = asked if keep_request else "null"
    if context is not None and keep_request:
        answered["context"] = context
    member = f'{canonical(about)[:-1]},"request":{written},{canonical(answered)[1:]}'
    kept = _kept(
        DECISION,
        source=source,
        caller=caller,
        request_id=request_id,
        decision=outcome.decision,
        determinations=[_determination(one) for one in determinations],
        without_policy=[
            {"code": service.code, "lines": list(service.lines)} for service in without_policy
        ],
    )
    return _sealed(kept, member, salt, request.id, request.coverage.member_id)


def _sealed(
    kept: Mapping[str, Any],
    member: str,
    salt: Salt,
    claim_number: str | None,
    member_id: str | None,
) -> Entry:
    """The entry with a member part, and the commitment to it."""
    salted = salt(SALT_BYTES).hex()
    committed = commitment_of(salted, member)
    return Entry(canonical(kept), member, salted, committed, claim_number, member_id)


def _answer(one: Decided) -> dict[str, Any]:
    """The part of the member part about one determination: enough to decide it again."""
    return {
        "facts": {name: to_json(value) for name, value in stated_facts(one)},
        "silence": stated_silence(one),
        "determination": one.determination.to_json(),
        **(
            {"days": [to_json(each.determination.service_date) for each in one.days]}
            if one.days
            else {}
        ),
    }


def outcome_of(row: Row) -> dict[str, Any] | None:
    """The outcome that a row records, as from `Outcome.to_json`; None: it was erased."""
    member = row.about_member
    if member is None or row.answer["kind"] != DECISION:
        return None
    return {
        "schema": OUTCOME_VERSION,
        "claim_id": member["claim_number"],
        "as_of": member.get("as_of"),
        "decision": row.answer["decision"],
        "determinations": [one["determination"] for one in member["answers"]],
        "without_policy": member["without_policy"],
    }


def _determination(determination: Determination) -> dict[str, Any]:
    policy = determination.policy
    return {
        "policy": policy.address,
        "version": policy.version,
        "ruleset": policy.hash,
        "engine": determination.engine,
        "code": determination.code,
        "decision": determination.decision,
        "lines": [[line.number, line.outcome] for line in determination.lines],
        "findings": [found.rule for found in determination.findings],
        "unsettled": [rule.rule for rule in determination.unsettled],
        "assumptions": [one.name for one in determination.assumptions],
    }


def redaction_entry(by: str, why: str, ranges: Sequence[tuple[int, int]]) -> Entry:
    """The entry that says who had the member parts of which rows erased, and why."""
    rows = [list(one) for one in ranges]
    return Entry(canonical(_kept(REDACTION, by=by, why=why, rows=rows)))


def refusal_entry(
    requests: int, source: str | None, caller: str | None, request_id: str | None = None
) -> Entry:
    """The entry for requests that could not be read and so were not decided.

    It holds nothing of them; it gives the reply its row number.
    """
    asked = {"source": source, "caller": caller, "request_id": request_id}
    return Entry(canonical(_kept(REFUSAL, **asked, requests=requests)))


def inquiry_entry(
    member_id: str,
    npis: Sequence[str],
    rows: Sequence[int],
    *,
    source: str | None,
    caller: str | None,
    request_id: str | None = None,
    salt: Salt = secrets.token_bytes,
) -> Entry:
    """The entry that says to whom earlier answers about a member were reported, and which.

    Args:
        member_id: Whose answers were asked for.
        npis: The providers that the inquiry named.
        rows: The numbers of the rows that were reported.
        source: As for `entry_of`.
        caller: As for `entry_of`.
        request_id: As for `entry_of`.
        salt: Returns that many random bytes.
    """
    member = canonical({"member_id": member_id, "npis": list(npis), "rows": list(rows)})
    asked = {"source": source, "caller": caller, "request_id": request_id}
    return _sealed(_kept(INQUIRY, **asked, answers=len(rows)), member, salt, None, member_id)


def _kept(kind: str, **more: Any) -> dict[str, Any]:
    """What is kept of an entry of a kind, in the order of the format."""
    return {"format": FORMAT, "kind": kind, "product": product_version(), **more}


def request_text(request: Request) -> str:
    """A request as canonical JSON that `request_from_mapping` reads back to an equal request.

    Raises:
        AuditError: The request holds something that JSON cannot hold exactly.
    """
    try:
        return _REQUEST.encode(request.model_dump(mode="python", exclude_defaults=True))
    except (TypeError, ValueError) as error:
        raise AuditError(f"the request cannot be written as JSON: {error}") from None


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")  # a numeral as text: every reader keeps it exact
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no value of a request")


_REQUEST: Final = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=_plain
)
