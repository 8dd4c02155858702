"""Times to an event and counts from files: what is read, what is noted, and what is refused, with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypomask.data.reading import read_cohort
from hypomask.data.spec import DataReport, DataSpec
from hypomask.errors import ConfigError, DataError

N = 40
SAMPLES = [f"s{i}" for i in range(N)]
MONTHS = [f"{1.5 + 0.7 * i:.4g}" for i in range(N)]
DIED = ["1" if i % 2 else "0" for i in range(N)]
SEIZURES = [str(i % 7) for i in range(N)]


class Files:
    """A good pair of files, whose columns a test spoils."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = np.random.default_rng(0)
        rows = "".join(f"{s}\t" + "\t".join(f"{v:.3f}" for v in rng.normal(size=4)) + "\n" for s in SAMPLES)
        (folder / "expression.tsv").write_text("id\tG1\tG2\tG3\tG4\n" + rows)

    def spec(self, columns: dict[str, list[str]], **options: Any) -> DataSpec:
        columns = {"id": SAMPLES, "months": MONTHS, "died": DIED, "seizures": SEIZURES, **columns}
        lines = ["\t".join(columns), *("\t".join(row) for row in zip(*columns.values(), strict=True))]
        (self.folder / "samples.tsv").write_text("\n".join(lines) + "\n")
        given = {"phenotype": "months", "event": "died", **options}
        return DataSpec({"x": self.folder / "expression.tsv"}, samples=self.folder / "samples.tsv", **given)

    def read(self, columns: dict[str, list[str]] | None = None, **options: Any) -> tuple[Any, DataReport]:
        return read_cohort(self.spec(columns or {}, **options))

    def refusal(self, columns: dict[str, list[str]] | None = None, **options: Any) -> str:
        with pytest.raises(DataError) as caught:
            self.read(columns, **options)
        assert caught.value.exit_code == 4
        return str(caught.value).replace(f"{self.folder}/", "")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def changed(column: list[str], **cells: str) -> list[str]:
    """The column with other cells: ``changed(MONTHS, s3="0")``."""
    return [cells.get(sample, cell) for sample, cell in zip(SAMPLES, column, strict=True)]


class TestSurvival:
    def test_an_event_column_makes_it_survival_and_censored_times_negative(self, files: Files) -> None:
        cohort, report = files.read()
        expected = [float(time) if died == "1" else -float(time) for time, died in zip(MONTHS, DIED, strict=True)]
        np.testing.assert_array_equal(cohort.phenotype.values, expected)
        assert (cohort.phenotype.name, cohort.phenotype.kind, cohort.phenotype.classes) == ("months", "survival", ())
        assert cohort.phenotype.family.ends_T[-1] == max(expected)
        assert report.counts["months: the event"] == 20
        assert report.warnings == ()
        assert any("'months' to event 'died': 20 of 40 samples have the event" in note for note in report.notes)

    def test_discrete_survival_has_to_be_asked_for_and_is_suggested_where_times_are_few(self, files: Files) -> None:
        visits = [str(1 + i % 5) for i in range(N)]
        cohort, report = files.read({"months": visits})
        assert cohort.phenotype.kind == "survival"
        assert any("if these are visits or years rather than exact times" in note for note in report.notes)
        cohort, report = files.read({"months": visits}, kind="discrete-survival")
        assert cohort.phenotype.kind == "discrete-survival"
        assert len(cohort.phenotype.family.ends_T) <= 5
        assert not any("visits" in note for note in report.notes)

    @pytest.mark.parametrize(
        ("censored", "event"),
        [
            ("0", "1"),
            ("0.0", "1.0"),
            ("1", "2"),
            ("alive", "dead"),
            ("DECEASED", "LIVING")[::-1],
            ("0:LIVING", "1:DECEASED"),
            ("0:DiseaseFree", "1:Recurred/Progressed"),
            ("False", "True"),
            ("no", "yes"),
            ("censored", "progressed"),
            ("3 not progressed", "1 progressed"),
            ("alive at last visit", "dead of disease"),
        ],
    )
    def test_which_value_is_the_event_is_seen_from_its_name(self, files: Files, censored: str, event: str) -> None:
        marks = [event if died == "1" else censored for died in DIED]
        cohort, report = files.read({"died": marks})
        assert ((cohort.phenotype.values > 0) == (np.array(DIED) == "1")).all()
        assert any(note.startswith("event of 'died': ") for note in report.notes)
        swapped, _ = files.read({"died": marks}, positive=censored)
        assert ((swapped.phenotype.values > 0) == (np.array(DIED) == "0")).all()

    def test_an_event_that_no_name_gives_away_is_not_guessed(self, files: Files) -> None:
        marks = ["x" if died == "1" else "2" for died in DIED]
        message = files.refusal({"died": marks})
        assert "event 'died' has '2', 'x', and neither reads like the event: say with 'positive'" in message
        cohort, _ = files.read({"died": marks}, positive="x")
        assert ((cohort.phenotype.values > 0) == (np.array(DIED) == "1")).all()

    def test_the_event_may_be_written_as_1_and_as_1_point_0(self, files: Files) -> None:
        cohort, _ = files.read({"died": changed(DIED, s1="1.0", s0="0.0")})
        assert (cohort.phenotype.values > 0).sum() == 20

    @pytest.mark.parametrize("cell", ["0", "-3", "0.0", "soon", "inf", "1e999", "12_5", "3,5"])
    def test_a_time_that_is_no_number_above_0_is_refused_with_its_line(self, files: Files, cell: str) -> None:
        message = files.refusal({"months": changed(MONTHS, s3=cell)})
        assert f"samples.tsv:5: time 'months': got {cell!r}, expected a number above 0" in message
        assert message.count("expected") == 1

    def test_wrong_times_are_shown_together_up_to_a_limit(self, files: Files) -> None:
        message = files.refusal({"months": ["0"] * N})
        assert message.count("got '0'") == 19
        assert "time 'months': 40 are no numbers above 0" in message

    @pytest.mark.parametrize(
        ("marks", "says"),
        [
            (["0", "1", "2"] * 13 + ["0"], "event 'died' has '0', '1', '2', expected two values, one of them for"),
            (["1"] * N, "event 'died' has '1', expected two values, one of them for samples last seen without the"),
            (["0"] * N, "event 'died' has '0', expected two values"),
        ],
    )
    def test_an_event_of_one_or_three_values_is_refused(self, files: Files, marks: list[str], says: str) -> None:
        assert says in files.refusal({"died": marks})

    def test_fewer_events_than_folds_are_refused(self, files: Files) -> None:
        marks = ["1" if i < 3 else "0" for i in range(N)]
        assert "the event of 'months' was seen in 3 samples, fewer than 5 folds" in files.refusal({"died": marks})

    def test_a_missing_time_or_event_is_named_and_may_be_dropped(self, files: Files) -> None:
        columns = {"months": changed(MONTHS, s2=""), "died": changed(DIED, s7="NA")}
        message = files.refusal(columns)
        assert "phenotype 'months' or event 'died' is missing in 2 of 40 samples (lines 4, 9)" in message
        cohort, report = files.read(columns, drop_missing_phenotype=True)
        assert cohort.n_samples == 38
        assert any("2 samples without 'months' or event 'died', left out" in note for note in report.notes)

    def test_an_event_column_that_is_not_there_is_named_with_a_guess(self, files: Files) -> None:
        assert "no column 'dyed' (event). Did you mean 'died'?" in files.refusal(event="dyed")

    def test_a_positive_that_is_no_value_of_the_event_is_refused(self, files: Files) -> None:
        assert "positive 'yes' is no value of event 'died'; it has '0', '1'." in files.refusal(positive="yes")

    def test_the_event_may_be_no_covariate_group_or_gene(self, files: Files) -> None:
        says = "'died' says who had the event, and is also a gene, a covariate or the groups (leakage)"
        assert says in files.refusal(covariates=("died",))
        assert says in files.refusal(groups="died")
        assert "'months' is the phenotype and a covariate (leakage)" in files.refusal(covariates=("months",))
        assert "says who had the event, and is also a gene" in files.refusal({"G2": DIED}, event="G2")

    def test_a_covariate_that_is_the_time_is_a_leak(self, files: Files) -> None:
        copied = [str(2 * float(time)) for time in MONTHS]
        assert "covariate 'follow_up' and phenotype 'months' are the same thing" in files.refusal(
            {"follow_up": copied}, covariates=("follow_up",)
        )

    def test_in_a_single_table_time_and_event_are_no_genes(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        rows = [f"{s}\t{rng.normal():.3f}\t{m}\t{d}" for s, m, d in zip(SAMPLES, MONTHS, DIED, strict=True)]
        (tmp_path / "all.tsv").write_text("\n".join(["id\tG1\tmonths\tdied", *rows]) + "\n")
        cohort, _ = read_cohort(DataSpec({"x": tmp_path / "all.tsv"}, "months", event="died"))
        assert cohort.genes == ("G1",)

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"kind": "survival", "event": None}, "kind survival needs 'event'"),
            ({"kind": "discrete-survival", "event": None}, "kind discrete-survival needs 'event'"),
            ({"kind": "counts"}, "'event' is for kind survival or discrete-survival, and kind is counts"),
            ({"event": "months"}, "'months' is the time and the event; name the column that says"),
        ],
    )
    def test_kind_and_event_must_fit_each_other(self, files: Files, options: dict[str, Any], says: str) -> None:
        with pytest.raises(ConfigError, match=says):
            files.spec({}, **options)


class TestCounts:
    def test_counts_have_to_be_asked_for_and_are_suggested(self, files: Files) -> None:
        cohort, report = files.read(phenotype="seizures", event=None)
        assert cohort.phenotype.kind == "continuous"
        assert any("'seizures' is whole numbers from 0: if they are counts, say kind counts" in n for n in report.notes)
        cohort, report = files.read(phenotype="seizures", event=None, kind="counts")
        assert cohort.phenotype.kind == "counts"
        np.testing.assert_array_equal(cohort.phenotype.values, np.array(SEIZURES, dtype=float))
        assert report.counts["seizures: a count above 0"] == sum(cell != "0" for cell in SEIZURES)
        assert report.warnings == ()

    def test_two_counts_are_counts_where_that_is_said(self, files: Files) -> None:
        cohort, _ = files.read({"seizures": DIED}, phenotype="seizures", event=None, kind="counts")
        assert cohort.phenotype.kind == "counts"

    @pytest.mark.parametrize("cell", ["-1", "2.5", "many", "inf", "1e999", "1_000"])
    def test_what_is_no_count_is_refused_with_its_line(self, files: Files, cell: str) -> None:
        columns = {"seizures": changed(SEIZURES, s4=cell)}
        message = files.refusal(columns, phenotype="seizures", event=None, kind="counts")
        assert f"samples.tsv:6: phenotype 'seizures': got {cell!r}, expected a count: a whole number from 0" in message
        assert message.count("expected") == 1

    def test_many_that_are_no_counts_are_shown_up_to_a_limit(self, files: Files) -> None:
        message = files.refusal({"seizures": MONTHS}, phenotype="seizures", event=None, kind="counts")
        assert message.count("expected a count") == 19
        assert "values are no counts" in message

    def test_too_few_above_0_are_refused(self, files: Files) -> None:
        few = ["9" if i < 4 else "0" for i in range(N)]
        message = files.refusal({"seizures": few}, phenotype="seizures", event=None, kind="counts")
        assert "a count above 0 of 'seizures' was seen in 4 samples, fewer than 5 folds; ask for 4 folds" in message

    def test_positive_is_for_two_classes(self, files: Files) -> None:
        message = files.refusal(phenotype="seizures", event=None, kind="counts", positive="1")
        assert "positive '1' is for a binary phenotype; 'seizures' is counts" in message
