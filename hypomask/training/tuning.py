"""What a fit asks for when a model is ready to be fine-tuned, and who answers: one model alone, or many in a stack.

A fit is written once, as steps: it yields the models it wants tuned, and goes on with how that went. `alone` answers
with one model after the other. `together` runs many fits side by side and tunes what they ask for in stacks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from hypomask.model.attention import LayerLayout
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.family import Family
from hypomask.training.config import TrainingConfig
from hypomask.training.epochs import Tuned
from hypomask.training.fine_tuning import Samples, fine_tune
from hypomask.training.memory_errors import memory_ran_out

__all__ = ["Steps", "Tuning", "alone", "in_halves", "together"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, eq=False)
class Tuning:
    """A model to be trained in place.

    Parameters
    ----------
    samples
        Of a whole training set.
    inside, outside
        Positions of those to train on, and of those that decide when to stop; None: nothing does.
    seed
        Of the batches.
    epochs
        The most there are.
    """

    model: MaskedGeneTransformer
    layouts: tuple[LayerLayout, ...]
    samples: Samples
    inside: npt.NDArray[np.int64]
    outside: npt.NDArray[np.int64] | None
    family: Family
    config: TrainingConfig
    seed: int
    epochs: int

    def run(self) -> Tuned:
        """Train the model by itself."""
        held_out = None if self.outside is None else self.samples.at(self.outside)
        generator = torch.Generator().manual_seed(self.seed)
        train = self.samples.at(self.inside)
        return fine_tune(self.model, self.layouts, train, held_out, self.family, self.config, generator, self.epochs)


Steps: TypeAlias = Generator[Sequence[Tuning], Sequence[Tuned], _Result]


def alone(steps: Steps[_Result]) -> _Result:
    """Go through a fit, one model after the other."""
    try:
        asked = next(steps)
        while True:
            asked = steps.send([tuning.run() for tuning in asked])
    except StopIteration as finished:
        result: _Result = finished.value
        return result


def together(
    fits: Sequence[Callable[[], Steps[_Result]]], tune: Callable[[Sequence[Tuning]], Sequence[Tuned]]
) -> list[_Result | Exception]:
    """Go through fits side by side; `tune` is given what all of them ask for at a time.

    A fit that raises is over, and what it raised is its result; the others go on. When memory runs out, all of them
    are given up and begun again in two halves, one after the other, unless there is only one.
    """
    return in_halves(lambda some: _together(some, tune), fits)


def _together(
    fits: Sequence[Callable[[], Steps[_Result]]], tune: Callable[[Sequence[Tuning]], Sequence[Tuned]]
) -> list[_Result | Exception]:
    results: dict[int, _Result | Exception] = {}
    running = {number: fit() for number, fit in enumerate(fits)}
    asked: dict[int, Sequence[Tuning]] = {}

    def advance(number: int, answer: Sequence[Tuned] | None) -> None:
        try:
            steps = running[number]
            asked[number] = next(steps) if answer is None else steps.send(answer)
        except StopIteration as finished:
            results[number] = finished.value
        except Exception as error:
            if memory_ran_out(error) and len(fits) > 1:
                raise
            results[number] = error

    for number in running:
        advance(number, None)
    while asked:
        waiting, asked = asked, {}
        answers = iter(tune([tuning for tunings in waiting.values() for tuning in tunings]))
        for number, tunings in waiting.items():
            advance(number, [next(answers) for _ in tunings])
    return [results[number] for number in range(len(fits))]


def in_halves(work: Callable[[Sequence[_Item]], list[_Result]], items: Sequence[_Item]) -> list[_Result]:
    """Return the results of items; when memory runs out, of the first half and then of the second."""
    try:
        return work(items)
    except RuntimeError as error:
        if len(items) < 2 or not memory_ran_out(error):
            raise
    # Not within the handler: the error holds the frames, and they hold tensors.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(items) // 2
    return [*in_halves(work, items[:middle]), *in_halves(work, items[middle:])]
