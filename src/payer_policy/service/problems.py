"""Problem details (RFC 9457): every response that is not an answer, with what to do about it.

`type` links to `GET /problems/{name}`, which shows the row of the table below.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.responses import Response

from payer_policy.core.diagnostics import Diagnostic, PayerPolicyError

MEDIA_TYPE: Final = "application/problem+json"
_SPLIT: Final = "Split it; `detail` gives the maximum."
_TRY_AGAIN: Final = (
    "Nothing was decided or recorded. Try again after the seconds in the `Retry-After` header."
)


class Kind(NamedTuple):
    """A row of the table: the HTTP status, what is wrong, and what to do."""

    status: int
    title: str
    meaning: str


KINDS: Final[Mapping[str, Kind]] = {
    "refused": Kind(
        422,
        "The request was read and refused",
        "Every problem is in `problems`, with its place in the body. Nothing was decided or recorded.",
    ),
    "several-requests": Kind(
        422, "Not exactly one request", "Send several requests in one body to /v1/decide/batch."
    ),
    "key-used": Kind(
        422, "Idempotency key already used", "Send the original body again, or choose a new key."
    ),
    "too-many-requests-in-one": Kind(413, "Too many requests in one body", _SPLIT),
    "too-large": Kind(413, "Body too large", _SPLIT),
    "too-many-parts": Kind(413, "Too many values in the body", _SPLIT),
    "too-slow": Kind(408, "The request did not arrive in time", "Send it again."),
    "wrong-media-type": Kind(415, "Unsupported media type", "`detail` lists what can be sent."),
    "not-acceptable": Kind(
        406, "No acceptable form of the answer", "`detail` lists the available forms."
    ),
    "bad-request": Kind(
        400, "Invalid parameter, header or body", "`detail` names it and says what was expected."
    ),
    "not-authenticated": Kind(
        401,
        "No valid API key",
        "Send a key as `Authorization: Bearer …` or `X-API-Key: …`. `payer-policy keys new` makes keys.",
    ),
    "not-allowed": Kind(
        403,
        "The API key lacks the scope",
        "`detail` lists its scopes. `payer-policy keys new --scope …` makes a key with other scopes.",
    ),
    "wrong-host": Kind(
        421,
        "The request was sent to another host",
        "The `Host` header is not a name of this service. The operator lists its names with --host-name.",
    ),
    "not-found": Kind(404, "Not found", "`detail` says what was looked for."),
    "wrong-method": Kind(405, "Method not allowed", "The `Allow` header lists the methods."),
    "overloaded": Kind(503, "Too many requests are waiting", _TRY_AGAIN),
    "deadline": Kind(
        503, "The answer took too long", "Nothing was recorded. Send fewer requests in one body."
    ),
    "not-recorded": Kind(
        503,
        "The audit record cannot be written",
        f"{_TRY_AGAIN} If this continues, the operator must check the database of the audit record.",
    ),
    "not-configured": Kind(
        501, "Not enabled on this service", "`detail` names the option that enables it."
    ),
    "internal": Kind(
        500,
        "Internal error",
        "Nothing was decided. The log has the kind of the fault and its place in the code under "
        "`instance`, and no data of the request.",
    ),
}


class Problem(PayerPolicyError):
    """A response that is not an answer. `name` is a key of `KINDS`."""

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

    def response(self, request_id: str) -> Response:
        """The problem as HTTP."""
        content = json.dumps(self.to_json(request_id), ensure_ascii=False)
        return Response(content, self.kind.status, self.headers, MEDIA_TYPE)


def refused(problems: Sequence[Diagnostic]) -> Problem:
    """The problem that carries what is wrong with a request."""
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    return Problem("refused", f"{count} in the request; nothing was decided", problems=problems)


def busy(name: str, detail: str, seconds: int = 1) -> Problem:
    """A problem that is temporary, with the number of seconds after which to try again."""
    return Problem(name, detail, headers={"Retry-After": str(seconds)})


def internal() -> Problem:
    """A fault in the service; the log has it."""
    return Problem("internal", "the service failed; nothing was decided")
