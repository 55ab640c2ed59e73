"""Answers as documents: one renderer for table, plain, json, jsonl, csv and md."""
