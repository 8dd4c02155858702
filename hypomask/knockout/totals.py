"""Where the changes of touched tokens go: into one sum per intervention, or one per token."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from hypomask.knockout.graph import Index, find

__all__ = ["PerItem", "PerToken", "Totals"]


class Totals(Protocol):
    """Takes what tokens add to the linear predictor after an intervention less what they added before."""

    def add(self, item: Index, token: Index, change_RKB: Tensor) -> None:
        """Take the changes of R tokens; a token may come again in another layer."""


class PerItem:
    """Sums over the tokens of each intervention: its effect.

    Parameters
    ----------
    effect_IKB
        Zeros at first.
    """

    def __init__(self, effect_IKB: Tensor) -> None:
        self.effect_IKB = effect_IKB

    def add(self, item: Index, token: Index, change_RKB: Tensor) -> None:
        """See `Totals.add`."""
        self.effect_IKB.index_add_(0, torch.from_numpy(item), change_RKB)


class PerToken:
    """Sums over the layers of each token, of a single intervention: the path of its effect.

    Parameters
    ----------
    tokens
        All that are touched, ascending.
    change_TKB
        Zeros at first.
    """

    def __init__(self, tokens: Index, change_TKB: Tensor) -> None:
        self.tokens, self.change_TKB = tokens, change_TKB

    def add(self, item: Index, token: Index, change_RKB: Tensor) -> None:
        """See `Totals.add`."""
        self.change_TKB.index_add_(0, torch.from_numpy(find(self.tokens, token)), change_RKB)
