"""The shapes of CDS Hooks that are read: a hook's call, and feedback on cards (CDS Hooks 2.0).

The access token of a call is never kept: nothing is fetched with it, and nothing may log it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

CONFIGURATION: Final = "davinci-crd.configuration"
VERSION: Final = "davinci-crd.version"
CONFIGURATION_OPTIONS: Final = "davinci-crd.configuration-options"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, defer_build=True)


class Call(_Part, title="the call of a service"):
    """The body of a call of a service."""

    hook: str = Field(min_length=1, max_length=100)
    hookInstance: str = Field(min_length=1, max_length=200)  # noqa: N815 (the name is the standard's)
    context: dict[str, Any]
    prefetch: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None


class OverrideReason(_Part, title="`overrideReason`"):
    """Why a card was overridden."""

    reason: dict[str, Any] | None = None
    userComment: str | None = Field(default=None, max_length=4000)  # noqa: N815


class Feedback(_Part, title="the feedback on a card"):
    """What became of one card."""

    card: str = Field(min_length=1, max_length=200)
    """The `uuid` of the card."""
    outcome: Literal["accepted", "overridden"]
    """`accepted` or `overridden`."""
    outcomeTimestamp: str | None = None  # noqa: N815
    """When, as the client says it (ISO 8601)."""
    acceptedSuggestions: list[dict[str, Any]] | None = None  # noqa: N815
    """The suggestions that were taken, as sent."""
    overrideReason: OverrideReason | None = None  # noqa: N815
    """Why the card was overridden; None: not given."""


class FeedbackBody(_Part, title="the feedback"):
    """The body of a call of `/cds-services/{id}/feedback`."""

    feedback: list[Feedback] = Field(min_length=1, max_length=1000)
