"""One module a question: a connection in, frozen dataclasses out."""
