"""Kinds of phenotype: what is predicted of each, by which loss, and how a linear predictor becomes a prediction.

One file per family (`classes`, `continuous`, `counts`, `survival`); `registry.family_of` picks one. Pure numpy: neither
measurements nor networks are known here.
"""
