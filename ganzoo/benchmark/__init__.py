"""The speed of a run: its parts, its operations, and what the machine reaches at most."""
