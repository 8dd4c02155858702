"""The additive part: out-of-sample offsets, its penalty, curves, and what it predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hypomask.training import additive
from hypomask.training.additive import fit_additive
from hypomask.training.curves import fit_curves
from hypomask.training.penalised import PENALTIES, mean_loss, penalised_path

KINDS: list[Any] = [("continuous", 1), ("binary", 1), ("classes", 3)]


def linear(n: int, p: int, kind: str, seed: int = 0, noise: float = 1.0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x_BGC = rng.standard_normal((n, p, 1)).astype(np.float32)
    liability = x_BGC[:, :2, 0].sum(axis=1) + noise * rng.standard_normal(n)
    if kind == "continuous":
        return x_BGC, (liability - liability.mean()) / liability.std()
    cuts = np.quantile(liability, [0.5] if kind == "binary" else [1 / 3, 2 / 3])
    return x_BGC, np.searchsorted(cuts, liability).astype(float)


def fit(x_BGC: Any, y: Any, kind: Any = "continuous", n_outputs: int = 1, z_BP: Any = None, **options: Any) -> Any:
    z_BP = np.zeros((len(y), 0)) if z_BP is None else z_BP
    arguments: dict[str, Any] = {"blocks": np.arange(len(y)), "seed": 0, **options}
    return fit_additive(x_BGC, z_BP, y, kind=kind, n_outputs=n_outputs, **arguments)


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
@pytest.mark.parametrize("repeats", [1, 3])
def test_no_sample_has_a_part_in_its_own_offset(kind: Any, n_outputs: int, repeats: int) -> None:
    """At every penalty, whatever becomes of one sample's phenotype, its own predictor stays the same to the bit."""
    x_BGC, y = linear(50, 6, kind)
    design = x_BGC[:, :, 0].astype(float)
    splits = [np.random.default_rng(r).permutation(np.arange(50) % 5).astype(np.int8) for r in range(repeats)]

    def held_out(y: Any) -> Any:
        return additive._held_out_predictors(design, y, kind, n_outputs, splits)

    before = held_out(y)
    assert before.shape == (repeats, len(PENALTIES), 50, n_outputs)
    for sample in (0, 17, 49):
        changed = y.copy()
        changed[sample] = y[sample] + 100 if kind == "continuous" else (y[sample] + 1) % max(n_outputs, 2)
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
    assert mean_loss(apart.eta_train, y, "continuous") < 0.9 * y.var()  # fooled
    assert mean_loss(together.eta_train, y, "continuous") > 0.98 * y.var()


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_offset_tells_the_loss_on_new_samples(kind: Any, n_outputs: int) -> None:
    x_BGC, y = linear(3000, 20, kind)
    train, test = slice(0, 600), slice(600, None)
    fitted = fit(x_BGC[train], y[train], kind, n_outputs)
    on_new = mean_loss(fitted.predict(x_BGC[test], np.zeros((2400, 0))), y[test], kind)
    assert mean_loss(fitted.eta_train, y[train], kind) == pytest.approx(on_new, rel=0.12)
    assert on_new < 0.85 * mean_loss(np.zeros((2400, n_outputs)), y[test], kind)


def test_the_fit_is_that_of_its_penalty_on_all_samples() -> None:
    x_BGC, y = linear(120, 5, "binary")
    fitted = fit(x_BGC, y, "binary", curves=False)
    path = penalised_path(x_BGC[:, :, 0].astype(float), y, kind="binary", n_outputs=1)
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
        losses.append(mean_loss(fit(x_BGC, y).predict(new_BGC, np.zeros((2000, 0))), new_y, "continuous"))
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


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_without_genes_and_covariates_the_base_rate_is_predicted(kind: Any, n_outputs: int) -> None:
    _, y = linear(90, 2, kind)
    fitted = fit(None, y, kind, n_outputs)
    eta = fitted.predict(None, np.zeros((1, 0)))
    if kind == "continuous":
        assert eta[0, 0] == pytest.approx(0, abs=1e-12)
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
    assert mean_loss(fitted.eta_train, curved, "continuous") < 0.35 * curved.var()
    assert fit(x_BGC, curved, curves=False).curves is None
    bent = [fit(*linear(200, 6, "continuous", seed=seed)).curves is not None for seed in range(10)]
    assert sum(bent) <= 2


def test_a_tiny_or_lopsided_cohort_is_fitted() -> None:
    x_BGC, _ = linear(20, 300, "binary")
    y = np.zeros(20)
    y[:2] = 1
    fitted = fit(x_BGC, y, "binary")
    assert np.isfinite(fitted.eta_train).all()
    assert mean_loss(fitted.eta_train, y, "binary") < 0.6


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
