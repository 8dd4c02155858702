"""Predict the test pairs by the models of a run, and compare with additive ridge.

    python benchmarks/yeast_dna_repair/predict.py RUN [--out RESULTS.md]

A strain's prediction is the mean over all models of a mask (one per fold of the training pairs). Intervals come from a
bootstrap of genes: pairs that share a gene are not independent.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from make_study import pairs, presence
from sklearn.linear_model import RidgeCV

from hypomask.knockout.trained_run import ModelOf, TrainedRun, open_trained

Float = npt.NDArray[np.float64]
DRAWS = 2000


def predicted(run: TrainedRun, models: tuple[ModelOf, ...], values_BG: Float, *, additive: bool = False) -> Float:
    """Return (B,) mean predictions of `models`, or of their additive parts."""
    total = np.zeros(len(values_BG))
    for one in models:
        model = run.load(one)
        said = model.predict(values_BG[:, :, None].astype(np.float32), np.zeros((len(values_BG), 0)))
        total += model.y_center + model.y_scale * np.asarray(said.additive if additive else said.full).reshape(-1)
    return total / len(models)


def by_genes(table: object, genes: list[str]) -> list[Float]:
    """Return (B,) weights of pairs in each bootstrap draw of genes: the product of how often both were drawn."""
    rng = np.random.default_rng(0)
    place = {gene: i for i, gene in enumerate(genes)}
    a, b = (table[column].map(place).to_numpy() for column in ("gene_a", "gene_b"))
    draws = (np.bincount(rng.integers(0, len(genes), len(genes)), minlength=len(genes)) for _ in range(DRAWS))
    return [(count[a] * count[b]).astype(float) for count in draws]


def correlation(one: Float, two: Float, weight: Float | None = None) -> float:
    """Return Pearson's correlation, weighted."""
    weight = np.ones(len(one)) if weight is None else weight
    one, two = one - np.average(one, weights=weight), two - np.average(two, weights=weight)
    return float((weight * one * two).sum() / np.sqrt((weight * one**2).sum() * (weight * two**2).sum()))


def interval(values: list[float]) -> str:
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{low:+.3f} to {high:+.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    options = parser.parse_args()
    run = open_trained(options.run)
    genes = list(run.cohort.genes)
    test, train = pairs("testing"), pairs("training")
    x_BG, y = presence(test, genes).to_numpy(dtype=float), test["interaction"].to_numpy()
    ridge = RidgeCV(np.logspace(-1, 4, 30)).fit(presence(train, genes).to_numpy(), train["interaction"]).predict(x_BG)
    said = {"additive ridge (scikit-learn)": ridge}
    for name in run.names:
        said[name] = predicted(run, run.models(run.model(name)), x_BG)
    weights = by_genes(test, genes)
    print(
        "| model | r on test pairs | 95 % interval | over no interaction | 95 % interval |",
        "|---|---|---|---|---|",
        sep="\n",
    )
    base = said["no-interaction"]
    for name, values in sorted(said.items(), key=lambda item: -correlation(item[1], y)):
        rs = [correlation(values, y, w) for w in weights]
        gains = [r - correlation(base, y, w) for r, w in zip(rs, weights, strict=True)]
        gain = correlation(values, y) - correlation(base, y)
        print(f"| {name} | {correlation(values, y):.3f} | {interval(rs)} | {gain:+.3f} | {interval(gains)} |")
    for hypothesis in run.prepared.hypotheses:
        name = hypothesis.name
        nulls = [predicted(run, draw, x_BG) for draw in run.null_draws(name)]
        rs = np.array([correlation(null, y) for null in nulls])
        if not len(rs):
            continue
        own = correlation(said[name], y)
        middle = np.mean(nulls, axis=0)
        shown = ", ".join(f"{r:.3f}" for r in np.sort(rs)[::-1])
        print(
            f"\n{name}: r = {own:.3f}; {len(rs)} null masks: {rs.mean():.3f} on average ({shown}); "
            f"p = {(1 + (rs >= own).sum()) / (1 + len(rs)):.3f}. All null masks' mean prediction: "
            f"{correlation(middle, y):.3f}."
        )
        inside = within(run, name, test)
        for words, chosen in (("pairs with an edge", inside), ("pairs without", ~inside)):
            line = f"{words} ({chosen.sum():,}): "
            line += ", ".join(f"{key} {correlation(values[chosen], y[chosen]):.3f}" for key, values in said.items())
            print(f"- {line}")


def within(run: TrainedRun, name: str, table: object) -> npt.NDArray[np.bool_]:
    """Return (B,) whether the mask has an edge between both genes of a pair."""
    mask = run.mask(name)
    edges = set(mask.pair_keys.tolist())
    place = {gene: i for i, gene in enumerate(mask.genes)}
    both = [(place[a], place[b]) for a, b in zip(table["gene_a"], table["gene_b"], strict=True)]
    return np.array([a * mask.n_tokens + b in edges or b * mask.n_tokens + a in edges for a, b in both])


if __name__ == "__main__":
    main()
