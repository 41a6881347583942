"""Facts held in columns (Polars), for millions of rows: how they are stored, tested and combined."""
