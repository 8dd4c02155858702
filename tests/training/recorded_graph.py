"""A CUDA graph without CUDA: the operations of a piece of work, recorded once and done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map


class RecordedGraph(TorchDispatchMode):
    """As `torch.cuda.graph`: what is within is recorded and changes nothing; numbers from Python stay as they were."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []
        self._made: set[int] = set()
        self._before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        if function is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("operation not permitted when stream is capturing: a value was asked for")
        if function._schema.is_mutable:
            for tensor in tensors_of((arguments, named)):
                if id(tensor) not in self._made and id(tensor) not in self._before:
                    self._before[id(tensor)] = (tensor, tensor.clone())
        given = {id(tensor) for tensor in tensors_of((arguments, named))}
        out = function(*arguments, **(named or {}))
        self.calls.append((function, arguments, named or {}, out))
        self._made |= {id(tensor) for tensor in tensors_of(out)} - given
        return out

    def undo(self) -> None:
        """Set back what was changed: a capture does nothing yet."""
        for tensor, before in self._before.values():
            tensor.copy_(before)

    def replay(self) -> None:
        """Do all operations again, on what tensors from outside hold now."""
        now: dict[int, Tensor] = {}

        def current(item: Any) -> Any:
            return now.get(id(item), item) if isinstance(item, Tensor) else item

        for function, arguments, named, recorded in self.calls:
            out = function(*tree_map(current, arguments), **tree_map(current, named))
            for old, new in zip(tensors_of(recorded), tensors_of(out), strict=True):
                if id(old) in self._made:
                    now[id(old)] = new


def tensors_of(items: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(items) if isinstance(leaf, Tensor)]


def capture(work: Callable[[], None]) -> Callable[[], None]:
    """In place of `hypomask.training.cuda_graph.capture`."""
    graph = RecordedGraph()
    with graph:
        work()
    graph.undo()
    return graph.replay
