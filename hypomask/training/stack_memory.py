"""What models hold of a GPU's memory while they are trained in a stack, from their sizes. Knows nothing of torch.

The numbers of tensors are those that `tests/training/test_stack_memory.py` counts in a step; libraries' own memory and
what is lost between blocks come on top.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ModelSizes"]

BYTES = 4  # of a float32

# (batch, tokens, width) tensors that are held when a step's backward pass begins to give some back: counted.
STATES, STATES_OF_LAYER = 2.5, 10.5
ROWS_OF_LAYER = 3  # (batch, heads, tokens) tensors: largest logit, inverse of the sum, and the gradient along it

# Of all parameters: in the model, as it began, in the stack, at the best epoch, the gradient twice, and two moments.
COPIES_OF_PARAMETERS = 8
BYTES_OF_ENTRY = 80  # of a layer's pattern: by query and by key, of the model and of the stack
MATRICES_OF_LAYER = 8  # (width, width) parameters
STATES_WITHOUT_GRADIENT = 8.0  # held in a pass forward alone


@dataclass(frozen=True)
class ModelSizes:
    """Sizes of a model of a stack.

    Parameters
    ----------
    genes, tokens, channels, outputs
        G, N (gene and group tokens), C and K.
    entries
        Edges and diagonal of its layers' patterns, those that layers share counted once.
    batch
        Samples of a step.
    """

    genes: int
    tokens: int
    channels: int
    outputs: int
    entries: int
    width: int
    heads: int
    layers: int
    batch: int

    @property
    def parameters(self) -> int:
        """P: values of all parameters."""
        by_gene = self.channels * self.width + self.layers * self.width * self.outputs
        by_layer = MATRICES_OF_LAYER * self.width**2 + self.heads
        return self.tokens * self.width + self.genes * by_gene + self.outputs + self.layers * by_layer

    @property
    def bytes_of_step(self) -> float:
        """The most that a step holds besides what stays."""
        states = STATES + STATES_OF_LAYER * self.layers
        by_token = states * self.width + ROWS_OF_LAYER * self.layers * self.heads + 2 * self.channels
        return BYTES * self.batch * self.tokens * by_token

    @property
    def bytes_that_stay(self) -> float:
        """Parameters, the optimiser's state and patterns."""
        return BYTES * COPIES_OF_PARAMETERS * self.parameters + BYTES_OF_ENTRY * self.entries

    def bytes_of_samples(self, n: int) -> float:
        """Samples of a job, its own and beside those of the stack's other jobs; replicates share them."""
        return 2.0 * BYTES * n * self.genes * self.channels

    def bytes_forward(self, n: int) -> float:
        """The most that a pass forward alone holds for `n` samples."""
        return BYTES * STATES_WITHOUT_GRADIENT * n * self.tokens * self.width
