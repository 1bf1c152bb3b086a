"""Tapes: from a recording to who spoke when, and what was said, without leaving the machine."""

from bordin.tapes.closed_network import mute

# Some speech libraries report their use. They read these settings when they are first imported.
mute()
