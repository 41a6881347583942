"""The call of a service, read: its orders, each as an `Intake`, and what the call configures.

`order-sign` and `order-select` bring draft orders (the latter says which are chosen);
`order-dispatch` names orders that were signed before, which must have been prefetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from payer_policy.core.diagnostics import (
    Diagnostic,
    Location,
    PolicyError,
    Position,
    did_you_mean,
    given_bytes,
)
from payer_policy.core.json_models import validated
from payer_policy.core.json_source import JsonDocument, JsonPath, decode_utf8, read_json
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.cds_hooks.discovery import SERVICES
from payer_policy.formats.cds_hooks.model import CONFIGURATION, Call, Feedback, FeedbackBody
from payer_policy.formats.cds_hooks.orders import ORDERS, Order, OrderReader
from payer_policy.formats.fhir.form import as_element, problem_at
from payer_policy.formats.fhir.resources import Found, Resources
from payer_policy.formats.fhir.values import text_of
from payer_policy.policy.reference.data import ReferenceData

MAX_BYTES: Final = 2_000_000
"""A call holds a few resources; a larger one is refused unread."""
MAX_ORDERS: Final = 200
"""A call with more orders than this is refused: an EHR waits for the answer."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A call. Each order is decided by itself; `diagnostics` are about the call as a whole."""

    service: str
    """The id of the service that was called."""
    instance: str | None
    """`hookInstance` of the call; None: it could not be read."""
    orders: tuple[Order, ...] = ()
    """The orders of the call, each read by itself."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What is wrong with the call as a whole."""
    coverage_information: bool = True
    """Whether the call wants orders back with coverage information."""
    most_cards: int = 10
    """The maximum number of cards to answer with."""

    @property
    def refused(self) -> bool:
        """Whether the call could not be read."""
        return any(problem.severity == "error" for problem in self.diagnostics)


def read_hook(
    service_id: str,
    data: bytes,
    vocabulary: Vocabulary | None = None,
    reference: ReferenceData | None = None,
    *,
    file: str = "request",
) -> Hook:
    """The call of a service.

    Never raises for any bytes; a call that cannot be read has diagnostics of severity `error` and
    no orders.

    Args:
        service_id: A service of `discovery`, from the address that was called.
        data: The body.
        vocabulary: To read the answers of questionnaires that came along as facts.
        reference: To know payers by any of their identifiers.
        file: What the body is called in diagnostics.
    """
    if service_id not in SERVICES:
        message = f"there is no service {shown(service_id)}"
        close = did_you_mean(service_id, SERVICES) or f"there are {', '.join(SERVICES)}"
        where = Location(file, "$")
        return Hook(service_id, None, (), (Diagnostic("unknown-value", message, where, close),))
    document = _document(data, file)
    if isinstance(document, tuple):
        return Hook(service_id, None, (), document)
    call, problems = validated(Call, document)
    if call is None:
        return Hook(service_id, None, (), tuple(problems))
    if call.hook != SERVICES[service_id]:
        message = f"the hook is {shown(call.hook)}; this service is for {SERVICES[service_id]}"
        hint = did_you_mean(call.hook, SERVICES.values())
        problem = problem_at(document, "wrong-value", message, ("hook",), hint)
        return Hook(service_id, call.hookInstance, (), (problem,))
    return _hook(service_id, call, document, vocabulary, reference)


def read_feedback(
    data: bytes, *, file: str = "request"
) -> tuple[tuple[Feedback, ...], tuple[Diagnostic, ...]]:
    """The body of a feedback call: what became of each card, or every problem. Never raises."""
    document = _document(data, file)
    if isinstance(document, tuple):
        return (), document
    body, problems = validated(FeedbackBody, document)
    return (() if body is None else tuple(body.feedback)), tuple(problems)


def _document(data: bytes, file: str) -> JsonDocument | tuple[Diagnostic, ...]:
    given_bytes(data, file)
    if len(data) > MAX_BYTES:
        message = f"the call is longer than {MAX_BYTES // 1_000_000} million bytes"
        return (Diagnostic("too-large", message, Location(file, "$", Position(1, 1))),)
    try:
        return read_json(decode_utf8(data, file), file)
    except PolicyError as error:
        return error.diagnostics


def _hook(
    service_id: str,
    call: Call,
    document: JsonDocument,
    vocabulary: Vocabulary | None,
    reference: ReferenceData | None,
) -> Hook:
    context = call.context
    drafts = _drafts(context.get("draftOrders"))
    roots: list[tuple[Mapping[str, Any], JsonPath]] = []
    if drafts is not None:
        roots.append((drafts, ("context", "draftOrders")))
    roots += [
        (one, ("prefetch", key))
        for key, one in (call.prefetch or {}).items()
        if isinstance(one, dict)
    ]
    resources = Resources(*roots)
    found, problems = _chosen(call, document, resources)
    if len(found) > MAX_ORDERS:
        message = f"found {len(found)} orders; a call has at most {MAX_ORDERS}"
        problems.append(problem_at(document, "too-many-lines", message, ("context",)))
        found = []
    performer = context.get("performer")
    reader = OrderReader(
        document,
        resources,
        text_of(context.get("patientId")),
        {"reference": performer} if isinstance(performer, str) else None,
        vocabulary,
        reference,
    )
    settings = as_element((call.extension or {}).get(CONFIGURATION))
    most = settings.get("max-cards", 10)
    return Hook(
        service_id,
        call.hookInstance,
        tuple(reader.read(one) for one in found),
        tuple(problems),
        settings.get("coverage-info") is not False,
        most if isinstance(most, int) and not isinstance(most, bool) and most >= 0 else 10,
    )


def _drafts(given: object) -> Mapping[str, Any] | None:
    """The draft orders as a Bundle, also where they do not say that they are one."""
    if not isinstance(given, dict):
        return None
    return given if "resourceType" in given else {"resourceType": "Bundle", **given}


def _chosen(
    call: Call, document: JsonDocument, resources: Resources
) -> tuple[list[Found], list[Diagnostic]]:
    """The orders that are asked about, and what is wrong with how the call names them."""
    context = call.context
    problems: list[Diagnostic] = []
    if call.hook == "order-dispatch":
        return _dispatched(context, document, resources)
    if not isinstance(context.get("draftOrders"), dict):
        message = "`draftOrders` is missing; a Bundle of draft orders was expected"
        return [], [problem_at(document, "missing-key", message, ("context",))]
    drafts = [one for one in resources.of(*ORDERS) if one.path[:2] == ("context", "draftOrders")]
    for one in resources.all:
        if one.path[:3] == ("context", "draftOrders", "entry") and one.kind not in ORDERS:
            message = f"the draft order of type {shown(one.kind)} is of no type that is read here"
            hint = did_you_mean(one.kind, ORDERS)
            problems.append(
                problem_at(document, "not-read", message, one.path, hint=hint, warning=True)
            )
    selections = context.get("selections")
    if call.hook != "order-select" or not isinstance(selections, list):
        return drafts, problems
    chosen: list[Found] = []
    named = {f"{one.kind}/{text_of(one.resource.get('id'))}": one for one in drafts}
    for index, one in enumerate(selections):
        match = named.get(one) if isinstance(one, str) else None
        if match is None:
            message = f"the selection {shown(one)} is not among the draft orders"
            where = ("context", "selections", index)
            problems.append(problem_at(document, "not-sent", message, where, warning=True))
        elif match not in chosen:
            chosen.append(match)
    return chosen, problems


def _dispatched(
    context: Mapping[str, Any], document: JsonDocument, resources: Resources
) -> tuple[list[Found], list[Diagnostic]]:
    """The orders of `order-dispatch`: `dispatchedOrders`, or one `order` as CRD 1.x had it."""
    key = "dispatchedOrders" if "dispatchedOrders" in context else "order"
    given = context.get(key)
    names = given if isinstance(given, list) else [] if given is None else [given]
    problems: list[Diagnostic] = []
    found: list[Found] = []
    if not names:
        message = "`dispatchedOrders` is missing; a list of references was expected"
        problems.append(problem_at(document, "missing-key", message, ("context",)))
    for index, one in enumerate(names):
        match = resources.find({"reference": one}) if isinstance(one, str) else None
        if match is None or match.kind not in ORDERS:
            message = f"the order {shown(one)} was not prefetched, so nothing is known of it"
            where: JsonPath = (
                ("context", key, index) if isinstance(given, list) else ("context", key)
            )
            problems.append(problem_at(document, "not-sent", message, where, warning=True))
        elif match not in found:
            found.append(match)
    return found, problems


__all__ = ["Hook", "read_feedback", "read_hook"]
