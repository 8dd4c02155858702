"""Many models in one stack: each ends as it would alone, whoever else is there."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from hypomask.model.attention import build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.losses import response_tensor
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.registry import family_of
from hypomask.training import stacked
from hypomask.training.config import TrainingConfig
from hypomask.training.epochs import Tuned
from hypomask.training.fine_tuning import Samples
from hypomask.training.stacked import tune_stacked
from hypomask.training.tuning import Tuning

KINDS = ("continuous", "binary", "classes", "counts", "survival", "discrete-survival")
WIRINGS = ([(0, 1), (1, 0)], [(2, 3)], [(0, 2), (1, 3), (3, 1)], [(0, 3), (2, 1)], [(1, 2)])
N_GENES = 4


@pytest.fixture
def tunings(make_mask: Any, products: Any) -> Any:
    """A function that gives models in float64, each with its own mask, data, samples held out, values and seed."""

    def make(
        kind: str = "continuous",
        *,
        n_models: int = 5,
        config: TrainingConfig | None = None,
        model: ModelConfig | None = None,
        back_end: str = "sparse",
        held_out: bool = True,
        device: str = "cpu",
        **mask_fields: Any,
    ) -> list[Tuning]:
        made = []
        for m in range(n_models):
            model_config = model or ModelConfig(width=8, heads=2)
            mask = make_mask(N_GENES, *WIRINGS[m], **mask_fields)
            layouts = build_layout(
                mask,
                n_layers=model_config.n_layers,
                n_heads=2,
                back_end=back_end,
                device=device,
                dtype=torch.float64,
            )
            n = 90 + m  # samples differ in number, batches do not
            x_BGC, y = products(n, kind, seed=m)
            family = family_of(kind, y, "abc")
            stage = family.network_stage(y, np.zeros((n, family.n_outputs)))
            outputs = stage.family.n_outputs
            network = MaskedGeneTransformer(N_GENES, 0, 1, outputs, model_config, torch.Generator().manual_seed(m))
            samples = Samples(
                torch.from_numpy(x_BGC).double().to(device),
                torch.from_numpy(stage.offset_BK).double().to(device),
                response_tensor(torch.from_numpy(stage.y), stage.family, torch.float64).to(device),
            )
            rows = np.random.default_rng(m).permutation(n)
            outside = rows[70:] if held_out else None
            training = config or TrainingConfig(epochs=6, patience=2, learning_rate=0.05, batch_size=16)
            tuning = (network.double().to(device), layouts, samples, rows[:70], outside, stage.family, training, 10 + m)
            made.append(Tuning(*tuning, epochs=training.epochs if held_out else m))
        return made

    return make


def ends(tunings: Sequence[Tuning], *, together: bool) -> tuple[list[Tuned], list[torch.Tensor]]:
    """Train copies of the models; return how it went, and all their values."""
    own = [dataclasses.replace(tuning, model=copy.deepcopy(tuning.model)) for tuning in tunings]
    tuned = tune_stacked(own) if together else [tuning.run() for tuning in own]
    return tuned, [torch.nn.utils.parameters_to_vector(tuning.model.parameters()).detach() for tuning in own]


def assert_same(one: tuple[list[Tuned], list[torch.Tensor]], two: tuple[list[Tuned], list[torch.Tensor]]) -> None:
    for a, b in zip(one[0], two[0], strict=True):
        assert (a.best_epoch, a.epochs_run) == (b.best_epoch, b.epochs_run)
        np.testing.assert_allclose([a.start_loss, a.best_loss], [b.start_loss, b.best_loss], rtol=1e-10)
    for a_P, b_P in zip(one[1], two[1], strict=True):
        torch.testing.assert_close(a_P, b_P, rtol=1e-10, atol=1e-10)


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the stacks that are trained; a model alone is none."""
    sizes: list[int] = []
    run = stacked._Stack.run

    def counted(stack: Any) -> None:
        sizes.append(len(stack._members))
        run(stack)

    monkeypatch.setattr(stacked._Stack, "run", counted)
    return sizes


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_ends_as_it_does_alone(tunings: Any, stacks: list[int], kind: str) -> None:
    members = tunings(kind)
    apart = ends(members, together=False)
    assert_same(apart, ends(members, together=True))
    assert stacks == [5]
    assert len({tuned.epochs_run for tuned in apart[0]} | {tuned.best_epoch for tuned in apart[0]}) > 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("back_end", ["triton", "sparse"])
def test_a_member_ends_as_it_does_alone_on_a_gpu(tunings: Any, stacks: list[int], kind: str, back_end: str) -> None:
    members = tunings(kind, back_end=back_end, device="cuda")
    assert_same(ends(members, together=False), ends(members, together=True))
    assert stacks == [5]


def test_members_stop_when_they_would_alone(tunings: Any) -> None:
    config = TrainingConfig(epochs=40, patience=1, learning_rate=0.1, batch_size=16)
    members = tunings(config=config)
    apart = ends(members, together=False)
    stopped = {tuned.epochs_run for tuned in apart[0]}
    assert len(stopped) > 1
    assert max(stopped) < 40
    assert_same(apart, ends(members, together=True))


def test_no_member_changes_another(tunings: Any) -> None:
    members = tunings()
    tuned, values = ends(members, together=True)
    broken = dataclasses.replace(
        members[2], samples=dataclasses.replace(members[2].samples, y_B=members[2].samples.y_B * float("nan"))
    )
    for some in ([0, 1], [4, 0, 3], [1, 0, 2]):
        chosen = [broken if m == 2 else members[m] for m in some]
        found, found_values = ends(chosen, together=True)
        sound = [place for place, m in enumerate(some) if m != 2]
        assert_same(
            ([tuned[some[place]] for place in sound], [values[some[place]] for place in sound]),
            ([found[place] for place in sound], [found_values[place] for place in sound]),
        )


def test_without_samples_to_stop_on_each_runs_its_own_number_of_epochs(tunings: Any, stacks: list[int]) -> None:
    members = tunings(held_out=False)
    tuned, values = ends(members, together=True)
    assert [one.epochs_run for one in tuned] == [0, 1, 2, 3, 4]
    assert stacks == [5]
    alone = ends(members, together=False)
    for a_P, b_P in zip(alone[1], values, strict=True):
        torch.testing.assert_close(a_P, b_P, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("layers", [1, 2])
def test_heads_reserved_for_relations_and_layers_stay_each_members_own(
    tunings: Any, stacks: list[int], layers: int
) -> None:
    config = ModelConfig(width=8, heads=2, layers=layers)
    plain = tunings(model=config, n_models=2)
    reserved = tunings(model=config, relations=("acts_on", "binds"), heads={"binds": 1})
    members = [plain[0], *reserved[1:], plain[1]]
    assert_same(ends(members, together=False), ends(members, together=True))
    assert stacks == [6]


def test_members_that_share_their_samples_and_their_loss_share_them_in_the_stack(tunings: Any) -> None:
    members = tunings("counts")
    most = members[4]
    shared = [dataclasses.replace(each, samples=most.samples, family=most.family) for each in members[:3]]
    shared.append(members[3])
    assert_same(ends(shared, together=False), ends(shared, together=True))


def test_models_that_are_not_alike_are_not_stacked(tunings: Any, stacks: list[int]) -> None:
    members = [
        *tunings(n_models=2),
        *tunings(n_models=1, model=ModelConfig(width=16, heads=2)),
        *tunings("binary", n_models=2),
        *tunings(n_models=2, back_end="dense"),
        *tunings(n_models=2, model=ModelConfig(width=8, heads=2, dropout=0.1)),
    ]
    assert_same(ends(members, together=False), ends(members, together=True))
    assert stacks == [2, 2]


@pytest.mark.parametrize("kind", ["continuous", "survival"])
def test_a_step_of_many_models_has_as_many_operations_as_one_of_few(tunings: Any, kind: str) -> None:
    # What a GPU gains from stacks: it waits for launches, not for arithmetic.
    def operations(n_models: int, batch: int) -> int:
        config = TrainingConfig(epochs=1, batch_size=batch)
        *members, last = tunings(kind, n_models=5, held_out=False, config=config)
        members = [*members[: n_models - 1], last]
        same = [dataclasses.replace(each, epochs=1, samples=last.samples, family=last.family) for each in members]
        with Counted() as counted:
            tune_stacked(same)
        return counted.operations

    def in_a_step(n_models: int) -> float:
        return (operations(n_models, 14) - operations(n_models, 35)) / (5 - 2)  # 70 samples: 5 steps, and 2

    assert in_a_step(2) == in_a_step(5)
    assert in_a_step(2) > 50


class Counted(TorchDispatchMode):
    """Counts the operations that reach a device."""

    operations = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        self.operations += 1
        return function(*arguments, **(named or {}))


def test_when_memory_runs_out_the_stack_is_halved_and_nothing_else_changes(
    tunings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = tunings()
    whole = ends(members, together=True)
    tried: list[int] = []
    train = stacked._Stack._train

    def little_memory(stack: Any, epoch: int) -> None:
        if epoch == 2:  # when something has been trained already
            tried.append(len(stack._members))
            if len(stack._members) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
        train(stack, epoch)

    monkeypatch.setattr(stacked._Stack, "_train", little_memory)
    assert_same(whole, ends(members, together=True))
    assert tried == [5, 2, 3, 2]  # 5 into 2 and 3, the 3 into 1 (no stack) and 2


def test_a_model_that_does_not_fit_alone_says_so_and_is_left_as_it_was(
    tunings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    members = tunings(n_models=2)
    before = [copy.deepcopy(member.model.state_dict()) for member in members]
    monkeypatch.setattr(stacked._Stack, "_train", no_memory)
    monkeypatch.setattr(Tuning, "run", no_memory)
    with pytest.raises(torch.OutOfMemoryError):
        tune_stacked(members)
    for member, values in zip(members, before, strict=True):
        assert all(torch.equal(value, values[name]) for name, value in member.model.state_dict().items())
