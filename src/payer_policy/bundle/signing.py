"""Ed25519 keys and signatures (RFC 8032), by `cryptography`, which only this module imports.

Keys are PEM files that other tools read and write (PKCS #8, SubjectPublicKeyInfo). A key's id is the
SHA-256 of its public half in DER: `openssl pkey -pubin -in KEY -outform DER | sha256sum`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NoReturn

from payer_policy.bundle.problems import BundleError, problem
from payer_policy.core.diagnostics import PayerPolicyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE_BYTES: Final = 64
MAX_KEY_BYTES: Final = 20_000
"""Bytes read of a key file, which has a few hundred."""
_MAKE: Final = "make a pair of keys: payer-policy bundle keygen -o NAME"


def why_unavailable() -> str | None:
    """What is not installed, and what to type; None if signatures can be made and checked."""
    if find_spec("cryptography") is None:
        return "signatures need cryptography: pip install 'payer-policy[bundle]'"
    return None


class SigningUnavailable(PayerPolicyError, RuntimeError):
    """The library for signatures is not installed. The message says what to type."""


@dataclass(frozen=True)
class PublicKey:
    """The half of a key that checks signatures. Equal keys compare equal; threads can share one."""

    id: str
    """SHA-256 of the key in DER, in hexadecimal."""
    pem: bytes
    """The key as PEM (SubjectPublicKeyInfo)."""
    _key: Ed25519PublicKey = field(repr=False, compare=False)

    def signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's signature of exactly these bytes."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """The half of a key that signs. Its text never shows the key."""

    public: PublicKey
    """The half that checks its signatures."""
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, data: bytes) -> bytes:
        """The signature of the bytes, 64 bytes, always the same for the same bytes."""
        return self._key.sign(data)

    def pem(self) -> bytes:
        """The key as PEM (PKCS #8), unencrypted: keep it secret."""
        from cryptography.hazmat.primitives import serialization as form

        return self._key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )


def generate() -> PrivateKey:
    """A new key, from the system's source of randomness.

    Raises:
        SigningUnavailable: `cryptography` is not installed.
    """
    _need()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _private(Ed25519PrivateKey.generate())


def read_private(pem: bytes, file: str) -> PrivateKey:
    """The private key of a PEM file.

    Raises:
        BundleError: The file holds anything else; the message has no part of a key.
        SigningUnavailable: `cryptography` is not installed.
    """
    _need()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b"PUBLIC KEY" in pem and b"PRIVATE KEY" not in pem:
        _no_key(file, "it holds a public key; the private one was expected", _MAKE)
    try:
        key = load_pem_private_key(pem[:MAX_KEY_BYTES], password=None)
    except TypeError:
        hint = "openssl pkey -in KEY -out PLAIN.pem removes the password"
        _no_key(file, "the private key is encrypted with a password", hint)
    except Exception:  # the library raises many kinds of errors; none may quote the file
        _no_key(file, "it does not hold a private key (PEM, PKCS #8)", _MAKE)
    if not isinstance(key, Ed25519PrivateKey):
        _no_key(file, "it holds a different kind of key; bundles are signed with Ed25519", _MAKE)
    return _private(key)


def read_public(pem: bytes, file: str) -> PublicKey:
    """The public key of a PEM file.

    Raises:
        BundleError: The file holds anything else.
        SigningUnavailable: `cryptography` is not installed.
    """
    _need()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY" in pem:
        hint = "name the public half, and keep this file away from where bundles are opened"
        _no_key(file, "it holds a private key; the public one was expected", hint)
    try:
        key = load_pem_public_key(pem[:MAX_KEY_BYTES])
    except Exception:  # as above
        _no_key(file, "it does not hold a public key (PEM)", _MAKE)
    if not isinstance(key, Ed25519PublicKey):
        _no_key(file, "it holds a different kind of key; bundles are signed with Ed25519", _MAKE)
    return _public(key)


def _need() -> None:
    if (why := why_unavailable()) is not None:
        raise SigningUnavailable(why)


def _no_key(file: str, message: str, hint: str) -> NoReturn:
    # Without a cause: the library's error could quote the file.
    raise BundleError([problem("not-a-key", file, message, hint)]) from None


def _private(key: Ed25519PrivateKey) -> PrivateKey:
    return PrivateKey(_public(key.public_key()), key)


def _public(key: Ed25519PublicKey) -> PublicKey:
    from cryptography.hazmat.primitives import serialization as form

    shape = form.PublicFormat.SubjectPublicKeyInfo
    id_ = hashlib.sha256(key.public_bytes(form.Encoding.DER, shape)).hexdigest()
    return PublicKey(id_, key.public_bytes(form.Encoding.PEM, shape), key)
