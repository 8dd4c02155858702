"""Models of a stack in tensors with a leading axis M: what they are now, and a step of training for all of them.

The mathematics are those of one model, run for all by `torch.func.vmap`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from hypomask.model.attention.stacked import stack_layouts
from hypomask.model.losses import loss_function
from hypomask.outcomes.family import Family
from hypomask.training.cuda_graph import Repeated
from hypomask.training.epochs import batches
from hypomask.training.optimiser import StackedAdamW
from hypomask.training.parameter_places import ParameterPlaces
from hypomask.training.streamed_tensor import Loaded, StreamedTensor
from hypomask.training.tuning import Tuning

__all__ = ["SharedRows", "StackedModels", "by_loss"]


class StackedModels:
    """Models that are alike, with their masks, samples and batches side by side.

    A step reads and changes nothing but tensors that stay where they are until `keep` is called, so that it can be
    captured in a CUDA graph.

    Parameters
    ----------
    tunings
        One for each model; those with the same loss next to each other (`by_loss`).
    steps
        How many there will be at least.

    Attributes
    ----------
    values_MP
        Parameters, one row for each model.
    """

    def __init__(self, tunings: Sequence[Tuning], steps: int) -> None:
        first = tunings[0]
        self._tunings = list(tunings)
        self._template = first.model
        self._batch, self._steps_of_epoch = batches(len(first.inside), first.config)
        self._x_BGC = SharedRows([_in_memory(tuning.samples.x_BGC) for tuning in tunings])
        self._offset_BK = SharedRows([tuning.samples.offset_BK for tuning in tunings])
        self._y_B = SharedRows([tuning.samples.y_B for tuning in tunings])
        self._places = ParameterPlaces(first.model)
        self.values_MP = torch.stack([self._places.vector(tuning.model) for tuning in tunings])
        self._optimiser = StackedAdamW(self.values_MP, first.config.weight_decay)
        device = self.values_MP.device
        self._range_B = torch.arange(self._batch, device=device)
        self._taken_1 = torch.zeros(1, dtype=torch.int64, device=device)  # steps, in this epoch
        self._rate_S = self._optimiser.rate.new_zeros(self._steps_of_epoch)
        self._arrange(steps)

    def _arrange(self, steps: int) -> None:
        """Bring together what is derived from who is in the stack."""
        tunings, device = self._tunings, self.values_MP.device
        self._layouts = stack_layouts([tuning.layouts for tuning in tunings])
        self._losses: list[tuple[slice, Callable[[Tensor, Tensor], Tensor]]] = []
        for rows in _runs([tuning.family for tuning in tunings]):
            self._losses.append((rows, loss_function(tunings[rows.start].family, self.values_MP)))
        self._order_MS = torch.zeros(len(tunings), self._steps_of_epoch * self._batch, dtype=torch.int64, device=device)
        self._step = Repeated(self._do_step, device, steps)

    @property
    def how(self) -> str:
        """How steps are taken, in words."""
        return f"stack, {self._step.how}" if self._step.how else "stack"

    @property
    def is_captured(self) -> bool:
        """Whether a step is a CUDA graph, which is lost when a model leaves."""
        return self._step.is_captured

    def keep(self, rows: Sequence[int], steps: int) -> None:
        """Go on with models at positions `rows` alone, for `steps` steps at least."""
        self._tunings = [self._tunings[row] for row in rows]
        kept = torch.tensor(rows, device=self.values_MP.device)
        self.values_MP = self.values_MP[kept]
        self._optimiser.keep(kept, self.values_MP)
        for shared in (self._x_BGC, self._offset_BK, self._y_B):
            shared.keep(kept)
        self._arrange(steps)

    def give(self, values_P: Tensor, model: nn.Module) -> None:
        """Copy a row of `values_MP` into a model."""
        self._places.give(values_P, model)

    def train(self, orders: Sequence[npt.NDArray[np.int64]], rates: Sequence[float]) -> None:
        """Take the steps of an epoch.

        Parameters
        ----------
        orders
            For each model positions of its samples; as many as steps take are used.
        rates
            Learning rates, one for each step.
        """
        used = self._order_MS.shape[1]
        self._order_MS.copy_(torch.from_numpy(np.stack([order[:used] for order in orders])))
        self._rate_S.copy_(torch.tensor(rates, dtype=self._rate_S.dtype))
        self._taken_1.zero_()
        for _ in range(self._steps_of_epoch):
            self._step()

    def _do_step(self) -> None:
        rows_MB = self._order_MS.index_select(1, self._taken_1 * self._batch + self._range_B)
        self._optimiser.rate.copy_(self._rate_S.index_select(0, self._taken_1)[0])
        values_MP = self.values_MP.detach().requires_grad_()
        eta_MBK = self._offset_BK.at(rows_MB) + self._added(values_MP, rows_MB)
        y_MB = self._y_B.at(rows_MB)
        losses = [vmap(loss)(eta_MBK[rows], y_MB[rows]) for rows, loss in self._losses]
        (gradient_MP,) = torch.autograd.grad(torch.cat(losses).sum(), values_MP)
        with torch.no_grad():
            self._optimiser.step(gradient_MP)
            self._taken_1 += 1

    @torch.no_grad()
    def losses(self, samples: Sequence[npt.NDArray[np.int64]]) -> list[float]:
        """Return each model's loss on samples of its own, at least one each, at any positions."""
        places = [torch.from_numpy(positions) for positions in samples]
        # Shorter ones are filled up with what is not looked at; as many at once as in a step of training.
        padded_MB = nn.utils.rnn.pad_sequence(places, batch_first=True).to(self.values_MP.device)
        parts = torch.split(padded_MB, self._batch, dim=1)
        added_MBK = torch.cat([self._added(self.values_MP, rows_MB) for rows_MB in parts], dim=1)
        eta_MBK, y_MB = self._offset_BK.at(padded_MB) + added_MBK, self._y_B.at(padded_MB)
        found = []
        for alike, loss in self._losses:
            sizes = [len(positions) for positions in samples[alike]]
            for rows in _runs(sizes):
                n, rows = sizes[rows.start], slice(alike.start + rows.start, alike.start + rows.stop)
                found.append(vmap(loss)(eta_MBK[rows, :n], y_MB[rows, :n]))
        values: list[float] = torch.cat(found).tolist()
        return values

    def _added(self, values_MP: Tensor, rows_MB: Tensor) -> Tensor:
        """Return (M, B, K): what each model's mask adds for its samples."""

        def one(values: dict[str, Tensor], x_BGC: Tensor) -> Tensor:
            added_BK: Tensor = functional_call(self._template, values, (x_BGC, self._layouts))
            return added_BK

        return vmap(one)(self._places.parameters(values_MP), self._x_BGC.at(rows_MB))


def _in_memory(x_BGC: Loaded) -> Tensor:
    if isinstance(x_BGC, StreamedTensor):
        raise TypeError("streamed measurements are in no stack: a step of it reads what stays where it is")
    return x_BGC


class SharedRows:
    """A tensor of every model's samples, (B, ...); tensors that models share are there once."""

    def __init__(self, of_models: Sequence[Tensor]) -> None:
        different = {id(tensor): tensor for tensor in of_models}
        begins = dict(zip(different, np.cumsum([0, *map(len, different.values())])[:-1].tolist(), strict=True))
        first = of_models[0]
        self._rows = first if len(different) == 1 else torch.cat(list(different.values()))
        self._first_M1 = torch.tensor([[begins[id(tensor)]] for tensor in of_models], device=first.device)

    def at(self, rows_MB: Tensor) -> Tensor:
        """Return (M, B, ...): of each model the samples at positions of its own."""
        return self._rows[rows_MB + self._first_M1]

    def keep(self, models: Tensor) -> None:
        """Go on with models at these positions alone."""
        self._first_M1 = self._first_M1[models]


def by_loss(tunings: Sequence[Tuning]) -> list[Tuning]:
    """Return them so that those with the same loss, which is computed for all of them at once, are neighbours."""
    families = [tuning.family for tuning in tunings]
    first = [next(n for n, other in enumerate(families) if _is_same(other, family)) for family in families]
    return [tunings[row] for row in sorted(range(len(tunings)), key=lambda row: first[row])]


def _runs(items: Sequence[object]) -> list[slice]:
    """Return where neighbours are the same."""
    starts = [row for row, item in enumerate(items) if row == 0 or not _is_same(items[row - 1], item)]
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(items)], strict=True)]


def _is_same(one: object, two: object) -> bool:
    """Return whether two sizes are equal, or two families have the same loss."""
    if one is two or not isinstance(one, Family):
        return one == two
    of_one, of_two = vars(one), vars(two)
    alike = type(one) is type(two) and of_one.keys() == of_two.keys()
    return alike and all(np.array_equal(of_one[name], of_two[name]) for name in of_one)
