"""Who can tell anything of a phenotype, and cohorts in which they are too few for the folds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hypomask.data.checks import check_cohort
from hypomask.data.cohort import Phenotype
from hypomask.data.leakage import find_leaks
from hypomask.data.members import A_COUNT, THE_EVENT, members_of
from hypomask.data.survey import survey_of
from hypomask.data.tables import Findings


def phenotype(kind: Any, n: int = 60, members: int = 30) -> Phenotype:
    """Of which `members` samples have the event, or a count above 0, or the second class."""
    rng = np.random.default_rng(0)
    among = rng.permutation(n) < members
    if kind == "binary":
        return Phenotype("status", kind, among.astype(float), ("no", "yes"))
    if kind == "counts":
        return Phenotype("seizures", kind, among * (1.0 + rng.poisson(3.0, n)))
    if kind == "continuous":
        return Phenotype("ic50", kind, rng.standard_normal(n))
    return Phenotype("months", kind, np.where(among, 1.0, -1.0) * (1.0 + rng.integers(0, 9, n)))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("binary", {"no": 40, "yes": 20}),
        ("survival", {THE_EVENT: 20}),
        ("discrete-survival", {THE_EVENT: 20}),
        ("counts", {A_COUNT: 20}),
        ("continuous", {}),
    ],
)
def test_members_are_those_of_a_class_or_those_with_the_event(kind: str, expected: dict[str, int]) -> None:
    assert {name: int(mask.sum()) for name, mask in members_of(phenotype(kind, members=20)).items()} == expected


def test_several_phenotypes_have_the_members_of_each() -> None:
    several = Phenotype.several([phenotype("binary"), phenotype("continuous"), phenotype("counts")])
    assert list(members_of(several)) == ["status = no", "status = yes", f"seizures = {A_COUNT}"]


@pytest.mark.parametrize(
    ("kind", "members", "says"),
    [
        ("survival", 3, "the event of 'months' was seen in 3 samples, fewer than 5 folds; ask for 3 folds, or add sam"),
        ("discrete-survival", 1, "the event of 'months' was seen in 1 sample, fewer than 5 folds; add samples that"),
        ("counts", 4, "a count above 0 of 'seizures' was seen in 4 samples, fewer than 5 folds; ask for 4 folds, or"),
        ("binary", 1, "class 'yes' of 'status' has 1 member, fewer than 5 folds; leave it out, or join it"),
    ],
)
def test_fewer_events_than_folds_are_refused(make_cohort: Any, kind: str, members: int, says: str) -> None:
    cohort = replace(make_cohort(np.arange(60) % 2), phenotype=phenotype(kind, members=members))
    findings = Findings()
    check_cohort(cohort, survey_of(cohort), 5, findings, "samples.tsv")
    assert says in str(findings.problems[0])
    assert len(findings.problems) == 1
    several = replace(cohort, phenotype=Phenotype.several([phenotype("continuous"), cohort.phenotype]))
    findings = Findings()
    check_cohort(several, survey_of(several), 5, findings, "samples.tsv")
    assert says in str(findings.problems[0])


def test_events_in_fewer_groups_than_folds_are_a_warning(make_cohort: Any) -> None:
    survival = phenotype("survival", members=20)
    groups = np.where(survival.values > 0, np.arange(60) % 3, np.arange(60)).astype(np.str_)
    cohort = replace(make_cohort(np.arange(60) % 2), phenotype=survival, groups=groups)
    findings = Findings()
    check_cohort(cohort, survey_of(cohort), 5, findings, "samples.tsv")
    assert "the event of 'months' is in 3 groups, fewer than 5 folds" in findings.warnings[0]


@pytest.mark.parametrize("kind", ["survival", "discrete-survival", "counts"])
def test_a_gene_that_is_the_time_the_event_or_the_count_is_a_leak(make_cohort: Any, kind: str) -> None:
    explained = phenotype(kind)
    copies = {
        "time": np.abs(explained.values),
        "log": np.log1p(explained.values) if kind == "counts" else np.log(np.abs(explained.values)),
        "event": explained.values if kind == "counts" else explained.values > 0,
    }
    cohort = replace(make_cohort(np.arange(60) % 2), phenotype=explained)
    assert find_leaks(cohort, survey_of(cohort), "samples.tsv") == []
    for copy in copies.values():
        values = cohort.values_BGC.copy()
        values[:, 1, 0] = 3 * copy - 1
        copied = replace(cohort, values_BGC=values)
        (problem,) = find_leaks(copied, survey_of(copied), "samples.tsv")
        assert f"gene 'g1' of channel 'c0' and phenotype {explained.name!r} are the same thing" in str(problem)
