"""`payer-policy serve`: the engine as an HTTP service."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

from payer_policy.cli import listening, options
from payer_policy.service.keys import KeysUnreadable
from payer_policy.service.settings import Limits, Settings

_NEEDS: Final = ("fastapi", "uvicorn", "prometheus_client")
_USUAL: Final = Settings(Path("policies"))
_MOST: Final = Limits()


def _path(**kwargs: Any) -> click.Path:
    return click.Path(path_type=Path, **kwargs)


_ORIGIN: Final = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")


def _origin(text: str) -> str:
    if _ORIGIN.fullmatch(text) is None:
        raise click.BadParameter(
            f"`{text}` is not an origin; write scheme, host and port alone, such as "
            "https://portal.example or http://localhost:3000"
        )
    return text


@click.command("serve")
@click.option(
    "--policies",
    "source",
    type=_path(),
    default=Path("policies"),
    envvar="PAYER_POLICIES",
    show_default=True,
    help="A folder of policies, a signed bundle, or a folder of bundles (or set PAYER_POLICIES). "
    "It is watched: what checks and verifies is taken over, anything else changes nothing.",
)
@click.option(
    "--trust",
    "trusted",
    multiple=True,
    type=_path(dir_okay=False),
    help="A public key that bundles may be signed with; may be repeated.",
)
@click.option(
    "--minimum-sequence",
    type=click.IntRange(0),
    metavar="N",
    envvar="PAYER_POLICY_MINIMUM_SEQUENCE",
    help="Refuse bundles with a lower sequence or with none; needs --trust (or set "
    "PAYER_POLICY_MINIMUM_SEQUENCE).",
)
@click.option(
    "--sequence-file",
    type=_path(dir_okay=False),
    help="Remember the highest sequence here, so that no older bundle is deployed after a restart; "
    "needs --trust.",
)
@listening.host
@listening.port
@click.option(
    "--keys",
    type=_path(dir_okay=False),
    envvar="PAYER_POLICY_KEYS",
    help="The API keys, a file of `payer-policy keys` (or set PAYER_POLICY_KEYS).",
)
@click.option("--no-keys", is_flag=True, help="Answer everybody; on the loopback interface only.")
@click.option(
    "--audit",
    default="payer-policy-audit.sqlite",
    envvar="PAYER_POLICY_AUDIT",
    show_default=True,
    help="The audit record: a SQLite file, or postgresql://… (or set PAYER_POLICY_AUDIT).",
)
@click.option("--no-audit", is_flag=True, help="Record nothing.")
@click.option(
    "--audit-keeps",
    type=click.Choice(["request", "hash"]),
    default=_USUAL.audit_keeps,
    show_default=True,
    help="Of the request itself: all of it, or only its hash. Facts are kept in any case.",
)
@click.option(
    "--heads",
    type=_path(dir_okay=False),
    help="Append signed heads of the audit record to this file; needs --heads-key.",
)
@click.option(
    "--heads-key",
    type=_path(dir_okay=False),
    help="The private key (PEM) that signs them, of `payer-policy bundle keygen`.",
)
@click.option(
    "--heads-every",
    type=click.FloatRange(0.1),
    default=_USUAL.heads_seconds,
    show_default=True,
    help="Seconds between two heads; one that has not changed is not signed again.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes."
)
@listening.tls_certificate
@listening.tls_key
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    callback=lambda context, option, given: tuple(_origin(one) for one in given),
    help="Web pages of this origin may ask from a browser (CORS), as CDS Hooks has it; repeatable.",
)
@click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="A name that the header Host may have, beside those of this machine; repeatable. Without it, "
    "and with keys, any name.",
)
@click.option(
    "--max-body",
    type=click.IntRange(1024),
    default=_MOST.body_bytes,
    show_default=True,
    help="Bytes of a body that holds one request.",
)
@click.option(
    "--max-batch-body",
    type=click.IntRange(1024),
    default=_MOST.batch_bytes,
    show_default=True,
    help="Bytes of a body that holds many.",
)
@click.option(
    "--max-batch",
    type=click.IntRange(1),
    default=_MOST.batch_requests,
    show_default=True,
    help="Requests in one body.",
)
@click.option(
    "--max-lines",
    type=click.IntRange(1, _MOST.lines),
    default=_MOST.lines,
    show_default=True,
    help="Lines of one claim.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(0.1),
    default=_MOST.seconds,
    show_default=True,
    help="For a body to arrive, and again for its answer.",
)
@click.option(
    "--max-waiting",
    type=click.IntRange(1),
    default=_MOST.waiting,
    show_default=True,
    help="Requests that wait for their answer, by process; more get 503 with Retry-After.",
)
@click.option(
    "--max-connections",
    type=click.IntRange(8),
    default=_MOST.connections,
    show_default=True,
    help="Open connections, by process; fewer where it may not open as many files (ulimit -n).",
)
@click.option(
    "--header-seconds",
    type=click.FloatRange(0.1),
    default=_MOST.header_seconds,
    show_default=True,
    help="For the headers of a request to arrive.",
)
@click.option(
    "--write-seconds",
    type=click.FloatRange(0.1),
    default=_MOST.write_seconds,
    show_default=True,
    help="For the audit record to take an answer.",
)
@click.option(
    "--poll",
    type=click.FloatRange(0.05),
    default=_USUAL.poll_seconds,
    show_default=True,
    help="Seconds between two looks at the policies and the keys.",
)
@click.option(
    "--stop-seconds",
    type=click.IntRange(0),
    default=_USUAL.stop_seconds,
    show_default=True,
    help="For requests in flight when the service is told to stop.",
)
@options.engine("compiled")
def command(
    source: Path,
    trusted: tuple[Path, ...],
    minimum_sequence: int | None,
    sequence_file: Path | None,
    host: str,
    port: int,
    keys: Path | None,
    no_keys: bool,
    audit: str,
    no_audit: bool,
    audit_keeps: Any,
    heads: Path | None,
    heads_key: Path | None,
    heads_every: float,
    workers: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    origins: tuple[str, ...],
    host_names: tuple[str, ...],
    max_body: int,
    max_batch_body: int,
    max_batch: int,
    max_lines: int,
    max_seconds: float,
    max_waiting: int,
    max_connections: int,
    header_seconds: float,
    write_seconds: float,
    poll: float,
    stop_seconds: int,
    engine: str,
) -> None:
    """Serve decisions, requirements, explanations and policies over HTTP.

    Stop with SIGTERM or SIGINT: requests in flight finish, and their answers are in the record.
    """
    options.need_policies(source, "name a folder or a signed bundle with --policies")
    if missing := [name for name in _NEEDS if find_spec(name) is None]:
        raise click.UsageError(
            f"serving needs {', '.join(missing)}; to install: pip install 'payer-policy[serve]'"
        )
    if (keys is None) != no_keys:
        raise click.UsageError(
            "give --keys FILE (`payer-policy keys new FILE NAME` makes one), or --no-keys to answer "
            "everybody on this machine"
        )
    if (tls_certificate is None) != (tls_key is None):
        raise click.UsageError("--tls-certificate and --tls-key go together")
    if not trusted and not (minimum_sequence is None and sequence_file is None):
        raise click.UsageError(
            "--minimum-sequence and --sequence-file need --trust PUBLIC.pem: only signed bundles have "
            "a sequence"
        )
    if (heads is None) != (heads_key is None):
        raise click.UsageError("--heads and --heads-key go together")
    if heads is not None and no_audit:
        raise click.UsageError("--no-audit leaves no head to sign; leave --heads out")
    limits = Limits(
        body_bytes=max_body,
        batch_bytes=max_batch_body,
        batch_requests=max_batch,
        lines=max_lines,
        seconds=max_seconds,
        waiting=max_waiting,
        connections=max_connections,
        header_seconds=header_seconds,
        write_seconds=write_seconds,
    )
    settings = Settings(
        source=source,
        trusted=trusted,
        minimum_sequence=minimum_sequence,
        sequence_file=sequence_file,
        engine=options.engine_or_default(engine),
        keys=keys,
        audit=None if no_audit else audit,
        audit_keeps=audit_keeps,
        heads=heads,
        heads_key=heads_key,
        heads_seconds=heads_every,
        origins=origins,
        host_names=host_names,
        poll_seconds=poll,
        host=host,
        port=port,
        workers=workers,
        stop_seconds=stop_seconds,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        limits=limits,
    )
    from payer_policy.audit import AuditError
    from payer_policy.engines.protocol import EngineUnavailable
    from payer_policy.service.serving import Unsafe, serve

    try:
        serve(settings)
    except (Unsafe, KeysUnreadable, AuditError, EngineUnavailable) as error:
        raise click.UsageError(str(error)) from None
    sys.exit(0)
