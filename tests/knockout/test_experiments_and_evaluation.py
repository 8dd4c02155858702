"""Experiments to do next, and predictions against measurements."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score
from trained import GENES

from hypomask.errors import ConfigError, DataError
from hypomask.execution.jobs import Job
from hypomask.knockout.asking import ScanOptions
from hypomask.knockout.effect_store import EffectStore, JobEffects
from hypomask.knockout.evaluate import agreement, evaluate
from hypomask.knockout.experiments import expected_power, experiments, replicates_needed
from hypomask.knockout.interventions import knockout
from hypomask.knockout.measured_effects import read_measured
from hypomask.knockout.scan import scan
from hypomask.knockout.trained_run import TrainedRun

ALL = [knockout(gene) for gene in GENES]


def test_replicates_are_those_of_a_two_sample_test() -> None:
    n = replicates_needed(1.0, 0.0, 1.0, 0.8, 0.05)
    assert n == np.ceil(2 * (stats.norm.isf(0.025) + stats.norm.isf(0.2)) ** 2)
    assert expected_power(1.0, 0.0, 1.0, int(n), 0.05) == pytest.approx(0.8, abs=0.02)
    assert replicates_needed(2.0, 0.0, 1.0, 0.8, 0.05) == np.ceil(n / 4)
    assert replicates_needed(10.0, 0.0, 1.0, 0.8, 0.05) == 2
    assert np.isnan(replicates_needed(0.0, 0.0, 1.0, 0.8, 0.05))


def test_power_is_the_mean_over_what_the_difference_may_be() -> None:
    rng = np.random.default_rng(0)
    drawn = 0.5 + 0.3 * rng.standard_normal(200_000)
    power = stats.norm.sf(stats.norm.isf(0.025) - np.abs(drawn) * np.sqrt(12 / 2)).mean()
    assert expected_power(0.5, 0.3, 1.0, 12, 0.05) == pytest.approx(power, abs=0.003)
    assert replicates_needed(0.5, 0.3, 1.0, 0.8, 0.05) > replicates_needed(0.5, 0.0, 1.0, 0.8, 0.05)


def test_experiments_are_ranked_by_replicates_and_predictions_are_those_of_scans(trained_run: TrainedRun) -> None:
    found = experiments(trained_run, ALL, ["truth", "rival"])
    table = found.table
    assert len(table) == 9
    assert table["replicates"].dropna().is_monotonic_increasing
    fewest = table.sort_values("replicates_there")["knockout"]
    assert set(fewest[:4]) == {"G0", "G1", "G2", "G3"}, "where the wirings differ and matter"
    truth, rival = (
        scan(trained_run, ALL, name, ScanOptions(nulls=False)).table["unit_effect"] for name in ("truth", "rival")
    )
    for row in table.itertuples():
        assert row.predicted_a == pytest.approx(truth[row.knockout], abs=1e-5)
        assert row.predicted_b == pytest.approx(rival[row.knockout], abs=1e-5)
        assert row.difference == pytest.approx(row.predicted_a - row.predicted_b, abs=1e-5)
        assert row.low <= row.difference <= row.high
        assert abs(row.difference_there) >= abs(row.difference) - 1e-9
    there = table.iloc[0]
    alone = experiments(trained_run, ALL, ["truth", "rival"], ScanOptions(where=scan_where(there["background"])))
    one = alone.table.set_index("knockout").loc[there["knockout"]]
    assert one["difference"] == pytest.approx(there["difference_there"], abs=1e-5)
    json.dumps(found.as_dict(), allow_nan=False)


def scan_where(sample: str) -> object:
    from hypomask.knockout.where import Where

    return Where(samples=(sample,))


def test_a_smaller_variance_needs_fewer_replicates(trained_run: TrainedRun) -> None:
    asked = [knockout("G0")]
    default = experiments(trained_run, asked, ["truth", "rival"])
    assert any("variance among replicates" in note for note in default.notes)
    given = experiments(trained_run, asked, ["truth", "rival"], variance=default.variance["truth", "rival"] / 100)
    assert given.table.loc[0, "power_6"] > default.table.loc[0, "power_6"]
    assert not given.notes
    left = default.variance["truth", "rival"]
    assert 0.1 < left < np.var(trained_run.cohort.phenotype.values), "what the better of both leaves unexplained"


def test_experiments_that_were_stopped_go_on_where_they_were(
    trained_run: TrainedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = experiments(trained_run, ALL, ["truth", "rival"])
    written: list[Job] = []
    write = EffectStore.write

    def counting(self: EffectStore, job: Job, effects: JobEffects) -> None:
        if len(written) == 8:
            raise KeyboardInterrupt
        write(self, job, effects)
        written.append(job)

    monkeypatch.setattr(EffectStore, "write", counting)
    with pytest.raises(KeyboardInterrupt):
        experiments(trained_run, ALL, ["truth", "rival"])
    assert len(written) == 8, "all six of the one, two of the other"
    kept = list(written)
    written.clear()
    again = experiments(trained_run, ALL, ["truth", "rival"])
    assert len(written) == 4
    assert not set(written) & set(kept)
    pd.testing.assert_frame_equal(again.table, whole.table, check_exact=True)
    assert not list(trained_run.folder.knockouts.glob("unfinished-*"))


def test_experiments_need_two_hypotheses(trained_run: TrainedRun) -> None:
    with pytest.raises(ConfigError, match="at least two"):
        experiments(trained_run, ALL, ["truth", "truth"])
    with pytest.raises(ConfigError, match="power: got 1"):
        experiments(trained_run, ALL, ["truth", "rival"], power=1.0)
    assert set(trained_run.contenders) == {"truth", "rival"}


def test_agreement_is_that_of_scipy_and_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    measured = rng.standard_normal(50)
    predicted = np.round(measured + rng.standard_normal(50), 1)
    hit = np.abs(measured) > 1
    found = agreement(predicted, measured, hit)
    assert found.rho == pytest.approx(stats.spearmanr(predicted, measured).statistic)
    assert found.rho_low < found.rho < found.rho_high
    assert found.auprc == pytest.approx(average_precision_score(hit, np.abs(predicted)))
    assert found.direction == pytest.approx(np.mean(np.sign(predicted[hit]) == np.sign(measured[hit])))
    assert found.prevalence == hit.mean()
    nothing = agreement(np.zeros(50), measured, hit)
    assert np.isnan(nothing.rho)
    assert nothing.direction == 0
    assert nothing.auprc == pytest.approx(nothing.prevalence)


def measured_file(folder: Path, text: str) -> Path:
    file = folder / "measured.tsv"
    file.write_text(text)
    return file


def test_predictions_are_compared_with_measurements(trained_run: TrainedRun, tmp_path: Path) -> None:
    own = scan(trained_run, ALL, "truth", ScanOptions(nulls=False)).table["effect"]
    rows = "".join(f"{gene}\t{own[gene]:.6f}\n" for gene in GENES) + "NOPE\t1\nG1\t\n"
    measured = read_measured(measured_file(tmp_path, f"gene\teffect\n{rows}"))
    assert len(measured.genes) == 10
    assert measured.hits_are.startswith("the largest 20 %")
    found = evaluate(trained_run, measured)
    table = found.table
    assert table.index[0] == "truth"
    assert table.loc["truth", "rho"] == pytest.approx(1.0)
    assert table.loc["truth", "gain"] == pytest.approx(1 - table.loc["no-interaction", "rho"])
    assert table.loc["truth", "null_draws"] == 3
    assert table.loc["truth", "null_p"] == pytest.approx(1 / 4) or table.loc["truth", "null_p"] > 1 / 4
    assert [reason.split(":")[0] for reason in found.left_out] == ["NOPE"]
    json.dumps(found.as_dict(), allow_nan=False)


def test_pairs_and_repeated_measurements_can_be_compared(trained_run: TrainedRun, tmp_path: Path) -> None:
    rows = "".join(f"G{a}\tG{a + 1}\t{0.1 * a}\t{a % 2}\n" for a in (0, 2, 4, 6, 7, 7))
    measured = read_measured(measured_file(tmp_path, f"gene_a\tgene_b\tinteraction\thit\n{rows}"))
    assert measured.hits_are == "column 'hit'"
    found = evaluate(trained_run, measured, ["truth"], ScanOptions(nulls=False))
    assert list(found.agreements) == ["truth", "no-interaction"]
    assert found.predicted["knockout"].tolist()[-2:] == ["G7 + G8", "G7 + G8 (2)"]


def test_tables_that_cannot_be_compared_are_refused(trained_run: TrainedRun, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column of genes"):
        read_measured(measured_file(tmp_path, "x\ty\n1\t2\n"))
    with pytest.raises(DataError, match=r"no column of effects 'efect'.*Did you mean 'effect'"):
        read_measured(measured_file(tmp_path, "gene\teffect\nA\t1\n"), column="efect")
    with pytest.raises(DataError, match=r"tsv:3.*got 'low', expected a finite number"):
        read_measured(measured_file(tmp_path, "gene\teffect\nA\t1\nB\tlow\n"))
    with pytest.raises(DataError, match=r"tsv:2.*got 'inf', expected a finite number"):
        read_measured(measured_file(tmp_path, "gene\teffect\nA\tinf\nB\t1\n"))
    with pytest.raises(DataError, match=r"tsv:3: hit: got 'maybe', expected yes or no"):
        read_measured(measured_file(tmp_path, "gene\teffect\thit\nA\t1\tyes\nB\t1\tmaybe\nC\t1\t\n"))
    few = read_measured(measured_file(tmp_path, "gene\teffect\nG1\t1\nG2\t2\nX\t3\n"))
    with pytest.raises(DataError, match=r"2 of 3 measured knockouts can be predicted, expected at least 5 \(X:"):
        evaluate(trained_run, few)
