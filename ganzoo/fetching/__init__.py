"""Download images from a list of URLs."""
