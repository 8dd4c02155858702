"""At how many independent units each question would be decided, with the curve and its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.planning.chances import Chances, Design
from hypomask.comparison.planning.decision import rounded_up
from hypomask.comparison.planning.effect_draws import EffectDraws
from hypomask.comparison.planning.questions import QuestionKind, Questions

__all__ = ["CurvePoint", "Forecast", "Outlook", "forecast"]

FloatArray = npt.NDArray[np.float64]
POINTS = 25
DRAWS_OF_BAND = 1000


@dataclass(frozen=True)
class CurvePoint:
    """Chance that a question is decided with `n` independent units; `low` and `high` are None without a pilot."""

    n: int
    power: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Outlook:
    """What is to be expected of one question, or of all of them together (``best``).

    Parameters
    ----------
    kind, against
        As in `Question`; ``best`` stands for every question that "best" asks for, decided in one study.
    decides
        Whether "best" asks for it.
    estimate, selection, effect, low, high
        Difference of losses as estimated, what the leader's having been chosen adds to it, the difference the forecast
        rests on (estimate - selection) and its band. None for ``best``; bands are None without a pilot.
    sd
        Standard deviation of one unit's difference; of null losses in this study, for null masks.
    critical
        Critical value of the corrected t statistic; None for null masks and ``best``.
    power_now
        Chance in a study of the pilot's size; None without a pilot.
    needed, needed_low, needed_high
        Independent units at which the chance reaches the wanted power: at the effect, and at the favourable and the
        unfavourable end of the band. None: cannot be said, the effect may be nothing (or needs more than 100 times the
        pilot's units).
    curve
        Chance against the number of units.
    """

    kind: QuestionKind | str
    against: str
    decides: bool
    estimate: float | None
    selection: float | None
    effect: float | None
    low: float | None
    high: float | None
    sd: float | None
    critical: float | None
    power_now: float | None
    needed: int | None
    needed_low: int | None
    needed_high: int | None
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class Forecast:
    """Outlooks of a study: ``best`` first, then each question.

    Parameters
    ----------
    leader
        Of whom it is asked.
    grouped
        Units are groups of samples.
    n_now
        Independent units of the pilot; None when all was assumed.
    power, confidence
        Wanted chance; coverage of the bands.
    spread
        Variance of an estimate in units of the naive one; see `spread_of`.
    least_units
        Below this number no hypothesis is called best, whatever its p values.
    """

    leader: str
    grouped: bool
    n_now: int | None
    n_hypotheses: int
    design: Design
    power: float
    confidence: float
    split_share: float
    spread: float
    least_units: int
    outlooks: tuple[Outlook, ...]

    @property
    def best(self) -> Outlook:
        """All that "best" asks for, in one study."""
        return self.outlooks[0]

    @property
    def hardest_rival(self) -> Outlook | None:
        """The rival that needs most units."""
        rivals = [outlook for outlook in self.outlooks if outlook.kind == "rival"]
        return max(rivals, key=_hardness) if rivals else None


def forecast(
    questions: Questions,
    design: Design,
    *,
    power: float = 0.8,
    confidence: float = 0.8,
    effects: EffectDraws | None = None,
    seed: int = 0,
) -> Forecast:
    """Return what a study of this design would decide at which size.

    Effects and variances are taken as the same at every size: the stated assumption. Models trained on more samples are
    better, which as a rule makes true differences larger and their variances smaller; then fewer units are needed than
    said here. Reckoned with are the tests, not other reasons to withhold a verdict (fits that are not healthy).

    Parameters
    ----------
    effects
        Their uncertainty in a pilot; None: the effects of `questions` are assumed and have no band.
    """
    chances = Chances(questions, design, seed=seed)
    effect_J = questions.effect_J if effects is None else effects.shrunk_J
    needed = chances.units(power, effect_J)
    low_units, high_units = _band_of_units(questions, design, power, confidence, effects, seed)
    sizes = _sizes(questions, needed, low_units, high_units)
    points = np.stack([chances.at(n, effect_J) for n in sizes])
    bands = _band_of_curve(questions, design, confidence, effects, sizes, seed)
    now = None if questions.n_units is None else chances.at(questions.n_units, effect_J)
    critical_J = chances.critical(questions.n_units or 1e6)
    n_asked = len(questions.questions)
    outlooks = []
    for j in (n_asked, *range(n_asked)):
        asked = questions.questions[j] if j < n_asked else None
        curve = tuple(
            CurvePoint(
                int(n),
                float(points[i, j]),
                None if bands is None else float(bands[0][i, j]),
                None if bands is None else float(bands[1][i, j]),
            )
            for i, n in enumerate(sizes)
        )
        outlooks.append(
            Outlook(
                kind=asked.kind if asked else "best",
                against=asked.against if asked else "",
                decides=asked.decides if asked else True,
                **_of_effect(questions, effects, j, confidence, chances),
                critical=float(critical_J[j]) if asked and np.isfinite(critical_J[j]) else None,
                power_now=None if now is None else float(now[j]),
                needed=_whole(needed[j]),
                needed_low=_whole(low_units[j]),
                needed_high=_whole(high_units[j]),
                curve=curve,
            )
        )
    return Forecast(
        leader=questions.leader,
        grouped=questions.grouped,
        n_now=questions.n_units,
        n_hypotheses=questions.n_hypotheses,
        design=design,
        power=power,
        confidence=confidence,
        split_share=questions.split_share,
        spread=chances.spread,
        least_units=questions.least_units,
        outlooks=tuple(outlooks),
    )


def _of_effect(
    questions: Questions, effects: EffectDraws | None, j: int, confidence: float, chances: Chances
) -> dict[str, float | None]:
    if j >= len(questions.questions):
        return dict.fromkeys(("estimate", "selection", "effect", "low", "high", "sd"))
    found: dict[str, float | None] = {
        "estimate": float(questions.effect_J[j]),
        "selection": None,
        "effect": float(questions.effect_J[j]),
        "low": None,
        "high": None,
        "sd": float(np.sqrt(questions.unit_variances[j])),
    }
    if effects is not None:
        low, high = np.quantile(effects.draws_DJ[:, j], ((1 - confidence) / 2, (1 + confidence) / 2))
        found |= {
            "selection": float(effects.selection_J[j]),
            "effect": float(effects.shrunk_J[j]),
            "low": float(low),
            "high": float(high),
        }
    if questions.questions[j].kind == "nulls":
        found["sd"] = chances.null_sd(questions.n_units) if questions.n_units else None
    return found


def _band_of_units(
    questions: Questions, design: Design, power: float, confidence: float, effects: EffectDraws | None, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return (J + 1,) units at the favourable and the unfavourable end of the band."""
    if effects is None:
        nothing = np.full(len(questions.questions) + 1, np.nan)
        return nothing, nothing
    chances = Chances(questions, design, draws=DRAWS_OF_BAND, seed=seed)
    needed_DJ = np.stack(
        [
            chances.units(power, effect_J, scale)
            for effect_J, scale in zip(effects.draws_DJ, effects.null_scale_D, strict=True)
        ]
    )
    # Ranks, not interpolation: some draws are infinite.
    ends = np.quantile(needed_DJ, ((1 - confidence) / 2, (1 + confidence) / 2), axis=0, method="inverted_cdf")
    return ends[0], ends[1]


def _band_of_curve(
    questions: Questions,
    design: Design,
    confidence: float,
    effects: EffectDraws | None,
    sizes: npt.NDArray[np.int64],
    seed: int,
) -> tuple[FloatArray, FloatArray] | None:
    """Return two (sizes, J + 1) arrays: the lower and the upper end of every curve's band."""
    if effects is None:
        return None
    chances = Chances(questions, design, draws=DRAWS_OF_BAND, seed=seed)
    ends = []
    for n in sizes:
        drawn = [
            chances.at(n, effect_J, scale)
            for effect_J, scale in zip(effects.draws_DJ, effects.null_scale_D, strict=True)
        ]
        ends.append(np.quantile(np.stack(drawn), ((1 - confidence) / 2, (1 + confidence) / 2), axis=0))
    stacked = np.stack(ends)
    return stacked[:, 0], stacked[:, 1]


def _sizes(questions: Questions, *needed: FloatArray) -> npt.NDArray[np.int64]:
    """Return the sizes a curve is drawn at: from a quarter of what is there to beyond what is needed."""
    wanted = [float(n) for array in needed for n in array if np.isfinite(n)]
    now = questions.n_units
    first = min([now / 2.0] if now else [min(wanted, default=200.0) / 4.0])
    last = max(*(2.0 * n for n in wanted), 4.0 * first, 8.0 * (now or 0), 400.0)
    if now:
        last = min(last, 30.0 * now)
    sizes = np.unique(np.geomspace(max(first, 10.0), last, POINTS).round().astype(np.int64))
    return np.unique(np.append(sizes, now)) if now else sizes


def _whole(n: float) -> int | None:
    return rounded_up(n) if np.isfinite(n) else None


def _hardness(outlook: Outlook) -> tuple[float, float]:
    needed = np.inf if outlook.needed is None else float(outlook.needed)
    return needed, -(outlook.effect or 0.0)
