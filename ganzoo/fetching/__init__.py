"""Images from lists of addresses."""
