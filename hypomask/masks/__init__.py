"""Sparse attention masks: compiled from hypotheses, references, null masks, algebra, storage, summaries."""
