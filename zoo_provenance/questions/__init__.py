"""One module a question: a connection in, answers that nobody changes out."""
