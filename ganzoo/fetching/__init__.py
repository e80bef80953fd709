"""Pictures from lists of addresses."""
