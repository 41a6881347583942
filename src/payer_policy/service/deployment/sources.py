"""Reads a source into memory: a policy folder, a bundle, or a folder of bundles.

Everything is read whole before it is judged, and compared by a hash of its bytes, never by a date of the
file system, so an edit within one tick of the clock, or a restored file, is seen correctly.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from payer_policy.bundle.opening import Opened, open_bundle_bytes, open_contents, read_file
from payer_policy.bundle.problems import BundleError, problem
from payer_policy.bundle.signing import PublicKey
from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.policy.folder import VOCABULARY
from payer_policy.policy.folder_hash import contents_hash
from payer_policy.policy.loading import load_folder

Kind = Literal["folder", "bundle", "bundles"]
BUNDLE: Final = ".zip"
"""How the name of a bundle ends in a folder of bundles."""
_DIGITS: Final = re.compile(r"(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Policies that were read and not judged yet."""

    name: str
    hash: str
    open: Callable[[Sequence[PublicKey]], Opened]
    """Judges the policies. Raises PolicyError with every problem."""


def kind_of(source: Path, signed: bool) -> Kind:
    """The kind of a source: a file is a bundle; a folder contains policies, or bundles.

    Args:
        source: The source.
        signed: Whether only signed policies are accepted; it decides the kind of an empty folder.
    """
    try:
        if not source.is_dir():
            return "bundle"
        if (source / VOCABULARY).exists():
            return "folder"
    except OSError:  # no access to the folder above; reading it will report that
        return "bundle"
    return "bundles" if signed or names_in(source) else "folder"


def found_folder(source: Path) -> Candidate:
    """A policy folder as it is now."""
    name = source.as_posix()
    try:
        contents, problems = load_folder(source)
    except OSError as error:  # no access to the folder above
        reason = (error.strerror or "unknown reason").lower()
        return not_read(name, [problem("unreadable", name, f"it cannot be read: {reason}")])
    read = {path: data for path, data in contents.items() if path.endswith(".json")}
    hash_ = contents_hash(read)
    if problems:
        return not_read(name, problems, hash_)

    def judged(trusted: Sequence[PublicKey]) -> Opened:
        if trusted:
            hint = (
                "serve a bundle (payer-policy bundle build), or leave out --trust to serve a folder"
            )
            message = "keys are trusted, and a plain folder has no signature"
            raise BundleError([problem("not-signed", name, message, hint)])
        return open_contents(contents, name)

    return Candidate(name, hash_, judged)


def found_bundle(path: Path) -> Candidate:
    """A bundle as it is now."""
    name = path.as_posix()
    try:
        data = read_file(path)
    except BundleError as error:
        return not_read(name, error.diagnostics)
    hash_ = hashlib.sha256(data).hexdigest()
    return Candidate(name, hash_, lambda trusted: open_bundle_bytes(data, name, trusted))


def no_bundle(source: Path) -> Candidate:
    """A folder of bundles that has none."""
    hint = "put a bundle into it: payer-policy bundle build"
    message = f"no bundle is in the folder (a file that ends in {BUNDLE}, not hidden)"
    name = source.as_posix()
    return not_read(name, [problem("missing-file", name, message, hint)])


def names_in(source: Path) -> list[str]:
    """The names of the bundles of a folder, the newest first: `2026-10` is newer than `2026-9`."""
    try:
        names = [path.name for path in source.iterdir()]
    except (OSError, ValueError):
        return []
    bundles = (name for name in names if name.endswith(BUNDLE) and not name.startswith("."))
    return sorted(bundles, key=age, reverse=True)


def age(name: str) -> tuple[list[tuple[int, str]], str]:
    """A sort key of a name that compares runs of digits as numbers."""
    parts = _DIGITS.split(name.removesuffix(BUNDLE))
    digits = [part.lstrip("0") if number % 2 else part for number, part in enumerate(parts)]
    return [(len(part) if n % 2 else 0, part) for n, part in enumerate(digits)], name


def not_read(name: str, problems: Sequence[Diagnostic], hash_: str = "") -> Candidate:
    """A source that could not be read, and why; `hash_` is of the part that could."""
    reasons = "\n".join([hash_, *(f"{one.location} {one.code} {one.message}" for one in problems)])

    def judged(trusted: Sequence[PublicKey]) -> Opened:
        raise PolicyError(problems)

    return Candidate(
        name, hashlib.sha256(reasons.encode("utf-8", "surrogatepass")).hexdigest(), judged
    )
