"""A row of a table of facts as a request: one service, of which the cells say what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from payer_policy.core.vocabulary.model import Fact
from payer_policy.formats.tables.cells import converter
from payer_policy.formats.tables.columns import ID, expected
from payer_policy.formats.tables.requests import Refusal, validated_request
from payer_policy.request.models import Request


class FactRows:
    """Reads the rows of one table."""

    def __init__(self, names: Sequence[str], facts: Mapping[str, Fact]) -> None:
        """`names`: what the cells of a row mean, in their order."""
        self._columns = [(name, converter(expected(name, "facts", facts))) for name in names]

    def request(self, cells: Sequence[Any]) -> tuple[str | None, Request | Refusal]:
        """The claim number of a row, and its request or what is wrong with it."""
        facts = {
            name: cell
            for (name, convert), raw in zip(self._columns, cells, strict=True)
            if (cell := convert(raw)) is not None
        }
        id_ = facts.pop(ID, None)
        claim_id = None if id_ is None else str(id_)
        return claim_id, validated_request({"id": id_, "facts": facts})
