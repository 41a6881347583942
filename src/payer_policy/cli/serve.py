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
from payer_policy.core.declared import documented
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


def _setting(name: str, flag: str, kind: click.ParamType[Any], **more: Any) -> Callable[[F], F]:
    """The option for a field of `Settings` or `Limits`, with its text and its default.

    Args:
        name: The field.
        flag: The option.
        kind: The type of its value.
        more: Other arguments of the option.
    """
    owner = _DEFAULTS if hasattr(_DEFAULTS, name) else _DEFAULTS.limits
    cls: type = type(owner)
    text = documented(cls)[name]
    if variable := more.get("envvar"):
        text += f" Or set {variable}."
    default = getattr(owner, name)
    if isinstance(default, tuple):
        more["multiple"] = True
    else:
        more = {"default": default, "show_default": True, **more}
    return click.option(flag, name, type=kind, help=text, **more)


_COUNT: Final = click.IntRange(1)
_BYTES: Final = click.IntRange(1024)
_SECONDS: Final = click.FloatRange(0.1)
_NUMBER: Final = click.IntRange(0)
_LINES: Final = click.IntRange(1, _DEFAULTS.limits.lines)
_SEQUENCE_VARIABLE: Final = "PAYER_POLICY_MINIMUM_SEQUENCE"
_AUDIT: Final = {"default": "payer-policy-audit.sqlite", "envvar": "PAYER_POLICY_AUDIT"}


@click.command("serve")
@_setting("source", "--policies", options.PATH, envvar="PAYER_POLICIES")
@_setting("trusted", "--trust", _FILE)
@_setting("minimum_sequence", "--minimum-sequence", _NUMBER, metavar="N", envvar=_SEQUENCE_VARIABLE)
@_setting("sequence_file", "--sequence-file", _FILE)
@listening.host
@listening.port
@_setting("keys", "--keys", _FILE, envvar="PAYER_POLICY_KEYS")
@click.option("--no-keys", is_flag=True, help="Answer everybody; on the loopback interface only.")
@_setting("audit", "--audit", click.STRING, **_AUDIT)
@click.option("--no-audit", is_flag=True, help="Record nothing.")
@_setting("audit_keeps", "--audit-keeps", click.Choice(["request", "hash"]))
@_setting("heads", "--heads", _FILE)
@_setting("heads_key", "--heads-key", _FILE)
@_setting("heads_seconds", "--heads-every", _SECONDS)
@_setting("workers", "--workers", click.IntRange(1, 64))
@listening.tls_certificate
@listening.tls_key
@_setting("origins", "--origin", click.STRING, metavar="URL", callback=_origins)
@_setting("host_names", "--host-name", click.STRING, metavar="NAME")
@_setting("body_bytes", "--max-body", _BYTES)
@_setting("batch_bytes", "--max-batch-body", _BYTES)
@_setting("batch_requests", "--max-batch", _COUNT)
@_setting("lines", "--max-lines", _LINES)
@_setting("seconds", "--max-seconds", _SECONDS)
@_setting("waiting", "--max-waiting", _COUNT)
@_setting("connections", "--max-connections", click.IntRange(8))
@_setting("header_seconds", "--header-seconds", _SECONDS)
@_setting("write_seconds", "--write-seconds", _SECONDS)
@_setting("poll_seconds", "--poll", click.FloatRange(0.05))
@_setting("stop_seconds", "--stop-seconds", _NUMBER)
@options.engine(_DEFAULTS.engine)
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
