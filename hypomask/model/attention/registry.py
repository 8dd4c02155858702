"""The back ends of the attention operator, and what one has to be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from hypomask.model.attention.layout import LayerLayout

__all__ = ["BACK_ENDS", "BackEnd", "register"]


class BackEnd(ABC):
    """One way to compute masked attention. All ways give the same numbers, gradients included, within rounding.

    A back end knows patterns and edge biases. Hypotheses, relations and priors were turned into those by the layout.
    """

    name: ClassVar[str]

    def unavailable(self, device: torch.device) -> str | None:
        """Return why this back end cannot run on `device`, None when it can."""
        return None

    @abstractmethod
    def attend(
        self,
        q_BHND: Tensor,
        k_BHND: Tensor,
        v_BHND: Tensor,
        layout: LayerLayout,
        bias_HE: Tensor | None,
        dropout_p: float,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Return the attended values, (B, H, N, D).

        Parameters
        ----------
        bias_HE
            (H, E) or (1, E), added to the logits of the pattern's entries; gradients must reach it.
        dropout_p
            Probability with which an attention weight is dropped, drawn from `generator`.
        """


BACK_ENDS: dict[str, BackEnd] = {}


def register(back_end: type[BackEnd]) -> type[BackEnd]:
    """Class decorator: add one instance to `BACK_ENDS` under its name."""
    BACK_ENDS[back_end.name] = back_end()
    return back_end
