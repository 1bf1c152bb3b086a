"""Speech models on this computer: which are known, which are here, and how they come."""
