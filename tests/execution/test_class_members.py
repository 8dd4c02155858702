"""How many independent members a class has: what "too few to name a best hypothesis" is judged by."""

from __future__ import annotations

import numpy as np
import pytest

from hypomask.data.cohort import Phenotype
from hypomask.data.members import A_COUNT, THE_EVENT
from hypomask.execution.losses import ModelLosses, loss_table
from hypomask.execution.plan_config import PlanConfig

NO_PARTS = (np.zeros((1, 1000, 0)), np.zeros((1, 1000, 0)))


@pytest.mark.parametrize(("grouped", "cases"), [(False, 100), (True, 5)])
def test_twenty_records_of_a_patient_are_one_member_of_a_class(grouped: bool, cases: int) -> None:
    patient = np.repeat(np.arange(50), 20)
    phenotype = Phenotype("status", "binary", (patient % 10 == 0).astype(np.float64), ("no", "yes"))
    groups = np.array([f"patient {p}" for p in patient]) if grouped else None
    loss_RB, eta_RBK = np.full((1, 1000), 0.5), np.zeros((1, 1000, 1))
    test_fold_RB = (patient % 5)[None]
    model = ModelLosses(loss_RB, loss_RB, loss_RB, eta_RBK, test_fold_RB, np.zeros((0, *loss_RB.shape)), *NO_PARTS)
    table = loss_table({"h": model}, {"h": "hypothesis"}, phenotype, groups, PlanConfig(repeats=1))
    assert table.event_counts == {"no": 900 if not grouped else 45, "yes": cases}


@pytest.mark.parametrize("kind", ["survival", "discrete-survival", "counts"])
@pytest.mark.parametrize(("grouped", "members"), [(False, 100), (True, 5)])
def test_what_counts_is_who_had_the_event_and_not_who_was_followed(kind: str, grouped: bool, members: int) -> None:
    patient = np.repeat(np.arange(50), 20)
    among = patient % 10 == 0
    values = among * 3.0 if kind == "counts" else np.where(among, 4.0, -5.0)
    phenotype = Phenotype("months", kind, values)  # type: ignore[arg-type]
    groups = np.array([f"patient {p}" for p in patient]) if grouped else None
    loss_RB, eta_RBK = np.full((1, 1000), 0.5), np.zeros((1, 1000, phenotype.family.n_predicted))
    model = ModelLosses(
        loss_RB, loss_RB, loss_RB, eta_RBK, (patient % 5)[None], np.zeros((0, *loss_RB.shape)), *NO_PARTS
    )
    table = loss_table({"h": model}, {"h": "hypothesis"}, phenotype, groups, PlanConfig(repeats=1))
    assert table.event_counts == {A_COUNT if kind == "counts" else THE_EVENT: members}
