"""Signed bundles: policies that passed `check` and their scenarios, as one file that proves it.

`opening` is the way in for whoever decides by a bundle; `building` makes one. Ed25519 signatures,
SHA-256 of every file, the hash of every ruleset; a zip archive of one spelling, never unpacked.
"""

from payer_policy.bundle.manifest import About, Manifest
from payer_policy.bundle.opening import Opened, OpenedBundle, open_bundle, open_folder
from payer_policy.bundle.problems import BundleError
from payer_policy.bundle.signing import PrivateKey, PublicKey, SigningUnavailable

__all__ = [
    "About",
    "BundleError",
    "Manifest",
    "Opened",
    "OpenedBundle",
    "PrivateKey",
    "PublicKey",
    "SigningUnavailable",
    "open_bundle",
    "open_folder",
]
