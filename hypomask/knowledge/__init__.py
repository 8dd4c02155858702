"""Hypotheses from files of every kind: documents, edge tables, gene sets. Start at `registry`."""
