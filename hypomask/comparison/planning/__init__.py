"""How many samples would tell the hypotheses apart, and what a budget of trainings should be spent on; no files."""
