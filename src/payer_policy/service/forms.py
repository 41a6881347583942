"""A form with two files: claims, and facts about them that a claim form does not carry."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from email.message import Message
from typing import Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from payer_policy.service.problems import Problem

FORM: Final = "multipart/form-data"
CLAIMS: Final = "claims"
FACTS: Final = "facts"


async def claims_and_facts(request: Request, data: bytes) -> tuple[bytes, bytes | None]:
    """The claims of a body and the facts sent with them; a body that is not a form is claims only.

    Raises:
        Problem: Its media type is a form, but it is not a form with a part `claims`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().casefold() != FORM:
        return data, None

    async def whole() -> AsyncGenerator[bytes, None]:
        yield data

    expected = (
        f"a form with a part `{CLAIMS}` and, where there are facts, a part `{FACTS}` was expected"
    )
    boundary = Message()
    boundary["Content-Type"] = request.headers["content-type"]
    ending = f"--{boundary.get_boundary('')}--".encode("latin-1", "replace")
    if ending == b"----" or not data.rstrip().endswith(ending):
        # A part without its end is incomplete (RFC 2046 section 5.1.1), and is never used in part.
        raise Problem("bad-request", f"the form is not complete; {expected}")
    try:
        parser = MultiPartParser(
            request.headers, whole(), max_files=2, max_fields=2, max_part_size=len(data) + 1
        )
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise Problem("bad-request", f"the form cannot be read; {expected}") from None
    parts: dict[str, bytes] = {}
    for name, part in form.multi_items():
        if name not in (CLAIMS, FACTS) or name in parts:
            raise Problem("bad-request", expected)
        parts[name] = await part.read() if isinstance(part, UploadFile) else part.encode()
    if CLAIMS not in parts:
        raise Problem("bad-request", expected)
    return parts[CLAIMS], parts.get(FACTS)
