"""From a mask and samples to a fitted model: additive part, closed-form start, fine-tuning, shrinkage."""
