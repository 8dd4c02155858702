"""The answer to a table of scores from elsewhere: what is said of it, of each model and of each pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from hypomask.comparison.correlated_bayes import ThreeWay
from hypomask.comparison.naive_tests import NaiveTests
from hypomask.comparison.plain import to_plain
from hypomask.comparison.result import Reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PairCode", "ScoreComparison", "ScoreVerdict", "ScoreVerdictCode", "ScoredModel", "ScoredPair"]

PairCode = Literal["better", "worse", "equivalent", "cannot-tell"]
ScoreVerdictCode = Literal["best", "better", "worse", "equivalent", "cannot-tell"]


@dataclass(frozen=True)
class ScoreVerdict:
    """What a table says, in one code, one sentence (or a few), and what qualifies it.

    ``best``: one model is better than every other. ``better``, ``worse``: with a reference, a model is better than it;
    none is better and one is worse. ``equivalent``: the models that may be best (with a reference: all models and it)
    differ by less than the margin. ``cannot-tell``: none of these is shown.
    """

    code: ScoreVerdictCode
    sentence: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class ScoredModel:
    """One model.

    Parameters
    ----------
    name, rank
        1 for the best mean score.
    mean, sd
        Over all splits of all repeats, in the unit of the score. The sd is no standard error.
    among_best
        No other model is shown to be better. None with a reference: that question was not asked.
    mcs_p
        p of the model confidence set that takes splits as independent; shown, never decides. None with a reference.
    """

    name: str
    rank: int
    mean: float
    sd: float
    among_best: bool | None
    mcs_p: float | None


@dataclass(frozen=True)
class ScoredPair:
    """Two models against each other: the one with the better mean first, or any model and then the reference.

    Parameters
    ----------
    a, b
        Their names.
    ahead, low, high
        By how much the score of a is better than that of b, whichever direction is better, with the corrected interval.
    won, lost
        Splits in which a is better, and worse.
    p_corrected
        Two-sided p of the corrected resampled t, taken alone.
    p_cautious, p_holm
        The same with the overlap of training sets counted threefold, and after Holm over all pairs of the comparison:
        "better" rests on that one.
    p_equivalent
        p of the two one-sided tests, cautious and after Holm, small when the difference is within the margin. None
        without a margin.
    posterior
        Of the corrected effect: that a is worse, practically equivalent, better. None without a margin.
    naive
        Tests that take splits as independent.
    code
        What is said of a.
    """

    a: str
    b: str
    ahead: float
    low: float
    high: float
    won: int
    lost: int
    p_corrected: float
    p_cautious: float
    p_holm: float
    p_equivalent: float | None
    posterior: ThreeWay | None
    naive: NaiveTests
    code: PairCode


@dataclass(frozen=True)
class ScoreComparison:
    """The answer to a table of scores.

    Parameters
    ----------
    verdict
        What the table says.
    models
        Best mean first.
    pairs
        Every pair; with a reference, every other model and it.
    settings
        Score, direction, folds, repeats, share held out, margin, level, overlap, reference.
    notes
        What was assumed, and what a reader must know besides.
    """

    verdict: ScoreVerdict
    models: tuple[ScoredModel, ...]
    pairs: tuple[ScoredPair, ...]
    settings: Mapping[str, float | int | str | None]
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> tuple[str, ...]:
        """Names of the models that may be the best one; empty with a reference."""
        return tuple(model.name for model in self.models if model.among_best)

    def pair(self, a: str, b: str) -> ScoredPair:
        """Return the pair of these two models, in the order in which it was judged."""
        for pair in self.pairs:
            if {pair.a, pair.b} == {a, b}:
                return pair
        raise KeyError((a, b))

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**to_plain(self), "best": list(self.best)}

    def frame(self) -> pd.DataFrame:
        """Return one row per pair, indexed by the two names; probabilities and naive p values as columns."""
        import pandas as pd

        rows = []
        for pair in self.pairs:
            row = asdict(pair)
            posterior, naive = row.pop("posterior"), row.pop("naive")
            code = row.pop("code")
            row |= {f"probability_{name}": value for name, value in (posterior or {}).items()}
            row |= {f"naive_{name}_p": value for name, value in naive.items()}
            rows.append({**row, "code": code})
        return pd.DataFrame(rows).set_index(["a", "b"])

    def model_frame(self) -> pd.DataFrame:
        """Return one row per model, indexed by name, best mean first."""
        import pandas as pd

        return pd.DataFrame([asdict(model) for model in self.models]).set_index("name")
