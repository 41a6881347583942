"""What can be wrong with a bundle, and the error that reports it.

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
        "unreadable": "The file, or a file to pack, cannot be read.",
        "too-large": "The file is too large to be a bundle.",
        "not-a-bundle": "The file is not a bundle, or is cut short.",
        "foreign-bytes": "The file has bytes that belong to no entry.",
        "not-stored": "An entry is compressed or encrypted; a bundle stores its files unchanged.",
        "not-a-file": "An entry is a link or a folder.",
        "wrong-name": "The name of an entry is not a path in the bundle, or not valid on every system.",
        "duplicate-address": "Two entries have the same name, or names that differ only in letter case.",
        "damaged": "The bytes of an entry do not have its checksum.",
        "not-as-built": "The file differs from what `bundle build` writes.",
        "too-many-problems": "There are too many problems to list all of them.",
        # --- the signature
        "not-signed": "The bundle has no signature.",
        "no-trusted-key": "No trusted key was given.",
        "untrusted-key": "The bundle is signed by a key that is not trusted.",
        "wrong-signature": "The signature does not match the manifest.",
        "not-a-key": "A file does not hold a key of the expected kind.",
        # --- the contents
        "missing-file": "A file that the bundle needs is missing.",
        "unexpected-file": "The bundle has a file that the manifest does not list.",
        "hash-mismatch": "A file differs from the one that the manifest lists.",
        "newer-format": "The bundle has a format that this version does not know.",
        "other-meaning": "The policies mean something else here than when they were packed.",
        # --- deploying
        "expired": "The last day of the bundle has passed.",
        "older-sequence": "The bundle's sequence is lower than a deployed one, or than the minimum.",
        "no-sequence": "The bundle has no sequence, but one is required.",
        "not-remembered": "The file that stores the highest sequence is wrong or cannot be written.",
        # --- building
        "failed-scenario": "A scenario does not pass.",
        "no-scenarios": "No scenarios were found, and the build did not opt out of them.",
        "changed-while-read": "A file changed while it was being read.",
    }
)


MAX_PROBLEMS: Final = 100
"""Problems in one error; a hostile file could have millions."""


class BundleError(PolicyError):
    """A bundle was not opened, or not built. `diagnostics` holds every problem found."""


def problem(
    code: str, file: str, message: str, hint: str | None = None, *, severity: Severity = "error"
) -> Diagnostic:
    """A problem with a file as a whole.

    Args:
        code: A key of `CODES`.
        file: The file's name in messages; a part of a bundle is `<bundle>/<path>`.
        message: What was found, and what was expected.
        hint: What to do.
        severity: As in `Diagnostic`.
    """
    assert code in CODES, code
    return Diagnostic(code, message, Location(file), hint, severity)


def refuse(problems: Iterable[Diagnostic]) -> None:
    """Raise an error if there are problems.

    Raises:
        BundleError: With the problems, `MAX_PROBLEMS` at most.
    """
    found = list(islice(problems, MAX_PROBLEMS + 1))
    if len(found) > MAX_PROBLEMS:
        rest = f"there are more than {MAX_PROBLEMS} problems; the others are not listed"
        found[MAX_PROBLEMS] = problem("too-many-problems", found[0].location.file, rest)
    if found:
        raise BundleError(found)
