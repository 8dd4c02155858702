"""The additive part: out-of-sample offsets, its penalty, curves, and what it predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hypomask.outcomes.classes import Binary
from hypomask.outcomes.registry import family_of
from hypomask.outcomes.survival_times import signed_times
from hypomask.training import additive
from hypomask.training.additive import fit_additive
from hypomask.training.curves import fit_curves
from hypomask.training.penalised import PENALTIES, penalised_path

KINDS = ("continuous", "binary", "classes", "counts", "survival", "discrete-survival")
CLASSES = ("low", "middle", "high")


def linear(n: int, p: int, kind: str, seed: int = 0, noise: float = 1.0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x_BGC = rng.standard_normal((n, p, 1)).astype(np.float32)
    liability = x_BGC[:, :2, 0].sum(axis=1) + noise * rng.standard_normal(n)
    if kind == "continuous":
        return x_BGC, (liability - liability.mean()) / liability.std()
    if kind == "counts":
        return x_BGC, rng.poisson(np.exp(0.5 + liability / 2)).astype(float)
    if kind in ("survival", "discrete-survival"):
        time, censored = np.exp(-liability) * rng.exponential(size=n), rng.exponential(4.0, n)
        earlier = np.minimum(time, censored)
        return x_BGC, signed_times(earlier if kind == "survival" else np.ceil(3 * earlier), time <= censored)
    cuts = np.quantile(liability, [0.5] if kind == "binary" else [1 / 3, 2 / 3])
    return x_BGC, np.searchsorted(cuts, liability).astype(float)


def fit(x_BGC: Any, y: Any, kind: str = "continuous", z_BP: Any = None, **options: Any) -> Any:
    z_BP = np.zeros((len(y), 0)) if z_BP is None else z_BP
    arguments: dict[str, Any] = {"blocks": np.arange(len(y)), "seed": 0, **options}
    return fit_additive(x_BGC, z_BP, y, family=family_of(kind, y, CLASSES), **arguments)


def mean_loss(fitted: Any, eta_BK: Any, y: Any, y_train: Any, kind: str) -> float:
    """Of linear predictors of samples `y`, by a model that was fitted to `y_train`."""
    family = family_of(kind, y_train, CLASSES)
    return float(family.losses(family.predicted(eta_BK, y_train, fitted.eta_train), y).mean())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("repeats", [1, 3])
def test_no_sample_has_a_part_in_its_own_offset(kind: str, repeats: int) -> None:
    """At every penalty, whatever becomes of one sample's phenotype, its own predictor stays the same to the bit."""
    x_BGC, y = linear(50, 6, kind)
    family = family_of(kind, y, CLASSES)
    design = x_BGC[:, :, 0].astype(float)
    splits = [np.random.default_rng(r).permutation(np.arange(50) % 5).astype(np.int8) for r in range(repeats)]

    def held_out(y: Any) -> Any:
        return additive._held_out(design, y, family, splits)[0]

    before = held_out(y)
    assert before.shape == (repeats, len(PENALTIES), 50, family.n_outputs)
    for sample in (0, 17, 49):
        changed = y.copy()
        changed[sample] = {
            "binary": 1 - y[sample],
            "classes": (y[sample] + 1) % 3,
            "survival": -y[sample],
            "discrete-survival": -y[sample],
        }.get(kind, y[sample] + 100)
        after = held_out(changed)
        np.testing.assert_array_equal(after[:, :, sample], before[:, :, sample])
        for split, one, two in zip(splits, before, after, strict=True):
            elsewhere = split != split[sample]  # its change was not without effect
            assert (one[:, elsewhere] != two[:, elsewhere]).any()


def test_samples_of_a_block_do_not_predict_one_another() -> None:
    rng = np.random.default_rng(0)
    x_BGC = np.repeat(rng.standard_normal((60, 40, 1)), 2, axis=0).astype(np.float32)
    y = np.repeat(rng.standard_normal(60), 2)  # nothing to find but the twin
    apart = fit(x_BGC, y, blocks=np.arange(120), curves=False)
    together = fit(x_BGC, y, blocks=np.repeat(np.arange(60), 2), curves=False)
    assert np.mean((apart.eta_train[:, 0] - y) ** 2) < 0.9 * y.var()  # fooled
    assert np.mean((together.eta_train[:, 0] - y) ** 2) > 0.98 * y.var()


@pytest.mark.parametrize("kind", KINDS)
def test_offset_tells_the_loss_on_new_samples(kind: str) -> None:
    x_BGC, y = linear(3000, 20, kind)
    train, test = slice(0, 600), slice(600, None)
    fitted = fit(x_BGC[train], y[train], kind)
    without_genes = fit(None, y[train], kind)
    none = np.zeros((2400, 0))
    on_new = mean_loss(fitted, fitted.predict(x_BGC[test], none), y[test], y[train], kind)
    assert mean_loss(fitted, fitted.eta_train, y[train], y[train], kind) == pytest.approx(on_new, rel=0.12)
    base_rate = mean_loss(without_genes, without_genes.predict(None, none), y[test], y[train], kind)
    assert on_new < 0.95 * base_rate


def test_the_fit_is_that_of_its_penalty_on_all_samples() -> None:
    x_BGC, y = linear(120, 5, "binary")
    fitted = fit(x_BGC, y, "binary", curves=False)
    path = penalised_path(x_BGC[:, :, 0].astype(float), y, family=Binary())
    position = int(np.flatnonzero(fitted.penalty == PENALTIES)[0])
    np.testing.assert_allclose(fitted.coefficients, path.coefficients_PJK[position], atol=1e-6)
    center_K = fitted.calibration.center_K
    expected = (path.predict(x_BGC[:, :, 0])[position] - center_K) * fitted.calibration.slope + center_K
    np.testing.assert_allclose(fitted.predict(x_BGC, np.zeros((120, 0))), expected, atol=1e-5)


def test_more_noise_and_more_genes_mean_more_penalty() -> None:
    clear = fit(*linear(200, 5, "continuous", noise=0.1), curves=False)
    noisy = fit(*linear(200, 100, "continuous", noise=5), curves=False)
    assert noisy.penalty > 10 * clear.penalty


def test_noise_is_left_alone_on_average() -> None:
    losses = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x_BGC, y = rng.standard_normal((60, 30, 1)).astype(np.float32), rng.standard_normal(60)
        y = (y - y.mean()) / y.std()
        new_BGC, new_y = rng.standard_normal((2000, 30, 1)).astype(np.float32), rng.standard_normal(2000)
        losses.append(np.mean((fit(x_BGC, y).predict(new_BGC, np.zeros((2000, 0)))[:, 0] - new_y) ** 2))
    assert np.mean(losses) < 1.1  # least squares: above 2


def test_covariates_alone_are_hardly_penalised() -> None:
    rng = np.random.default_rng(0)
    z_BP = rng.standard_normal((100, 1))
    y = z_BP[:, 0] * 0.9 + 0.4 * rng.standard_normal(100)
    fitted = fit(None, y, z_BP=z_BP)
    slope = np.polyfit(z_BP[:, 0], y, 1)[0]
    predicted = fitted.predict(None, np.array([[0.0], [1.0]]))[:, 0]
    assert predicted[1] - predicted[0] == pytest.approx(slope, rel=0.05)
    assert fitted.curves is None


@pytest.mark.parametrize("kind", KINDS)
def test_without_genes_and_covariates_the_base_rate_is_predicted(kind: str) -> None:
    _, y = linear(90, 2, kind)
    fitted = fit(None, y, kind)
    eta = fitted.predict(None, np.zeros((1, 0)))
    if kind in ("continuous", "survival", "discrete-survival"):  # the base rate of survival is the baseline hazard
        assert eta[0, 0] == pytest.approx(0, abs=1e-12)
    elif kind == "counts":
        assert np.exp(eta[0, 0]) == pytest.approx(y.mean(), rel=0.05)
    elif kind == "binary":
        assert eta[0, 0] == pytest.approx(np.log(y.mean() / (1 - y.mean())), abs=0.05)
    else:
        np.testing.assert_allclose(np.diff(eta[0]), np.diff(np.log(np.bincount(y.astype(int)))), atol=0.05)


def test_covariates_count_before_genes_that_say_the_same() -> None:
    rng = np.random.default_rng(0)
    z_BP = rng.standard_normal((300, 1))
    x_BGC = (z_BP + 0.1 * rng.standard_normal((300, 1)))[:, :, None].astype(np.float32)
    fitted = fit(x_BGC, z_BP[:, 0] + 0.3 * rng.standard_normal(300), z_BP=z_BP, curves=False)
    assert abs(fitted.coefficients[0, 0] * additive.COVARIATE_PRIOR_SD) > 5 * abs(fitted.coefficients[1, 0])


def test_every_channel_has_its_own_coefficient() -> None:
    rng = np.random.default_rng(0)
    x_BGC = rng.standard_normal((400, 3, 2)).astype(np.float32)
    y = x_BGC[:, 1, 1] + 0.1 * rng.standard_normal(400)
    fitted = fit(x_BGC, y, curves=False)
    assert fitted.coefficients.shape == (6, 1)
    assert int(np.abs(fitted.coefficients[:, 0]).argmax()) == 3


def test_a_curved_gene_is_bent_and_a_straight_one_is_not() -> None:
    rng = np.random.default_rng(0)
    x_BGC = rng.standard_normal((500, 6, 1)).astype(np.float32)
    curved = x_BGC[:, 0, 0] ** 2 - 1 + 0.5 * rng.standard_normal(500)
    fitted = fit(x_BGC, curved)
    assert fitted.curves is not None
    assert np.mean((fitted.eta_train[:, 0] - curved) ** 2) < 0.35 * curved.var()
    assert fit(x_BGC, curved, curves=False).curves is None
    bent = [fit(*linear(200, 6, "continuous", seed=seed)).curves is not None for seed in range(10)]
    assert sum(bent) <= 2


def test_a_tiny_or_lopsided_cohort_is_fitted() -> None:
    x_BGC, _ = linear(20, 300, "binary")
    y = np.zeros(20)
    y[:2] = 1
    fitted = fit(x_BGC, y, "binary")
    assert np.isfinite(fitted.eta_train).all()
    assert Binary().losses(fitted.eta_train, y).mean() < 0.6


class TestCurves:
    def test_a_curve_is_free_of_mean_and_straight_line_in_training(self) -> None:
        x = np.random.default_rng(0).gamma(2.0, size=(200, 3))
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        x = np.clip(x, -2.9, 2.9)
        curves = fit_curves(x, 0.5)
        assert curves is not None
        bent = curves.apply(x)
        np.testing.assert_allclose(bent.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose((bent * (x - x.mean(axis=0))).mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(bent.std(axis=0), 0.5)
        # nothing of the square is lost
        basis = np.column_stack([np.ones(200), x[:, 0], bent[:, 0]])
        coefficients = np.linalg.lstsq(basis, x[:, 0] ** 2, rcond=None)[0]
        np.testing.assert_allclose(basis @ coefficients, x[:, 0] ** 2, atol=1e-10)

    def test_columns_of_two_values_have_no_curve(self) -> None:
        x = np.column_stack([np.arange(10) % 2, np.zeros(10), np.arange(10)]).astype(float)
        curves = fit_curves(x, 1.0)
        assert curves is not None
        assert curves.columns.tolist() == [2]
        assert fit_curves(x[:, :2], 1.0) is None
        assert fit_curves(np.zeros((10, 0)), 1.0) is None

    def test_an_outlier_bends_no_further_than_three_standard_deviations(self) -> None:
        curves = fit_curves(np.random.default_rng(0).standard_normal((100, 1)), 1.0)
        assert curves is not None
        np.testing.assert_array_equal(curves.apply(np.array([[3.0]])), curves.apply(np.array([[1e6]])))
