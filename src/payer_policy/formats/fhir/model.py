"""What reading a FHIR claim gives beside the request: all that an answer must echo, as plain JSON.

An inquiry is answered months later from what was stored, so `Asked` reads back from its JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.formats.intake import Intake

Use = Literal["claim", "preauthorization", "predetermination"]
SCHEMA = "payer-policy/fhir-asked/1"


class NotAsked(PayerPolicyError, ValueError):
    """A document is not what `Asked.to_json` wrote."""


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One item of a claim. `code` is the one that policies are looked up by."""

    sequence: int
    """`Claim.item.sequence`: the number of the line."""
    code: str | None
    """The code that policies are looked up by (HCPCS or CPT); None: there is none."""
    product: Mapping[str, Any] | None = None
    """Its `productOrService`, as sent."""
    modifiers: tuple[Mapping[str, Any], ...] = ()
    """Its `modifier` elements, as sent."""
    first_day: str | None = None
    """The first day of service (YYYY-MM-DD); None: not given."""
    last_day: str | None = None
    """The last day of service (YYYY-MM-DD); None: not given."""
    trace: tuple[Mapping[str, Any], ...] = ()
    """The trace numbers that the submitter gave it, to come back."""
    authorization_number: str | None = None
    """The number of an earlier authorization that it names."""
    cancelled: bool = False
    """Whether the item was canceled (PAS `infoCancelled`)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a claim asked, and of whom: identifiers, references and resources to echo.

    The member's number, the provider's NPIs and the codes are here again, since an inquiry is held
    to them.
    """

    use: Use = "claim"
    """`Claim.use`."""
    reference: str | None = None
    """The claim's own address, for `ClaimResponse.request`."""
    claim_id: str | None = None
    """The claim number, as decisions name it."""
    identifiers: tuple[Mapping[str, Any], ...] = ()
    """`Claim.identifier`, as sent."""
    type: Mapping[str, Any] | None = None
    """`Claim.type`, as sent."""
    created: str | None = None
    """`Claim.created`, as sent."""
    priority: str | None = None
    """The code of `Claim.priority`."""
    cancelled: bool = False
    """Whether the whole claim was canceled."""
    patient: Mapping[str, Any] | None = None
    """The reference to the patient, to echo."""
    insurer: Mapping[str, Any] | None = None
    """The reference to the insurer, to echo."""
    requestor: Mapping[str, Any] | None = None
    """The reference to the provider, to echo."""
    member_id: str | None = None
    """The member's number at the payer. Member data."""
    payer: str | None = None
    """The payer's identifier, as the request names it."""
    changes: str | None = None
    """The number of the earlier request that this one changes."""
    authorization_number: str | None = None
    """The number that `insurance.preAuthRef` names."""
    npis: tuple[str, ...] = ()
    """The NPIs of the providers, 10 digits each."""
    items: tuple[AskedItem, ...] = ()
    """The items in their order."""
    contained: tuple[Mapping[str, Any], ...] = ()
    """Those of patient, insurer and requestor that stand inside of the claim."""
    resources: tuple[Mapping[str, Any], ...] = ()
    """Entries (`fullUrl`, `resource`) of patient, insurer and requestor, for the answer's bundle."""

    def to_json(self) -> dict[str, Any]:
        """As JSON that `from_json` reads back."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` wrote.

        Raises:
            NotAsked: It is something else.
        """
        if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
            raise NotAsked(f"a document of {SCHEMA} was expected")
        values = _frozen({key: value for key, value in document.items() if key != "schema"})
        items = tuple(AskedItem(**_frozen(item)) for item in values.pop("items", ()))
        return cls(**values, items=items)


def _frozen(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(one) if isinstance(one, list) else one for key, one in members.items()}


@dataclass(frozen=True, slots=True)
class Submission:
    """One FHIR claim: its `Intake`, as of any other format, and what an answer echoes.

    `asked` is there also where the claim could not be read, as far as it could.
    """

    intake: Intake
    """The claim as a request, or what is wrong with it."""
    asked: Asked
    """What an answer has to echo."""
    bundled: bool = False
    """Whether it came in a Bundle, so that it is answered in one."""
