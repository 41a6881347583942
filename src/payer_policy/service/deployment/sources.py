"""What stands at a source now: a policy folder, a bundle, or a folder of bundles, read into memory.

Everything is read whole before anybody judges it, and told apart by a hash of its bytes, never by a
date of the file system: an edit within the tick of a clock, or a file put back, is seen as it is.
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
class Found:
    """What was read, before it was judged."""

    name: str
    hash: str
    open: Callable[[Sequence[PublicKey]], Opened]
    """Judges it. Raises PolicyError with every problem."""


def kind_of(source: Path, signed: bool) -> Kind:
    """What a source is: a file is a bundle; a folder holds policies, or bundles.

    Args:
        source: Where policies are looked for.
        signed: Whether only signed policies are wanted; it decides what an empty folder is.
    """
    try:
        if not source.is_dir():
            return "bundle"
        if (source / VOCABULARY).exists():
            return "folder"
    except OSError:  # what holds it is closed to us; reading it will say so
        return "bundle"
    return "bundles" if signed or names_in(source) else "folder"


def found_folder(source: Path) -> Found:
    """A policy folder as it is now."""
    name = source.as_posix()
    try:
        contents, problems = load_folder(source)
    except OSError as error:  # the folder that holds it is closed to us
        reason = (error.strerror or "unknown reason").lower()
        return not_read(name, [problem("unreadable", name, f"it cannot be read: {reason}")])
    read = {path: data for path, data in contents.items() if path.endswith(".json")}
    hash_ = contents_hash(read)
    if problems:
        return not_read(name, problems, hash_)

    def judged(trusted: Sequence[PublicKey]) -> Opened:
        if trusted:
            hint = "serve a bundle (payer-policy bundle build), or trust no key to serve a folder"
            message = "keys are trusted, and a plain folder carries no signature"
            raise BundleError([problem("not-signed", name, message, hint)])
        return open_contents(contents, name)

    return Found(name, hash_, judged)


def found_bundle(path: Path) -> Found:
    """A bundle as it is now."""
    name = path.as_posix()
    try:
        data = read_file(path)
    except BundleError as error:
        return not_read(name, error.diagnostics)
    hash_ = hashlib.sha256(data).hexdigest()
    return Found(name, hash_, lambda trusted: open_bundle_bytes(data, name, trusted))


def no_bundle(source: Path) -> Found:
    """A folder of bundles in which there is none."""
    hint = "put a bundle into it: payer-policy bundle build"
    message = f"no bundle is in the folder (a file that ends in {BUNDLE}, not hidden)"
    name = source.as_posix()
    return not_read(name, [problem("missing-file", name, message, hint)])


def names_in(source: Path) -> list[str]:
    """The bundles of a folder by name, the newest first: `2026-10` is newer than `2026-9`."""
    try:
        names = [path.name for path in source.iterdir()]
    except (OSError, ValueError):
        return []
    bundles = (name for name in names if name.endswith(BUNDLE) and not name.startswith("."))
    return sorted(bundles, key=age, reverse=True)


def age(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key by which names sort as people read them: runs of digits as numbers."""
    parts = _DIGITS.split(name.removesuffix(BUNDLE))
    digits = [part.lstrip("0") if number % 2 else part for number, part in enumerate(parts)]
    return [(len(part) if n % 2 else 0, part) for n, part in enumerate(digits)], name


def not_read(name: str, problems: Sequence[Diagnostic], hash_: str = "") -> Found:
    """What could not be read, and why; `hash_` is of what could."""
    told = "\n".join([hash_, *(f"{one.location} {one.code} {one.message}" for one in problems)])

    def judged(trusted: Sequence[PublicKey]) -> Opened:
        raise PolicyError(problems)

    return Found(name, hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest(), judged)
