"""From out-of-fold losses to a verdict.

`compare.compare_losses` is the whole procedure; read it first. Each statistic has its own file: `paired` (corrected
effects), `multiplicity` (Holm, max-t), `confidence_set`, `equivalence`, `null_test`, `stacking`, `selection`. The rules
and their words are in `verdict`, `reasons`, `hypothesis_verdict`; the answer's types in `result`.
"""
