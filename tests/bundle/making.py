"""A small folder of synthetic policies with two scenarios, a key, and bundles of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from payer_policy.bundle.archive import MANIFEST, SIGNATURE, pack
from payer_policy.bundle.building import build_bundle
from payer_policy.bundle.manifest import About
from payer_policy.bundle.problems import BundleError
from payer_policy.bundle.signing import PrivateKey, generate
from tests.policy.checks.building import build

POLICY = "north/iron/2024-01-01.json"
FEATURE = """Feature: Iron infusions

  Scenario: As many units as the label allows
    Given a claim to North Health for J1756 on 2024-06-03
    And these claim lines
      | units |
      | 300   |
    And it is known that therapy.phase is repeat
    When the claim is decided
    Then it is approved

  Scenario: One unit more
    Given a claim to North Health for J1756 on 2024-06-03
    And these claim lines
      | units |
      | 301   |
    And it is known that therapy.phase is repeat
    When the claim is decided
    Then line 1 is reduced to 300 units
"""
MORE_UNITS = {"edit": {POLICY: [['"value": 300', '"value": 301']]}}
"""What makes the second scenario fail, and another policy of the same shape."""


@cache
def _key(name: str) -> PrivateKey:
    return generate()


def key(name: str = "release") -> PrivateKey:
    """A key of this run of the tests, by name."""
    return _key(name)


def write(root: Path, case: dict[str, Any] | None = None) -> tuple[Path, Path]:
    """The folders `policies` and `features` below a folder, as `tests.policy.checks` has it."""
    build(case or {}, root / "policies")
    (root / "features").mkdir(exist_ok=True)
    (root / "features" / "iron.feature").write_text(FEATURE, encoding="utf-8")
    return root / "policies", root / "features"


def bundle(
    root: Path,
    case: dict[str, Any] | None = None,
    *,
    signer: PrivateKey | None = None,
    **about: Any,
) -> bytes:
    """A bundle of the small folder, built without running the scenarios."""
    policies, _ = write(root, case)
    return build_bundle(policies, None, signer or key(), about=About(**about)).data


def repacked(
    files: dict[str, bytes], *, signer: PrivateKey | None = None, sign: bool = True
) -> bytes:
    """An archive of these files, its manifest signed anew where asked for."""
    signed = {SIGNATURE: (signer or key()).sign(files[MANIFEST])} if sign else {}
    return pack({**files, **signed})


def found(error: BundleError) -> list[tuple[str, str]]:
    """The codes and places of an error's problems."""
    return [(one.code, one.location.file) for one in error.diagnostics]
