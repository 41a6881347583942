"""The answer of a service: each order back with coverage information, and cards about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.formats.cds_hooks.cards import card, problem_card, unsent_card
from payer_policy.formats.cds_hooks.coverage_information import EXTENSION, coverage_information
from payer_policy.formats.cds_hooks.orders import Order
from payer_policy.formats.cds_hooks.reading import Hook
from payer_policy.formats.fhir import questionnaire
from payer_policy.formats.fhir.values import objects, url_of
from payer_policy.formats.review import ReviewRules

EMPTY: Final[Mapping[str, Any]] = {"determinations": (), "without_policy": ()}


def response(
    hook: Hook,
    outcomes: Sequence[Mapping[str, Any] | None],
    day: str,
    *,
    vocabulary: Vocabulary,
    rules: ReviewRules,
) -> dict[str, Any]:
    """What a service answers.

    Args:
        hook: The call.
        outcomes: For each of `hook.orders`, the JSON of its outcome (`Outcome.to_json()`); None for
            one that was not decided.
        day: The day of the assertions, as YYYY-MM-DD.
        vocabulary: That of the policies which decided.
        rules: What the standards leave to the payer.

    Raises:
        ValueError: there are not as many outcomes as orders.
        FhirUnavailable: `fhir.resources` is not installed.
    """
    cards: list[dict[str, Any]] = []
    actions: list[dict[str, Any]] = []
    for order, outcome in zip(hook.orders, outcomes, strict=True):
        if outcome is None:
            cards.append(problem_card(order))
            continue
        form = questionnaire(vocabulary, outcome)
        url = form["url"] if form is not None else None
        cards.append(card(outcome, order, form=form, rules=rules))
        information = coverage_information(
            outcome, order, day, vocabulary=vocabulary, form_url=url, rules=rules
        )
        if information is None:
            cards[-1]["detail"] += (
                "\n\nThe call does not say which coverage is asked, so the order is given back as "
                "it is: prefetch the patient's coverage, or name it in the order's `insurance`."
            )
        elif hook.coverage_information:
            actions.append(_action(order, information))
    if unsent := [problem.message for problem in hook.diagnostics]:
        cards.append(unsent_card(unsent, hook.instance))
    answer: dict[str, Any] = {"cards": cards[: hook.most_cards]}
    if actions:
        answer["systemActions"] = actions
    return answer


def _action(order: Order, information: dict[str, Any]) -> dict[str, Any]:
    """The order with this coverage's information in place of what was there before of it."""
    about = _coverage_in(information)
    kept = [
        one
        for one in objects(order.resource.get("extension"))
        if one.get("url") != EXTENSION or _coverage_in(one) != about
    ]
    return {
        "type": "update",
        "description": f"Coverage information for {order.reference}"[:200],
        "resource": {**order.resource, "extension": [*kept, information]},
    }


def _coverage_in(extension: Mapping[str, Any]) -> str | None:
    for one in objects(extension.get("extension")):
        if one.get("url") == "coverage":
            return url_of(one.get("valueReference"))
    return None
