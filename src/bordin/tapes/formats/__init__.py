"""Interchange: transcripts, tiers and turns as other programs write and read them. One format a file."""
