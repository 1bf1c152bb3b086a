"""Verbs on speech models."""
