"""The result of reading: an `Intake` for each claim, whether it could be read or not.

Every format ends here, so that a claim is checked alike whether it came as JSON or as X12:
`request.checking` within one request, `remark_duplicates` between the claims of one file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.core.json_source import JsonPath
from payer_policy.request.models import Request

_ON_LINE: Final = re.compile(r"\$\.lines\[(\d+)\]\.facts\.(.+)", re.DOTALL)

Locator = Callable[[JsonPath], Location | None]
"""Where a part of a request was written, if it was written there."""


@dataclass(frozen=True, slots=True)
class Intake:
    """One claim of a file, or one remark about the file.

    A claim that could not be read has no request and at least one error. A remark (`is_note`) has
    no request either, but nothing worse than warnings. Warnings never stop a claim.
    """

    claim_id: str | None
    """The claim number as the file gives it; None: it gives none."""
    place: Location
    """Where the claim is in the file."""
    request: Request | None
    """The request; None: it could not be read, or this is a remark about the file."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What is wrong with the claim; warnings do not stop it."""
    frequency: str | None = None
    """As the claim says it, also where the claim was refused."""
    locators: tuple[Locator, ...] = field(default=(), repr=False, compare=False)
    """What finds the place of a part of the request; for `locate`."""
    of_file: bool = False
    """Whether it is an error in the file around the claims, and so no claim that has a position."""

    def locate(self, path: JsonPath) -> Location:
        """Where a part of the request was written (`("facts", "trial.weeks")`); else the claim."""
        found = (locator(path) for locator in self.locators)
        return next((where for where in found if where is not None), self.place)

    def placed(self, problem: Diagnostic) -> Diagnostic:
        """A problem of the request as a value, at the place in the file that it was read from."""
        about = f"claim {self.claim_id}: " if self.claim_id else ""
        location = self.locate(_path_of(problem.location.path))
        return replace(problem, message=about + problem.message, location=location)

    @property
    def is_claim(self) -> bool:
        """Whether it is a claim of the file, read or refused."""
        return not (self.is_note or self.of_file)

    @property
    def is_note(self) -> bool:
        """Whether this is a remark about the file and not a claim."""
        return self.request is None and not any(d.severity == "error" for d in self.diagnostics)


def _path_of(rendered: str) -> JsonPath:
    """The path of a fact or a field of a request, from its text; names of facts have dots in them."""
    on_line = _ON_LINE.fullmatch(rendered)
    if on_line is not None:
        return ("lines", int(on_line[1]), "facts", on_line[2])
    part, _, name = rendered.removeprefix("$.").partition(".")
    return (part, name) if name else (part,)


def printable(text: str) -> str | None:
    """A claim number as it can be shown; None: it is empty."""
    return "".join(char if char.isprintable() else "?" for char in text) or None


def refused(diagnostic: Diagnostic, claim_id: str | None = None) -> Intake:
    """The intake of something that could not be read at all."""
    return Intake(claim_id, diagnostic.location, None, (diagnostic,))


def guarded(read: Callable[[], Intake], claim_id: str | None, place: Location) -> Intake:
    """The result of `read`; a fault of this program refuses that one claim, and is never hidden."""
    try:
        return read()
    except Exception as error:
        about = f"claim {claim_id}" if claim_id else "this claim"
        message = f"{about} could not be read: a fault in this program ({type(error).__name__})"
        hint = "report it; the claim was not decided"
        return refused(Diagnostic("internal-error", message, place, hint), claim_id)


def remark_duplicates(intakes: Iterable[Intake]) -> list[Intake]:
    """The same claims; those that share number and frequency each say so.

    Each is a claim of its own: practices number their claims by themselves. Where facts given by
    that number could belong to several, `supplements.supplemented` refuses those.
    """
    given = list(intakes)
    by_number: dict[tuple[str, str | None], list[Intake]] = {}
    for intake in given:
        if intake.claim_id:
            by_number.setdefault((intake.claim_id, intake.frequency), []).append(intake)
    out = []
    for intake in given:
        same = by_number.get((intake.claim_id or "", intake.frequency), [])
        if len(same) > 1:
            remark = _duplicate(intake, next(one for one in same if one is not intake), len(same))
            intake = replace(intake, diagnostics=(*intake.diagnostics, remark))
        out.append(intake)
    return out


def _duplicate(intake: Intake, other: Intake, count: int) -> Diagnostic:
    words = {"1": " (original)", "7": " (replacement)", "8": " (void)"}
    frequency = intake.frequency or "?"
    shared = f"{count} claims of this file have this number and frequency {frequency}"
    message = f"claim {intake.claim_id}: {shared}{words.get(frequency, '')}, and each is decided; "
    message += f"another one is at {other.place}"
    hint = "if they are one claim, send it once; a correction has frequency 7, a void frequency 8"
    return Diagnostic("duplicate-claim", message, intake.place, hint, "warning")
