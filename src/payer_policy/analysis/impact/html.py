"""An impact as one HTML file, to read, print and sign: no script, and nothing from elsewhere.

Every value on the page is escaped and kept to one line, since a claim number is what somebody typed.
"""

from __future__ import annotations

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from payer_policy.analysis.impact import words
from payer_policy.analysis.impact.chart import flow_of
from payer_policy.analysis.impact.model import SHOWN, Impact, share, total
from payer_policy.determination.words import day, one_line

_FILES: Final = 30
"""The number of claims files that are named; more are counted."""


def _printable(value: object) -> object:
    """A value as it goes into the page; what the templates made themselves is left as it is."""
    return value if hasattr(value, "__html__") else one_line(str(value))


_PAGES: Final = Environment(
    loader=PackageLoader("payer_policy", "analysis/impact"),
    autoescape=True,
    finalize=_printable,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
_PAGES.filters |= {
    "decision": words.decision_name,
    "plain": lambda number: f"{number:.2f}".rstrip("0").rstrip("."),
}
_PAGES.globals |= {
    "billed": words.billed,
    "day": day,
    "dollars": words.dollars,
    "headings": words.HEADINGS,
    "headline": words.headline,
    "most_changes": SHOWN,
    "most_files": _FILES,
    "number": words.number,
    "reason_lines": words.reason_lines,
    "records": words.records,
    "rejects_in_words": words.rejects_in_words,
    "says": words.SAYS,
    "services": words.services,
    "share": share,
    "total": total,
}


def impact_html(impact: Impact) -> str:
    """The whole page."""
    return _PAGES.get_template("page.html.jinja").render(impact=impact, flow=flow_of(impact))
