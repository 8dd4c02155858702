"""From out-of-fold losses to a verdict: paired tests, null tests, confidence set, equivalence, words."""
