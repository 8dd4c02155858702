"""The back ends of the attention operator, and what one has to be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from hypomask.model.attention.layout import LayerLayout

__all__ = ["BACK_ENDS", "AfterSoftmax", "BackEnd", "register"]


@dataclass(frozen=True)
class AfterSoftmax:
    """What becomes of attention weights between softmax and values. The rest is not scaled up to sum to 1 again.

    Parameters
    ----------
    own_value
        Whether a token's own value is part of what it gets. If not, its own key only draws weight away from others
        (a sink), and a token that may read nothing else gets exactly 0.
    dropout_p, generator
        Probability with which a weight is dropped (the others are divided by ``1 - dropout_p``), and what draws.
    """

    own_value: bool = True
    dropout_p: float = 0.0
    generator: torch.Generator | None = None

    def kept(self, weights: Tensor) -> Tensor:
        """Draw the factors of dropout, in the shape of `weights`."""
        kept = torch.empty_like(weights).bernoulli_(1 - self.dropout_p, generator=self.generator)
        return kept.div_(1 - self.dropout_p)


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
        after: AfterSoftmax,
    ) -> Tensor:
        """Return the attended values, (B, H, N, D).

        Parameters
        ----------
        bias_HE
            (H, E) or (1, E), added to the logits of the pattern's entries; gradients must reach it.
        after
            What becomes of the attention weights before they weigh the values.
        """

    def attend_stacked(
        self, q_MBHND: Tensor, k_MBHND: Tensor, v_MBHND: Tensor, union: LayerLayout, after: AfterSoftmax
    ) -> Tensor:
        """Return the attended values of M models, (M, B, H, N, D), whose tokens are those of `union` one after another.

        Without edge biases and dropout. Here the models' tokens are brought together, which copies; a back end that
        finds them where they lie need not.
        """
        n_models, _, _, n_tokens, _ = q_MBHND.shape
        q, k, v = (x.permute(1, 2, 0, 3, 4).flatten(2, 3) for x in (q_MBHND, k_MBHND, v_MBHND))
        out_BHND = self.attend(q, k, v, union, None, after)
        return out_BHND.reshape(*out_BHND.shape[:2], n_models, n_tokens, -1).permute(2, 0, 1, 3, 4)


BACK_ENDS: dict[str, BackEnd] = {}


def register(back_end: type[BackEnd]) -> type[BackEnd]:
    """Class decorator: add one instance to `BACK_ENDS` under its name."""
    BACK_ENDS[back_end.name] = back_end()
    return back_end
