"""The manifest: what is in a bundle, what it means, and which checks it passed before it was signed.

Canonical ASCII JSON; the signature is over exactly these bytes. Its content depends only on the files,
the result of the scenarios and the builder's description: on no clock, machine or user.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from payer_policy.bundle.archive import FEATURES, POLICIES
from payer_policy.bundle.problems import BundleError, problem
from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.core.json_models import validated
from payer_policy.core.json_source import read_json
from payer_policy.core.vocabulary.types import ValueProblem, shown
from payer_policy.policy.library import Library
from payer_policy.policy.reference.files import Day, FileModel

FORMAT: Final = "payer-policy/bundle/1"
_KIND: Final = "payer-policy/bundle/"
MAX_BYTES: Final = 20_000_000
MAX_TEXT: Final = 2_000
MAX_SEQUENCE: Final = 10**15
"""More than any pipeline's runs, and exact in every JSON reader."""
_SHA256: Final = r"^[0-9a-f]{64}$"
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\Z", re.ASCII)


def _instant(raw: object) -> str:
    if not isinstance(raw, str) or not _INSTANT.match(raw):
        hint = "write it as 2026-01-31T08:00:00Z, in UTC"
        raise ValueProblem("wrong-value", f"found {shown(raw)}; a time was expected", hint)
    try:
        datetime.fromisoformat(raw)
    except ValueError:
        raise ValueProblem("wrong-value", f"{raw} is not a valid date and time") from None
    return raw


Instant = Annotated[str, BeforeValidator(_instant)]
"""Always in UTC and in the same format, so that such texts sort in the order of time."""


class About(FileModel, title="the builder's description"):
    """The builder's description of a bundle. Nothing in it is computed or read from a clock."""

    label: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    """A name for people."""
    notes: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    """Remarks for people."""
    built: Instant | None = None
    """When it was built, according to the builder (UTC)."""
    sequence: int | None = Field(default=None, ge=0, le=MAX_SEQUENCE)
    """A number that increases from bundle to bundle, such as that of a pipeline's run."""
    expires: Day | None = None
    """The last day (UTC) on which it may take effect."""


class Product(FileModel, title="the product that built it"):
    name: Literal["payer-policy"] = "payer-policy"
    version: str


class ListedFile(FileModel, title="a listed file"):
    path: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=_SHA256)


class ListedVersion(FileModel, title="a listed version"):
    """A policy file."""

    version: str
    title: str
    first_day: Day
    last_day: Day | None


class ListedRuleset(FileModel, title="a listed meaning"):
    """The meaning of a policy on a range of dates of service, both ends included."""

    first_day: Day
    last_day: Day | None
    hash: str = Field(pattern=_SHA256)


class ListedPolicy(FileModel, title="a listed policy"):
    address: str
    versions: list[ListedVersion]
    rulesets: list[ListedRuleset]


class Warned(FileModel, title="a warning"):
    """A warning of `check`. The file's name begins with `policies/`."""

    code: str
    file: str
    message: str


class Checked(FileModel, title="the result of the check"):
    errors: Literal[0] = 0
    warnings: list[Warned]


class Specs(FileModel, title="the scenarios' result"):
    """The result of the scenarios. Nothing is packed if one fails."""

    scenarios: int = Field(gt=0)
    passed: int = Field(gt=0)
    failed: Literal[0] = 0
    skipped: int = Field(ge=0)
    engines: list[str] = Field(min_length=1)
    features: int = Field(gt=0)
    """The number of feature files."""
    hash: str = Field(pattern=_SHA256)
    """Over the names and bytes of the feature files, packed or not."""
    packed: bool
    """Whether the feature files are in the bundle."""


class Manifest(FileModel, title="a manifest"):
    """`manifest.json` of a bundle."""

    format: Literal["payer-policy/bundle/1"] = FORMAT
    """The format of the manifest."""
    product: Product
    """The version of this product that built it."""
    signed_by: str = Field(pattern=_SHA256)
    """The id of the key that signs this manifest."""
    about: About
    """The builder's description."""
    folder_hash: str = Field(pattern=_SHA256)
    """Of the policies, by `payer_policy.policy.folder_hash`."""
    check: Checked
    """What `check` found."""
    specs: Specs | None
    """The result of the scenarios; None: it was built without any."""
    without_specs: bool
    """Whether the builder opted out of scenarios."""
    policies: list[ListedPolicy]
    """Each policy with its versions and the hashes of its rulesets."""
    files: list[ListedFile]
    """Every file of the bundle except this one and the signature, by path."""

    def to_bytes(self) -> bytes:
        """The manifest as canonical bytes."""
        plain = self.model_dump(mode="json", by_alias=True)
        if plain["about"]["expires"] is None:
            del plain["about"]["expires"]  # as in earlier versions, which can read it
        return (json.dumps(plain, ensure_ascii=True, indent=1) + "\n").encode("ascii")


def read_manifest(data: bytes, file: str) -> Manifest:
    """The manifest of these bytes.

    Raises:
        PolicyError: With everything that is wrong with it.
    """
    if len(data) > MAX_BYTES:
        message = f"the manifest has more than {MAX_BYTES // 1_000_000} megabytes"
        raise BundleError([problem("too-large", file, message)])
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        message = f"the manifest is not ASCII text (byte {error.start + 1:,})"
        raise BundleError([problem("damaged", file, message)]) from None
    document = read_json(text, file)
    found = document.value.get("format") if isinstance(document.value, dict) else None
    if isinstance(found, str) and found.startswith(_KIND) and found != FORMAT:
        message = f"the bundle has the format `{found[:100]}`; this version knows `{FORMAT}`"
        hint = "open it with the version of payer-policy that built it, or build it again"
        raise BundleError([problem("newer-format", file, message, hint)])
    made, problems = validated(Manifest, document)
    if made is None:
        raise PolicyError(problems)
    return made


def read_about(values: Mapping[str, Any]) -> About:
    """The builder's description of a bundle, checked. A value may be None or left out.

    Raises:
        PolicyError: A text is empty or too long, or a time or number has the wrong format.
    """
    stated = {key: value for key, value in values.items() if value is not None}
    document = read_json(json.dumps(stated), "the description of the bundle")
    made, problems = validated(About, document)
    if made is None:
        raise PolicyError(problems)
    return made


def listed_files(files: Mapping[str, bytes]) -> list[ListedFile]:
    """The files of a bundle as listed in the manifest."""
    return [
        ListedFile(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for path, data in sorted(files.items())
    ]


def packed_files(policies: Mapping[str, bytes], features: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a bundle by their path in it, from the files of each folder by path below it."""
    return {
        **{POLICIES + path: data for path, data in policies.items()},
        **{FEATURES + path: data for path, data in features.items()},
    }


def listed_policies(library: Library) -> list[ListedPolicy]:
    """The policies of a library with their versions and rulesets, in the order of their addresses."""
    return [
        ListedPolicy(
            address=address,
            versions=[
                ListedVersion(
                    version=version.name.rpartition("/")[2],
                    title=version.title,
                    first_day=version.first_day,
                    last_day=version.last_day,
                )
                for version in library.policies[address]
            ],
            rulesets=list(_rulesets(library, address)),
        )
        for address in library.addresses()
    ]


def _rulesets(library: Library, address: str) -> Iterator[ListedRuleset]:
    for first, last, _ in library.windows(address):
        ruleset = library.ruleset(address, first)
        assert ruleset is not None and ruleset.hash is not None
        yield ListedRuleset(first_day=first, last_day=last, hash=ruleset.hash)


def warned(problems: list[Diagnostic]) -> list[Warned]:
    """Warnings as listed in the manifest."""
    return [
        Warned(code=one.code, file=one.location.file, message=one.message)
        for one in problems
        if one.severity == "warning"
    ]
