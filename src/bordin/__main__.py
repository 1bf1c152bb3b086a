"""``python -m bordin``."""

import sys

from bordin.cli import main

sys.exit(main())
