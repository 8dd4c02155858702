"""Cohorts: reading them, checking them, splitting them into folds, standardising a fold, simulating them."""
