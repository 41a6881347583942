"""What can be wrong with a bundle, and the one error that says so.

The codes are public, like those of `check`: other programs match them, so none is ever renamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, Severity

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # --- the file
        "unreadable": "The file, or a file that is to be packed, cannot be read.",
        "too-large": "The file is too large to be a bundle.",
        "not-a-bundle": "The file is no bundle, or is cut short.",
        "foreign-bytes": "Bytes stand in the file that belong to no entry.",
        "not-stored": "An entry is compressed or encrypted; a bundle holds its files as they are.",
        "not-a-file": "An entry is a link or a folder.",
        "wrong-name": "The name of an entry is no path below the bundle, or not one everywhere.",
        "duplicate-address": "Two entries have one name, but for capital letters.",
        "damaged": "The bytes of an entry are not those of its checksum.",
        "not-as-built": "The file is not spelled as `bundle build` spells it.",
        "too-many-problems": "There are so many problems that the rest is not listed.",
        # --- the signature
        "not-signed": "The bundle carries no signature.",
        "no-trusted-key": "Nobody said whose signature is trusted.",
        "untrusted-key": "The bundle is signed by a key that is not trusted.",
        "wrong-signature": "The signature is not one of the manifest.",
        "not-a-key": "A file holds no key of the kind that was expected.",
        # --- the contents
        "missing-file": "A file that the bundle needs is not there.",
        "unexpected-file": "The manifest does not list a file that is there.",
        "hash-mismatch": "A file is not the one that the manifest lists.",
        "newer-format": "The bundle is of a format that this version does not know.",
        "other-meaning": "The policies mean something else here than when they were packed.",
        # --- deploying
        "expired": "The last day of the bundle is over.",
        "older-sequence": "The bundle's sequence is lower than one that was deployed, or than allowed.",
        "no-sequence": "The bundle has no sequence, and one is expected.",
        "not-remembered": "The file that remembers the highest sequence is wrong or cannot be written.",
        # --- building
        "failed-scenario": "A scenario does not pass.",
        "no-scenarios": "No scenarios were found, and the build did not opt out of them.",
        "changed-while-read": "A file was changed while it was read.",
    }
)


MAX_PROBLEMS: Final = 100
"""More than this are not helped by a longer list, and a hostile file may have millions."""


class BundleError(PolicyError):
    """A bundle was not opened, or not built. `diagnostics` holds every problem found."""


def problem(
    code: str, file: str, message: str, hint: str | None = None, *, severity: Severity = "error"
) -> Diagnostic:
    """A problem with a file as a whole.

    Args:
        code: A key of `CODES`.
        file: The file's name as people know it; a part of a bundle is `<bundle>/<path>`.
        message: What was found, and what was expected.
        hint: What to do.
        severity: As in `Diagnostic`.
    """
    assert code in CODES, code
    return Diagnostic(code, message, Location(file), hint, severity)


def refuse(problems: Iterable[Diagnostic]) -> None:
    """Nothing where there is no problem.

    Raises:
        BundleError: With the problems; of very many, the first.
    """
    found = list(islice(problems, MAX_PROBLEMS + 1))
    if len(found) > MAX_PROBLEMS:
        rest = f"there are more than {MAX_PROBLEMS} problems; the rest is not listed"
        found[MAX_PROBLEMS] = problem("too-many-problems", found[0].location.file, rest)
    if found:
        raise BundleError(found)
