"""A training step as a CUDA graph, on machines without CUDA: a recording of the step takes the graph's place."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import recorded_graph
import torch
from members import KINDS, assert_same, ends
from on_meta import to_meta
from torch.utils._python_dispatch import TorchDispatchMode

from hypomask.model.attention import triton
from hypomask.model.losses import loss_function
from hypomask.training import cuda_graph, optimiser
from hypomask.training.config import TrainingConfig
from hypomask.training.cuda_graph import LEAST_TIMES, WARM_UP, Repeated
from hypomask.training.stacked_models import StackedModels, by_loss


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Steps are captured as recordings; how many models there were in each."""
    sizes: list[int] = []
    begin = StackedModels._arrange

    def arranged(models: StackedModels, steps: int) -> None:
        begin(models, steps)
        work = models._step._work
        models._step._work = lambda: (now.append(len(models._tunings)), work())[1]

    def capture(work: Callable[[], None]) -> Callable[[], None]:
        replay = recorded_graph.capture(work)
        sizes.append(now[-1])
        return replay

    now: list[int] = []
    monkeypatch.setattr(StackedModels, "_arrange", arranged)
    monkeypatch.setattr(cuda_graph, "is_wanted", lambda device: True)
    monkeypatch.setattr(cuda_graph, "capture", capture)
    return sizes


@pytest.mark.parametrize("kind", KINDS)
def test_a_replayed_step_reads_nothing_but_its_tensors(tunings: Any, captured: list[int], kind: str) -> None:
    members = tunings(kind)
    together = ends(members, together=True)
    assert captured[0] == 5
    assert any(tuned.how == "stack, CUDA graph" for tuned in together[0])
    assert_same(ends(members, together=False), together)


def test_who_is_done_is_dragged_along_until_half_of_the_stack_is(tunings: Any, captured: list[int]) -> None:
    config = TrainingConfig(epochs=40, patience=4, learning_rate=0.02, batch_size=16)
    members = tunings(config=config)
    together = ends(members, together=True)
    assert_same(ends(members, together=False), together)
    stopped = sorted(tuned.epochs_run for tuned in together[0])
    assert stopped[1] < stopped[2] < stopped[3]
    assert captured == [5, 2]


def test_a_step_that_cannot_be_captured_is_taken_without(
    tunings: Any, captured: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(work: Callable[[], None]) -> Callable[[], None]:
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    members = tunings()
    monkeypatch.setattr(cuda_graph, "capture", fails)
    together = ends(members, together=True)
    assert_same(ends(members, together=False), together)
    reason = "stack, no CUDA graph: operation not permitted when stream is capturing"
    assert reason in {tuned.how for tuned in together[0]}


def test_when_memory_runs_out_in_a_capture_the_stack_is_halved(
    tunings: Any, captured: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    members = tunings()
    whole = ends(members, together=True)
    capture, tried = cuda_graph.capture, []

    def little_memory(work: Callable[[], None]) -> Callable[[], None]:
        replay = capture(work)
        tried.append(captured[-1])
        if captured[-1] > 2:
            try:
                raise torch.OutOfMemoryError("CUDA out of memory")
            finally:
                raise RuntimeError("capture was invalidated")  # as torch does when it ends a broken capture
        return replay

    monkeypatch.setattr(cuda_graph, "capture", little_memory)
    assert_same(whole, ends(members, together=True))
    assert tried == [5, 2, 3, 2]


def test_work_that_is_done_a_few_times_is_not_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_graph, "is_wanted", lambda device: True)
    monkeypatch.setattr(cuda_graph, "capture", recorded_graph.capture)
    count = torch.zeros(1)

    def work() -> None:
        count.add_(1)

    for times, how in ((LEAST_TIMES - 1, ""), (LEAST_TIMES, "CUDA graph")):
        count.zero_()
        repeated = Repeated(work, count.device, times)
        for done in range(times):
            assert not (repeated.is_captured and done <= WARM_UP)
            repeated()
        assert int(count) == times
        assert repeated.how == how


def test_a_recording_refuses_what_waits_for_a_value() -> None:
    ones = torch.ones(2)

    def waits() -> None:
        ones.mul_(float(ones.sum()))

    with pytest.raises(RuntimeError, match="a value was asked for"):
        recorded_graph.capture(waits)


def test_graphs_are_for_cuda_and_can_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYPOMASK_CUDA_GRAPH", raising=False)
    assert not cuda_graph.is_wanted(torch.device("cpu"))
    assert cuda_graph.is_wanted(torch.device("cuda"))
    monkeypatch.setitem(os.environ, "HYPOMASK_CUDA_GRAPH", "0")
    assert not cuda_graph.is_wanted(torch.device("cuda"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("kind", KINDS)
def test_on_a_gpu_a_step_is_captured_and_gives_what_single_launches_give(
    tunings: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = tunings(kind, back_end="triton", device="cuda")
    monkeypatch.setenv("HYPOMASK_CUDA_GRAPH", "0")
    eager = ends(members, together=True)
    assert {tuned.how for tuned in eager[0]} == {"stack"}
    monkeypatch.delenv("HYPOMASK_CUDA_GRAPH")
    captured = ends(members, together=True)
    assert "stack, CUDA graph" in {tuned.how for tuned in captured[0]}
    assert_same(eager, captured)


class OneDevice(TorchDispatchMode):
    """Refuses operations on tensors that are not on `device`, and those that wait for a value."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device, self.operations = device, 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        out = function(*arguments, **(named or {}))
        for tensor in recorded_graph.tensors_of((arguments, named, out)):
            assert tensor.device.type == self.device, f"{function} has a tensor on {tensor.device}"
        assert function is not torch.ops.aten._local_scalar_dense.default
        self.operations += 1
        return out


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_takes_nothing_from_the_host(tunings: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton.TritonAttention, "unavailable", lambda back_end, device: None)
    monkeypatch.setattr(triton._Call, "launch", lambda *_, **__: None)
    kernels = "hypomask.model.attention.triton_kernels"
    monkeypatch.setitem(sys.modules, kernels, ModuleType(kernels))  # so that Triton need not be there
    models = StackedModels(by_loss(tunings(kind, back_end="triton")), steps=1)
    models._do_step()  # what is derived once is derived now
    to_meta(models)
    models._losses = [
        (rows, loss_function(models._tunings[rows.start].family, models.values_MP)) for rows, _ in models._losses
    ]
    updated: list[Any] = []
    monkeypatch.setattr(optimiser, "adamw", lambda *tensors, **named: updated.append((tensors, named)))
    with OneDevice("meta") as seen:
        models._do_step()
    assert seen.operations > 50
    assert {tensor.device.type for tensor in recorded_graph.tensors_of(updated)} == {"meta"}
