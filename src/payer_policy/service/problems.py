"""Problem details for HTTP (RFC 9457): every answer that is no answer, with what to do about it.

The table is all there is; `GET /problems/<name>` tells what a name means, so `type` is a link.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from fastapi import Response

from payer_policy.core.diagnostics import Diagnostic, PayerPolicyError

MEDIA_TYPE: Final = "application/problem+json"


class Kind(NamedTuple):
    status: int
    title: str
    meaning: str


KINDS: Final[Mapping[str, Kind]] = {
    "refused": Kind(
        422,
        "The request was read and refused",
        "Something in the request is wrong. Every problem is in `problems`, with its place in the "
        "body; nothing was decided and nothing was recorded.",
    ),
    "several-requests": Kind(
        422,
        "More or less than one request",
        "Exactly one request is decided here. Send lists, JSON Lines and X12 files to the batch path.",
    ),
    "key-used": Kind(
        422,
        "The idempotency key was used for something else",
        "The same key was sent with another body or to another path within 24 hours. Send the body as "
        "it was, or choose a new key.",
    ),
    "too-many-requests-in-one": Kind(
        413,
        "Too many requests in one body",
        "Split the file; `detail` says how many one body may hold.",
    ),
    "too-large": Kind(
        413, "The body is too large", "Split the file; `detail` says how large a body may be."
    ),
    "too-many-parts": Kind(
        413,
        "The body has too many parts",
        "Its values, lists and objects are counted before it is read. Split it; `detail` says how many "
        "one body may have.",
    ),
    "too-slow": Kind(
        408,
        "The body did not arrive in time",
        "The connection was too slow, or fewer bytes came than were announced.",
    ),
    "wrong-media-type": Kind(
        415, "Not a media type that is read here", "`detail` says what can be sent."
    ),
    "not-acceptable": Kind(
        406, "No form of the answer is acceptable", "`detail` lists the forms that there are."
    ),
    "bad-request": Kind(
        400, "A parameter or a header is wrong", "`detail` says which, and what was expected."
    ),
    "not-authenticated": Kind(
        401,
        "No valid API key",
        "Send a key as `Authorization: Bearer …` or `X-API-Key: …`. Keys are made with "
        "`payer-policy keys new`.",
    ),
    "not-allowed": Kind(
        403,
        "The API key may not do that",
        "`detail` says what it may do. `payer-policy keys new --scope …` makes a key with other scopes.",
    ),
    "wrong-host": Kind(
        421,
        "The request was sent to another host",
        "The header `Host` names a host that this service is not. The operator lists its names with "
        "--host-name.",
    ),
    "not-found": Kind(404, "Nothing is here", "`detail` says what was looked for."),
    "wrong-method": Kind(
        405, "This path does not have that method", "The header `Allow` lists the methods."
    ),
    "overloaded": Kind(
        503,
        "Too many requests wait for an answer",
        "Nothing was decided and nothing was recorded. Wait for as long as `Retry-After` says.",
    ),
    "deadline": Kind(
        503,
        "The answer took too long",
        "Nothing was recorded and no part of the answer is valid. Send fewer requests in one body.",
    ),
    "not-recorded": Kind(
        503,
        "The audit record cannot be written",
        "No answer is given that is not in the record. Wait for as long as `Retry-After` says; if "
        "it stays so, the operator has to look at the store of the audit record.",
    ),
    "not-configured": Kind(
        501,
        "This service was started without what the path needs",
        "`detail` says with what option the operator turns it on.",
    ),
    "internal": Kind(
        500,
        "A fault in the service",
        "Nothing was decided. The log has the kind and the place of the fault under `instance`, and "
        "no data of the request.",
    ),
}


class Problem(PayerPolicyError):
    """An answer that is no answer. `name` is one of `KINDS`."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        problems: Sequence[Diagnostic] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(name)
        self.name = name
        self.kind = KINDS[name]
        self.detail = detail
        self.problems = tuple(problems)
        self.headers = dict(headers or {})

    def to_json(self, request_id: str) -> dict[str, Any]:
        """The members of RFC 9457, and `problems` where parts of the body are wrong."""
        out: dict[str, Any] = {
            "type": f"/problems/{self.name}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "instance": f"urn:uuid:{request_id}",
        }
        if self.problems:
            out["problems"] = [problem.to_json() for problem in self.problems]
        return out


def problem_response(problem: Problem, request_id: str) -> Response:
    """The problem as HTTP."""
    return Response(
        json.dumps(problem.to_json(request_id), ensure_ascii=False),
        problem.kind.status,
        problem.headers,
        MEDIA_TYPE,
    )


def busy(name: str, detail: str, seconds: int = 1) -> Problem:
    """A problem that goes away by itself, with when to try again."""
    return Problem(name, detail, headers={"Retry-After": str(seconds)})


def schema() -> dict[str, Any]:
    """The JSON Schema of a problem, for OpenAPI."""
    text = {"type": "string"}
    position = {
        "type": ["object", "null"],
        "properties": {"line": {"type": "integer"}, "column": {"type": "integer"}},
    }
    return {
        "title": "Problem",
        "description": "Problem details (RFC 9457).",
        "type": "object",
        "properties": {
            "type": {"enum": [f"/problems/{name}" for name in KINDS]},
            "title": text,
            "status": {"enum": sorted({kind.status for kind in KINDS.values()})},
            "detail": text,
            "instance": {"type": "string", "description": "The request id; the log has it too."},
            "problems": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "code": text,
                        "severity": {"enum": ["error", "warning"]},
                        "message": text,
                        "hint": {"type": ["string", "null"]},
                        "location": {
                            "type": "object",
                            "properties": {
                                "file": text,
                                "path": text,
                                "start": position,
                                "end": position,
                            },
                        },
                    },
                    "required": ["code", "severity", "message", "location"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "instance"],
    }
