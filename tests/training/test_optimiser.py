"""AdamW on one vector moves a model as torch's own AdamW does, and going back is to the bit."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from hypomask.training.optimiser import FlatAdamW, StackedAdamW
from hypomask.training.parameter_places import ParameterPlaces


class WithUnused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.unused = nn.Parameter(torch.ones(3, dtype=torch.float64))
        self.weight = nn.Parameter(torch.randn(4, 3, generator=generator, dtype=torch.float64))
        self.level = nn.Parameter(torch.zeros(3, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (torch.tanh(x @ self.weight) + self.level).square().sum()


@pytest.mark.parametrize("scale", [0.01, 10.0])  # gradients far below the norm they are clipped at, and far above
def test_it_moves_as_torch_does(scale: float) -> None:
    model = WithUnused()
    reference = copy.deepcopy(model)
    optimiser = FlatAdamW(model, weight_decay=0.1)
    theirs = torch.optim.AdamW([reference.weight, reference.level], weight_decay=0.1)
    for step in range(20):
        rate = 0.05 / (1 + step)
        x = scale * torch.randn(5, 4, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        optimiser.step(model(x), rate)
        theirs.param_groups[0]["lr"] = rate
        theirs.zero_grad()
        reference(x).backward()
        nn.utils.clip_grad_norm_([reference.weight, reference.level], 1.0)
        theirs.step()
    torch.testing.assert_close(model.weight, reference.weight, rtol=0, atol=1e-12)
    torch.testing.assert_close(model.level, reference.level, rtol=0, atol=1e-12)


def test_what_is_copied_into_its_values_the_model_is() -> None:
    model = WithUnused()
    optimiser = FlatAdamW(model, weight_decay=0.0)
    before, kept = copy.deepcopy(model.state_dict()), optimiser.values_P.clone()
    optimiser.step(model(torch.ones(2, 4, dtype=torch.float64)), 0.1)
    assert not torch.equal(model.weight, before["weight"])
    optimiser.values_P.copy_(kept)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_loss_that_is_no_number_does_not_pass_unseen() -> None:
    model = WithUnused()
    FlatAdamW(model, weight_decay=0.0).step(model(torch.full((2, 4), torch.nan, dtype=torch.float64)), 0.1)
    assert model.weight.isnan().all()


def test_rows_of_a_stack_move_as_each_model_does_alone() -> None:
    models = [WithUnused() for _ in range(3)]
    for number, model in enumerate(models):
        model.weight.data.mul_(1 + number)
    places = ParameterPlaces(models[0])
    values_MP = torch.stack([places.vector(model) for model in models])
    stacked = StackedAdamW(values_MP, weight_decay=0.1)
    alone = [FlatAdamW(model, weight_decay=0.1) for model in models]
    kept = [0, 1, 2]
    for step in range(12):
        if step == 6:
            kept = [2, 0]
            values_MP = values_MP[kept]
            stacked.keep(torch.tensor(kept), values_MP)
        rate, x = 0.05 / (1 + step), torch.randn(5, 4, generator=torch.Generator().manual_seed(step)).double()
        gradients = []
        for row in kept:
            loss = models[row](x) * 10.0**-row  # gradients above and below the norm they are clipped at
            found = torch.autograd.grad(loss, [models[row].weight, models[row].level], retain_graph=True)
            like = copy.deepcopy(models[row])
            for parameter, value in zip((like.unused, like.weight, like.level), (torch.zeros(3), *found), strict=True):
                parameter.data.copy_(value)
            gradients.append(places.vector(like))
            alone[row].step(loss, rate)
        stacked.rate.fill_(rate)
        stacked.step(torch.stack(gradients))
    for row, values_P in zip(kept, values_MP, strict=True):
        torch.testing.assert_close(values_P, places.vector(models[row]), rtol=1e-12, atol=1e-12)


def test_places_of_parameters_are_aligned_and_what_is_put_there_comes_back() -> None:
    model, other = WithUnused(), nn.Linear(5, 3, dtype=torch.float64)
    for each in (model, other):
        places, blank = ParameterPlaces(each), copy.deepcopy(each)
        vector = places.vector(each)
        begins = [part.storage_offset() for part in places.parameters(vector[None]).values()]
        assert all(begin % 4 == 0 for begin in begins)
        assert len(vector) % 4 == 0
        for parameter in blank.parameters():
            parameter.data.zero_()
        places.give(vector, blank)
        assert all(torch.equal(value, blank.state_dict()[name]) for name, value in each.state_dict().items())
