"""Is the power that `hypomask power` forecasts the power that is measured, and are a pilot's bands honest?

    OMP_NUM_THREADS=1 python benchmarks/power/run.py [--studies 150] [--pilots 40] [--out FILE]

1. At each size, studies with the same truth are simulated, a cheap learner is cross-validated on each, and the whole
   comparator judges it. Forecasts at that size from the averages of effects and variances over those studies: does the
   formula hold when its inputs are right?
2. Single studies of 200 samples as pilots: how many samples do they say are needed, and how often does their band hold
   the number that the measured curve gives?
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from learner import FOLDS, NULLS, REPEATS, Study, draw_study

import hypomask
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import NullLosses
from hypomask.comparison.paired import Units, corrected_effect
from hypomask.comparison.planning.chances import Chances, Design
from hypomask.comparison.planning.effect_draws import effect_draws
from hypomask.comparison.planning.forecast import forecast
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.questions import NullSpread, Questions, spread_of
from hypomask.comparison.sample_size import samples_needed

CONFIG = ComparisonConfig(monte_carlo_draws=2000, bootstrap_draws=50)
DESIGN = Design(FOLDS, REPEATS, NULLS)
SIZES = {0.1: (200, 450, 800, 1200), 0.2: (100, 200, 300, 450)}  # by share of variance that interactions explain
PILOT_SIZE = 200
REMARKS = """## Where it misses (said of the run with 150 studies)

- Power near 80 % is forecast up to 12 points too low (10 % too many samples): across studies a lead and its standard
  error grow together (correlation 0.8; the samples of one run show 0.5 of it, the rest is training), so t varies half
  as much as the estimates do. No single run shows that; the error is on the safe side.
- A pilot's number is too large where models still learn: at 200 samples differences vary more than they will at 1,000.
  And a leader that truly is the best is shrunk, too, though it owes nothing to luck.
- Spread taken (`spread_of`) against measured: within 0.2 here."""
POWER = 0.8


@dataclass(frozen=True, eq=False)
class Measured:
    """Studies of one size: share that decided each question (and, last, called the truth best), and the forecast."""

    n: int
    names: tuple[str, ...]
    measured_J: np.ndarray
    predicted_J: np.ndarray
    effect_J: np.ndarray
    spread_J: np.ndarray
    assumed_spread: float
    wrong: float


def decided(study: Study) -> tuple[list[bool], bool]:
    """What the comparator said of the truth: each question, "best" last; and whether another one was called best."""
    nulls = NullLosses("truth", float(study.table.loss_MRB[2, 0].mean()), study.null_loss_DB.mean(axis=1), "rewired")
    found = compare_losses(study.table, [nulls], CONFIG, "all")
    truth = found["truth"]
    p = {(pair.a, pair.b): pair.p for pair in found.pairs if pair.family == "rivals"}

    def told_from(rival: str) -> bool:
        ahead = truth.loss < found[rival].loss
        return ahead and not found[rival].in_confidence_set and p.get(("truth", rival), 1.0) <= CONFIG.alpha

    best = found.verdict.code == "best"
    questions = [
        truth.skill_p_adjusted <= CONFIG.alpha,
        (truth.gain or 0.0) > 0 and (truth.gain_p_adjusted or 0.0) <= CONFIG.alpha,
        (truth.null_p_holm or 0.0) <= CONFIG.alpha,
        told_from("half"),
        told_from("wrong"),
    ]
    return [*map(bool, questions), best and found.winner == "truth"], best and found.winner != "truth"


def pilot_of(study: Study, leader: str = "truth") -> Pilot:
    nulls = {"truth": study.null_loss_DB}
    return Pilot(study.table, CONFIG, "all", nulls, leader=leader)


def averaged(pilots: list[Pilot]) -> Questions:
    """Questions with the averages of all inputs of the forecast."""
    asked = [pilot.questions() for pilot in pilots]
    spreads = [q.nulls for q in asked if q.nulls is not None]
    return replace(
        asked[0],
        effect_J=np.mean([q.effect_J for q in asked], axis=0),
        covariance_JJ=np.mean([q.covariance_JJ for q in asked], axis=0),
        correlation_JJ=np.mean([q.correlation_JJ for q in asked], axis=0),
        studentised_J=np.mean([q.studentised_J for q in asked], axis=0),
        split_share=float(np.mean([q.split_share for q in asked])),
        nulls=NullSpread(
            float(np.mean([s.wiring_variance for s in spreads])), float(np.mean([s.unit_variance for s in spreads])), 0
        ),
    )


def measure(n: int, interaction_r2: float, n_studies: int, seed: int) -> tuple[Measured, list[Study]]:
    rng = np.random.default_rng((seed, n))
    studies = [draw_study(n, interaction_r2, rng) for _ in range(n_studies)]
    outcomes = [decided(study) for study in studies]
    pilots = [pilot_of(study) for study in studies]
    questions = averaged(pilots)
    estimates = np.stack([pilot.differences.mean(axis=(1, 2)) for pilot in pilots])
    return (
        Measured(
            n,
            tuple(q.against if q.kind == "rival" else q.kind for q in questions.questions),
            np.mean([outcome for outcome, _ in outcomes], axis=0),
            Chances(questions, DESIGN).at(n, questions.effect_J),
            questions.effect_J,
            n * estimates.var(axis=0, ddof=1) / questions.unit_variances,
            spread_of(questions.split_share, FOLDS, REPEATS),
            float(np.mean([wrong for _, wrong in outcomes])),
        ),
        studies,
    )


def needed_by_curve(sizes: list[int], shares: list[float]) -> float:
    """Size at which the measured curve reaches the wanted power, between measured sizes on a log scale."""
    at = next((i for i, share in enumerate(shares) if share >= POWER), None)
    if at is None or at == 0:
        return float("nan")
    weight = (POWER - shares[at - 1]) / (shares[at] - shares[at - 1])
    return float(np.exp(np.log(sizes[at - 1]) + weight * (np.log(sizes[at]) - np.log(sizes[at - 1]))))


def pilots_say(studies: list[Study], target: float, constant: float) -> dict[str, float]:
    """How single pilots fare in saying how many samples tell the truth from half of it."""
    said, low, high, naive, led = [], [], [], [], 0
    for study in studies:
        pilot = pilot_of(study)
        led += study.table.hypotheses_by_loss()[0] == "truth"
        found = forecast(pilot.questions(), DESIGN, power=POWER, effects=effect_draws(pilot, draws=200))
        rival = next(o for o in found.outlooks if o.against == "half")
        said.append(np.inf if rival.needed is None else rival.needed)
        low.append(np.inf if rival.needed_low is None else rival.needed_low)
        high.append(np.inf if rival.needed_high is None else rival.needed_high)
        lead = corrected_effect(study.table.loss_MRB[0] - study.table.loss_MRB[2], FOLDS, Units.of(None, PILOT_SIZE))
        simple = samples_needed(lead.mean, lead.se, PILOT_SIZE, alpha=CONFIG.alpha)
        naive.append(np.inf if simple is None else simple)
    low_, high_ = np.array(low), np.array(high)
    return {
        "led": led / len(studies),
        "median": float(np.median(said)),
        "low": float(np.quantile(said, 0.1, method="inverted_cdf")),
        "high": float(np.quantile(said, 0.9, method="inverted_cdf")),
        "unsayable": float(np.mean(np.isinf(said))),
        "covers": float(np.mean((low_ <= target) & (target <= high_))),
        "covers constant": float(np.mean((low_ <= constant) & (constant <= high_))),
        "short formula": float(np.median(naive)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=150)
    parser.add_argument("--pilots", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args()
    started = time.process_time()
    lines = [
        "# Power: forecast against measurement",
        "",
        f"`OMP_NUM_THREADS=1 python benchmarks/power/run.py --studies {options.studies} --pilots {options.pilots}`; "
        f"hypomask {hypomask.__version__}, numpy {np.__version__}, {platform.machine()}, Python "
        f"{platform.python_version()}.",
        "",
    ]
    for interaction_r2 in SIZES:
        lines += scenario(interaction_r2, options.studies, options.pilots)
    lines += [REMARKS, "", f"{time.process_time() - started:.0f} CPU-seconds.", ""]
    options.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def scenario(interaction_r2: float, n_studies: int, n_pilots: int) -> list[str]:
    rows, pilots, curve, misses = [], [], [], 0
    constant = float("nan")
    sizes = SIZES[interaction_r2]
    for n in sizes:
        found, studies = measure(n, interaction_r2, n_studies, seed=int(1000 * interaction_r2))
        cells = []
        for measured, predicted in zip(found.measured_J, found.predicted_J, strict=True):
            error = np.sqrt(max(predicted * (1 - predicted), 1e-3) / n_studies)
            off = abs(measured - predicted) > 2 * error
            misses += off
            cells.append(f"{100 * measured:.0f} / {100 * predicted:.0f}{'*' if off else ''}")
        half = found.names.index("half")
        curve.append(float(found.measured_J[half]))
        spread = f"{np.median(found.spread_J[[0, 1, 3, 4]]):.2f} / {found.assumed_spread:.2f}"
        effect = f"{found.effect_J[half]:.3f}"
        rows.append(f"| {n} | {' | '.join(cells)} | {100 * found.wrong:.1f} | {effect} | {spread} |")
        print(rows[-1], flush=True)
        if n == PILOT_SIZE:
            pilots = studies[:n_pilots]
            questions = averaged([pilot_of(study) for study in studies])
            constant = float(Chances(questions, DESIGN).units(POWER, questions.effect_J)[half])
    target = needed_by_curve(list(sizes), curve)
    said = pilots_say(pilots, target, constant)
    heads = ["n", *found.names, "best", "wrong best", "lead over half", "spread"]
    return [
        f"## Interaction R2 {interaction_r2:g}",
        "",
        "Measured / forecast, in %; spread: variance of estimates in naive units, measured (median over questions) / "
        "taken.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---|" * len(heads),
        *rows,
        "",
        f"* more than two Monte Carlo standard errors off: {misses} of {len(sizes) * (len(found.names) + 1)} cells "
        f"(one in 20 by chance; {n_studies} studies a row).",
        "",
        f"To tell the truth from half of it in 80 % of studies takes {target:.0f} samples by the measured curve "
        f"({constant:.0f} if effect and variance stayed as they are at {PILOT_SIZE}). {len(pilots)} pilots of "
        f"{PILOT_SIZE} samples (the truth led in {100 * said['led']:.0f} %) said {said['median']:.0f} in the median "
        f"(80 % of them from {said['low']:.0f} to {said['high']:.0f}; 'cannot be said' in "
        f"{100 * said['unsayable']:.0f} %). Their 80 % bands held the measured number in {100 * said['covers']:.0f} %, "
        f"and that of constant effect in {100 * said['covers constant']:.0f} %. The report's short formula "
        f"(`samples_needed`, uncorrected for selection and for several hypotheses) said "
        f"{said['short formula']:.0f} in the median.",
        "",
    ]


if __name__ == "__main__":
    main()
