"""Coding systems, ratings and codes: what coders look for, what they gave, and the values of a session."""
