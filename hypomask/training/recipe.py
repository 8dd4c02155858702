"""Which numbers this version of the training gives."""

from __future__ import annotations

__all__ = ["RECIPE"]

RECIPE = 2
"""One more whenever the same study and seed are trained to other models, however little they differ: a run that
was begun with one recipe is not gone on with under another.

1
    The network is fitted to what the additive part leaves of the phenotype.
2
    It is fitted to what the additive part leaves of its features, too (partial residuals).
"""
