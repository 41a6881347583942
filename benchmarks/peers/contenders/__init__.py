"""One contender a file: `REQUIREMENTS`, `NOTE`, `prepare(claim)` (not timed) and `build(rules)`."""
