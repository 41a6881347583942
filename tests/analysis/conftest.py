"""The feature files under `data/` are what these tests are about, not tests of their own."""

collect_ignore = ["data"]
