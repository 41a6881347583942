"""One spelling for each code, whatever a biller typed: case, blanks, dots and hyphens.

Only the spelling is settled here. Whether a code exists, and on which dates, is data in `policies/`.
"""

from __future__ import annotations

import re
from typing import Final

SYSTEMS: Final = (
    "hcpcs",
    "icd10cm",
    "ndc",
    "modifier",
    "place_of_service",
    "npi",
    "revenue",
    "identifier",
)
"""Code systems with a spelling rule. HCPCS stands for both its levels."""

_ICD10CM = re.compile(r"[A-Z]\d[0-9A-Z]{1,5}\Z", re.ASCII)
_NDC_PARTS: Final = {(4, 4, 2), (5, 3, 2), (5, 4, 1), (5, 4, 2)}


def normalise_code(system: str | None, text: str) -> str:
    """The one spelling of a code; a text that is no such code comes back trimmed, in capitals.

    >>> normalise_code("icd10cm", " g35a ")
    'G35.A'
    >>> normalise_code("ndc", "66794-157-02")
    '66794015702'
    """
    if system is None or system == "identifier":
        return text.strip()
    code = text.strip().upper()
    if system == "icd10cm":
        bare = code.replace(".", "").replace(" ", "")
        if _ICD10CM.match(bare):
            return bare if len(bare) == 3 else f"{bare[:3]}.{bare[3:]}"
        return code
    if system == "ndc":
        return _ndc11(code) or code
    if system == "place_of_service" and code.isdigit():
        return code.zfill(2)
    return code


def _ndc11(code: str) -> str | None:
    """The 11-digit billing form: each part padded with zeros to 5-4-2 (domain: products).

    Ten digits without hyphens could be padded in three places, so they are left alone.
    """
    parts = code.split("-")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        # Labels sometimes print a package part of one digit with a 4-digit product part; padding
        # to the widths is right for each published layout.
        if tuple(len(part) for part in parts) in _NDC_PARTS:
            return parts[0].zfill(5) + parts[1].zfill(4) + parts[2].zfill(2)
        return None
    bare = code.replace(" ", "")
    return bare if len(bare) == 11 and bare.isdigit() else None
