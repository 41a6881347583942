"""Files of millions of claims: read as a stream, decided, and written as a Parquet dataset."""
