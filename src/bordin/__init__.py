"""From therapy tape to table: software for psychotherapy-process research."""

__version__ = "0.1.0"
