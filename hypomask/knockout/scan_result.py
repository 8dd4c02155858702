"""The answer of a scan: a table labelled by intervention, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hypomask.comparison.plain import to_plain
from hypomask.knockout.inference import benjamini_hochberg, holm_adjusted
from hypomask.knockout.interventions import Intervention
from hypomask.knockout.subject import ScanSubject
from hypomask.knockout.summary import Summary
from hypomask.outcomes.family import Float

__all__ = ["Scan", "Yardstick"]

RESPONDERS = 3


@dataclass(frozen=True, eq=False)
class Yardstick:
    """How much goes through null masks: root mean squares over samples of mediated effects.

    Parameters
    ----------
    own_J
        Of the hypothesis, from as many repeats as each draw has.
    null_DJ
        Of the same interventions under each draw.
    """

    own_J: Float
    null_DJ: Float

    @property
    def n_draws(self) -> int:
        """D."""
        return len(self.null_DJ)

    @property
    def p(self) -> Float:
        """(J,) one-sided p of "no more goes through the mask here than through null masks".

        Each intervention's values are taken relative to their own mean over hypothesis and draws, for a gene of many
        edges moves more under any mask (rewired masks keep degrees); then the share of null values, of all
        interventions together, that are at least as large, the observed one counted among them. Valid on average over
        interventions where the hypothesis is one of its draws; 1 where nothing goes through any mask.
        """
        scale_J = (self.own_J + self.null_DJ.sum(axis=0)) / (1 + self.n_draws)
        some_J = scale_J > 0
        null = np.sort((self.null_DJ[:, some_J] / scale_J[some_J]).reshape(-1))
        own_J = np.where(some_J, self.own_J / np.where(some_J, scale_J, 1.0), -np.inf)
        larger_J = len(null) - np.searchsorted(null, own_J * (1 - 1e-9), side="left")
        return np.where(some_J, (1 + larger_J) / (1 + len(null)), 1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scan(ScanSubject):
    """Effects of interventions under one hypothesis.

    Parameters
    ----------
    outputs
        Names of the outputs; one empty name where there is one.
    samples
        Ids of the samples that effects were averaged over.
    n_units
        Independent ones among them.
    touched_I
        Tokens that each intervention reaches.
    yardstick
        None where no null models were kept.
    """

    outputs: tuple[str, ...]
    interventions: tuple[Intervention, ...]
    samples: tuple[str, ...]
    n_units: int
    touched_I: npt.NDArray[np.int64]
    summary: Summary
    yardstick: Yardstick | None

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per intervention and output, largest absolute effect first.

        Index ``intervention``. Columns: ``action``; ``output`` where there are several; ``effect`` on the link scale
        with ``low`` and ``high``, and ``p`` against 0, adjusted as ``p_holm`` and ``q`` (Benjamini and Hochberg);
        ``consistency``: share of models that agree in sign; ``spread``: standard deviation over samples; ``direct`` and
        ``mediated`` parts, the latter with its interval, ``mediated_p`` against 0, and ``mediated_rms`` over samples;
        where null models were kept, ``null_p`` of the latter, adjusted likewise; ``unit_effect`` in the phenotype's
        own terms, with its interval; ``touched`` tokens; ``responders``: samples that respond most.
        """
        summary = self.summary
        n_outputs = len(self.outputs)
        low, high = summary.effect.interval(self.alpha)
        mediated_low, mediated_high = summary.mediated.interval(self.alpha)
        unit_low, unit_high = summary.unit.interval(self.alpha)
        p = summary.effect.p
        columns: dict[str, Any] = {
            "intervention": [each.name for each in self.interventions for _ in self.outputs],
            "action": [each.action for each in self.interventions for _ in self.outputs],
        }
        if n_outputs > 1:
            columns["output"] = list(self.outputs) * len(self.interventions)
        columns |= {
            "effect": summary.effect.mean,
            "low": low,
            "high": high,
            "p": p,
            "p_holm": holm_adjusted(p),
            "q": benjamini_hochberg(p),
            "consistency": summary.consistency_J,
            "spread": summary.by_sample_JB.std(axis=1, dtype=np.float64),
            "direct": summary.direct_J,
            "mediated": summary.mediated.mean,
            "mediated_low": mediated_low,
            "mediated_high": mediated_high,
            "mediated_p": summary.mediated.p,
            "mediated_rms": summary.mediated_rms_J,
        }
        if self.yardstick is not None:
            null_p = self.yardstick.p
            columns |= {
                "null_p": null_p,
                "null_p_holm": holm_adjusted(null_p),
                "null_q": benjamini_hochberg(null_p),
            }
        columns |= {
            "unit_effect": summary.unit.mean,
            "unit_low": unit_low,
            "unit_high": unit_high,
            "touched": np.repeat(self.touched_I, n_outputs),
            "responders": self._responders(),
        }
        return pd.DataFrame(columns).set_index("intervention").iloc[self._order]

    @property
    def by_sample(self) -> pd.DataFrame:
        """Effects on the link scale in every chosen sample (columns), rows as in `table`; means over its models."""
        names = [each.name for each in self.interventions for _ in self.outputs]
        frame = pd.DataFrame(
            self.summary.by_sample_JB, index=pd.Index(names, name="intervention"), columns=self.samples
        )
        if len(self.outputs) > 1:
            frame.insert(0, "output", list(self.outputs) * len(self.interventions))
        return frame.iloc[self._order]

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        """Rows by absolute effect, the largest first."""
        return np.argsort(-np.abs(self.summary.effect.mean), kind="stable")

    def about(self) -> dict[str, Any]:
        """Return what the table is of, in JSON's types."""
        return {
            **super().about(),
            "n_samples": len(self.samples),
            "n_independent": self.n_units,
            "n_models": self.summary.n_models,
            "degrees_of_freedom": self.summary.effect.df,
            "p_against": "an effect of 0",
            "null_draws": None if self.yardstick is None else self.yardstick.n_draws,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return all of it in JSON's types; NaN becomes None."""
        rows = self.table.reset_index().to_dict(orient="records")
        return {**self.about(), "effects": to_plain(rows)}

    def _responders(self) -> list[str]:
        """Return, by row, the samples with the largest absolute effects."""
        by_sample_JB = self.summary.by_sample_JB
        n = min(RESPONDERS, by_sample_JB.shape[1])
        top_JT = np.argpartition(-np.abs(by_sample_JB), n - 1, axis=1)[:, :n]
        said = []
        for effect_B, top_T in zip(by_sample_JB, top_JT, strict=True):
            top = sorted(top_T.tolist(), key=lambda b: -abs(float(effect_B[b])))
            said.append("; ".join(f"{self.samples[b]} ({effect_B[b]:+.3g})" for b in top if effect_B[b] != 0))
        return said
