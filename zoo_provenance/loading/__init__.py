"""Readers, staging, checks, apply: the one way data enters the database."""
