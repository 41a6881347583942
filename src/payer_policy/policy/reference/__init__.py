"""Dated reference data that policies lean on: code sets, reason codes, drugs, products, payers."""

from payer_policy.policy.reference.data import (
    CodeSet,
    Dated,
    Drug,
    DrugIdentity,
    LineCodes,
    Payer,
    Product,
    ReasonCode,
    ReferenceData,
)

__all__ = [
    "CodeSet",
    "Dated",
    "Drug",
    "DrugIdentity",
    "LineCodes",
    "Payer",
    "Product",
    "ReasonCode",
    "ReferenceData",
]
