"""Calls whose answer is recorded: idempotency keys, recording, counting, receipts.

The bytes of an answer are encoded before its rows are written, or from the receipts in the same
transaction: what cannot be sent is not recorded, and what is not recorded is not sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from payer_policy.audit import KeptReply, Receipt, Reply
from payer_policy.formats.answer import Answer
from payer_policy.service.deployment import Deployed
from payer_policy.service.exchange import Exchange, exchange_of
from payer_policy.service.problems import Problem
from payer_policy.service.state import State, state_of

KEY: Final = "Idempotency-Key"
RECEIPT: Final = "Audit-Receipt"
REPLAYED: Final = "Idempotency-Replayed"

_CHUNK_BYTES: Final = 262_144

Content = bytes | Callable[[Sequence[Receipt]], bytes]
"""An answer's bytes, or a function of the receipts of its rows (empty: not recorded)."""

_KEY: Final = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?\Z')


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose answer is recorded."""

    state: State
    exchange: Exchange
    data: bytes
    """The body."""
    key: str | None
    """SHA-256 of the caller and the idempotency key; None: there is no key."""
    asked: str
    """SHA-256 of the path, the parameters and the body; "" where there is no key."""
    deployed: Deployed
    """The policies that answer it."""

    async def answer(
        self,
        answers: Sequence[Answer],
        content: Content,
        media_type: str,
        *,
        contexts: Sequence[Mapping[str, Any]] | None = None,
        even_refusals: bool = False,
    ) -> Response:
        """The response, after the answers are in the audit record.

        Args:
            answers: The answers.
            content: The bytes of the response.
            media_type: The media type of the bytes.
            contexts: For each answer, what its format needs to write it again.
            even_refusals: Whether a call whose requests were all refused has a row too.

        Raises:
            Problem: The answers cannot be recorded.
        """
        receipts: Sequence[Receipt] = ()
        if self.state.audit is not None:
            written = await self.state.audit.record(
                answers,
                source=self.deployed.hash,
                exchange=self.exchange,
                contexts=contexts,
                reply=self._reply(content, media_type),
                even_refusals=even_refusals,
            )
            if written.earlier is not None:  # the same call came twice at the same time
                return _replayed(written.earlier, self.asked, self.exchange)
            receipts = written.receipts
        for answer in answers:
            for policy, decision in answer.decisions:
                self.exchange.decisions[decision] += 1
                self.state.metrics.decided(policy, decision)
        if not isinstance(content, bytes):
            content = await asyncio.to_thread(content, receipts)
        headers = _receipt_header(receipts[-1] if receipts else None)
        return Response(content, media_type=media_type, headers=headers)

    def _reply(self, content: Content, media_type: str) -> Reply | None:
        if self.key is None:
            return None
        made = (lambda _: content) if isinstance(content, bytes) else content
        return Reply(self.key, self.asked, media_type, made)


async def answer_once(
    request: Request,
    answer: Callable[[Call], Awaitable[Response]],
    max_bytes: int,
    max_parts: int | None = None,
) -> Response:
    """The response to a call; the earlier one, if it was answered before under its idempotency key.

    Args:
        request: The request, whose body was not read yet.
        answer: Answers the call, which counts as waiting until it has returned.
        max_bytes: The largest body.
        max_parts: The most values, lists and objects in it, if it is JSON; None: any number.

    Raises:
        Problem: The body is not accepted, the idempotency key is not valid or was used for another
            call, or the record cannot be read.
    """
    state, exchange = state_of(request), exchange_of(request)
    async with state.admission.taken(request, max_bytes, max_parts) as data:
        key, asked = None, ""
        if (stated := request.headers.get(KEY)) is not None:
            match = _KEY.match(stated)
            if match is None:
                raise Problem("bad-request", f"`{KEY}`: 1 to 255 visible ASCII characters expected")
            if state.audit is None:
                raise Problem(
                    "not-configured", "idempotency keys need an audit record; see --audit"
                )
            # Not `request.url`, which is put together with the Host header.
            content_type = request.headers.get("content-type", "").encode()
            method, path = request.method.encode(), request.scope["path"].encode()
            asked = _sha256(method, path, request.scope["query_string"], content_type, data)
            key = _sha256((exchange.caller or "").encode(), match[1].encode())
            if (kept := await state.audit.reply(key)) is not None:
                return _replayed(kept, asked, exchange)
        return await answer(Call(state, exchange, data, key, asked, state.deployed))


def _replayed(kept: KeptReply, asked: str, exchange: Exchange) -> Response:
    if kept.asked != asked:
        raise Problem(
            "key-used", f"`{KEY}`: this key was used for another request within the last 24 hours"
        )
    exchange.replayed = True
    headers = _receipt_header(kept.receipt) | {REPLAYED: "true"}
    return _InChunks(kept.content, media_type=kept.media_type, headers=headers)


class _InChunks(Response):
    """A response that is sent in chunks, so that other requests proceed during a large one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        whole = memoryview(self.body)
        for at in range(0, max(1, len(whole)), _CHUNK_BYTES):
            chunk = bytes(whole[at : at + _CHUNK_BYTES])
            more = at + _CHUNK_BYTES < len(whole)
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
            if more:
                await asyncio.sleep(0)


def _receipt_header(receipt: Receipt | None) -> dict[str, str]:
    return {} if receipt is None else {RECEIPT: str(receipt)}


def _sha256(*parts: bytes) -> str:
    """A hash of the parts with their lengths, so that no two lists of parts have the same bytes."""
    found = hashlib.sha256()
    for part in parts:
        found.update(b"%d:" % len(part))
        found.update(part)
    return found.hexdigest()
