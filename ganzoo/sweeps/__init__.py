"""Runs that differ in a few settings, in one folder."""
