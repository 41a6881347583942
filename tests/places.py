"""Where the files of this repository are that tests read."""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
POLICIES = ROOT / "policies"
EXAMPLES = ROOT / "examples"
