"""`python -m stockade.cli`: the same as `stockade`."""

import sys

from stockade.cli import main

sys.exit(main())
