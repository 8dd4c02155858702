"""Fine-tuning of many models at once, in tensors with a leading axis M: for a GPU, which small models leave idle.

Each member has its mask, samples, batches, and its own time to stop; it ends as it would alone, within rounding,
whoever else is in the stack. Those that are done leave the stack at the end of their epoch; where a step is a CUDA
graph, which has to be captured again after that, they are dragged along until half of them are done.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.model.attention.stacked import why_not_stacked
from hypomask.training.epochs import Tuned, batches, learning_rate
from hypomask.training.stacked_models import StackedModels, by_loss
from hypomask.training.streamed_tensor import StreamedTensor
from hypomask.training.tuning import Tuning, in_halves

__all__ = ["tune_stacked"]

STILL_TRAINED = 0.5  # least share of a captured stack that is worth a step of all of it


def tune_stacked(tunings: Sequence[Tuning]) -> list[Tuned]:
    """Train models in place, those that are alike in one stack, and those without their like alone.

    When memory runs out, a stack is begun again in two halves; what it had done so far is lost, and nothing else.
    """
    by_kind: dict[Hashable, list[int]] = {}
    for number, tuning in enumerate(tunings):
        by_kind.setdefault(_kind(tuning) or number, []).append(number)
    results: dict[int, Tuned] = {}
    for numbers in by_kind.values():
        tuned = in_halves(_tune_alike, [tunings[number] for number in numbers])
        results.update(zip(numbers, tuned, strict=True))
    return [results[number] for number in range(len(tunings))]


def _kind(tuning: Tuning) -> Hashable:
    """Return what members of a stack must have in common, None where a model can be in no stack."""
    model, layout = tuning.model, tuning.layouts[0]
    if isinstance(tuning.samples.x_BGC, StreamedTensor):  # a step of a stack reads what stays where it is
        return None
    if model.config.dropout > 0 or why_not_stacked(tuning.layouts) is not None:
        return None
    shapes = tuple(parameter.shape for parameter in model.parameters())
    batch = batches(len(tuning.inside), tuning.config)
    how = (tuning.config, batch, tuning.outside is None, type(tuning.family))
    return (type(model), model.config, shapes, layout.dtype, layout.device, how)


def _tune_alike(tunings: Sequence[Tuning]) -> list[Tuned]:
    if len(tunings) == 1:
        return [tunings[0].run()]
    members = {id(tuning): _Member(tuning) for tuning in tunings}
    stack = _Stack([members[id(tuning)] for tuning in by_loss(tunings)])
    stack.run()
    # Only now, so that a stack that fails half way has touched no model.
    for member in members.values():
        stack.models.give(member.ended_as_P, member.tuning.model)
        member.tuning.model.eval()
    return [members[id(tuning)].tuned for tuning in tunings]


@dataclass(eq=False)
class _Member:
    """One model of a stack, and how it goes."""

    tuning: Tuning
    generator: torch.Generator = field(init=False)
    order_B: npt.NDArray[np.int64] = field(init=False)
    best_epoch: int = 0
    start_loss: float = math.nan
    best_loss: float = math.nan
    has_ended: bool = False
    tuned: Tuned = field(init=False)
    ended_as_P: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.tuning.seed)
        self.order_B = self.tuning.inside

    def draw_order(self) -> npt.NDArray[np.int64]:
        """Return positions of the samples to train on in a new order; of one that has ended, in any."""
        if not self.has_ended:
            drawn = torch.randperm(len(self.tuning.inside), generator=self.generator).numpy()
            self.order_B = self.tuning.inside[drawn]
        return self.order_B

    @property
    def epochs_sure(self) -> int:
        """Epochs that it runs at least."""
        most, patience = self.tuning.epochs, self.tuning.config.patience
        return most if self.tuning.outside is None else min(most, self.best_epoch + patience)

    def end(self, epoch: int, values_P: Tensor, how: str) -> None:
        """Remember how it went, and with which values it leaves."""
        self.has_ended = True
        self.tuned = Tuned(self.best_epoch, epoch, self.start_loss, self.best_loss, how)
        self.ended_as_P = values_P.clone()


class _Stack:
    """Members of a stack, epoch by epoch."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self._members = list(members)
        first = members[0].tuning
        self._config, self._stops_early = first.config, first.outside is not None
        self._steps = batches(len(first.inside), first.config)[1]
        self.models = StackedModels([member.tuning for member in members], self._steps_sure(0))
        self._best_MP = self.models.values_MP.clone()

    def _steps_sure(self, epoch: int) -> int:
        """Return how many steps follow `epoch` at least."""
        return self._steps * (max(member.epochs_sure for member in self._members) - epoch)

    def run(self) -> None:
        """Train until every member has ended."""
        for member, loss in zip(self._members, self._held_out_losses(), strict=True):
            member.start_loss = member.best_loss = loss
        epoch = 0
        self._let_go(epoch)
        while self._members:
            epoch += 1
            self._train(epoch)
            self._compare(epoch, self._held_out_losses())
            self._let_go(epoch)

    def _train(self, epoch: int) -> None:
        steps = range((epoch - 1) * self._steps, epoch * self._steps)
        rates = [learning_rate(step, self._steps, self._config) for step in steps]
        self.models.train([member.draw_order() for member in self._members], rates)

    def _held_out_losses(self) -> list[float]:
        """Return each member's loss on the samples that decide when to stop; NaN where there are none."""
        outside = [member.tuning.outside for member in self._members if member.tuning.outside is not None]
        # All members of a stack have such samples, or none has.
        return self.models.losses(outside) if outside else [math.nan] * len(self._members)

    def _compare(self, epoch: int, losses: Sequence[float]) -> None:
        better = torch.zeros(len(losses), 1, dtype=torch.bool)
        for row, (member, loss) in enumerate(zip(self._members, losses, strict=True)):
            if loss < member.best_loss and not member.has_ended:
                member.best_epoch, member.best_loss = epoch, loss
                better[row] = True
        self._best_MP = torch.where(better.to(self._best_MP.device), self.models.values_MP, self._best_MP)

    def _let_go(self, epoch: int) -> None:
        """Take those that are done out of the stack, or let them be dragged along where that is cheaper."""
        for row, member in enumerate(self._members):
            if not member.has_ended and member.epochs_sure <= epoch:
                values_MP = self._best_MP if self._stops_early else self.models.values_MP
                member.end(epoch, values_MP[row], self.models.how)
        stay = [row for row, member in enumerate(self._members) if not member.has_ended]
        n_now = len(self._members)
        if len(stay) == n_now or (self.models.is_captured and len(stay) > STILL_TRAINED * n_now):
            return
        self._members = [self._members[row] for row in stay]
        if stay:
            self._best_MP = self._best_MP[torch.tensor(stay, device=self._best_MP.device)]
            self.models.keep(stay, self._steps_sure(epoch))
