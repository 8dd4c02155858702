"""What happens to a phenotype when genes, edges or groups are gone, by the models that a comparison trained.

Interventions and their formulas are in docs/KNOCKOUT.md. Start at `scan`.
"""
