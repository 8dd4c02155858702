"""The whole procedure for scores of models that were trained elsewhere: from a table to a verdict."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hypomask.comparison.corrected_t import split_effect
from hypomask.comparison.correlated_bayes import correlated_bayes
from hypomask.comparison.equivalence import equivalence_p
from hypomask.comparison.model_confidence_set import model_confidence_p
from hypomask.comparison.multiplicity import holm
from hypomask.comparison.naive_tests import naive_tests
from hypomask.comparison.paired import RESOLUTION
from hypomask.comparison.score_layout import lay_out
from hypomask.comparison.score_result import PairCode, ScoreComparison, ScoredModel, ScoredPair
from hypomask.comparison.score_settings import ScoreSettings
from hypomask.comparison.score_table import ScoreTable
from hypomask.comparison.score_verdict import FEWEST_FOLDS, ScoreFacts, score_verdict
from hypomask.data.tables import TextTable
from hypomask.errors import ConfigError, DataError, Problem, did_you_mean, raise_problems

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OVERLAP", "compare_scores", "judge_scores"]

FloatArray = npt.NDArray[np.float64]

OVERLAP = 3.0
"""How many times the overlap of training sets counts where a verdict rests on it. Nadeau and Bengio's correction (1)
called one of two equal models better in up to 11 % of simulated tables of n = 40-200 and wide data; 3 keeps to 3 % in
`benchmarks/score_tables`, and to 5.5 % in the worst of a wider search, save for models that interpolate."""

DEFAULT_MARGIN = 0.01
MCS_DRAWS = 5000


def compare_scores(table: pd.DataFrame | TextTable, settings: ScoreSettings | None = None) -> ScoreComparison:
    """Compare models by their scores on the same splits of the same samples.

    Parameters
    ----------
    table
        A row per fold and a column per model, or columns named model, fold (repeat) and score. Of a frame, named index
        levels count as columns.
    settings
        What the table does not say; see `ScoreSettings`.

    Returns
    -------
    ScoreComparison
        With `verdict`, `models`, `pairs`; `as_dict()` for programs, `frame()` for the table of pairs.

    Raises
    ------
    DataError
        A table that cannot be used: all that is wrong with it, by line or row.
    ConfigError
        A reference that is no model of the table.

    Examples
    --------
    >>> import pandas as pd
    >>> auc = pd.DataFrame({"fold": range(5), "a": [.81, .84, .79, .88, .80], "b": [.80, .85, .78, .86, .80]})
    >>> compare_scores(auc, ScoreSettings(score="AUC")).verdict.code
    'cannot-tell'
    """
    chosen = settings or ScoreSettings()
    return judge_scores(lay_out(table if isinstance(table, TextTable) else _as_text(table), chosen), chosen)


def judge_scores(table: ScoreTable, settings: ScoreSettings) -> ScoreComparison:
    """Compare the models of a table that has been laid out; see `compare_scores`."""
    if settings.reference is not None and settings.reference not in table.models:
        hint = did_you_mean(settings.reference, table.models)
        raise ConfigError(f"reference: no model {settings.reference!r}.{hint} Models: {', '.join(table.models)}")
    _refuse_constant_differences(table)
    named = table.score_name
    direction = settings.direction or (named.direction if named else None) or "higher"
    better_MRK = table.higher_is_better(direction)
    test_fraction = settings.test_fraction or 1.0 / table.n_folds
    margin = settings.margin
    if margin is None and np.abs(table.score_MRK).max() <= 1.0:
        margin = DEFAULT_MARGIN
    order = np.lexsort((np.array(table.models), -better_MRK.mean(axis=(1, 2))))
    if settings.reference is None:
        asked = list(combinations(order, 2))
    else:
        place = table.models.index(settings.reference)
        asked = [(m, place) for m in order if m != place]
    pairs = _pairs(table.models, better_MRK, asked, test_fraction, margin, settings.alpha)
    models = _models(table, better_MRK, order, pairs, settings)
    facts = ScoreFacts(
        models=models,
        pairs=pairs,
        reference=settings.reference,
        unit=named.label if named else "score",
        margin=margin,
        alpha=settings.alpha,
        n_folds=table.n_folds,
        n_repeats=table.n_repeats,
    )
    return ScoreComparison(
        verdict=score_verdict(facts),
        models=models,
        pairs=pairs,
        settings={
            "score": facts.unit,
            "direction": direction,
            "folds": table.n_folds,
            "repeats": table.n_repeats,
            "test_fraction": test_fraction,
            "margin": margin,
            "alpha": settings.alpha,
            "overlap": OVERLAP,
            "reference": settings.reference,
        },
        notes=_notes(table, settings, facts, direction_known=bool(settings.direction or (named and named.direction))),
    )


def _as_text(frame: pd.DataFrame) -> TextTable:
    """Write a frame as a file would hold it, so that one set of checks reads both."""
    named = [name for name in frame.index.names if name is not None and name not in frame.columns]
    flat = frame.reset_index(level=named) if named else frame
    names = [str(name).strip() for name in flat.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"column {repeated[0]!r} is there twice; rename one")
    if not names or not len(flat):
        raise DataError("the frame is empty, expected a row per fold and a column per model")
    cells = flat.astype(object).where(flat.notna(), "").to_numpy()
    return TextTable("", {name: tuple(str(cell).strip() for cell in cells[:, i]) for i, name in enumerate(names)})


def _refuse_constant_differences(table: ScoreTable) -> None:
    problems = []
    flat_MJ = table.score_MRK.reshape(len(table.models), -1)
    if flat_MJ.shape[1] < FEWEST_FOLDS:
        return  # it happens by chance, to AUCs of two small folds for one, and nothing is called better anyway
    for i, j in combinations(range(len(table.models)), 2):
        d_J = flat_MJ[i] - flat_MJ[j]
        if np.ptp(d_J) < RESOLUTION <= abs(d_J[0]):
            problems.append(
                Problem(
                    f"models {table.models[i]!r} and {table.models[j]!r} differ by the same {abs(d_J[0]):.4g} in all "
                    f"{len(d_J)} splits, which says nothing of chance; was one computed from the other, or were both "
                    "rounded? Leave one out, or give more decimals",
                    table.file or None,
                )
            )
    raise_problems(problems, DataError)


def _pairs(
    names: tuple[str, ...],
    better_MRK: FloatArray,
    asked: list[tuple[int, int]],
    test_fraction: float,
    margin: float | None,
    alpha: float,
) -> tuple[ScoredPair, ...]:
    difference = [better_MRK[a] - better_MRK[b] for a, b in asked]
    corrected = [split_effect(d_RK, test_fraction) for d_RK in difference]
    cautious = [split_effect(d_RK, test_fraction, overlap=OVERLAP) for d_RK in difference]
    p_holm = holm([effect.p_two_sided for effect in cautious])
    p_equivalent: list[float] = [] if margin is None else holm([equivalence_p(e, margin) for e in cautious]).tolist()
    can_tell = better_MRK.shape[2] >= FEWEST_FOLDS
    pairs = []
    for k, (a, b) in enumerate(asked):
        low, high = corrected[k].interval(alpha)
        code: PairCode = "cannot-tell"
        if can_tell and p_holm[k] <= alpha:
            code = "better" if cautious[k].mean > 0 else "worse"
        elif can_tell and p_equivalent and p_equivalent[k] <= alpha:
            code = "equivalent"
        pairs.append(
            ScoredPair(
                a=names[a],
                b=names[b],
                ahead=corrected[k].mean,
                low=low,
                high=high,
                won=int((difference[k] >= RESOLUTION).sum()),
                lost=int((difference[k] <= -RESOLUTION).sum()),
                p_corrected=corrected[k].p_two_sided,
                p_cautious=cautious[k].p_two_sided,
                p_holm=float(p_holm[k]),
                p_equivalent=p_equivalent[k] if p_equivalent else None,
                posterior=None if margin is None else correlated_bayes(corrected[k], margin),
                naive=naive_tests(difference[k].ravel()),
                code=code,
            )
        )
    return tuple(pairs)


def _models(
    table: ScoreTable,
    better_MRK: FloatArray,
    order: npt.NDArray[np.int64],
    pairs: tuple[ScoredPair, ...],
    settings: ScoreSettings,
) -> tuple[ScoredModel, ...]:
    ranks_all = settings.reference is None
    beaten = {pair.b if pair.code == "better" else pair.a for pair in pairs if pair.code in ("better", "worse")}
    flat_MJ = better_MRK.reshape(len(table.models), -1)
    mcs_p = None
    if ranks_all:
        n_splits = flat_MJ.shape[1]
        draw_DJ = np.random.default_rng(0).integers(n_splits, size=(MCS_DRAWS, n_splits))
        mcs_p = model_confidence_p(-flat_MJ.T, draw_DJ)
    return tuple(
        ScoredModel(
            name=table.models[m],
            rank=rank,
            mean=float(table.score_MRK[m].mean()),
            sd=float(table.score_MRK[m].std(ddof=1)),
            among_best=table.models[m] not in beaten if ranks_all else None,
            mcs_p=float(mcs_p[m]) if mcs_p is not None else None,
        )
        for rank, m in enumerate(order, start=1)
    )


def _notes(table: ScoreTable, settings: ScoreSettings, facts: ScoreFacts, *, direction_known: bool) -> tuple[str, ...]:
    many = f", after Holm over {len(facts.pairs)} pairs" if len(facts.pairs) > 1 else ""
    notes = [f"Deciding p: corrected, with the overlap of training sets counted {OVERLAP:g}-fold{many}."]
    if not direction_known:
        notes.append(
            f"Nothing says which way is better: higher {facts.unit} was taken to be. If it is a loss or an error, "
            "say --direction lower."
        )
    if any(pair.code in ("better", "worse") for pair in facts.pairs):
        notes.append(
            "Better means: at this training size, on cohorts like this one. Scores per fold cannot show how much all "
            "models owe to the luck of one cohort: of models that fit their training samples exactly, 15 % of equal "
            "ones were called better in simulations; of others 0-3 %, and 6 % in the worst case found."
        )
    if table.repeats_assumed:
        notes.append(
            f"Taken as {table.n_folds} folds of one cross-validation. If they are repeats of fewer folds, or random "
            "splits, say --repeats, --folds or --test-fraction: it changes the correction."
        )
    if facts.margin is None:
        notes.append("Scores beyond -1 and 1: practical equivalence is judged only with --margin.")
    same = [f"{pair.a} and {pair.b}" for pair in facts.pairs if pair.won == pair.lost == 0]
    if same:
        notes.append(f"The same score in every split: {'; '.join(same[:5])}. Was a column copied?")
    return tuple(notes)
