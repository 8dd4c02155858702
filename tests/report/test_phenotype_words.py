"""A phenotype as a reader of the page meets it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hypomask.data.cohort import Phenotype
from hypomask.report.phenotype_words import phenotype_words

TIMES = np.concatenate([np.arange(1.0, 41), -np.arange(1.0, 21)])


@pytest.mark.parametrize(
    ("phenotype", "event", "expected"),
    [
        (Phenotype("status", "binary", np.arange(4) % 2.0, ("wt", "mut")), None, "status (binary, event: mut)"),
        (Phenotype("grade", "classes", np.arange(3.0), ("1", "2", "3")), None, "grade (classes 1, 2, 3)"),
        (Phenotype("site", "classes", np.arange(6.0), tuple("abcdef")), None, "site (classes a, b, c, d, ...)"),
        (Phenotype("ic50", "continuous", np.arange(4.0)), None, "ic50 (continuous)"),
        (Phenotype("seizures", "counts", np.array([0.0, 1, 9])), None, "seizures (counts, 3.33 on average)"),
        (Phenotype("months", "survival", TIMES), "died", "months (time to event 'died', seen in 40 of 60 samples)"),
        (Phenotype("months", "survival", TIMES), None, "months (time to an event, seen in 40 of 60 samples)"),
        (
            Phenotype("visit", "discrete-survival", np.sign(TIMES) * np.ceil(np.abs(TIMES) / 10)),
            "relapse",
            "visit (time to event 'relapse' in 4 intervals, seen in 40 of 60 samples)",
        ),
    ],
)
def test_it_is_named_with_its_kind_and_what_there_is_to_learn_from(
    phenotype: Phenotype, event: Any, expected: str
) -> None:
    assert phenotype_words(phenotype, event) == expected


def test_several_are_named_one_after_the_other() -> None:
    parts = [Phenotype("ic50", "continuous", np.arange(4.0)), Phenotype("n", "counts", np.arange(4.0))]
    assert phenotype_words(Phenotype.several(parts)) == "ic50 (continuous), n (counts, 1.5 on average)"
