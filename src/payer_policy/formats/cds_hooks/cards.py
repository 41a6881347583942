"""Cards: for people, what was asserted about an order and why, with the sources of the policy.

`detail` is Markdown, so texts that came with the call are escaped; a summary is plain text of at most
140 characters (CDS Hooks 2.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from payer_policy.formats.cds_hooks.coverage_information import (
    CRD_CODES,
    assertion_id,
    authorization_needed,
    covered,
    undecided,
)
from payer_policy.formats.cds_hooks.orders import Order
from payer_policy.formats.review import ReviewRules, finding_note

MAX_SUMMARY: Final = 140
_MARKS: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~])")
_COVERED: Final = {
    "covered": "covered",
    "not-covered": "not covered",
    "conditional": "coverage depends on what is not known yet",
}
_NEEDED: Final = {
    "no-auth": "no preauthorization needed",
    "auth-needed": "preauthorization needed",
    "satisfied": "preauthorization already given",
    "conditional": "preauthorization may be needed",
}


def card(
    outcome: Mapping[str, Any],
    order: Order,
    *,
    form: Mapping[str, Any] | None = None,
    rules: ReviewRules,
) -> dict[str, Any]:
    """The card about one order; `form` is the questionnaire for what is missing."""
    made: dict[str, Any] = {"uuid": _uuid(assertion_id(outcome, order))}
    if not outcome["determinations"]:
        why = "no policy here decides it; contact the payer"
        if order.lacks_billing_code:
            why = "a billing code (HCPCS or CPT) is missing"
        made["summary"] = _short(f"{order.label}: {why}")
        notes = [plain(note) for note in undecided(outcome, order)]
        made["detail"] = "\n\n".join(notes) or "Nothing was asked."
        made["indicator"] = "info"
        made["source"] = {"label": "payer-policy", "topic": _topic()}
        return made
    request = order.intake.request
    number = request.authorization_number if request is not None else None
    cover, needed = covered(outcome, rules), authorization_needed(outcome, number, rules)
    words = [_COVERED[cover]] + ([_NEEDED[needed]] if cover != "not-covered" else [])
    open_ = sum(len(one["missing"]) for one in outcome["determinations"])
    if open_:
        words.append(f"{open_} question{'s' if open_ != 1 else ''} open")
    made["summary"] = _short(f"{order.label}: {', '.join(words)}")
    settled = cover == "covered" and needed in ("no-auth", "satisfied")
    made["indicator"] = "info" if settled else "warning"
    made["detail"] = "\n".join(_detail(outcome))
    policy = outcome["determinations"][0]["policy"]
    links = list(_links(outcome))
    made["source"] = {"label": policy["title"][:200], "topic": _topic()}
    if links:
        made["source"]["url"] = links[0]["url"]
        made["links"] = links
    if form is not None:
        made["detail"] += f"\n\nForm for the open questions: `{form['url']}`"
    return made


def problem_card(order: Order) -> dict[str, Any]:
    """The card about an order that could not be read or decided."""
    wrong = [one for one in order.intake.diagnostics if one.severity == "error"]
    hints = [f" ({plain(one.hint)})" if one.hint else "" for one in wrong]
    lines = [f"* {plain(one.message)}{hint}" for one, hint in zip(wrong, hints, strict=True)]
    return {
        "uuid": _uuid(f"unread:{order.reference}"),
        "summary": _short(f"{order.reference}: could not be read, so nothing is known of it"),
        "indicator": "warning",
        "detail": "\n".join(lines) or "It was not decided.",
        "source": {"label": "payer-policy"},
    }


def unsent_card(messages: list[str], instance: str | None) -> dict[str, Any]:
    """The card about what the call named and did not send, or what is not read of it."""
    return {
        "uuid": _uuid(f"unsent:{instance}"),
        "summary": _short("Something that the call names was not sent with it, or cannot be read"),
        "indicator": "info",
        "detail": "\n".join(f"* {plain(message)}" for message in messages),
        "source": {"label": "payer-policy"},
    }


def plain(text: str) -> str:
    """A text as Markdown that reads as it is written."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"card:{name}"))


def _short(text: str) -> str:
    return text if len(text) <= MAX_SUMMARY else text[: MAX_SUMMARY - 1] + "…"


def _topic() -> dict[str, str]:
    return {"system": CRD_CODES, "code": "coverage-info"}


def _detail(outcome: Mapping[str, Any]) -> Iterator[str]:
    if outcome.get("as_of") is not None:
        yield f"As of {outcome['as_of']}: the order gives no date of service."
        yield ""
    for one in outcome["determinations"]:
        policy = one["policy"]
        since = "no version yet" if policy["first_day"] is None else f"from {policy['first_day']}"
        yield f"**{plain(policy['title'])}** (`{policy['address']}`, {since})"
        yield ""
        if one["internal"]:
            yield f"* Held for a fault of the system: {plain(one['internal'])}"
        for found in one["findings"]:
            yield f"* {plain(finding_note(found, one))}"
        for question in one["missing"]:
            yield f"* Needed: {plain(question['question'])}"
        for assumed in one["assumptions"]:
            if assumed["rule"] is not None:
                yield f"* Taken as not so, though not known: {plain(assumed['title'])}"


def _links(outcome: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The sources that the findings and assumptions cite, each once."""
    seen: set[str] = set()
    for one in outcome["determinations"]:
        for said in (*one["findings"], *one["assumptions"]):
            for citation in said["citations"]:
                href = citation["href"]
                if href and href not in seen:
                    seen.add(href)
                    label = citation["title"][:200]
                    yield {"label": label, "url": href, "type": "absolute"}
