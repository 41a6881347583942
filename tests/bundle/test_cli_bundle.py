"""`payer-policy bundle`: files, exit status and words."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.bundle import signing
from payer_policy.bundle.signing import read_private, read_public
from payer_policy.cli import payer_policy
from payer_policy.core.diagnostics import PolicyError
from tests.bundle.making import MORE_UNITS, bundle, key, write
from tests.places import ROOT

SHIPPED = ROOT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with policies, features and the keys of two people."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    for name in ("release", "other"):
        (tmp_path / f"{name}.pem").write_bytes(key(name).pem())
        (tmp_path / f"{name}.pem").chmod(0o600)
        (tmp_path / f"{name}.pub").write_bytes(key(name).public.pem)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(payer_policy, ["bundle", *arguments], catch_exceptions=False)


BUILD = ("build", "--key", "release.pem", "-o", "b.zip", "--engine", "compiled")


def test_keygen_makes_a_pair_that_nobody_else_reads(here: Path) -> None:
    made = run("keygen", "-o", "k")

    assert made.exit_code == 0
    private, public = here / "k.private.pem", here / "k.public.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    id_ = read_public(public.read_bytes(), "k").id
    assert read_private(private.read_bytes(), "k").public.id == id_
    assert f"key {id_}\n" in made.output
    assert "PRIVATE" not in made.output
    before = private.read_bytes()
    again = run("keygen", "-o", "k")
    assert (again.exit_code, private.read_bytes()) == (2, before)
    assert "k.private.pem already exists" in again.output
    assert run("keygen", "-o", "nowhere/k").exit_code == 2


def test_build_verify_show(here: Path) -> None:
    about = ("--label", "June", "--built", "2026-06-01T08:00:00Z", "--sequence", "3")
    built = run(*BUILD, *about, "--expires", "2027-01-31")
    verified = run("verify", "b.zip", "--trust", "other.pub", "--trust", "release.pub")
    shown = run("show", "b.zip")

    assert [one.exit_code for one in (built, verified, shown)] == [0, 0, 0], verified.output
    assert built.output.startswith("b.zip: 2 policies, 13 files, ")
    for words in ("label      June", "sequence   3", "built      2026-06-01T08:00:00Z",
                  "expires    after 2027-01-31 (UTC)"):  # fmt: skip
        assert words in built.output
    assert "scenarios  2 of 2 passed, on compiled (1 feature file, not packed)" in built.output
    assert verified.output.endswith("Verified: signature, files, policies and their meaning.\n")
    assert re.search(r"north/iron\n  from 2024-01-01 +[0-9a-f]{64}\n", shown.output)
    assert "The signature was not verified" in shown.output
    as_json = json.loads(run("show", "b.zip", "--json").output)
    assert as_json["schema"] == "payer-policy/bundle-shown/1"
    assert as_json["manifest"]["signed_by"] == key().public.id
    assert as_json["verified"] is False
    assert json.loads(run("verify", "b.zip", "--trust", "release.pub", "--json").output) == {
        **as_json,
        "verified": True,
    }


def test_bad_news_is_status_1(here: Path) -> None:
    (here / "b.zip").write_bytes(bundle(here / "apart"))
    before = (here / "b.zip").read_bytes()

    untrusted = run("verify", "b.zip", "--trust", "other.pub")
    assert untrusted.exit_code == 1
    assert "b.zip: error[untrusted-key]" in untrusted.output
    assert "the bundle is refused" in untrusted.output
    as_json = run("verify", "b.zip", "--trust", "other.pub", "--json")
    assert as_json.exit_code == 1
    assert [one["code"] for one in json.loads(as_json.output)["problems"]] == ["untrusted-key"]
    assert run("show", "release.pub").exit_code == 1
    (here / "policies" / "vocabulary.json").unlink()
    wrong = run(*BUILD)
    assert (wrong.exit_code, (here / "b.zip").read_bytes()) == (1, before)
    assert "error[missing-file]" in wrong.output and "nothing was built" in wrong.output


def test_a_failing_scenario_is_told_in_full(here: Path, tmp_path: Path) -> None:
    write(here / "more", MORE_UNITS)
    failing = run(*BUILD, "--policies", "more/policies")

    assert failing.exit_code == 1
    assert "One unit more" in failing.output and "FAILURES" in failing.output
    assert failing.output.endswith("Nothing was built.\n")
    assert not (here / "b.zip").exists()
    as_json = run(*BUILD, "--policies", "more/policies", "--json")
    assert as_json.exit_code == 1
    assert [one["code"] for one in json.loads(as_json.output)["problems"]] == ["failed-scenario"]


def test_no_features_is_no_bundle_unless_asked_for(here: Path) -> None:
    (here / "features" / "iron.feature").unlink()

    refused = run(*BUILD)
    assert refused.exit_code == 1
    assert "error[no-scenarios]" in refused.output and "--without-specs" in refused.output
    built = run("build", "--key", "release.pem", "-o", "b.zip", "--without-specs")
    assert built.exit_code == 0
    assert "scenarios  NONE: it was built --without-specs" in built.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("verify", "gone.zip", "--trust", "release.pub"), "no such file"),
        (("verify", "b.zip"), "--trust"),
        (("verify", "b.zip", "--trust", "gone.pub"), "no such file"),
        (("show", "."), "it is a folder"),
        ((*BUILD, "--policies", "gone"), "there is no folder `gone` here"),
        ((*BUILD, "--without-specs", "--features", "features"), "--without-specs"),
        ((*BUILD[:-1], "fastest"), "engine"),
        (("build", "-o", "b.zip"), "--key"),
        (
            ("build", "--key", "release.pem", "-o", "gone/b.zip", "--without-specs"),
            "does not exist",
        ),
        (("build", "--key", "release.pem", "-o", "policies", "--without-specs"), "is a folder"),
    ],
)
def test_a_wrong_call_is_status_2(here: Path, arguments: tuple[str, ...], words: str) -> None:
    (here / "b.zip").write_bytes(b"")
    result = run(*arguments)

    assert result.exit_code == 2, result.output
    assert words in result.output
    assert not list(here.glob(".*"))


@pytest.mark.parametrize(
    ("pem", "private", "public"),
    [
        ("release.pub", "holds a public key", None),
        ("release.pem", None, "holds a private key"),
        ("encrypted", "encrypted with a password", "holds a private key"),
        ("rsa", "a different kind of key", "holds a private key"),
        ("rsa.pub", "holds a public key", "a different kind of key"),
        ("noise", "does not hold a private key", "does not hold a public key"),
        ("empty", "does not hold a private key", "does not hold a public key"),
    ],
)
def test_a_file_that_is_no_such_key(
    here: Path, pem: str, private: str | None, public: str | None
) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    secret = form.BestAvailableEncryption(b"synthetic")
    other = rsa.generate_private_key(65_537, 2_048)
    shape = (form.Encoding.PEM, form.PrivateFormat.PKCS8)
    made = {
        "encrypted": ed25519.Ed25519PrivateKey.generate().private_bytes(*shape, secret),
        "rsa": other.private_bytes(*shape, form.NoEncryption()),
        "rsa.pub": other.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        ),
        "noise": bytes(range(256)),
        "empty": b"",
    }
    data = made[pem] if pem in made else (here / pem).read_bytes()
    for read, words in ((read_private, private), (read_public, public)):
        if words is None:
            read(data, "k")
            continue
        with pytest.raises(PolicyError) as error:
            read(data, "k")
        (one,) = error.value.diagnostics
        assert (one.code, words in one.message) == ("not-a-key", True), one.message
        assert error.value.__cause__ is None


def test_a_key_that_others_can_read_is_told(here: Path) -> None:
    (here / "release.pem").chmod(0o644)

    built = run("build", "--key", "release.pem", "-o", "b.zip", "--without-specs")

    assert built.exit_code == 0
    assert "others can read this key" in built.stderr


def test_without_the_library_it_says_what_to_type(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "b.zip").write_bytes(bundle(here / "apart"))
    monkeypatch.setattr(signing, "find_spec", lambda name: None)

    for arguments in (BUILD, ("keygen", "-o", "k"), ("verify", "b.zip", "--trust", "other.pub")):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert "pip install 'payer-policy[bundle]'" in refused.output
    assert run("show", "b.zip").exit_code == 0


def test_the_shipped_policies_are_built_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one of the shipped feature files, since all of them take longer than all other tests."""
    monkeypatch.chdir(SHIPPED)
    (tmp_path / "k.pem").write_bytes(key().pem())
    (tmp_path / "k.pub").write_bytes(key().public.pem)
    out = str(tmp_path / "b.zip")
    feature = "features/medicare/intrathecal-baclofen-official/wastage.feature"

    arguments = ("--features", feature, "--engine", "compiled", "--key", str(tmp_path / "k.pem"))
    built = run("build", *arguments, "-o", out)
    verified = run("verify", out, "--trust", str(tmp_path / "k.pub"))

    assert (built.exit_code, verified.exit_code) == (0, 0), built.output
    assert "39 of 39 passed" in verified.output
