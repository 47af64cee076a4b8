"""`python -m daybook`."""

import sys

from daybook.server.main import main

sys.exit(main())
