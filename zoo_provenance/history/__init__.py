"""The history: batches and their changes, verified, taken back, and looked at as of any moment."""
