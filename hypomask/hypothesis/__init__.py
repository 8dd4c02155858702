"""Hypotheses as documents and typed graphs.

Start at `graph` (what a hypothesis is) and `document` (how one is read).
"""
