"""Opening a bundle: every way to tamper with one is found and named, and nothing of it is used."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.bundle import opening
from payer_policy.bundle.archive import MANIFEST, SIGNATURE, unpack
from payer_policy.bundle.building import build_bundle
from payer_policy.bundle.manifest import About
from payer_policy.bundle.opening import open_bundle, open_bundle_bytes, open_folder, read_bundle
from payer_policy.bundle.problems import BundleError
from payer_policy.core.diagnostics import PolicyError
from payer_policy.policy.folder_hash import contents_hash, folder_hash
from payer_policy.policy.loading import open_library
from tests.bundle.making import MORE_UNITS, POLICY, bundle, found, key, repacked, write

Files = dict[str, bytes]
PACKED = f"policies/{POLICY}"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return bundle(tmp_path_factory.mktemp("good"), label="June")


def refused(data: bytes, *signers: str) -> list[tuple[str, str]]:
    with pytest.raises(BundleError) as error:
        open_bundle_bytes(data, "b.zip", [key(name).public for name in signers or ("release",)])
    return found(error.value)


def listed_again(files: Files, **changes: Any) -> Files:
    """The same with a manifest that lists the files as they are now; other members as given."""
    manifest = json.loads(files[MANIFEST])
    inside = {path: data for path, data in files.items() if "/" in path}
    rows = [
        {"path": path, "size": len(data), "sha256": sha256(data).hexdigest()}
        for path, data in inside.items()
    ]
    policies = {
        path.removeprefix("policies/"): data
        for path, data in inside.items()
        if path.startswith("policies/")
    }
    manifest |= {"files": rows, "folder_hash": contents_hash(policies), **changes}
    return {**files, MANIFEST: json.dumps(manifest).encode()}


def test_a_bundle_is_the_folder_that_it_was_built_from(tmp_path: Path) -> None:
    policies, _ = write(tmp_path)
    data = build_bundle(policies, None, key(), about=About(label="June")).data
    (tmp_path / "b.zip").write_bytes(data)

    opened = open_bundle(tmp_path / "b.zip", [key("other").public, key().public])

    library = open_library(policies)
    assert opened.folder_hash == opened.manifest.folder_hash == folder_hash(policies)
    assert opened.folder_hash == open_folder(policies).hash
    assert opened.manifest.about.label == "June"
    assert [
        (policy.address, [(one.first_day, one.hash) for one in policy.rulesets])
        for policy in opened.manifest.policies
    ] == [
        (address, [(first, library.ruleset(address, first).hash)])  # type: ignore[union-attr]
        for address in library.addresses()
        for first, _, _ in library.windows(address)
    ]
    request = {"id": "SYN-1", "coverage": {"payer": "NORTH1"},
               "lines": [{"code": "J1756", "units": 301, "date": "2024-06-03"}]}  # fmt: skip
    assert Engine(opened.library).decide(request) == Engine(library).decide(request)


def test_what_is_said_of_a_bundle_is_what_was_packed(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(good)
    read = read_bundle(tmp_path / "b.zip")

    assert read.policies == {
        path.relative_to(tmp_path / "policies").as_posix(): path.read_bytes()
        for path in write(tmp_path)[0].rglob("*.json")
    }
    assert (read.manifest.specs, read.manifest.without_specs) == (None, True)


# --- the signature --------------------------------------------------------------------------------


def test_another_key_is_not_trusted(good: bytes) -> None:
    assert refused(good, "other") == [("untrusted-key", "b.zip")]


def test_without_a_trusted_key_nothing_is_opened(good: bytes) -> None:
    with pytest.raises(BundleError) as error:
        open_bundle_bytes(good, "b.zip", [])
    assert found(error.value) == [("no-trusted-key", "b.zip")]


def test_a_bundle_that_somebody_else_signed_anew(good: bytes) -> None:
    files = unpack(good, "b.zip")
    theirs = listed_again({**files, PACKED: files[PACKED].replace(b"300", b"900")})

    # Signed by them, in our name: the signature is no trusted key's.
    assert refused(repacked(theirs, signer=key("other"))) == [("wrong-signature", "b.zip")]
    # Signed by them, in their name.
    named = listed_again(theirs, signed_by=key("other").public.id)
    assert refused(repacked(named, signer=key("other"))) == [("untrusted-key", "b.zip")]
    # Signed by a key that is trusted, in the name of another.
    assert refused(repacked(theirs, signer=key("other")), "release", "other")[0] == (
        *("wrong-signature", "b.zip"),
    )


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (None, "not-signed"),
        (b"", "wrong-signature"),
        (b"\0" * 64, "wrong-signature"),
        (b"\0" * 65, "wrong-signature"),
        (b"\0" * 32, "wrong-signature"),
    ],
)
def test_no_signature_at_all(good: bytes, signature: bytes | None, code: str) -> None:
    files = unpack(good, "b.zip")
    del files[SIGNATURE]
    if signature is not None:
        files[SIGNATURE] = signature

    assert refused(repacked(files, sign=False)) == [(code, "b.zip")]


def test_every_changed_byte_of_the_manifest_is_found(good: bytes) -> None:
    files = unpack(good, "b.zip")
    manifest = files[MANIFEST]
    for at in range(0, len(manifest), 97):
        changed = bytearray(manifest)
        changed[at] ^= 1
        data = repacked({**files, MANIFEST: bytes(changed)}, sign=False)
        codes = {code for code, _ in refused(data)}
        assert codes & {"wrong-signature", "untrusted-key"}, manifest[at - 20 : at + 20]


# --- the contents ---------------------------------------------------------------------------------


def change(files: Files) -> None:
    files[PACKED] = files[PACKED].replace(b'"value": 300', b'"value": 900')


def lengthen(files: Files) -> None:
    files[PACKED] += b"\n"


def remove(files: Files) -> None:
    del files[PACKED]


def add(files: Files) -> None:
    files["policies/north/iron/2025-01-01.json"] = files[PACKED]


def add_a_feature(files: Files) -> None:
    files["features/iron.feature"] = b"Feature: x\n"


def rename(files: Files) -> None:
    files["policies/north/iron/2024-02-01.json"] = files.pop(PACKED)


def swap(files: Files) -> None:
    one, other = "policies/drugs/J1756.json", "policies/drugs/J1439.json"
    files[one], files[other] = files[other], files[one]


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (change, [("hash-mismatch", PACKED)]),
        (lengthen, [("hash-mismatch", PACKED)]),
        (remove, [("missing-file", PACKED)]),
        (add, [("unexpected-file", "policies/north/iron/2025-01-01.json")]),
        (add_a_feature, [("unexpected-file", "features/iron.feature")]),
        (
            rename,
            [
                ("missing-file", PACKED),
                ("unexpected-file", "policies/north/iron/2024-02-01.json"),
            ],
        ),
        (
            swap,
            [
                ("hash-mismatch", "policies/drugs/J1439.json"),
                ("hash-mismatch", "policies/drugs/J1756.json"),
            ],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_under_the_old_manifest_is_named(
    good: bytes, tamper: Callable[[Files], None], expected: list[tuple[str, str]]
) -> None:
    files = unpack(good, "b.zip")
    tamper(files)

    in_bundle = [(code, f"b.zip/{path}") for code, path in expected]
    assert refused(repacked(files, sign=False)) == in_bundle
    # The same with a manifest that fits: then the signature tells.
    forged = repacked(listed_again(files), sign=False)
    assert refused(forged)[0] == ("wrong-signature", "b.zip")
    # Both at once: everything is told.
    stranger = repacked(files, signer=key("other"))
    assert refused(stranger) == [("wrong-signature", "b.zip"), *in_bundle]


# What follows a signer could do by mistake: the manifest is signed, and says what is not so.


@pytest.mark.parametrize(
    ("tamper", "changes", "expected"),
    [
        (change, {}, [("other-meaning", "b.zip")] * 2),
        (None, {"folder_hash": "0" * 64}, [("hash-mismatch", "b.zip/policies/")]),
        (None, {"policies": []}, [("other-meaning", "b.zip")] * 2),
        (None, {"format": "payer-policy/bundle/2"}, [("newer-format", "b.zip/manifest.json")]),
    ],
)
def test_a_manifest_that_is_signed_and_wrong(
    good: bytes,
    tamper: Callable[[Files], None] | None,
    changes: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    files = unpack(good, "b.zip")
    if tamper:
        tamper(files)

    assert refused(repacked(listed_again(files, **changes))) == expected


def test_a_signed_file_elsewhere_and_a_file_that_is_listed_twice(good: bytes) -> None:
    files = {**unpack(good, "b.zip"), "bin/run.sh": b"#!"}
    assert refused(repacked(listed_again(files))) == [("unexpected-file", "b.zip/bin/run.sh")]

    manifest = json.loads(unpack(good, "b.zip")[MANIFEST])
    manifest["files"].append(manifest["files"][0])
    twice = {**unpack(good, "b.zip"), MANIFEST: json.dumps(manifest).encode()}
    assert refused(repacked(twice)) == [("duplicate-address", "b.zip/manifest.json")]


def test_another_meaning_is_told_with_who_built_it(good: bytes) -> None:
    files = unpack(good, "b.zip")
    manifest = json.loads(files[MANIFEST])
    manifest["product"]["version"] = "9.9.9"
    manifest["policies"][0]["rulesets"][0]["hash"] = "0" * 64

    with pytest.raises(BundleError) as error:
        forged = {**files, MANIFEST: json.dumps(manifest).encode()}
        open_bundle_bytes(repacked(forged), "b.zip", [key().public])

    (one,) = error.value.diagnostics
    assert one.code == "other-meaning"
    assert one.message == (
        "the policy north/iron means something else from 2024-01-01 on: the manifest and the policy "
        "files disagree"
    )
    assert one.hint is not None and one.hint.startswith(
        "it was built by version 9.9.9, and this is"
    )


def test_signed_policies_that_do_not_pass_are_refused(good: bytes) -> None:
    """Every policy is checked again, whoever signed it."""
    files = unpack(good, "b.zip")
    files[PACKED] = files[PACKED].replace(b'"cites": ["manual"]', b'"cites": ["memory"]')
    data = repacked(listed_again(files))

    with pytest.raises(BundleError) as error:
        open_bundle_bytes(data, "b.zip", [key().public])
    assert {one.code for one in error.value.diagnostics} == {"unknown-citation"}
    assert error.value.diagnostics[0].location.file == f"b.zip/{PACKED}"
    assert error.value.diagnostics[0].location.start is not None


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (b"", "json-syntax"),
        (b"[" * 100_000, "json-too-deep"),
        (b'{"format": "payer-policy/bundle/1", "format": 1}', "duplicate-key"),
        (b'{"files": ' + b"9" * 5_000 + b"}", "json-number"),
        (b"\xff\xfe", "damaged"),
        (b"{}", "missing-key"),
        (b'{"format": "payer-policy/bundle/1", "run": "rm"}', "unknown-key"),
        (b" " * 20_000_001, "too-large"),
    ],
    ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_a_hostile_manifest_is_refused_in_words(good: bytes, manifest: bytes, code: str) -> None:
    files = {**unpack(good, "b.zip"), MANIFEST: manifest}

    with pytest.raises(BundleError) as error:
        open_bundle_bytes(repacked(files), "b.zip", [key().public])
    assert code in [one.code for one in error.value.diagnostics]


def test_an_archive_without_a_manifest_is_no_bundle(good: bytes) -> None:
    files = unpack(good, "b.zip")
    del files[MANIFEST]

    assert refused(repacked(files, sign=False)) == [
        ("not-a-bundle", "b.zip"),
        ("not-signed", "b.zip"),
    ]


# --- files ----------------------------------------------------------------------------------------


def test_what_is_no_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(opening, "MAX_BYTES", 10)
    (tmp_path / "large").write_bytes(b"x" * 12)
    for name in ("pipe", ".", "nowhere", "a\0b"):
        with pytest.raises(BundleError) as error:
            open_bundle(tmp_path / name, [key().public])
        assert [one.code for one in error.value.diagnostics] == ["unreadable"]
    assert len(opening.read_file(tmp_path / "large")) == 11


def test_nothing_is_written_anywhere(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(good)

    open_bundle(tmp_path / "b.zip", [key().public])

    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_a_folder_with_a_problem_is_not_opened(tmp_path: Path) -> None:
    policies, _ = write(tmp_path)
    (policies / POLICY).write_text("{", "utf-8")
    with pytest.raises(PolicyError) as error:
        open_folder(policies)
    assert "json-syntax" in [one.code for one in error.value.diagnostics]
    with pytest.raises(PolicyError) as error:
        open_folder(tmp_path / "nowhere")
    assert [one.code for one in error.value.diagnostics] == ["no-folder"]


def test_another_policy_is_another_bundle(good: bytes, tmp_path: Path) -> None:
    other = bundle(tmp_path, MORE_UNITS, label="June")
    one, two = (open_bundle_bytes(data, "b.zip", [key().public]) for data in (good, other))

    assert one.hash != two.hash and one.folder_hash != two.folder_hash
