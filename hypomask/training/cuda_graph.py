"""Work that is done again and again over tensors that stay where they are: on CUDA as a graph.

A training step of small models is hundreds of launches, and Python takes longer to ask for each than the device takes
to do it. Captured as a graph, they are asked for at once.

What is captured must wait for nothing and copy nothing from the host, and read only tensors that are there before:
whatever Python computes on the way is repeated as it was.

References
----------
https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from hypomask.training.memory_errors import memory_ran_out

__all__ = ["FORBIDDEN_BY", "Repeated", "capture", "is_wanted"]

FORBIDDEN_BY = "HYPOMASK_CUDA_GRAPH"
"""Environment variable that, set to 0, leaves steps as single launches."""

WARM_UP = 1  # times before a capture: Triton compiles and cuBLAS is set up, which a capture must not see
LEAST_TIMES = 6  # a capture costs about as much as two times without. A guess: no GPU has been timed yet


class Repeated:
    """`work`, done once for every call; captured after the first where that pays, and replayed from then on.

    Parameters
    ----------
    work
        What is done; see the module's text.
    times
        How often it will be done at least.

    Attributes
    ----------
    how
        "CUDA graph", or why it could not be captured and goes on as single launches; "" where there was no try.
    """

    def __init__(self, work: Callable[[], None], device: torch.device, times: int) -> None:
        self._work = work
        self._replay: Callable[[], None] | None = None
        self._done = 0
        self._tries = times >= LEAST_TIMES and is_wanted(device)
        self.how = ""

    @property
    def is_captured(self) -> bool:
        """Whether calls replay a graph."""
        return self._replay is not None

    def __call__(self) -> None:
        """Do the work once."""
        if self._tries and self._done == WARM_UP:
            self._capture()
        if self._replay is None:
            self._work()
        else:
            self._replay()
        self._done += 1

    def _capture(self) -> None:
        try:
            self._replay = capture(self._work)
            self.how = "CUDA graph"
        except RuntimeError as error:
            if memory_ran_out(error):
                raise
            self.how = f"no CUDA graph: {str(error).partition(chr(10))[0]}"


def is_wanted(device: torch.device) -> bool:
    """Return whether work on `device` is to be captured."""
    return device.type == "cuda" and os.environ.get(FORBIDDEN_BY) != "0"


def capture(work: Callable[[], None]) -> Callable[[], None]:
    """Return what does `work` again; it is not done now."""
    graph = torch.cuda.CUDAGraph()
    # torch leaves its own stream behind where the end of a capture fails; this brings back the one of before.
    with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph):
        work()
    return graph.replay
