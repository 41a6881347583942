"""What one FHIR claim is read into: values by their place in the request, and where each was said.

Everything wrong is collected with the path in the document; nothing is raised on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, Position, Severity
from payer_policy.core.json_source import (
    JsonDocument,
    JsonPath,
    decode_utf8,
    read_json,
    render_path,
)
from payer_policy.core.vocabulary.codes import NO_CODE, remark_on_ndc
from payer_policy.formats import form
from payer_policy.formats.form import MAX_PROBLEMS
from payer_policy.request.models import Request

MAX_PLACED: Final = 1_000_000
"""Characters of a document in which lines and columns are still looked for. It takes a second for
each million of small values, so in a larger one (whose bulk are attachments) a path must do."""


def read_limited(data: bytes, file: str, most: int, what: str) -> JsonDocument:
    """A JSON document that is not longer than `most` bytes.

    Raises:
        PolicyError: It is longer, or it cannot be read.
    """
    if len(data) > most:
        message = f"the {what} is longer than {most // 1_000_000} million bytes"
        raise PolicyError([Diagnostic("too-large", message, Location(file, "$", Position(1, 1)))])
    return read_json(decode_utf8(data, file), file)


def place_of(document: JsonDocument, path: JsonPath) -> Location:
    """Where a part of a document stands: its path, and its line and column where it is not huge."""
    if len(document.text) > MAX_PLACED:
        return Location(document.file, render_path(path))
    return document.locate(path)


def problem_at(
    document: JsonDocument,
    code: str,
    message: str,
    path: JsonPath,
    hint: str | None = None,
    severity: Severity = "error",
) -> Diagnostic:
    """A problem at a part of a document, placed as `place_of` does."""
    if len(document.text) > MAX_PLACED:
        return Diagnostic(code, message, place_of(document, path), hint, severity)
    return document.problem(code, message, path, hint=hint, warning=severity == "warning")


class Form(form.Form[JsonPath]):
    """The fields found so far, for one claim, nested as in the request."""

    def __init__(self, document: JsonDocument, claim_id: str | None) -> None:
        super().__init__()
        self.document = document
        self.values: dict[str, Any] = {}
        self.problems: list[Diagnostic] = []
        self._about = f"claim {claim_id}: " if claim_id else "a claim without a number: "

    @property
    def wrong(self) -> bool:
        """Whether there is an error, so that there is no request."""
        return any(problem.severity == "error" for problem in self.problems)

    def report(
        self,
        place: JsonPath,
        code: str,
        message: str,
        hint: str | None = None,
        severity: Severity = "error",
    ) -> None:
        """Add a problem at a place of the document, once."""
        if len(self.problems) < MAX_PROBLEMS:
            message = self._about + message
            made = problem_at(self.document, code, message, place, hint, severity)
            if made not in self.problems:
                self.problems.append(made)

    def put(self, path: JsonPath, value: object, said_at: JsonPath) -> None:
        """Set a field of the request that is not a line's; None says nothing."""
        if value is None:
            return
        target: dict[str, Any] = self.values
        for step in path[:-1]:
            target = target.setdefault(str(step), {})
        target[str(path[-1])] = value
        self.sources[path] = said_at

    def put_in_line(
        self, line: dict[str, Any], index: int, name: str, value: object, said_at: JsonPath
    ) -> None:
        """Set a field of a line; None says nothing."""
        if name == "ndc" and (remark := remark_on_ndc(str(value))) is not None:
            self.report(said_at, *remark, severity="warning")
        if value is not None:
            line[name] = value
            self.sources["lines", index, name] = said_at

    def request(self, lines: list[dict[str, Any]], origin: JsonPath) -> Request | None:
        """The request that the fields make, or None with the reasons among the problems.

        `origin` is the path of the claim (or the order), for what is stated nowhere in particular.
        """
        for line in lines:
            if line["code"] is None and "revenue_code" not in line:
                line["code"] = NO_CODE
        request = self.checked({**self.values, "lines": lines}, origin)
        return None if self.wrong else request


def as_element(element: object) -> Mapping[str, Any]:
    """An element that is an object, or one with nothing in it."""
    return element if isinstance(element, dict) else {}
