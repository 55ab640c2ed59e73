"""Where a zoo's animals came from, and who says so."""

__version__ = "0.1.0"
