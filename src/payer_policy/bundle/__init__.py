"""Signed bundles: policies that passed `check` and their scenarios, as one file that proves it.

`building` makes a bundle, `opening` opens one to decide by. A bundle is a zip archive that is never
extracted, with an Ed25519 signature, the SHA-256 of every file, and the hash of every ruleset.
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
