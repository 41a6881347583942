"""`payer-policy serve`: the engine as an HTTP service."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from payer_policy.cli import listening, options
from payer_policy.service.keys import KeysUnreadable
from payer_policy.service.settings import Limits, Settings

F = TypeVar("F", bound=Callable[..., Any])

_NEEDS: Final = ("fastapi", "uvicorn", "prometheus_client")
_ORIGIN: Final = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_DEFAULTS: Final = Settings(Path("policies"))


def _origins(_: click.Context, __: click.Parameter, origins: tuple[str, ...]) -> tuple[str, ...]:
    for text in origins:
        if _ORIGIN.fullmatch(text) is None:
            raise click.BadParameter(
                f"`{text}` is not an origin; write scheme, host and port alone, such as "
                "https://portal.example or http://localhost:3000"
            )
    return origins


def _setting(flag: str, name: str, type_: click.ParamType[Any], text: str) -> Callable[[F], F]:
    """An option for a field of `Settings` or `Limits`, with its default."""
    default = getattr(_DEFAULTS if hasattr(_DEFAULTS, name) else _DEFAULTS.limits, name)
    return click.option(flag, name, type=type_, default=default, show_default=True, help=text)


_COUNT: Final = click.IntRange(1)
_BYTES: Final = click.IntRange(1024)
_SECONDS: Final = click.FloatRange(0.1)
_LINES: Final = click.IntRange(1, _DEFAULTS.limits.lines)


@click.command("serve")
@click.option(
    "--policies",
    "source",
    type=click.Path(path_type=Path),
    default=Path("policies"),
    envvar="PAYER_POLICIES",
    show_default=True,
    help="A folder of policies, a signed bundle, or a folder of bundles (or set PAYER_POLICIES). "
    "It is watched: a change that passes its checks comes into force, any other changes nothing.",
)
@click.option(
    "--trust",
    "trusted",
    multiple=True,
    type=_FILE,
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
    type=_FILE,
    help="Keep the highest sequence here, so that no older bundle is deployed after a restart; "
    "needs --trust.",
)
@listening.host
@listening.port
@click.option(
    "--keys",
    type=_FILE,
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
@_setting(
    "--audit-keeps",
    "audit_keeps",
    click.Choice(["request", "hash"]),
    "Keep the whole request, or only its hash. Facts are kept in any case.",
)
@click.option(
    "--heads",
    type=_FILE,
    help="Append signed heads of the audit record to this file; needs --heads-key.",
)
@click.option(
    "--heads-key",
    type=_FILE,
    help="The private key (PEM) that signs them, from `payer-policy bundle keygen`.",
)
@_setting(
    "--heads-every",
    "heads_seconds",
    _SECONDS,
    "Seconds between two heads; an unchanged head is not signed again.",
)
@_setting("--workers", "workers", click.IntRange(1, 64), "Processes.")
@listening.tls_certificate
@listening.tls_key
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    callback=_origins,
    help="Web pages of this origin may call from a browser (CORS), as CDS Hooks requires; repeatable.",
)
@click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="A name accepted in the Host header, in addition to those of this machine; repeatable. "
    "Without it, and with keys, any name.",
)
@_setting("--max-body", "body_bytes", _BYTES, "Bytes of a body with one request.")
@_setting("--max-batch-body", "batch_bytes", _BYTES, "Bytes of a body with many requests.")
@_setting("--max-batch", "batch_requests", _COUNT, "Requests in one body.")
@_setting("--max-lines", "lines", _LINES, "Lines of one claim.")
@_setting("--max-seconds", "seconds", _SECONDS, "For a body to arrive, and again for its answer.")
@_setting(
    "--max-waiting",
    "waiting",
    _COUNT,
    "Requests waiting for their answer, per process; more get 503 with Retry-After.",
)
@_setting(
    "--max-connections",
    "connections",
    click.IntRange(8),
    "Open connections, per process; fewer if it cannot open that many files (ulimit -n).",
)
@_setting("--header-seconds", "header_seconds", _SECONDS, "For the headers of a request to arrive.")
@_setting("--write-seconds", "write_seconds", _SECONDS, "For the audit record to accept an answer.")
@_setting(
    "--poll",
    "poll_seconds",
    click.FloatRange(0.05),
    "Seconds between checks of the policies and keys for changes.",
)
@_setting(
    "--stop-seconds",
    "stop_seconds",
    click.IntRange(0),
    "For requests in flight to finish after the signal to stop.",
)
@options.engine("compiled")
def command(*, no_keys: bool, no_audit: bool, **chosen: Any) -> None:
    """Serve decisions, requirements, explanations and policies over HTTP.

    Stop with SIGTERM or SIGINT: requests in flight finish, and their answers are in the record.
    """
    options.need_policies(chosen["source"], "name a folder or a signed bundle with --policies")
    if missing := [name for name in _NEEDS if find_spec(name) is None]:
        raise click.UsageError(
            f"serving needs {', '.join(missing)}; to install: pip install 'payer-policy[serve]'"
        )
    settings = _settings(chosen)
    if (settings.keys is None) != no_keys:
        raise click.UsageError(
            "give --keys FILE (`payer-policy keys new FILE NAME` makes one), or --no-keys to answer "
            "everybody on this machine"
        )
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise click.UsageError("--tls-certificate and --tls-key go together")
    sequenced = settings.minimum_sequence is not None or settings.sequence_file is not None
    if sequenced and not settings.trusted:
        raise click.UsageError(
            "--minimum-sequence and --sequence-file need --trust PUBLIC.pem: only signed bundles have "
            "a sequence"
        )
    if (settings.heads is None) != (settings.heads_key is None):
        raise click.UsageError("--heads and --heads-key go together")
    if no_audit:
        if settings.heads is not None:
            raise click.UsageError("--no-audit leaves no head to sign; leave --heads out")
        settings = replace(settings, audit=None)
    options.engine_or_default(settings.engine)
    from payer_policy.audit import AuditError
    from payer_policy.engines.protocol import EngineUnavailable
    from payer_policy.service.serving import Unsafe, serve

    try:
        serve(settings)
    except (Unsafe, KeysUnreadable, AuditError, EngineUnavailable) as error:
        raise click.UsageError(str(error)) from None
    sys.exit(0)


def _settings(chosen: dict[str, Any]) -> Settings:
    """The settings of all options, which have the names of its fields and those of its limits."""
    limits = {one.name: chosen.pop(one.name) for one in fields(Limits) if one.name in chosen}
    return Settings(**chosen, limits=Limits(**limits))
