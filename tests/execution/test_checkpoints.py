"""Models of a run: kept beside its predictions, checked, made again when damaged, and only where asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fake_learner import FIT
from small_study import write_study

from hypomask.errors import RunError
from hypomask.execution import model_keeping
from hypomask.execution.checkpoints import CheckpointStore, mask_digest
from hypomask.execution.jobs import Job, hypothesis_model, null_model
from hypomask.execution.ledger import Ledger
from hypomask.execution.model_keeping import KeptModels
from hypomask.execution.one_thread import one_thread
from hypomask.execution.predictions import PredictionStore
from hypomask.execution.run import compare
from hypomask.execution.study import load_study
from hypomask.masks.mask import EdgeTable, Mask

KEEP_TWO_NULLS = {"keep_null_models": 2, "repeats": 1, "nulls": 3}
JOB = Job("hypothesis/truth", 0, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of real models that kept two null draws."""
    folder = tmp_path_factory.mktemp("checkpoints")
    study = load_study(write_study(folder / "inputs", n=60)).with_plan(**KEEP_TWO_NULLS)
    compare(study, folder / "run", jobs=1, device="cpu")
    return folder


def test_every_job_keeps_the_model_that_predicts_what_it_predicted(made: Path) -> None:
    study = load_study(made / "inputs" / "study.yaml")
    cohort, _ = study.read_cohort()
    predictions = PredictionStore(made / "run" / "predictions")
    checkpoints = CheckpointStore(made / "run" / "checkpoints")
    with Ledger(made / "run" / "run.sqlite", read_only=True) as ledger:
        jobs = [record.job for record in ledger.records("done")]
    for job in jobs:
        stored = predictions.model_of(job)
        if job.model.startswith("null/") and int(job.model.rpartition("/")[2]) >= 2:
            assert stored is None
            continue
        assert stored is not None
        assert checkpoints.is_intact(stored)
        predicted = predictions.read(job)
        with one_thread():
            model = checkpoints.read(job, stored)
            again = model.predict(cohort.values_BGC[predicted.test_index], np.zeros((len(predicted.test_index), 0)))
        np.testing.assert_array_equal(again.full, predicted.eta_full)
        np.testing.assert_array_equal(again.replicates_MBP, predicted.eta_replicates_MBK)
    masks = list((made / "run" / "checkpoints" / "masks").iterdir())
    n_models = len({job.model for job in jobs if not job.model.endswith("/2")})
    assert len(masks) == n_models


def test_nothing_in_the_folder_is_a_pickle(made: Path) -> None:
    for file in (made / "run" / "checkpoints").rglob("*.npz"):
        with np.load(file, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays)


def test_models_do_not_change_the_answer_and_none_are_kept_on_request(made: Path, tmp_path: Path) -> None:
    study = load_study(made / "inputs" / "study.yaml").with_plan(**{**KEEP_TWO_NULLS, "keep_models": "none"})
    compare(study, tmp_path / "run", jobs=1, device="cpu")
    assert not list((tmp_path / "run" / "checkpoints").iterdir())
    with_models, without = (json.loads((folder / "run" / "results.json").read_text()) for folder in (made, tmp_path))
    assert with_models["comparison"] == without["comparison"]
    with_them = study.with_plan(keep_models="all", keep_null_models=0)
    compare(with_them, tmp_path / "run", jobs=1, device="cpu")
    assert PredictionStore(tmp_path / "run" / "predictions").model_of(JOB) is not None
    assert json.loads((tmp_path / "run" / "results.json").read_text())["comparison"] == without["comparison"]


def test_auto_does_not_train_an_older_run_again(made: Path, tmp_path: Path) -> None:
    study = load_study(made / "inputs" / "study.yaml").with_plan(repeats=1, nulls=0, keep_models="none")
    compare(study, tmp_path / "run", jobs=1, device="cpu", fit=FIT)
    before = [file.read_bytes() for file in sorted((tmp_path / "run" / "predictions").iterdir())]
    compare(study.with_plan(keep_models="auto"), tmp_path / "run", jobs=1, device="cpu", fit="nowhere:fit")
    assert [file.read_bytes() for file in sorted((tmp_path / "run" / "predictions").iterdir())] == before


def test_a_damaged_model_is_named_and_made_again(made: Path) -> None:
    checkpoints = CheckpointStore(made / "run" / "checkpoints")
    stored = PredictionStore(made / "run" / "predictions").model_of(JOB)
    assert stored is not None
    file = checkpoints.folder / stored.name
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    assert not checkpoints.is_intact(stored)
    with pytest.raises(RunError, match=r"not the one that was written.*compare command again"):
        checkpoints.read(JOB, stored)
    file.unlink()
    with pytest.raises(RunError, match=r"hypothesis/truth r0 f1 is missing or damaged"):
        checkpoints.read(JOB, stored)
    study = load_study(made / "inputs" / "study.yaml").with_plan(**KEEP_TWO_NULLS)
    compare(study, made / "run", jobs=1, device="cpu")
    assert file.read_bytes() == content
    mask_file = next((checkpoints.folder / "masks").iterdir())
    whole = mask_file.read_bytes()
    mask_file.write_bytes(b"PK")
    fresh = CheckpointStore(checkpoints.folder)
    amiss = [job for job in _jobs(made) if (kept := _model_of(made, job)) is not None and not fresh.is_intact(kept)]
    assert amiss
    mask_file.write_bytes(whole)


def test_a_model_of_another_job_is_refused(made: Path) -> None:
    checkpoints = CheckpointStore(made / "run" / "checkpoints")
    stored = PredictionStore(made / "run" / "predictions").model_of(JOB)
    assert stored is not None
    with pytest.raises(RunError, match="it is the model of hypothesis/truth r0 f1"):
        checkpoints.read(Job("hypothesis/rival", 0, 1), stored)


def test_auto_declines_what_is_large_and_says_so(made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model_keeping, "MOST_BYTES", 1000.0)
    study = load_study(made / "inputs" / "study.yaml").with_plan(repeats=1, nulls=0)
    result = compare(study, tmp_path / "run", jobs=1, device="cpu", fit=FIT)
    assert any("models were not kept" in warning and "keep_models to all" in warning for warning in result.warnings)
    asked = compare(study.with_plan(keep_models="all"), tmp_path / "all", jobs=1, device="cpu", fit=FIT)
    assert not any("not kept" in warning for warning in asked.warnings)


def test_only_the_first_null_draws_are_kept() -> None:
    kept = KeptModels(first_stage=True, null_draws=2)
    assert kept.keeps(Job(hypothesis_model("a"), 0, 0))
    assert [kept.keeps(Job(null_model("a", draw), 0, 0)) for draw in range(3)] == [True, True, False]
    assert not KeptModels().keeps(Job(hypothesis_model("a"), 0, 0))


def test_masks_that_differ_have_digests_that_differ() -> None:
    def mask(rows: list[int], cols: list[int], **fields: object) -> Mask:
        return Mask(**{"name": "m", "genes": ("a", "b", "c"), "layers": (EdgeTable.build(rows, cols),), **fields})  # type: ignore[arg-type]

    table = EdgeTable.build([0], [1])
    several = [
        mask([0], [1]),
        mask([1], [0]),
        mask([0], [1], name="n"),
        mask([0], [1], genes=("a", "c", "b")),
        mask([0], [1], layers=(table, table)),
        mask([0], [1], layers=(EdgeTable.build([0], [1], weight=[0.5]),)),
        mask([0], [1], heads={"acts_on": 1}),
    ]
    assert len({mask_digest(each) for each in several}) == len(several)
    assert mask_digest(mask([0], [1])) == mask_digest(several[0])


def _jobs(made: Path) -> list[Job]:
    with Ledger(made / "run" / "run.sqlite", read_only=True) as ledger:
        return [record.job for record in ledger.records("done")]


def _model_of(made: Path, job: Job) -> object:
    return PredictionStore(made / "run" / "predictions").model_of(job)
