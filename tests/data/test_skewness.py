"""Phenotypes whose effects multiply are warned of; symmetric, negative and other kinds are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hypomask.data.cohort import Phenotype
from hypomask.data.reading import DataSpec, read_cohort
from hypomask.data.skewness import skewed_phenotypes
from hypomask.data.survey import survey_of

NORMAL = np.random.default_rng(0).standard_normal(300)


def continuous(values: np.ndarray, name: str = "dose") -> Phenotype:
    return Phenotype(name, "continuous", values)


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_a_multiplicative_phenotype_is_warned_of_with_its_way_out(spread: float) -> None:
    (warning,) = skewed_phenotypes(continuous(np.exp(spread * NORMAL)))
    assert "'dose' is positive and strongly skewed" in warning
    assert "consider its logarithm, log(x)" in warning


def test_zeros_are_met_with_log_one_plus_x() -> None:
    (warning,) = skewed_phenotypes(continuous(np.maximum(np.exp(NORMAL) - 0.3, 0.0)))
    assert "log(1 + x)" in warning


@pytest.mark.parametrize(
    "values",
    [
        NORMAL,
        50 + 5 * NORMAL,
        np.exp(NORMAL) - 1.0,  # negative values: no logarithm
        np.exp(0.1 * NORMAL),  # nearly symmetric
        np.where(NORMAL > 2.2, 1e3, 5.0 + NORMAL - NORMAL.min()),  # a few outliers that logarithms would not straighten
        np.full(300, 3.0),
    ],
)
def test_others_are_not_warned_of(values: np.ndarray) -> None:
    assert skewed_phenotypes(continuous(values)) == []


def test_each_of_several_phenotypes_is_looked_at_and_counts_are_not() -> None:
    parts = [continuous(np.exp(NORMAL), "ki67"), continuous(NORMAL, "age")]
    (warning,) = skewed_phenotypes(Phenotype.several(parts))
    assert "'ki67'" in warning
    assert skewed_phenotypes(Phenotype("n", "counts", np.floor(np.exp(NORMAL)))) == []


def test_the_warning_is_in_the_report_of_reading(tmp_path: Path) -> None:
    ids = [f"s{i}" for i in range(300)]
    rows = "".join(f"{s}\t{a:.4f}\t{b:.4f}\n" for s, a, b in zip(ids, NORMAL, NORMAL[::-1], strict=True))
    (tmp_path / "x.tsv").write_text("id\tA\tB\n" + rows)
    y = "".join(f"{s}\t{value:.5f}\n" for s, value in zip(ids, np.exp(np.roll(NORMAL, 7)), strict=True))
    (tmp_path / "y.tsv").write_text("id\tic50\n" + y)
    _, report = read_cohort(DataSpec({"expression": tmp_path / "x.tsv"}, "ic50", tmp_path / "y.tsv"))
    assert any("'ic50' is positive and strongly skewed" in warning for warning in report.warnings)


def test_raw_counts_and_intensities_are_warned_of_and_logarithms_and_mutations_are_not(make_cohort) -> None:
    rng = np.random.default_rng(1)
    log_BGC = rng.normal(4.0, 1.0, (300, 5, 1)).astype(np.float32)

    def warnings(values_BGC: np.ndarray) -> list[str]:
        cohort = make_cohort(NORMAL, values_BGC=values_BGC.astype(np.float32), continuous=True)
        return [warning for scale in survey_of(cohort).scale_C if (warning := scale.warning("c0"))]

    (counts,) = warnings(rng.poisson(np.exp(log_BGC)))
    assert "as read counts are: normalise for library size first" in counts
    assert "transform: log1p" in counts
    (intensities,) = warnings(np.exp(log_BGC))
    assert "as intensities are: say 'transform: log1p'" in intensities
    assert warnings(log_BGC) == []
    assert warnings(np.where(log_BGC > 0, log_BGC, 0)) == []
    assert warnings(rng.random((300, 5, 1)) < 0.05) == []
    assert warnings(np.full((300, 5, 1), np.nan)) == []
