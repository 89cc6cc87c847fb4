"""The benches of the doors stand beside their own tests; the threats come to all doors."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / folder) for folder in ("desk/policy", "web/approvals", "protocol", "commands")]
