"""FHIR, CDS Hooks and X12 over HTTP: what is asked and answered, and what of it is recorded."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from payer_policy.x12_out import read_reviews
from tests.service.conftest import ROOT, Serve, Served

FHIR = ROOT / "tests" / "fhir"
CDS = ROOT / "tests" / "cds_hooks" / "samples"
