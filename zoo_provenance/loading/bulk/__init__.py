"""The second door: tables in bulk, streamed, checked set by set, applied set by set."""
