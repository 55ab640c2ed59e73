"""Data sets, out again as the files they are loaded from."""
