"""A trained generator as a file that other programs read."""
