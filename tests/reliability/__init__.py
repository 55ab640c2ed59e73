"""Harnesses: commands that are killed, and readers and writers that race."""
