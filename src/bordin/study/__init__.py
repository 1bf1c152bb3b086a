"""A study: its protocol, its records, its analysis; nothing here knows how a report looks."""
