"""The query of each rule of the check: one statement, whatever the size of the database."""
