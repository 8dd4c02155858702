"""Simulate a cohort in which one hypothesis of several is true and the genes of all are measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypomask.data.simulated import SimulatedCohort, SimulationConfig, simulate_cohort
from hypomask.errors import HypothesisError, did_you_mean
from hypomask.hypothesis.graph import Hypothesis

__all__ = ["plant_cohort"]


def plant_cohort(hypotheses: Sequence[Hypothesis], name: str | None, config: SimulationConfig) -> SimulatedCohort:
    """Return a cohort over the genes of all `hypotheses`, with the edges of the one called `name` (or the first) true.

    Raises
    ------
    HypothesisError
        When there is none of that name.
    """
    by_name = {hypothesis.name: hypothesis for hypothesis in hypotheses}
    planted = hypotheses[0] if name is None else by_name.get(name)
    if planted is None:
        hint = did_you_mean(name or "", by_name) or f" There are: {', '.join(by_name)}."
        raise HypothesisError(f"no hypothesis is called {name!r}.{hint}")
    genes = tuple(dict.fromkeys([*planted.genes, *(gene for h in hypotheses for gene in h.genes)]))
    return simulate_cohort(replace(planted, genes=genes), config)
