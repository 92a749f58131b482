"""Promise 9: m outputs from one sample, with the covariance of their estimates."""
import numpy as np
import pytest

REPLICATES, BUDGET = 300, 3_000


@pytest.mark.means
def test_the_covariance_is_symmetric_and_has_no_negative_variance(estimate):
    e = estimate(5_000)
    assert e.value.shape == e.std_error.shape == (3,) and e.covariance.shape == (3, 3)
    np.testing.assert_array_equal(e.covariance, e.covariance.T)
    np.testing.assert_allclose(e.std_error, np.sqrt(np.diag(e.covariance)), rtol=1e-14)
    assert np.linalg.eigvalsh(e.covariance).min() > -1e-12 * np.trace(e.covariance)


@pytest.mark.means
def test_equal_outputs_have_no_difference(estimate, outputs):
    """y, 3 y and y + 1: the covariance knows that they are the same draw."""
    def model(x):
        y = outputs(x)[:, 0]
        return np.stack([y, 3 * y, y + 1], axis=1)
    e = estimate(5_000, model=model)
    thrice = e.transform(lambda v: v[1:2] - 3 * v[0:1], ["rest"])
    assert abs(thrice["rest"]) < 1e-9 and thrice.std_error[0] < 1e-6 * e.std_error[0]


@pytest.mark.means
def test_correlations_are_those_of_repeated_runs(estimate, outputs):
    """Of y, z and y + z; 300 runs tell a correlation to (1 - r^2) / sqrt(300) < 0.06: 4.5 of them."""
    def model(x):
        y = outputs(x)
        return np.stack([y[:, 0], y[:, 1], y[:, 0] + y[:, 1]], axis=1)
    runs = [estimate(BUDGET, model=model, rng=key, threads=1) for key in range(REPLICATES)]
    claimed = correlation(np.mean([e.covariance for e in runs], axis=0))
    np.testing.assert_allclose(correlation(np.cov(np.array([e.value for e in runs]).T)), claimed, atol=0.26)
    assert claimed[:2, 2].max() > 0.6   # the sum goes with the larger of its terms; equal and independent ones: 0.71


def correlation(covariance):
    scale = np.sqrt(np.diag(covariance))
    return covariance / np.outer(scale, scale)
