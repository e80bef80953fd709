"""Files that are read by ranges of bytes: on this machine, or at an address of a network."""
