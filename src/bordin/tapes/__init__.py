"""Tapes: from a recording to who spoke when, and what was said, without leaving the machine."""
