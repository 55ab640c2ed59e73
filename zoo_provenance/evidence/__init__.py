"""Comparing rivals, concluding from claims, counting independent origins."""
