"""What is simulated: the truth of each scenario is fixed, every cohort draws its samples anew.

Because the truth is fixed, the mean over cohorts of a difference in loss is what its interval should cover.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.hypothesis.graph import Edge, Hypothesis
from hypomask.hypothesis.rewiring import rewire_directed

GENES, EDGES = 16, 16
NAMES = tuple(f"G{i:02d}" for i in range(GENES))
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Scenario:
    """A truth, and the hypotheses that compete in it.

    Parameters
    ----------
    name, says
        Letter of the scenario, and what it is.
    planted
        Which of the hypotheses' edges interact: ``nothing``, the ``truth``'s, or those of ``both`` halves of a truth.
    rivals
        ``random`` graphs; or beside the truth ``half`` of it (and rewired ones).
    interaction_r2, main_r2
        Shares of the phenotype's variance.
    """

    name: str
    says: str
    planted: Literal["nothing", "truth", "both"] = "nothing"
    rivals: Literal["random", "truth", "truth and half", "half", "halves"] = "random"
    interaction_r2: float = 0.0
    main_r2: float = 0.4
    n_samples: int = 200
    hub: bool = False
    correlation: float = 0.0
    samples_per_group: int = 1
    noise: Literal["normal", "heavy"] = "normal"

    @property
    def key(self) -> str:
        return f"{self.name} n={self.n_samples} R2={self.interaction_r2:g}"


TRUTH = Scenario("c", "planted truth against two rewirings of it", "truth", "truth", 0.3, 0.2)

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("a", "no interaction; three random graphs"),
    Scenario("b", "two halves of a truth, equally good; one rewired", "both", "halves", 0.3, 0.2),
    *(replace(TRUTH, interaction_r2=r2, n_samples=n) for r2 in (0.15, 0.3) for n in (100, 200, 400)),
    Scenario("d", "half of the truth's edges against two rewirings", "truth", "half", 0.3, 0.2),
    Scenario("d2", "the truth against its half and a rewiring", "truth", "truth and half", 0.3, 0.2, n_samples=400),
    Scenario("e", "no interaction; one hub has all main effect and most edges", hub=True),
    Scenario("f", "no interaction; genes of a module correlate at 0.7", correlation=0.7),
    Scenario("g", "no interaction; samples in groups of 4 alike", samples_per_group=4),
    Scenario("h", "no interaction; heavy-tailed noise (t, 2.5 df)", noise="heavy"),
)


def hypotheses_of(scenario: Scenario) -> tuple[Hypothesis, ...]:
    """The rivals; the first is the truth (or the nearest to it) where there is one."""
    rng = np.random.default_rng(_seed(scenario, "graphs"))
    truth = _graph(rng, hub=scenario.hub)
    half = tuple(truth[i] for i in rng.permutation(len(truth))[: len(truth) // 2])
    other = tuple(pair for pair in truth if pair not in half)
    named: dict[str, Pairs] = {
        "random": {f"random-{i}": _graph(rng, hub=scenario.hub) for i in range(3)},
        "truth": {"truth": truth, **_rewired(truth, rng, 2)},
        "truth and half": {"truth": truth, "half": half, **_rewired(truth, rng, 1)},
        "half": {"half": half, **_rewired(half, rng, 2)},
        "halves": {"half-1": half, "half-2": other, **_rewired(half, rng, 1)},
    }[scenario.rivals]
    return tuple(
        Hypothesis(name, NAMES, tuple(Edge(NAMES[a], NAMES[b]) for a, b in pairs)) for name, pairs in named.items()
    )


def planted_pairs(scenario: Scenario) -> Pairs:
    """The pairs whose products make the phenotype."""
    if scenario.planted == "nothing":
        return ()
    rng = np.random.default_rng(_seed(scenario, "graphs"))
    return _graph(rng, hub=scenario.hub)


def cohort_of(scenario: Scenario, number: int) -> Cohort:
    """Draw the samples of cohort `number`."""
    fixed = np.random.default_rng(_seed(scenario, "coefficients"))
    pairs = planted_pairs(scenario)
    main = fixed.standard_normal(GENES) * (np.arange(GENES) == 0 if scenario.hub else 1.0)
    products = fixed.choice([-1.0, 1.0], len(pairs))
    modules = fixed.permutation(np.arange(GENES) % 4)
    rng = np.random.default_rng([_seed(scenario, "samples"), number])
    n_groups = scenario.n_samples // scenario.samples_per_group
    group = np.repeat(np.arange(n_groups), scenario.samples_per_group)
    x = _genes(rng, len(group), modules, scenario.correlation)
    alike = scenario.samples_per_group > 1
    if alike:
        x = np.sqrt(0.5) * x + np.sqrt(0.5) * _genes(rng, n_groups, modules, scenario.correlation)[group]
    by_gene = _unit(x @ main)
    by_pair = (
        _unit(np.sum([c * x[:, a] * x[:, b] for c, (a, b) in zip(products, pairs, strict=True)], axis=0))
        if pairs
        else 0
    )
    noise = rng.standard_t(2.5, len(group)) if scenario.noise == "heavy" else rng.standard_normal(len(group))
    if alike:
        noise = np.sqrt(0.5) * noise + np.sqrt(0.5) * rng.standard_normal(n_groups)[group]
    left = 1 - scenario.main_r2 - scenario.interaction_r2
    y = np.sqrt(scenario.main_r2) * by_gene + np.sqrt(scenario.interaction_r2) * by_pair + np.sqrt(left) * noise
    samples = tuple(f"s{i}" for i in range(len(group)))
    return Cohort(
        samples=samples,
        genes=NAMES,
        channels=("expression",),
        values_BGC=x[:, :, None].astype(np.float32),
        covariates=pd.DataFrame(index=list(samples)),
        phenotype=Phenotype("phenotype", "continuous", y),
        groups=np.array([f"g{i}" for i in group]) if alike else None,
        strata=pd.DataFrame(index=list(samples)),
    )


def _seed(scenario: Scenario, what: str) -> int:
    # Strength and size leave graphs and coefficients as they are, so that a curve is of one truth.
    return int.from_bytes(f"{scenario.name} {what}".encode()[:7], "little")


def _graph(rng: np.random.Generator, *, hub: bool) -> Pairs:
    pairs = [(a, b) for a in range(GENES) for b in range(GENES) if a < b]
    chosen = {(0, b) for b in range(1, 1 + EDGES * 5 // 8)} if hub else set()
    for i in rng.permutation(len(pairs)):
        if len(chosen) == EDGES:
            break
        chosen.add(pairs[i])
    return tuple(sorted((a, b) if rng.random() < 0.5 or a == 0 else (b, a) for a, b in chosen))


def _rewired(pairs: Pairs, rng: np.random.Generator, n: int) -> dict[str, Pairs]:
    source, target = (np.array(ends) for ends in zip(*pairs, strict=True))
    drawn = {}
    for i in range(n):
        new = rewire_directed(source, target, GENES, rng)
        drawn[f"rewired-{i}"] = tuple(zip(new.sources.tolist(), new.targets.tolist(), strict=True))
    return drawn


def _genes(rng: np.random.Generator, n: int, modules: np.ndarray, correlation: float) -> np.ndarray:
    own, shared = rng.standard_normal((n, GENES)), rng.standard_normal((n, 4))
    return np.sqrt(1 - correlation) * own + np.sqrt(correlation) * shared[:, modules]


def _unit(values: np.ndarray) -> np.ndarray:
    return values / values.std()
