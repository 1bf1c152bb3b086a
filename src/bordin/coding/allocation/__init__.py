"""Who codes what in which order: at random, balanced, the same again from its seed."""
