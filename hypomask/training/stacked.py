"""Fine-tuning of many models at once, in tensors with a leading axis M: for a GPU, which small models leave idle.

The mathematics are those of one model, run for all by `torch.func.vmap`. Each member has its mask, samples, batches,
and its own time to stop; it ends as it would alone, within rounding, whoever else is in the stack. Those that are done
leave the stack at the end of their epoch.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from hypomask.model.attention.stacked import stack_layouts, why_not_stacked
from hypomask.model.losses import training_loss
from hypomask.outcomes.family import Family
from hypomask.training.epochs import Tuned, batches, learning_rate
from hypomask.training.fine_tuning import Samples
from hypomask.training.optimiser import Moments
from hypomask.training.tuning import Tuning, in_halves

__all__ = ["tune_stacked"]


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
    if model.config.dropout > 0 or why_not_stacked(tuning.layouts) is not None:
        return None
    shapes = tuple(parameter.shape for parameter in model.parameters())
    batch = batches(len(tuning.inside), tuning.config)
    how = (tuning.config, batch, tuning.outside is None, type(tuning.family))
    return (type(model), model.config, shapes, layout.dtype, layout.device, how)


def _tune_alike(tunings: Sequence[Tuning]) -> list[Tuned]:
    if len(tunings) == 1:
        return [tunings[0].run()]
    members = [_Member(tuning) for tuning in tunings]
    _Stack(members).run()
    # Only now, so that a stack that fails half way has touched no model.
    for member in members:
        vector_to_parameters(member.ended_as_P, member.tuning.model.parameters())
        member.tuning.model.eval()
    return [member.tuned for member in members]


@dataclass(eq=False)
class _Member:
    """One model of a stack, and how it goes."""

    tuning: Tuning
    generator: torch.Generator = field(init=False)
    best_epoch: int = 0
    start_loss: float = math.nan
    best_loss: float = math.nan
    tuned: Tuned = field(init=False)
    ended_as_P: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.tuning.seed)

    def is_done(self, epoch: int) -> bool:
        """Whether no epoch follows `epoch`."""
        waited = self.tuning.outside is not None and epoch - self.best_epoch >= self.tuning.config.patience
        return waited or epoch >= self.tuning.epochs

    def end(self, epoch: int, values_P: Tensor) -> None:
        """Remember how it went, and with which values it leaves."""
        self.tuned = Tuned(self.best_epoch, epoch, self.start_loss, self.best_loss)
        self.ended_as_P = values_P.clone()


class _Stack:
    """Members that are still trained, their parameters one row each."""

    def __init__(self, members: Sequence[_Member]) -> None:
        # Members with the same loss next to each other: it is computed for each such group at once.
        self._members = sorted(members, key=lambda member: _first_alike(members, member))
        first = members[0].tuning
        self._template, self._config = first.model, first.config
        self._batch, self._steps = batches(len(first.inside), first.config)
        self._samples, self._first_sample = _side_by_side(member.tuning.samples for member in members)
        self._values_MP = torch.stack(
            [parameters_to_vector(member.tuning.model.parameters()).detach() for member in self._members]
        )
        self._best_MP = self._values_MP.clone()
        self._moments = Moments(self._values_MP)
        self._arrange()

    def _arrange(self) -> None:
        """Bring together what is derived from who is in the stack."""
        self._layouts = stack_layouts([member.tuning.layouts for member in self._members])
        alike = groupby(range(len(self._members)), key=lambda row: _first_alike(self._members, self._members[row]))
        groups = [list(rows) for _, rows in alike]
        self._by_loss = [(slice(rows[0], rows[-1] + 1), self._members[rows[0]].tuning.family) for rows in groups]

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

    def _compare(self, epoch: int, losses: Sequence[float]) -> None:
        better = [loss < member.best_loss for member, loss in zip(self._members, losses, strict=True)]
        for row, (member, loss) in enumerate(zip(self._members, losses, strict=True)):
            if better[row]:
                member.best_epoch, member.best_loss = epoch, loss
        if any(better):
            rows = torch.tensor(better, device=self._values_MP.device)
            self._best_MP = torch.where(rows[:, None], self._values_MP, self._best_MP)

    def _let_go(self, epoch: int) -> None:
        """Take those that are done out of the stack."""
        stay = [row for row, member in enumerate(self._members) if not member.is_done(epoch)]
        if len(stay) == len(self._members):
            return
        for row, member in enumerate(self._members):
            if row not in stay:
                member.end(epoch, (self._values_MP if member.tuning.outside is None else self._best_MP)[row])
        self._members = [self._members[row] for row in stay]
        if stay:
            rows = torch.tensor(stay, device=self._values_MP.device)
            self._values_MP, self._best_MP = self._values_MP[rows], self._best_MP[rows]
            self._moments.keep(rows)
            self._arrange()

    def _train(self, epoch: int) -> None:
        used = self._steps * self._batch
        orders = []
        for member in self._members:
            drawn = torch.randperm(len(member.tuning.inside), generator=member.generator)[:used]
            orders.append(self._places(member, member.tuning.inside)[drawn])
        order_MS = torch.stack(orders).to(self._values_MP.device)
        for step in range(self._steps):
            rows_MB = order_MS[:, step * self._batch : (step + 1) * self._batch]
            values_MP = self._values_MP.detach().requires_grad_()
            eta_MBK = self._samples.offset_BK[rows_MB] + self._added(values_MP, rows_MB)
            loss = self._losses(eta_MBK, self._samples.y_B[rows_MB]).sum()
            (gradient_MP,) = torch.autograd.grad(loss, values_MP)
            rate = learning_rate((epoch - 1) * self._steps + step, self._steps, self._config)
            with torch.no_grad():
                self._moments.move(self._values_MP, gradient_MP, rate, self._config.weight_decay)

    @torch.no_grad()
    def _held_out_losses(self) -> list[float]:
        """Return each member's loss on the samples that decide when to stop; NaN where there are none."""
        outside = [member.tuning.outside for member in self._members]
        places = [
            self._places(member, rows) for member, rows in zip(self._members, outside, strict=True) if rows is not None
        ]
        if not places:  # all members of a stack have such samples, or none has
            return [math.nan] * len(self._members)
        # Shorter ones are filled up with what is not looked at; as many at once as in a step of training.
        padded_MB = nn.utils.rnn.pad_sequence(places, batch_first=True).to(self._values_MP.device)
        parts = torch.split(padded_MB, self._batch, dim=1)
        added_MBK = torch.cat([self._added(self._values_MP, rows_MB) for rows_MB in parts], dim=1)
        eta_MBK = self._samples.offset_BK[padded_MB] + added_MBK
        y_MB = self._samples.y_B[padded_MB]
        losses = [
            training_loss(eta_MBK[row, : len(own)], y_MB[row, : len(own)], member.tuning.family)
            for row, (own, member) in enumerate(zip(places, self._members, strict=True))
        ]
        found: list[float] = torch.stack(losses).tolist()
        return found

    def _places(self, member: _Member, positions: npt.NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(positions) + self._first_sample[id(member.tuning.samples)]

    def _added(self, values_MP: Tensor, rows_MB: Tensor) -> Tensor:
        """Return (M, B, K): what each member's mask adds for its samples."""
        parameters = list(self._template.named_parameters())
        parts = torch.split(values_MP, [parameter.numel() for _, parameter in parameters], dim=1)
        values = {
            name: part.view(-1, *parameter.shape) for (name, parameter), part in zip(parameters, parts, strict=True)
        }

        def one(values: dict[str, Tensor], x_BGC: Tensor) -> Tensor:
            added_BK: Tensor = functional_call(self._template, values, (x_BGC, self._layouts))
            return added_BK

        return vmap(one)(values, self._samples.x_BGC[rows_MB])

    def _losses(self, eta_MBK: Tensor, y_MB: Tensor) -> Tensor:
        """Return (M,) mean losses."""
        losses = []
        for rows, family in self._by_loss:
            losses.append(vmap(lambda eta, y, family=family: training_loss(eta, y, family))(eta_MBK[rows], y_MB[rows]))
        return torch.cat(losses)


def _side_by_side(of_members: Iterable[Samples]) -> tuple[Samples, dict[int, int]]:
    """Return all samples one after another, those that members share once, and by id where each begin."""
    different = {id(samples): samples for samples in of_members}
    starts = np.cumsum([0, *(len(samples) for samples in different.values())])[:-1].tolist()
    first_sample = dict(zip(different, starts, strict=True))
    if len(different) == 1:
        return next(iter(different.values())), first_sample
    columns = zip(*((samples.x_BGC, samples.offset_BK, samples.y_B) for samples in different.values()), strict=True)
    return Samples(*(torch.cat(column) for column in columns)), first_sample


def _first_alike(members: Sequence[_Member], member: _Member) -> int:
    """Return the position of the first member with the same loss."""
    family = member.tuning.family
    return next(number for number, other in enumerate(members) if _same_loss(other.tuning.family, family))


def _same_loss(one: Family, two: Family) -> bool:
    if one is two:
        return True
    of_one, of_two = vars(one), vars(two)
    alike = type(one) is type(two) and of_one.keys() == of_two.keys()
    return alike and all(np.array_equal(of_one[name], of_two[name]) for name in of_one)
