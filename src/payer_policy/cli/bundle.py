"""`payer-policy bundle`: build, verify and show signed bundles, and make the keys that sign them."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from payer_policy.cli import options
from payer_policy.cli.signing_keys import need_signing, private_key, public_key
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.diagnostics.render import report_json, report_text
from payer_policy.core.whole_file import FOR_ALL, new_file

if TYPE_CHECKING:
    from payer_policy.bundle import Manifest

_BUNDLE = click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path))
_FILE = click.Path(path_type=Path)


@click.group("bundle")
def command() -> None:
    """Policies that passed, as one signed file: make keys, build, verify, show.

    Exit status: 0; 1 where a bundle is refused; 2 where the call was wrong.
    """


@command.command("keygen")
@click.option("-o", "--out", "name", required=True, metavar="NAME", help="Such as keys/release.")
@options.as_json
def keygen(name: str, as_json: bool) -> None:
    """Make a key that signs bundles: NAME.private.pem and NAME.public.pem.

    The private file can be read by its owner alone, and nothing that exists is written over.
    """
    need_signing()
    from payer_policy.bundle.signing import generate

    private, public = Path(f"{name}.private.pem"), Path(f"{name}.public.pem")
    for path in (private, public):
        if os.path.lexists(path):
            raise click.UsageError(f"{path.as_posix()} is there already; choose another name")
    key = generate()
    _write_new(private, key.pem(), 0o600)
    _write_new(public, key.public.pem, 0o644)
    if as_json:
        files = {"private": private.as_posix(), "public": public.as_posix()}
        options.print_json({"schema": "payer-policy/keys/1", "key": key.public.id, **files})
        return
    click.echo(f"{private.as_posix()}  signs bundles: keep it secret, it is not encrypted")
    click.echo(f"{public.as_posix()}   for whoever verifies or serves them")
    click.echo(f"key {key.public.id}")


@command.command("build")
@options.policies
@click.option(
    "--features", type=_FILE, default=None, help="The scenarios that must pass. [default: features]"
)
@click.option("--without-specs", is_flag=True, help="Run no scenario; the manifest says so.")
@click.option("--pack-features", is_flag=True, help="Put the feature files into the bundle too.")
@click.option("--engine", help="Run the scenarios on this engine only, as `spec` does.")
@click.option("--key", required=True, type=_FILE, metavar="PRIVATE.pem", help="The key that signs.")
@click.option("-o", "--out", required=True, type=_FILE, metavar="FILE", help="Such as 2026-01.zip.")
@click.option("--label", help="A name for people, such as a release's.")
@click.option("--notes", help="What whoever deploys it should know.")
@click.option("--built", metavar="TIME", help="When, as 2026-01-31T08:00:00Z. [default: not said]")
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
    """Pack and sign policies in which `check` finds no error and every scenario passes.

    The same folder, key and scenarios' result give the same bytes. FILE is replaced at once or not
    at all. Exit status 0: built; 1: an error or a failing scenario; 2: the call was wrong.
    """
    need_signing()
    if without_specs and (features is not None or pack_features):
        raise click.UsageError("--without-specs leaves no use for --features and --pack-features")
    if engine is not None:
        options.engine_or_default(engine)
    if not folder.is_dir():  # it is there, as --policies makes sure
        raise click.UsageError(f"{folder.as_posix()} is a file, not a folder")
    if out.is_dir() or not out.parent.is_dir():  # said before minutes of scenarios
        what = "is a folder" if out.is_dir() else "is in a folder that is not there"
        raise click.UsageError(f"--out: {out.as_posix()} {what}")
    options.refuse_inputs("--out", out, key, folder)
    if (scenarios := features or Path("features")).is_dir():
        options.refuse_inputs("--out", out, *scenarios.rglob("*.feature"))
    else:
        options.refuse_inputs("--out", out, scenarios)
    from payer_policy.bundle.building import ScenariosFailed, build_bundle
    from payer_policy.bundle.manifest import read_about

    said, signer = read_about(about), private_key(key)
    try:
        built = build_bundle(
            folder,
            None if without_specs else features or Path("features"),
            signer,
            about=said,
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
    if as_json:
        options.print_json(_shown(out, built.data, built.manifest))
    else:
        click.echo("\n".join(_lines(out, built.data, built.manifest)))


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

    Exit status 0: a trusted key signed exactly this, and it means what the manifest says; 1: it is
    refused; 2: the call was wrong.
    """
    need_signing()
    from payer_policy.bundle.opening import open_bundle_bytes

    keys, data = [public_key(path) for path in trusted], _bundle(bundle)
    try:
        opened = open_bundle_bytes(data, bundle.as_posix(), keys)
    except PolicyError as error:
        _refused(error, as_json, "the bundle is refused")
    if as_json:
        options.print_json({**_shown(bundle, data, opened.manifest), "verified": True})
        return
    click.echo("\n".join(_lines(bundle, data, opened.manifest)))
    click.echo("\nVerified: signature, files, policies and their meaning.")


@command.command("show")
@_BUNDLE
@options.as_json
def show(bundle: Path, as_json: bool) -> None:
    """Show what is in a bundle, without asking who signed it.

    Exit status 0: shown; 1: it is no bundle, or does not agree with its own manifest; 2: the call
    was wrong.
    """
    from payer_policy.bundle.opening import read_bundle_bytes

    data = _bundle(bundle)
    try:
        manifest = read_bundle_bytes(data, bundle.as_posix()).manifest
    except PolicyError as error:
        _refused(error, as_json, "there is nothing to show")
    if as_json:
        options.print_json({**_shown(bundle, data, manifest), "verified": False})
        return
    click.echo("\n".join([*_lines(bundle, data, manifest), "", *_policies(manifest)]))
    click.echo("\nThe signature was not verified: payer-policy bundle verify does that.")


# --- words ----------------------------------------------------------------------------------------


def _lines(path: Path, data: bytes, manifest: Manifest) -> Iterator[str]:
    from payer_policy.determination.words import counted, listed

    about, specs = manifest.about, manifest.specs
    policies = "1 policy" if len(manifest.policies) == 1 else f"{len(manifest.policies)} policies"
    yield f"{path.as_posix()}: {policies}, " + (
        f"{counted(len(manifest.files), 'file')}, {len(data):,} bytes"
    )
    yield f"  sha256     {_hash(data)}"
    yield f"  policies   {manifest.folder_hash}"
    yield f"  signed by  {manifest.signed_by}"
    yield f"  built by   payer-policy {manifest.product.version}"
    for name, said in (
        ("label", about.label),
        ("sequence", about.sequence),
        ("built", about.built),
        ("expires", None if about.expires is None else f"after {about.expires} (UTC)"),
    ):
        if said is not None:
            yield f"  {name:<9}  {_one_line(str(said))}"
    if about.notes is not None:
        yield f"  notes      {_one_line(about.notes)}"
    yield f"  check      no errors, {counted(len(manifest.check.warnings), 'warning')}"
    if specs is None:
        yield "  scenarios  NONE: it was built --without-specs"
        return
    skipped = f", {specs.skipped:,} skipped" if specs.skipped else ""
    where = "packed" if specs.packed else "not packed"
    yield f"  scenarios  {specs.passed:,} of {specs.scenarios:,} passed{skipped}, on " + (
        f"{listed(specs.engines)} ({counted(specs.features, 'feature file')}, {where})"
    )


def _policies(manifest: Manifest) -> Iterator[str]:
    for policy in manifest.policies:
        yield policy.address
        for one in policy.rulesets:
            yield f"  {options.window(one.first_day, one.last_day):<25}  {one.hash}"


def _one_line(text: str) -> str:
    """A text of anybody's making, without what moves or colors a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


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
    from payer_policy.bundle.opening import read_file

    try:
        return read_file(path)
    except PolicyError as error:
        raise click.UsageError(
            "; ".join(f"{one.location}: {one.message}" for one in error.diagnostics)
        ) from None


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        with new_file(path, mode) as file:  # never over a key that is there
            file.write(data)
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise click.UsageError(f"{path.as_posix()}: {reason}") from None
