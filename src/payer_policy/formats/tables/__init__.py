"""Tables of claims: CSV and Parquet, a row a service (facts) or a row a claim line."""
