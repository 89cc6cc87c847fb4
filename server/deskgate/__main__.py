"""`python -m deskgate`."""

import sys

from deskgate.cli import main

sys.exit(main())
