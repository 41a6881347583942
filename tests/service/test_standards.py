"""FHIR, CDS Hooks and X12 over HTTP: what is asked and answered, and what of it is recorded."""

from __future__ import annotations

from tests.service.conftest import ROOT

FHIR = ROOT / "tests" / "fhir"
CDS = ROOT / "tests" / "cds_hooks" / "samples"
