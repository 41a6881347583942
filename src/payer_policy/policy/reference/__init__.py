"""Dated reference data that policies use: code sets, reason codes, drugs, products, payers."""
