"""Opening a bundle, or a plain folder: read whole into memory and verified before it becomes a library.

Nothing is extracted. Checked in this order: the bytes of the archive, the signature by a trusted key,
the hash of every file, the policies by `check`, and their meaning by the hash of each ruleset.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from payer_policy.bundle import manifest as manifests
from payer_policy.bundle.archive import FEATURES, MANIFEST, MAX_BYTES, POLICIES, SIGNATURE, unpack
from payer_policy.bundle.manifest import Manifest
from payer_policy.bundle.problems import BundleError, problem, refuse
from payer_policy.bundle.signing import SIGNATURE_BYTES, PublicKey
from payer_policy.core.diagnostics import Diagnostic, PolicyError, given_path
from payer_policy.policy.folder_hash import contents_hash
from payer_policy.policy.library import Library
from payer_policy.policy.loading import load_folder, open_library


@dataclass(frozen=True)
class Opened:
    """Policies that passed every check, with the hashes that identify them."""

    library: Library
    """The policies, ready to decide by."""
    hash: str
    """SHA-256 of the bundle's bytes; for a folder, its `folder_hash`."""
    folder_hash: str
    """Of the policies alone, in a bundle or not."""
    manifest: Manifest | None
    """Of a bundle; None for a plain folder, which has no signature."""


@dataclass(frozen=True)
class OpenedBundle(Opened):
    """Policies from a bundle that a trusted key signed."""

    manifest: Manifest
    """What the bundle says about itself."""


@dataclass(frozen=True)
class ReadBundle:
    """A bundle that is whole and agrees with its manifest. Its signature was not checked."""

    hash: str
    manifest: Manifest
    policies: Mapping[str, bytes]
    """By the path below the folder of policies."""


def open_bundle(path: str | Path, trusted: Sequence[PublicKey]) -> OpenedBundle:
    """The policies of a bundle that one of the trusted keys signed.

    Args:
        path: The bundle.
        trusted: The public keys that may sign. Without any, no bundle is opened.

    Raises:
        BundleError: With every problem found. A bundle with a problem is never used, not even in part.
    """
    path = given_path(path, "a bundle")
    return open_bundle_bytes(read_file(path), path.as_posix(), trusted)


def open_folder(path: str | Path) -> Opened:
    """The policies of a plain folder, which carries no signature.

    Args:
        path: The folder that holds `vocabulary.json`.

    Raises:
        PolicyError: With every problem found.
    """
    path = given_path(path, "a policy folder")
    contents, problems = load_folder(path)
    if problems:
        raise PolicyError(problems)
    return open_contents(contents, path.as_posix())


def open_contents(contents: Mapping[str, bytes], name: str) -> Opened:
    """The policies of a plain folder that is already in memory.

    Args:
        contents: By path, as from `load_folder`.
        name: The folder's name in messages.

    Raises:
        PolicyError: With every problem found.
    """
    library = open_library(name, contents)
    hash_ = contents_hash({path: data for path, data in contents.items() if path.endswith(".json")})
    return Opened(library, hash_, hash_, None)


def open_bundle_bytes(data: bytes, file: str, trusted: Sequence[PublicKey]) -> OpenedBundle:
    """`open_bundle` for a bundle that is already in memory.

    Args:
        data: The whole bundle.
        file: Its name in messages.
        trusted: As for `open_bundle`.

    Raises:
        BundleError: As `open_bundle`.
    """
    files = unpack(data, file)
    problems = list(_signature_problems(files, file, trusted))
    try:
        read = _read(files, data, file)
    except PolicyError as error:
        refuse([*problems, *error.diagnostics])
        raise  # there was a problem
    refuse(problems)
    try:
        library = open_library(Path(file) / POLICIES, read.policies)
    except PolicyError as error:
        raise BundleError(error.diagnostics) from None
    refuse(_meaning_problems(read.manifest, library, file))
    return OpenedBundle(library, read.hash, read.manifest.folder_hash, read.manifest)


def read_bundle(path: str | Path) -> ReadBundle:
    """What is in a bundle, whatever its signature: to look at, not to decide by.

    Raises:
        BundleError: The file is not a bundle, or does not agree with its manifest.
    """
    return read_bundle_bytes(read_file(path), Path(path).as_posix())


def read_bundle_bytes(data: bytes, file: str) -> ReadBundle:
    """`read_bundle` for a bundle that is already in memory; `file` is its name in messages.

    Raises:
        BundleError: As `read_bundle`.
    """
    return _read(unpack(data, file), data, file)


def read_file(path: str | Path) -> bytes:
    """The bytes of a bundle, within its limits.

    Raises:
        BundleError: The file cannot be read, or is too large.
    """
    where, file = Path(path), Path(path).as_posix()
    try:
        found = where.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device may never end
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a file"
            raise BundleError([problem("unreadable", file, f"it is {kind}; a bundle was expected")])
        with where.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)  # one more byte shows that the file is too large
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it does not have a valid file name").lower()
        message = f"the file cannot be read: {reason}"
        raise BundleError([problem("unreadable", file, message)]) from None


# --- the steps ------------------------------------------------------------------------------------


def _signature_problems(
    files: Mapping[str, bytes], file: str, trusted: Sequence[PublicKey]
) -> Iterator[Diagnostic]:
    """Why the signature of the manifest is not by a trusted key; nothing if it is."""
    data, signature = files.get(MANIFEST), files.get(SIGNATURE)
    if signature is None or data is None:
        hint = f"a bundle has `{MANIFEST}` and `{SIGNATURE}`; build it again"
        yield problem("not-signed", file, "the bundle carries no signature of its manifest", hint)
        return
    if len(signature) != SIGNATURE_BYTES:
        message = f"the signature has {len(signature):,} bytes; an Ed25519 signature has 64"
        yield problem("wrong-signature", file, message)
        return
    if not trusted:
        hint = "name the public key that the bundles are signed with"
        yield problem("no-trusted-key", file, "no key is trusted, so no bundle can be", hint)
        return
    signer = next((key for key in trusted if key.signed(data, signature)), None)
    claimed = _claimed(data)
    if signer is None and claimed not in {key.id for key in trusted}:
        ids = ", ".join(key.id[:_SHORT] for key in trusted)
        who = f"the key {claimed[:_SHORT]}…" if claimed else "a key that it does not name"
        message = f"it says it is signed by {who}, which is not trusted (trusted: {ids})"
        hint = "get the bundle from the owner of a trusted key; trust another key only by its id"
        yield problem("untrusted-key", file, message, hint)
    elif signer is None:
        message = (
            f"the signature is not by the key {str(claimed)[:_SHORT]}… over this manifest: the "
            "manifest or the signature was changed after it was signed"
        )
        yield problem(
            "wrong-signature", file, message, "do not use it; get it again from its source"
        )
    elif claimed is not None and claimed != signer.id:  # None: `_read` reports its problems
        message = "the manifest names a different key than the one that signed it"
        yield problem("wrong-signature", file, message)


_SHORT: Final = 16
"""Digits of a key's id in a message; enough to distinguish keys."""


def _claimed(data: bytes) -> str | None:
    """The id of the key that a manifest says it is signed by; None if it cannot be read."""
    try:
        return manifests.read_manifest(data, MANIFEST).signed_by
    except PolicyError:
        return None


def _read(files: Mapping[str, bytes], data: bytes, file: str) -> ReadBundle:
    if MANIFEST not in files:
        message = "the archive has no manifest, so it is not a bundle"
        hint = "name a file that `payer-policy bundle build` made"
        refuse([problem("not-a-bundle", file, message, hint)])
    try:
        manifest = manifests.read_manifest(files[MANIFEST], f"{file}/{MANIFEST}")
    except PolicyError as error:
        raise BundleError(error.diagnostics) from None
    refuse(_file_problems(files, manifest, file))
    policies = {
        path.removeprefix(POLICIES): one for path, one in files.items() if path.startswith(POLICIES)
    }
    if contents_hash(policies) != manifest.folder_hash:
        message = "the hash of the folder is not the one in the manifest"
        refuse([problem("hash-mismatch", f"{file}/{POLICIES}", message)])
    return ReadBundle(hashlib.sha256(data).hexdigest(), manifest, policies)


def _file_problems(
    files: Mapping[str, bytes], manifest: Manifest, file: str
) -> Iterator[Diagnostic]:
    listed = {one.path: one for one in manifest.files}
    for path in sorted({*listed, *files} - {MANIFEST, SIGNATURE}):
        where = f"{file}/{path}"
        data, one = files.get(path), listed.get(path)
        if one is None:
            yield problem("unexpected-file", where, "the manifest does not list this file", _RENEW)
        elif data is None:
            yield problem(
                "missing-file", where, "the manifest lists this file, but it is missing", _RENEW
            )
        elif len(data) != one.size:
            message = f"it has {len(data):,} bytes; the manifest says {one.size:,}"
            yield problem("hash-mismatch", where, message, _RENEW)
        elif hashlib.sha256(data).hexdigest() != one.sha256:
            message = "it is not the file that the manifest lists: its SHA-256 differs"
            yield problem("hash-mismatch", where, message, _RENEW)
        elif not path.startswith((POLICIES, FEATURES)):
            yield problem("unexpected-file", where, "a bundle has policies and features only")
    if len(listed) != len(manifest.files):
        message = "the manifest lists a file twice"
        yield problem("duplicate-address", f"{file}/{MANIFEST}", message)


_RENEW: Final = "the bundle was changed after it was built; build it again instead of repairing it"


def _meaning_problems(manifest: Manifest, library: Library, file: str) -> Iterator[Diagnostic]:
    """Policies that mean something else here than when they were built."""
    here = {one.address: one for one in manifests.listed_policies(library)}
    there = {one.address: one for one in manifest.policies}
    built_by, this = manifest.product.version, version("payer-policy")
    hint = "this is an error in payer-policy or in how the manifest was made: please report it"
    if built_by != this:
        hint = (
            f"it was built by version {built_by}, and this is {this}: build it again with this one"
        )
    for address in sorted({*here, *there}):
        mine, theirs = here.get(address), there.get(address)
        if mine == theirs:
            continue
        what = "has other versions or dates"
        if mine is None or theirs is None:
            what = f"is only in the {'manifest' if mine is None else 'files'}"
        elif mine.versions == theirs.versions and len(mine.rulesets) == len(theirs.rulesets):
            pairs = zip(mine.rulesets, theirs.rulesets, strict=True)
            days = [str(one.first_day) for one, other in pairs if one != other]
            what = f"means something else from {', '.join(days[:5])} on"
        message = f"the policy {address} {what}: the manifest and the policy files disagree"
        yield problem("other-meaning", file, message, hint)
