"""Accuracy of a transcript: held against one that a person corrected."""
