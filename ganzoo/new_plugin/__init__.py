"""Writes a new plugin: a complete package with one component, from templates."""
