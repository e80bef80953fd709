"""The training step, and all that it needs to be exact."""
