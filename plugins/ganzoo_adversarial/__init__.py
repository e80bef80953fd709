"""Placeholder until this plugin is written."""
