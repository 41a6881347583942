"""`payer-policy bundle`: build, verify and show signed bundles, and make the keys that sign them."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import click

from payer_policy.bundle.manifest import Manifest, read_about
from payer_policy.bundle.opening import open_bundle_bytes, read_bundle_bytes, read_file
from payer_policy.bundle.signing import generate
from payer_policy.cli import options
from payer_policy.cli.signing_keys import need_signing, private_key, public_key
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.diagnostics.render import report_json, report_text
from payer_policy.core.whole_file import FOR_ALL, new_file
from payer_policy.determination.words import counted, listed

_BUNDLE = click.argument("bundle", metavar="BUNDLE", type=options.PATH)
_FILE = options.PATH


@click.group("bundle")
def command() -> None:
    """Checked policies as one signed file: make keys, build, verify, show.

    Exit status: 0; 1 if a bundle is refused; 2 if the call was wrong.
    """


@command.command("keygen")
@click.option("-o", "--out", "name", required=True, metavar="NAME", help="Such as keys/release.")
@options.as_json
def keygen(name: str, as_json: bool) -> None:
    """Make a key that signs bundles: NAME.private.pem and NAME.public.pem.

    Only its owner can read the private file, and no existing file is overwritten.
    """
    need_signing()

    private, public = Path(f"{name}.private.pem"), Path(f"{name}.public.pem")
    for path in (private, public):
        if os.path.lexists(path):
            raise click.UsageError(f"{path.as_posix()} already exists; choose another name")
    key = generate()
    _write_new(private, key.pem(), 0o600)
    _write_new(public, key.public.pem, 0o644)
    files = {"private": private.as_posix(), "public": public.as_posix()}
    shown = {"schema": "payer-policy/keys/1", "key": key.public.id, **files}
    lines = [
        f"{private.as_posix()}  signs bundles: keep it secret, it is not encrypted",
        f"{public.as_posix()}   for verifying and serving bundles",
        f"key {key.public.id}",
    ]
    options.report(as_json, shown, lines)


@command.command("build")
@options.policies
@click.option(
    "--features", type=_FILE, default=None, help="The scenarios that must pass. [default: features]"
)
@click.option("--without-specs", is_flag=True, help="Run no scenario; the manifest says so.")
@click.option("--pack-features", is_flag=True, help="Put the feature files into the bundle too.")
@click.option("--engine", help="Run the scenarios on this engine only, as `spec --engine`.")
@click.option("--key", required=True, type=_FILE, metavar="PRIVATE.pem", help="The key that signs.")
@click.option("-o", "--out", required=True, type=_FILE, metavar="FILE", help="Such as 2026-01.zip.")
@click.option("--label", help="A name for people, such as a release's.")
@click.option("--notes", help="Notes for the operators who deploy it.")
@click.option(
    "--built", metavar="TIME", help="When, as 2026-01-31T08:00:00Z. [default: not stated]"
)
@click.option("--sequence", type=int, help="A number that grows from bundle to bundle.")
@click.option("--expires", metavar="DAY", help="The last day (UTC) on which it may be deployed.")
@options.as_json
def build(
    folder: Path,
    features: Path | None,
    without_specs: bool,
    pack_features: bool,
    engine: str | None,
    key: Path,
    out: Path,
    as_json: bool,
    **about: Any,
) -> None:
    """Pack and sign policies without errors in `check` and without failing scenarios.

    The same folder, key and results of scenarios give the same bytes. FILE is replaced as a whole or
    not at all. Exit status 0: built; 1: an error or a failing scenario; 2: the call was wrong.
    """
    need_signing()
    if without_specs and (features is not None or pack_features):
        raise click.UsageError("--without-specs leaves no use for --features and --pack-features")
    if engine is not None:
        options.engine_or_default(engine)
    if not folder.is_dir():  # it exists: --policies checked that
        raise click.UsageError(f"{folder.as_posix()} is a file, not a folder")
    if out.is_dir() or not out.parent.is_dir():  # reported before minutes of scenarios
        what = "is a folder" if out.is_dir() else "is in a folder that does not exist"
        raise click.UsageError(f"--out: {out.as_posix()} {what}")
    options.refuse_inputs("--out", out, key, folder)
    scenarios = features or Path("features")
    files = scenarios.rglob("*.feature") if scenarios.is_dir() else (scenarios,)
    options.refuse_inputs("--out", out, *files)
    from payer_policy.bundle.building import ScenariosFailed, build_bundle

    checked, signer = read_about(about), private_key(key)
    try:
        built = build_bundle(
            folder,
            None if without_specs else scenarios,
            signer,
            about=checked,
            pack_features=pack_features,
            engine=engine,
            settle=options.settled,
        )
    except ScenariosFailed as error:
        from payer_policy.specs.report import as_text

        if not as_json:
            click.echo(f"{as_text(error.run)}\n\nNothing was built.")
            sys.exit(1)
        _refused(error, as_json, "nothing was built")
    except PolicyError as error:
        _refused(error, as_json, "nothing was built")
    with options.written(out, FOR_ALL) as file:
        file.write(built.data)
    parts = (out, built.data, built.manifest)
    options.report(as_json, _shown(*parts), _lines(*parts))


@command.command("verify")
@_BUNDLE
@click.option(
    "--trust",
    "trusted",
    multiple=True,
    required=True,
    type=_FILE,
    metavar="PUBLIC.pem",
    help="A public key whose signature is trusted; may be repeated.",
)
@options.as_json
def verify(bundle: Path, trusted: tuple[Path, ...], as_json: bool) -> None:
    """Verify the signature, every hash, the policies and their meaning.

    Exit status 0: a trusted key signed exactly these bytes, and their meaning is the one in the
    manifest; 1: it is refused; 2: the call was wrong.
    """
    need_signing()

    keys, data = [public_key(path) for path in trusted], _bundle(bundle)
    try:
        opened = open_bundle_bytes(data, bundle.as_posix(), keys)
    except PolicyError as error:
        _refused(error, as_json, "the bundle is refused")
    parts = (bundle, data, opened.manifest)
    verified = "Verified: signature, files, policies and their meaning."
    options.report(as_json, {**_shown(*parts), "verified": True}, [*_lines(*parts), "", verified])


@command.command("show")
@_BUNDLE
@options.as_json
def show(bundle: Path, as_json: bool) -> None:
    """Show the contents of a bundle, without verifying its signature.

    Exit status 0: shown; 1: it is not a bundle, or does not match its own manifest; 2: the call was
    wrong.
    """

    data = _bundle(bundle)
    try:
        manifest = read_bundle_bytes(data, bundle.as_posix()).manifest
    except PolicyError as error:
        _refused(error, as_json, "there is nothing to show")
    parts = (bundle, data, manifest)
    not_verified = "The signature was not verified: payer-policy bundle verify does that."
    lines = [*_lines(*parts), "", *_policies(manifest), "", not_verified]
    options.report(as_json, {**_shown(*parts), "verified": False}, lines)


# --- text -----------------------------------------------------------------------------------------


def _lines(path: Path, data: bytes, manifest: Manifest) -> Iterator[str]:

    about, specs = manifest.about, manifest.specs
    policies = "1 policy" if len(manifest.policies) == 1 else f"{len(manifest.policies)} policies"
    files = counted(len(manifest.files), "file")
    yield f"{path.as_posix()}: {policies}, {files}, {len(data):,} bytes"
    scenarios = "NONE: it was built --without-specs"
    if specs is not None:
        scenarios = f"{specs.passed:,} of {specs.scenarios:,} passed"
        scenarios += f", {specs.skipped:,} skipped" if specs.skipped else ""
        scenarios += f", on {listed(specs.engines)} ({counted(specs.features, 'feature file')}, "
        scenarios += "packed)" if specs.packed else "not packed)"
    for name, value in (
        ("sha256", _hash(data)),
        ("policies", manifest.folder_hash),
        ("signed by", manifest.signed_by),
        ("built by", f"payer-policy {manifest.product.version}"),
        ("label", about.label),
        ("sequence", about.sequence),
        ("built", about.built),
        ("expires", None if about.expires is None else f"after {about.expires} (UTC)"),
        ("notes", about.notes),
        ("check", f"no errors, {counted(len(manifest.check.warnings), 'warning')}"),
        ("scenarios", scenarios),
    ):
        if value is not None:
            yield f"  {name:<9}  {options.one_line(str(value))}"


def _policies(manifest: Manifest) -> Iterator[str]:
    for policy in manifest.policies:
        yield policy.address
        for one in policy.rulesets:
            yield f"  {options.window(one.first_day, one.last_day):<25}  {one.hash}"


def _shown(path: Path, data: bytes, manifest: Manifest) -> dict[str, Any]:
    return {
        "schema": "payer-policy/bundle-shown/1",
        "file": path.as_posix(),
        "sha256": _hash(data),
        "manifest": manifest.model_dump(mode="json", by_alias=True),
    }


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _refused(error: PolicyError, as_json: bool, consequence: str) -> NoReturn:
    if as_json:
        options.print_json(report_json(error.diagnostics))
    else:
        click.echo(report_text(error.diagnostics, consequence=consequence))
    sys.exit(1)


# --- files ----------------------------------------------------------------------------------------


def _bundle(path: Path) -> bytes:

    try:
        return read_file(path)
    except PolicyError as error:
        reasons = (f"{one.location}: {one.message}" for one in error.diagnostics)
        raise click.UsageError("; ".join(reasons)) from None


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        with new_file(path, mode) as file:  # never over an existing key
            file.write(data)
    except OSError as error:
        raise options.file_error(path.as_posix(), error, "cannot be written") from None
