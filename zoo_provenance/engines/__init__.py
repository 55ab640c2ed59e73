"""The engines beyond one file: an export as Parquet, and the same questions answered from it."""
