"""Predict in which direction each protein changes under each inhibitor, and look.

    python benchmarks/sachs_inhibitors/predict.py RUN [--level q0.05]

An inhibitor is its target silenced: at a low level of the unperturbed cells, its edges kept (dose 0). Every model of
the run is asked; a direction is predicted where the 95 % interval of the mean effect on a protein excludes 0. What
happened is the difference of mean log levels to the cells with the same stimulus and no drug, in standard deviations of
those; a protein changed where it differs by more than `CHANGED` of them. Null masks are networks with the same degrees,
rewired.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from make_study import PROTEINS, cells

from hypomask.execution.progress import Silent
from hypomask.knockout.asking import ScanOptions, ask
from hypomask.knockout.interventions import Intervention, dose
from hypomask.knockout.levels import Levels
from hypomask.knockout.summary import Summary
from hypomask.knockout.trained_run import TrainedRun, open_trained

HERE = Path(__file__).resolve().parent
BASE, CHANGED = "cd3_cd28", 0.2
# The drugs' targets in Sachs et al. 2005; of LY294002, which inhibits PI3K, the product that is measured.
TARGETS = {"aktinhib": "akt", "g0076": "pkc", "psitect": "pip2", "u0126": "mek", "ly": "pip3"}


def measured() -> pd.DataFrame:
    """Return (drug, protein): the change of the mean log level in standard deviations of cells without the drug."""
    table = cells()
    levels = np.log(table[list(PROTEINS)])
    base = levels[table["condition"] == BASE]
    rows = {
        drug: (levels[table["condition"] == f"{BASE}+{drug}"].mean() - base.mean()) / base.std() for drug in TARGETS
    }
    return pd.DataFrame(rows).T


def signs(summary: Summary, interventions: list[Intervention], alpha: float) -> pd.DataFrame:
    """Return (target, protein): -1, 0 (cannot tell) or 1."""
    low, high = summary.effect.interval(alpha)
    sign = np.where(low > 0, 1, np.where(high < 0, -1, 0)).reshape(len(interventions), -1)
    return pd.DataFrame(sign, index=[each.name for each in interventions], columns=PROTEINS)


def score(sign: pd.DataFrame, changes: pd.DataFrame) -> tuple[int, int, list[str]]:
    """Return how many directions were predicted of proteins that changed, how many are right, and all in words."""
    predicted, right, words = 0, 0, []
    for drug, target in TARGETS.items():
        for protein in PROTEINS:
            said, change = int(sign.loc[target, protein]), float(changes.loc[drug, protein])
            if protein == target or said == 0 or abs(change) < CHANGED:
                continue
            predicted, right = predicted + 1, right + (said == np.sign(change))
            words.append(f"{drug} ({target}): {protein} {'+' if said > 0 else '-'}, measured {change:+.2f}")
    return predicted, right, words


def answers(run: TrainedRun, name: str, level: str) -> dict[str, tuple[int, int, list[str]]]:
    """Return the scores of a hypothesis and of each of its null draws."""
    options = ScanOptions(levels=Levels(level))
    interventions = [dose(target, 0.0) for target in dict.fromkeys(TARGETS.values())]
    asked, changes = ask(run, interventions, name, options), measured()
    own = asked.summary(run.models(run.model(name)), run.mask(name), Silent(), name)
    found = {name: score(signs(own, interventions, options.alpha), changes)}
    for number, draw in enumerate(run.null_draws(name)):
        summary = replace(asked).summary(draw, run.mask_of(draw[0]), Silent(), name)
        found[f"{name}, null {number + 1}"] = score(signs(summary, interventions, options.alpha), changes)
    return found


def wilson(k: int, n: int) -> str:
    if not n:
        return "–"
    z = 1.96
    middle, half = (k + z * z / 2) / (n + z * z), z * np.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return f"{middle - half:.2f} to {middle + half:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--level", default="q0.05")
    options = parser.parse_args()
    run = open_trained(options.run)
    for name in ("consensus", "reverse"):
        found = answers(run, name, options.level)
        predicted, right, words = found[name]
        nulls = [(p, r) for key, (p, r, _) in found.items() if key != name]
        shares = [r / p for p, r in nulls if p]
        as_good = sum(share >= right / max(predicted, 1) for share in shares)
        print(
            f"| {name} | {predicted} | {right} | {wilson(right, predicted)} | {len(nulls)} | "
            f"{np.mean([p for p, _ in nulls]) if nulls else np.nan:.1f} | "
            f"{np.mean(shares) if shares else np.nan:.2f} | {as_good} of {len(shares)} |"
        )
        print(*(f"  - {word}" for word in words), sep="\n")
    print(measured().round(2).to_string())


if __name__ == "__main__":
    main()
