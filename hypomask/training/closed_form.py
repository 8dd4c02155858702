"""The start of training: the readout that is best for the transformer's initial values, in closed form.

A readout that starts at zero lets gradients first amplify whatever few random features fit the noise; ridge regression
on the final tokens starts where a kernel machine ends, at the cost of about one epoch. Measured on 60 genes, 120 edges
and 2,400 samples: test loss 0.44 after it, 0.52 after 20 epochs of AdamW alone; ridge on the true products 0.44.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.model.attention import LayerLayout
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.training.closed_form_size import FEWEST_ROWS, affordable_samples
from hypomask.training.penalised import RidgePath
from hypomask.training.streamed_tensor import Loaded, StreamedTensor, part_by_part

__all__ = ["READOUT_PENALTIES", "TokenFeatures", "affordable_rows", "set_readout", "token_features"]

Float = npt.NDArray[np.float64]

# Directions of a token's features with less than this share of the variance of its largest one are rounding error:
# a token that hears one neighbour has one direction, however wide it is.
NEGLIGIBLE = 1e-6

SAMPLES_AT_ONCE = 1024
STREAMED_VALUES = 20_000_000  # of final tokens held at once where samples are streamed
# Values of the columns that are kept of such samples, theirs or the additive part's (160 MB); with two replicates, what
# is left of their columns, and what turns the additive part's share, it is some fifteen times as much.
STREAMED_START = 20_000_000

# Reaches further down than the additive part's: features of hubs are spread over directions of little variance.
READOUT_PENALTIES: Float = np.logspace(1.0, -6.0, 15)


@dataclass(frozen=True, eq=False)
class TokenFeatures:
    """Final tokens of many samples in as few columns as they span.

    Parameters
    ----------
    values_BJ
        (B, J) float64, on the model's device.
    token, direction_JF
        (J,) gene token of each column, and (J, F) its direction in the token's features.
    """

    values_BJ: Tensor
    token: npt.NDArray[np.int64]
    direction_JF: Float

    def at(self, rows: npt.NDArray[np.int64]) -> Tensor:
        """Return the values of samples at positions `rows`."""
        return self.values_BJ[torch.from_numpy(rows).to(self.values_BJ.device)]

    def without(self, taken_BJ: Tensor) -> TokenFeatures:
        """Return what is left of the columns."""
        return replace(self, values_BJ=self.values_BJ - taken_BJ)


def affordable_rows(
    model: MaskedGeneTransformer, x_BGC: Loaded, layouts: Sequence[LayerLayout], seed: int, columns_beside: int = 0
) -> npt.NDArray[np.int64]:
    """Return the samples to start from, in order: all of them, or as many, drawn at random, as can be afforded.

    Parameters
    ----------
    columns_beside
        Of the additive part, which are held of the same samples.
    """
    n, values = len(x_BGC), model.readout_GFK.shape[0] * model.readout_GFK.shape[1]
    columns, is_streamed = values, isinstance(x_BGC, StreamedTensor)
    if affordable_samples(n, columns, values) < n or is_streamed:
        # How many directions tokens span is seen in few samples, if in more than a token has features.
        few = token_features(model, x_BGC[: 2 * model.readout_GFK.shape[1] + 2], layouts)
        columns = max(few.values_BJ.shape[1], 1)
    affordable = affordable_samples(n, columns, values)
    if is_streamed:
        affordable = min(affordable, max(FEWEST_ROWS, STREAMED_START // max(columns, columns_beside)))
    if affordable == n:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, affordable, replace=False))


@torch.no_grad()
def token_features(model: MaskedGeneTransformer, x_BGC: Loaded, layouts: Sequence[LayerLayout]) -> TokenFeatures:
    """Return the final tokens of all samples. The rotation is orthogonal within a token: ridge does not notice it."""
    if isinstance(x_BGC, StreamedTensor):
        return _streamed_token_features(model, x_BGC, layouts)
    final_BGF = torch.cat([model.final_tokens(part, layouts) for part in torch.split(x_BGC, SAMPLES_AT_ONCE)])
    centred_GBF = (final_BGF - final_BGF.mean(0)).transpose(0, 1)
    variance_GF, basis_GFF = torch.linalg.eigh((centred_GBF.mT @ centred_GBF).double())
    keep_GF = _kept(variance_GF)
    token, which = keep_GF.nonzero(as_tuple=True)
    direction_JF = basis_GFF.transpose(1, 2)[keep_GF].cpu().numpy()
    rotated_BGF = torch.einsum("bgf,gfd->bgd", final_BGF, basis_GFF.to(final_BGF.dtype))
    return TokenFeatures(rotated_BGF[:, token, which].double(), token.cpu().numpy(), direction_JF)


def _kept(variance_GF: Tensor) -> Tensor:
    return variance_GF > torch.clamp(variance_GF[:, -1:], min=1e-9) * NEGLIGIBLE


def _streamed_token_features(
    model: MaskedGeneTransformer, x_BGC: StreamedTensor, layouts: Sequence[LayerLayout]
) -> TokenFeatures:
    """Return the same in two passes, so that no more is held than the columns that are kept."""
    n, n_genes, width = len(x_BGC), *model.readout_GFK.shape[:2]
    sum_GF = model.readout_GFK.new_zeros(n_genes, width, dtype=torch.float64)
    gram_GFF = sum_GF.new_zeros(n_genes, width, width)
    size = int(np.clip(STREAMED_VALUES // (n_genes * width), 1, SAMPLES_AT_ONCE))
    for part in part_by_part(x_BGC, size):
        final_GBF = model.final_tokens(part, layouts).transpose(0, 1).double()
        sum_GF += final_GBF.sum(1)
        gram_GFF += final_GBF.mT @ final_GBF
    gram_GFF -= sum_GF[:, :, None] * sum_GF[:, None, :] / n
    variance_GF, basis_GFF = torch.linalg.eigh(gram_GFF)
    keep_GF = _kept(variance_GF)
    token, which = keep_GF.nonzero(as_tuple=True)
    values_BJ = sum_GF.new_empty(n, len(token))
    for number, part in enumerate(part_by_part(x_BGC, size)):
        rotated_BGF = torch.einsum("bgf,gfd->bgd", model.final_tokens(part, layouts).double(), basis_GFF)
        values_BJ[number * size : number * size + len(part)] = rotated_BGF[:, token, which]
    direction_JF = basis_GFF.transpose(1, 2)[keep_GF].cpu().numpy()
    return TokenFeatures(values_BJ, token.cpu().numpy(), direction_JF)


@torch.no_grad()
def set_readout(model: MaskedGeneTransformer, features: TokenFeatures, path: RidgePath, position: int) -> None:
    """Give the model the readout of the path's penalty at `position`."""
    readout_GFK = np.zeros(tuple(model.readout_GFK.shape))
    contribution_JFK = features.direction_JF[:, :, None] * path.coefficients_PJK[position][:, None, :]
    np.add.at(readout_GFK, features.token, contribution_JFK)
    model.readout_GFK.copy_(torch.from_numpy(readout_GFK))
    model.intercept_K.copy_(torch.from_numpy(path.intercept_PK[position]))
