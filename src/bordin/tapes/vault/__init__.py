"""Where the tapes of a study lie: sealed files, their keys, what is added and what is forgotten."""
