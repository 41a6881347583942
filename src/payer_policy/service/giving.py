"""Sending an answer: record it, count it, keep it for a day if the client asked for that, and return it
with its receipt.

The bytes of an answer are encoded before its rows are written, or from the receipts in the same
transaction: what cannot be sent is not recorded, and what is not recorded is not sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from payer_policy.audit import KeptReply, Receipt, Reply
from payer_policy.formats.answer import Answer
from payer_policy.service.deployment import Deployed
from payer_policy.service.gate import Exchange, exchange_of
from payer_policy.service.problems import Problem
from payer_policy.service.state import State, state_of

KEY: Final = "Idempotency-Key"
RECEIPT: Final = "Audit-Receipt"
REPLAYED: Final = "Idempotency-Replayed"

_PIECE: Final = 262_144

Content = bytes | Callable[[Sequence[Receipt]], bytes]
"""An answer's bytes, or what makes them of the receipts of its rows (none: nothing is recorded)."""

_KEY: Final = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?\Z')


@dataclass(frozen=True, slots=True)
class Question:
    """A request to which an answer is to be given, with the key under which it may be sent again."""

    state: State
    exchange: Exchange
    key: str | None
    """SHA-256 of the caller and the key; None: it has none."""
    asked: str
    """SHA-256 of the path, the parameters and the body; "" where there is no key."""

    @classmethod
    def of(cls, request: Request, data: bytes) -> Question:
        """The question of a request and its body.

        Raises:
            Problem: The key is none, or this service keeps no answers.
        """
        state, exchange = state_of(request), exchange_of(request)
        said = request.headers.get(KEY)
        if said is None:
            return cls(state, exchange, None, "")
        key = _KEY.match(said)
        if key is None:
            raise Problem("bad-request", f"`{KEY}`: 1 to 255 visible ASCII characters expected")
        if state.audit is None:
            raise Problem("not-configured", "idempotency keys need an audit record; see --audit")
        parts = (request.method, request.url.path, request.url.query)
        header = request.headers.get("content-type", "")
        asked = _sha256(*(part.encode() for part in (*parts, header)), data)
        return cls(
            state, exchange, _sha256((exchange.caller or "").encode(), key[1].encode()), asked
        )

    async def answered(self) -> Response | None:
        """The answer that was given to the same question under the same key, if it was.

        Raises:
            Problem: Something else was asked under the key; or the record cannot be read.
        """
        if self.key is None or self.state.audit is None:
            return None
        kept = await self.state.audit.reply(self.key)
        return None if kept is None else self._replay(kept)

    async def give(
        self,
        deployed: Deployed,
        answers: Sequence[Answer],
        content: Content,
        media_type: str,
        *,
        contexts: Sequence[Mapping[str, Any]] | None = None,
        even_refusals: bool = False,
    ) -> Response:
        """The answer as it leaves, once it is in the audit record.

        Args:
            deployed: The policies that answered.
            answers: What they answered.
            content: The answer's bytes.
            media_type: Of the bytes.
            contexts: For each answer, what its form needs to be answered again.
            even_refusals: Whether an answer without any decision has a row as well.

        Raises:
            Problem: It cannot be recorded.
        """
        state, receipts = self.state, tuple[Receipt, ...]()
        if state.audit is not None:
            reply = None if self.key is None else self._reply(content, media_type)
            written = await state.audit.record(
                answers,
                source=deployed.hash,
                exchange=self.exchange,
                contexts=contexts,
                reply=reply,
                even_refusals=even_refusals,
            )
            if written.earlier is not None:  # asked twice at once
                return self._replay(written.earlier)
            receipts = written.receipts
        for answer in answers:
            for policy, decision in answer.decisions:
                self.exchange.decisions[decision] += 1
                state.metrics.decided(policy, decision)
        made = content if isinstance(content, bytes) else await asyncio.to_thread(content, receipts)
        return Response(
            made, media_type=media_type, headers=_receipt_header(receipts[-1] if receipts else None)
        )

    def _reply(self, content: Content, media_type: str) -> Reply:
        assert self.key is not None
        made = content if not isinstance(content, bytes) else lambda _: content
        return Reply(self.key, self.asked, media_type, made)

    def _replay(self, kept: KeptReply) -> Response:
        if kept.asked != self.asked:
            raise Problem(
                "key-used",
                f"`{KEY}`: this key was used for another request within the last 24 hours",
            )
        self.exchange.replayed = True
        headers = _receipt_header(kept.receipt) | {REPLAYED: "true"}
        return _InPieces(kept.content, media_type=kept.media_type, headers=headers)


class _InPieces(Response):
    """An answer that leaves in pieces, so that a large one lets others in between."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        whole = memoryview(self.body)
        for at in range(0, max(1, len(whole)), _PIECE):
            piece = bytes(whole[at : at + _PIECE])
            more = at + _PIECE < len(whole)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
            if more:
                await asyncio.sleep(0)


def _receipt_header(receipt: Receipt | None) -> dict[str, str]:
    return {} if receipt is None else {RECEIPT: str(receipt)}


def _sha256(*parts: bytes) -> str:
    """Of parts that cannot be mistaken for one another: each with its length."""
    found = hashlib.sha256()
    for part in parts:
        found.update(b"%d:" % len(part))
        found.update(part)
    return found.hexdigest()
