"""Decisions taken by command: what is one, what is chosen, what is judged wrong."""
