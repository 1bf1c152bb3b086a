"""The sound of a recording: decoded, copied for work, drawn, and judged."""
