"""The training loop, and everything that makes it exactly reproducible."""
