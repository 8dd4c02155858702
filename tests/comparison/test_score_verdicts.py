"""What is said of a table of scores: verdicts, their numbers, and the published P-NET folds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.comparison.compare_scores import OVERLAP, compare_scores
from hypomask.comparison.corrected_t import corrected_resampled_t
from hypomask.comparison.score_result import ScoreComparison
from hypomask.comparison.score_settings import ScoreSettings
from hypomask.errors import ConfigError, DataError

PNET = Path(__file__).resolve().parents[3] / "shared" / "data" / "published_scores" / "pnet_prostate_auc.csv"


def scores(
    means: dict[str, float], *, noise: float = 0.005, folds: int = 10, repeats: int = 1, seed: int = 0
) -> pd.DataFrame:
    """Scores around `means`; a fold that is hard is hard for every model."""
    rng = np.random.default_rng(seed)
    n = folds * repeats
    hard = rng.normal(0, 0.03, n)
    frame = pd.DataFrame({name: mean + hard + noise * rng.normal(size=n) for name, mean in means.items()})
    frame.insert(0, "fold", np.tile(np.arange(folds), repeats))
    frame.insert(0, "repeat", np.repeat(np.arange(repeats), folds))
    return frame


def judged(frame: pd.DataFrame, **told: object) -> ScoreComparison:
    return compare_scores(frame, ScoreSettings(**told))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pnet() -> pd.DataFrame:
    if not PNET.is_file():
        pytest.skip(f"{PNET} is not here: published scores are no part of the repository")
    return pd.read_csv(PNET)


def test_p_net_against_its_random_network_cannot_be_told_whatever_naive_tests_say(pnet: pd.DataFrame) -> None:
    result = judged(pnet, score="AUC", reference="random_sparse_network")
    assert result.verdict.code == "cannot-tell"
    pair = result.pair("pnet_reactome", "random_sparse_network")
    assert pair.code == "cannot-tell"
    assert (pair.won, pair.lost) == (9, 1)
    assert pair.ahead == pytest.approx(0.01314)
    assert pair.low < 0 < pair.high
    assert pair.p_corrected == pytest.approx(0.367, abs=5e-4)
    assert pair.naive.sign == pytest.approx(0.021, abs=5e-4)
    assert pair.naive.paired_t == pytest.approx(0.20, abs=2e-3)
    (reason,) = result.verdict.reasons
    for words in ("Naive tests", "sign test p = 0.021", "9 of 10 folds", "p = 0.37", "interval -0.018 to 0.044"):
        assert words in reason.sentence


def test_no_pair_of_the_published_table_can_be_told_and_all_may_be_best(pnet: pd.DataFrame) -> None:
    result = judged(pnet, score="AUC")
    assert len(result.pairs) == 10
    assert {pair.code for pair in result.pairs} == {"cannot-tell"}
    assert set(result.best) == set(pnet.columns[1:])
    assert result.verdict.sentence.startswith("Cannot tell which model is best: pnet_reactome leads (mean AUC 0.901)")


def test_a_clear_leader_is_best_and_its_numbers_are_in_the_sentence() -> None:
    result = judged(scores({"good": 0.9, "fair": 0.8, "poor": 0.7}), score="AUC")
    assert result.verdict.code == "best"
    assert result.best == ("good",)
    assert "each of the 2 others, than fair (the closest)" in result.verdict.sentence
    assert [model.name for model in result.models] == ["good", "fair", "poor"]
    assert {pair.code for pair in result.pairs} == {"better"}
    assert any("luck of one cohort" in note for note in result.notes)


def test_direction_turns_everything_round() -> None:
    frame = scores({"good": 0.9, "fair": 0.8, "poor": 0.7})
    up, down = judged(frame, direction="higher"), judged(frame, direction="lower")
    assert [m.name for m in down.models] == ["poor", "fair", "good"]
    a, b = up.pair("good", "poor"), down.pair("good", "poor")
    assert (a.a, b.a) == ("good", "poor")
    assert a.ahead == pytest.approx(b.ahead)
    assert a.p_holm == pytest.approx(b.p_holm)
    loss = judged(frame, score="log loss")
    assert loss.settings["direction"] == "lower"
    assert not any("which way" in note for note in loss.notes)
    assert any("Nothing says which way" in note for note in judged(frame).notes)


def test_models_within_the_margin_are_equivalent_and_the_margin_is_said() -> None:
    frame = scores({"a": 0.801, "b": 0.8, "c": 0.7}, noise=0.001)
    result = judged(frame, score="AUC", margin=0.02)
    assert result.verdict.code == "equivalent"
    assert "a and b differ by less than 0.02 AUC" in result.verdict.sentence
    assert "worse than another: c" in result.verdict.sentence
    assert judged(frame, score="AUC", margin=0.0005).verdict.code != "equivalent"


def test_the_default_margin_is_for_scores_between_minus_one_and_one() -> None:
    frame = scores({"a": 0.8, "b": 0.79})
    assert judged(frame).settings["margin"] == 0.01
    percent = judged(frame.assign(a=100 * frame["a"], b=100 * frame["b"]))
    assert percent.settings["margin"] is None
    assert any("--margin" in note for note in percent.notes)
    assert percent.pairs[0].p_equivalent is None
    assert percent.pairs[0].posterior is None


def test_against_a_reference_better_worse_equivalent_and_unsure_models_are_named() -> None:
    frame = scores({"ref": 0.8, "up": 0.9, "down": 0.7, "same": 0.8002, "odd": 0.81}, noise=0.002)
    frame["odd"] += np.linspace(-0.06, 0.05, 10)
    result = judged(frame, score="AUC", reference="ref")
    assert {pair.a: pair.code for pair in result.pairs} == {
        "up": "better", "down": "worse", "same": "equivalent", "odd": "cannot-tell",
    }  # fmt: skip
    for words in (
        "Better than ref: up (by",
        "Worse than ref: down (by",
        "equivalent to it: same",
        "Cannot tell for odd",
    ):
        assert words in result.verdict.sentence
    assert all(model.among_best is None for model in result.models)


def test_fewer_than_five_folds_show_nothing_however_far_apart() -> None:
    frame = scores({"a": 0.99, "b": 0.5}, noise=1e-5, folds=4, repeats=10)
    result = judged(frame, score="AUC")
    assert result.pairs[0].p_holm < 1e-6
    assert result.verdict.code == "cannot-tell"
    assert "With 4 folds nothing can be shown; 5 are the least" in result.verdict.sentence


def test_the_leader_may_be_open_only_to_a_model_that_another_beats() -> None:
    rng = np.random.default_rng(1)
    wild = rng.normal(0, 0.08, 12)
    steady, frame = 0.8 + 0.001 * rng.normal(size=12), pd.DataFrame({"fold": range(12)})
    frame["lead"] = 0.83 + wild - wild.mean()
    frame["steady"], frame["low"] = steady, steady - 0.01 + 0.001 * rng.normal(size=12)
    result = judged(frame, score="AUC")
    assert result.verdict.code == "cannot-tell"
    assert set(result.best) == {"lead", "steady"}
    assert "Shown to be worse than another: low" in result.verdict.sentence


def test_repeats_count_as_one_data_set_and_a_larger_test_set_widens_the_interval() -> None:
    frame = scores({"a": 0.82, "b": 0.8}, noise=0.02, folds=5, repeats=3)
    result = judged(frame)
    assert (result.settings["folds"], result.settings["repeats"]) == (5, 3)
    difference = (frame["a"] - frame["b"]).to_numpy()
    classic = corrected_resampled_t(difference, 0.2)
    width = result.pairs[0].high - result.pairs[0].low
    assert width > classic.interval(0.05)[1] - classic.interval(0.05)[0]
    held_out = judged(frame, test_fraction=0.4)
    assert held_out.pairs[0].high - held_out.pairs[0].low > width


def test_constant_differences_are_refused_and_identical_scores_are_a_note() -> None:
    frame = scores({"a": 0.8, "b": 0.7})
    with pytest.raises(DataError, match=r"'a' and 'c' differ by the same 0\.01 in all 10 splits"):
        judged(frame.assign(c=frame["a"] + 0.01))
    few = frame.iloc[:2]
    assert judged(few.assign(c=few["a"] + 0.01)).pair("a", "c").p_corrected == 1.0
    same = judged(frame.assign(c=frame["a"]))
    assert any("same score in every split: a and c" in note for note in same.notes)
    assert same.pair("a", "c").p_corrected == 1.0
    assert set(same.best) >= {"a", "c"}


def test_a_reference_that_is_no_model_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'alpha'"):
        judged(scores({"alpha": 0.8, "beta": 0.7}), reference="alpah")


def test_the_result_is_plain_json_and_two_frames() -> None:
    result = judged(scores({"a": 0.82, "b": 0.8, "c": 0.7}), score="AUC")
    content = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert content["verdict"]["code"] == result.verdict.code
    assert content["settings"]["overlap"] == OVERLAP
    assert content["pairs"][0]["naive"].keys() == {"paired_t", "wilcoxon", "sign"}
    assert content["best"] == list(result.best)
    frame = result.frame()
    assert frame.index.names == ["a", "b"]
    assert {"p_corrected", "p_holm", "probability_within", "naive_sign_p", "code"} <= set(frame.columns)
    assert result.model_frame().loc["a", "rank"] == 1


table_of_scores = st.integers(0, 10_000).map(
    lambda seed: scores(
        {"a": 0.8, "b": 0.8, "c": 0.81}, noise=0.02, folds=5 + seed % 6, repeats=1 + seed % 3, seed=seed
    )
)


@settings(max_examples=30, deadline=None)
@given(table_of_scores, st.sampled_from(["higher", "lower"]))
def test_verdicts_do_not_depend_on_the_order_of_rows_and_columns(frame: pd.DataFrame, direction: str) -> None:
    shuffled = frame[["repeat", "fold", "c", "a", "b"]].sample(frac=1, random_state=1)
    one, other = judged(frame, direction=direction), judged(shuffled, direction=direction)
    assert one.verdict.code == other.verdict.code
    assert one.best == other.best
    for pair in one.pairs:
        again = other.pair(pair.a, pair.b)
        assert (again.p_holm, again.ahead) == (pytest.approx(pair.p_holm), pytest.approx(pair.ahead))


@settings(max_examples=30, deadline=None)
@given(table_of_scores)
def test_what_decides_is_never_surer_than_the_corrected_test(frame: pd.DataFrame) -> None:
    for pair in judged(frame).pairs:
        assert pair.p_holm >= pair.p_cautious >= pair.p_corrected
        assert pair.low <= pair.ahead <= pair.high
        assert pair.posterior is not None
        total = pair.posterior.below + pair.posterior.within + pair.posterior.above
        assert total == pytest.approx(1.0)


def _ridge_folds(rng: np.random.Generator, gap: float, n: int = 100, genes: int = 20, folds: int = 10) -> pd.DataFrame:
    """R2 per fold of ridge regression on two disjoint sets of genes; `gap` 0: equally good by construction."""
    x_MBG = rng.standard_normal((2, n, genes))
    signal = (1 + gap) * x_MBG[0, :, :3].sum(axis=1) + (1 - gap) * x_MBG[1, :, :3].sum(axis=1)
    y_B = signal / np.sqrt(6) + rng.standard_normal(n)
    fold_B = rng.permutation(n) % folds
    columns = {}
    for name, x_BG in zip("ab", x_MBG, strict=True):
        r2 = []
        for k in range(folds):
            train, test = fold_B != k, fold_B == k
            beta = np.linalg.solve(x_BG[train].T @ x_BG[train] + np.eye(genes), x_BG[train].T @ y_B[train])
            r2.append(1 - ((y_B[test] - x_BG[test] @ beta) ** 2).sum() / ((y_B[test] - y_B[train].mean()) ** 2).sum())
        columns[name] = r2
    return pd.DataFrame({"fold": range(folds), **columns})


@pytest.mark.slow
def test_equally_good_models_are_rarely_called_better_and_unequal_ones_are() -> None:
    make: Callable[[float, int], ScoreComparison] = lambda gap, seed: judged(  # noqa: E731
        _ridge_folds(np.random.default_rng(seed), gap, n=200), score="R2"
    )
    equal = [make(0.0, seed) for seed in range(300)]
    assert np.mean([result.verdict.code == "best" for result in equal]) <= 0.05
    assert np.mean([result.pairs[0].low <= 0 <= result.pairs[0].high for result in equal]) >= 0.93
    assert np.mean([min(result.pairs[0].naive.sign, result.pairs[0].naive.paired_t) <= 0.05 for result in equal]) > 0.05
    apart = [make(1.0, seed) for seed in range(100)]
    assert np.mean([result.verdict.code == "best" and result.best == ("a",) for result in apart]) >= 0.9
