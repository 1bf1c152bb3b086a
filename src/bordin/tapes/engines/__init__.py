"""Engines: who spoke when, and what was said. One a file, behind two small protocols."""
