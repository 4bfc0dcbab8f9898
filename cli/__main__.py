"""`python -m cli` is `concert`."""

import sys

from cli.main import main

sys.exit(main())
