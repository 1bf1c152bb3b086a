"""``python -m bordin``."""

from bordin.cli import run

run()
