"""Scores by the names people write above columns and into file names, and which way is better."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

__all__ = ["Direction", "ScoreName", "known_score", "score_in_file_name"]

Direction = Literal["higher", "lower"]


@dataclass(frozen=True)
class ScoreName:
    """How a score is called in sentences, and which way is better (None: the name does not say)."""

    label: str
    direction: Direction | None


# Spellings without case, spaces and punctuation.
_SPELLINGS: dict[ScoreName, tuple[str, ...]] = {
    ScoreName("AUC", "higher"): ("auc", "auroc", "rocauc", "aucroc", "areaunderthecurve", "testauc"),
    ScoreName("average precision", "higher"): ("averageprecision", "ap", "aupr", "auprc", "prauc", "aucpr"),
    ScoreName("accuracy", "higher"): ("accuracy", "acc"),
    ScoreName("balanced accuracy", "higher"): ("balancedaccuracy", "bacc"),
    ScoreName("F1", "higher"): ("f1", "f1score", "f1macro", "macrof1"),
    ScoreName("Matthews correlation", "higher"): ("mcc", "matthews"),
    ScoreName("R²", "higher"): ("r2", "r²", "rsquared", "rsquare"),
    ScoreName("Pearson correlation", "higher"): ("pearson", "pearsonr", "correlation"),
    ScoreName("Spearman ρ", "higher"): ("spearman", "spearmanr", "rho", "spearmanrho"),
    ScoreName("concordance", "higher"): ("concordance", "cindex", "concordanceindex"),
    ScoreName("log likelihood", "higher"): ("loglikelihood", "elpd"),
    ScoreName("log loss", "lower"): ("logloss", "crossentropy", "nll", "bce"),
    ScoreName("loss", "lower"): ("loss", "testloss"),
    ScoreName("deviance", "lower"): ("deviance",),
    ScoreName("Brier score", "lower"): ("brier", "brierscore"),
    ScoreName("integrated Brier score", "lower"): ("ibs", "integratedbrier", "integratedbrierscore"),
    ScoreName("mean squared error", "lower"): ("mse", "meansquarederror", "squarederror"),
    ScoreName("RMSE", "lower"): ("rmse", "rootmeansquarederror"),
    ScoreName("mean absolute error", "lower"): ("mae", "meanabsoluteerror"),
    ScoreName("error", "lower"): ("error", "errorrate", "testerror"),
}
_BY_SPELLING = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}


def known_score(text: str) -> ScoreName | None:
    """Return the score that goes by this name, or None.

    Examples
    --------
    >>> known_score("ROC-AUC"), known_score("Log loss").direction, known_score("pnet")
    (ScoreName(label='AUC', direction='higher'), 'lower', None)
    """
    return _BY_SPELLING.get(re.sub(r"[\s_.\-]", "", text.casefold()))


def score_in_file_name(stem: str) -> ScoreName | None:
    """Return the one score that a word (or two) of a file's name names; None when none or several do.

    Examples
    --------
    >>> score_in_file_name("pnet_prostate_auc").label
    'AUC'
    """
    words = [word for word in re.split(r"[\s_.\-]+", stem) if word]
    pairs = [first + second for first, second in pairwise(words)]
    for candidates in (pairs, words):  # "log loss" is not "loss"
        found = {score for candidate in candidates if (score := known_score(candidate))}
        if found:
            return found.pop() if len(found) == 1 else None
    return None
