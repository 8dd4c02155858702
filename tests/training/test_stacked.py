"""Many models in one stack: each ends as it would alone, whoever else is there."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch
from members import KINDS, assert_same, ends
from torch.utils._python_dispatch import TorchDispatchMode

from hypomask.model.config import ModelConfig
from hypomask.training import stacked
from hypomask.training.config import TrainingConfig
from hypomask.training.stacked import tune_stacked
from hypomask.training.tuning import Tuning


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
    # torch's fused AdamW reads the learning rate in float32 there
    assert_same(ends(members, together=False), ends(members, together=True), tolerance=1e-5)
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
