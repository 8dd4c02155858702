"""What a fit asks for while it goes on, and who answers: for one fit alone, or for many at the same time.

A fit is written once, as steps: it yields the readouts it wants fitted, then the models it wants tuned, and goes on
with how that went. `alone` answers with one after the other. `together` runs many fits side by side, and fits readouts
and tunes models of all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

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
from hypomask.training.readouts import Readout, fit_readouts

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


# What is sent back is what was asked for: a `Tuned` for every `Tuning`, a `FittedReadout` for every `Readout`.
Steps: TypeAlias = Generator[Sequence[Tuning] | Sequence[Readout], Sequence[Any], _Result]


def alone(steps: Steps[_Result]) -> _Result:
    """Go through a fit, one thing after the other."""
    try:
        asked = next(steps)
        while True:
            asked = steps.send([each.run() for each in asked])
    except StopIteration as finished:
        result: _Result = finished.value
        return result


def together(
    fits: Sequence[Callable[[], Steps[_Result]]], tune: Callable[[Sequence[Tuning]], Sequence[Tuned]]
) -> list[_Result | Exception]:
    """Go through fits side by side; `tune` is given the models that all of them ask for at a time.

    A fit that raises is over, and what it raised is its result; the others go on. When memory runs out, all of them
    are given up and begun again in two halves, one after the other, unless there is only one.
    """
    return in_halves(lambda some: _together(some, tune), fits)


def _together(
    fits: Sequence[Callable[[], Steps[_Result]]], tune: Callable[[Sequence[Tuning]], Sequence[Tuned]]
) -> list[_Result | Exception]:
    results: dict[int, _Result | Exception] = {}
    running = {number: fit() for number, fit in enumerate(fits)}
    asked: dict[int, Sequence[Tuning] | Sequence[Readout]] = {}

    def advance(number: int, answer: Sequence[Any] | None) -> None:
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
        everything = [each for of_one in waiting.values() for each in of_one]
        tuned = iter(tune([each for each in everything if isinstance(each, Tuning)]))
        paths = iter(in_halves(fit_readouts, [each for each in everything if isinstance(each, Readout)]))
        for number, of_one in waiting.items():
            advance(number, [next(tuned if isinstance(each, Tuning) else paths) for each in of_one])
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
