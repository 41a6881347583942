"""Opening a bundle, or a plain folder: read whole into memory, verified, and only then a library.

Nothing is unpacked. In this order: the archive's spelling, the signature by a trusted key, every
file by its hash, the policies by `check`, and their meaning by the hash of each ruleset.
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
    """Policies that passed, with what tells them from any others."""

    library: Library
    """The policies, ready to decide by."""
    hash: str
    """SHA-256: of the bundle's bytes; of a folder, its `folder_hash`."""
    folder_hash: str
    """Of the policies alone, however they were packed."""
    manifest: Manifest | None
    """Of a bundle; None for a plain folder, which nobody signed."""


@dataclass(frozen=True)
class OpenedBundle(Opened):
    """Policies out of a bundle that a trusted key signed."""

    manifest: Manifest
    """What the bundle says of itself."""


@dataclass(frozen=True)
class ReadBundle:
    """A bundle that is whole and agrees with its manifest; whose signature it is was not asked."""

    file: str
    hash: str
    manifest: Manifest
    manifest_bytes: bytes
    signature: bytes
    policies: Mapping[str, bytes]
    """By the path below the folder of policies."""
    features: Mapping[str, bytes]


def open_bundle(path: str | Path, trusted: Sequence[PublicKey]) -> OpenedBundle:
    """The policies of a bundle that one of the trusted keys signed.

    Args:
        path: The bundle.
        trusted: The public keys of whoever may sign. None: nothing is ever opened.

    Raises:
        BundleError: With every problem found. Nothing of a bundle with a problem is ever used.
    """
    path = given_path(path, "a bundle")
    return open_bundle_bytes(read_file(path), _shown(path), trusted)


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
    return open_contents(contents, _shown(path))


def open_contents(contents: Mapping[str, bytes], name: str) -> Opened:
    """The policies of a plain folder that was loaded before.

    Args:
        contents: By path, as `load_folder` gives it.
        name: The folder as people know it.

    Raises:
        PolicyError: With every problem found.
    """
    library = open_library(name, contents)
    hash_ = contents_hash({path: data for path, data in contents.items() if path.endswith(".json")})
    return Opened(library, hash_, hash_, None)


def open_bundle_bytes(data: bytes, file: str, trusted: Sequence[PublicKey]) -> OpenedBundle:
    """`open_bundle` for a bundle that was read before.

    Args:
        data: The bundle, whole.
        file: Its name as people know it.
        trusted: As for `open_bundle`.

    Raises:
        BundleError: As `open_bundle`.
    """
    files = unpack(data, file)
    problems = list(signature_problems(files, file, trusted))
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
    """What is in a bundle, whoever signed it: to be looked at, not to decide by.

    Raises:
        BundleError: The file is no bundle, or does not agree with its manifest.
    """
    return read_bundle_bytes(read_file(path), _shown(path))


def read_bundle_bytes(data: bytes, file: str) -> ReadBundle:
    """`read_bundle` for a bundle that was read before; `file` is its name as people know it.

    Raises:
        BundleError: As `read_bundle`.
    """
    return _read(unpack(data, file), data, file)


def read_file(path: str | Path) -> bytes:
    """The bytes of a bundle, within its limits.

    Raises:
        BundleError: The file cannot be read, or is too large.
    """
    where, file = Path(path), _shown(path)
    try:
        found = where.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for, a device never ends
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a file"
            raise BundleError([problem("unreadable", file, f"it is {kind}; a bundle was expected")])
        with where.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)  # one more, so that what is too large is seen to be
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it has no name for a file").lower()
        message = f"the file cannot be read: {reason}"
        raise BundleError([problem("unreadable", file, message)]) from None


# --- the steps ------------------------------------------------------------------------------------


def signature_problems(
    files: Mapping[str, bytes], file: str, trusted: Sequence[PublicKey]
) -> Iterator[Diagnostic]:
    """Why the signature is not one of a trusted key over the manifest; nothing where it is one."""
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
        hint = "name the public key of whoever builds the bundles"
        yield problem("no-trusted-key", file, "no key is trusted, so no bundle is", hint)
        return
    signer = next((key for key in trusted if key.signed(data, signature)), None)
    claimed = _claimed(data)
    if signer is None and claimed not in {key.id for key in trusted}:
        ids = ", ".join(key.id[:_SHORT] for key in trusted)
        who = f"the key {claimed[:_SHORT]}…" if claimed else "a key that it does not name"
        message = f"it says that it is signed by {who}, which is not trusted (trusted: {ids})"
        hint = "get the bundle from whoever holds a trusted key; trust another key only on its id"
        yield problem("untrusted-key", file, message, hint)
    elif signer is None:
        message = (
            f"the signature is not one of the key {str(claimed)[:_SHORT]}… over this manifest: the "
            "manifest or the signature was changed after it was signed"
        )
        yield problem(
            "wrong-signature", file, message, "do not use it; get it again from its source"
        )
    elif claimed is not None and claimed != signer.id:  # None: its own problems are told elsewhere
        message = "the manifest names another key than the one that signed it"
        yield problem("wrong-signature", file, message)


_SHORT: Final = 16
"""So many digits of a key's id are enough to tell keys apart in a message."""


def _claimed(data: bytes) -> str | None:
    """The key that a manifest says it is signed by, as far as it can be read."""
    try:
        return manifests.read_manifest(data, MANIFEST).signed_by
    except PolicyError:
        return None


def _read(files: Mapping[str, bytes], data: bytes, file: str) -> ReadBundle:
    if MANIFEST not in files:
        message = "the archive has no manifest, so it is no bundle"
        hint = "name a file that `payer-policy bundle build` made"
        refuse([problem("not-a-bundle", file, message, hint)])
    manifest_bytes = files[MANIFEST]
    try:
        manifest = manifests.read_manifest(manifest_bytes, f"{file}/{MANIFEST}")
    except PolicyError as error:
        raise BundleError(error.diagnostics) from None
    refuse(_file_problems(files, manifest, file))
    policies, features = _below(files, POLICIES), _below(files, FEATURES)
    if contents_hash(policies) != manifest.folder_hash:
        message = "the hash of the folder is not the one that the manifest says"
        refuse([problem("hash-mismatch", f"{file}/{POLICIES}", message)])
    return ReadBundle(
        file,
        hashlib.sha256(data).hexdigest(),
        manifest,
        manifest_bytes,
        files.get(SIGNATURE, b""),
        policies,
        features,
    )


def _below(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    return {
        path.removeprefix(folder): data for path, data in files.items() if path.startswith(folder)
    }


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
                "missing-file", where, "the manifest lists it, and it is not there", _RENEW
            )
        elif len(data) != one.size:
            message = f"it has {len(data):,} bytes; the manifest says {one.size:,}"
            yield problem("hash-mismatch", where, message, _RENEW)
        elif hashlib.sha256(data).hexdigest() != one.sha256:
            message = "it is not the file that the manifest lists: its SHA-256 is another"
            yield problem("hash-mismatch", where, message, _RENEW)
        elif not path.startswith((POLICIES, FEATURES)):
            yield problem("unexpected-file", where, "a bundle has policies and features only")
    if len(listed) != len(manifest.files):
        message = "the manifest lists a file twice"
        yield problem("duplicate-address", f"{file}/{MANIFEST}", message)


_RENEW: Final = "the bundle was changed after it was built; build it again, do not repair it"


def _meaning_problems(manifest: Manifest, library: Library, file: str) -> Iterator[Diagnostic]:
    """Policies that mean something else here than where they were checked and tried."""
    here = {one.address: one for one in manifests.listed_policies(library)}
    there = {one.address: one for one in manifest.policies}
    built_by, this = manifest.product.version, version("payer-policy")
    hint = "this is a fault of payer-policy or of whoever signed the manifest: please report it"
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
            what = f"stands only in the {'manifest' if mine is None else 'files'}"
        elif mine.versions == theirs.versions and len(mine.rulesets) == len(theirs.rulesets):
            pairs = zip(mine.rulesets, theirs.rulesets, strict=True)
            days = [str(one.first_day) for one, other in pairs if one != other]
            what = f"means something else from {', '.join(days[:5])} on"
        message = f"the policy {address} {what}, by the manifest and by the policy files"
        yield problem("other-meaning", file, message, hint)


def _shown(path: str | Path) -> str:
    return Path(path).as_posix()
