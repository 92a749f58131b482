"""DC-Solver's ratios in Python: searched, fitted, written to a file."""
import pickle

import numpy as np
import pytest

from buffon import diffusion as bd


def mixture():
    angles = 2 * np.pi * np.arange(5) / 5
    means = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return bd.GaussianMixture(np.arange(1, 6) / 15, means, [(0.15 + 0.05 * k) ** 2 * np.eye(2) for k in range(5)])


def error(model, table, rng, n=256):
    x = np.random.default_rng(rng).standard_normal((n, 2))
    exact = bd.sample(model, bd.unipc(bd.VP(), steps=400, order=3), x=x).x
    return np.sqrt(np.mean((bd.sample(model, table, x=x).x - exact) ** 2))


@pytest.mark.parametrize("corrector", [True, False])
def test_a_search_finds_a_table_that_is_better_on_other_points(corrector):
    model = mixture()
    found = bd.dc_search(model, bd.VP(), steps=5, rng=1, corrector=corrector)
    plain = bd.dc(bd.VP(), steps=5, corrector=corrector)
    assert found.table.rows == bd.dc(bd.VP(), steps=5, ratios=found.ratios, corrector=corrector).rows
    assert error(model, found.table, 2) < 0.85 * error(model, plain, 2)
    assert found.errors[-1] < found.errors_before[0] + 1 and np.all(found.errors <= found.errors_before)
    assert f"{found.evaluations:,} evaluations" in repr(found) and "ratios 1, 1, " in repr(found)
    assert "ratios=[1, 1, " in repr(found.table)
    assert np.array_equal(bd.dc_search(model, bd.VP(), steps=5, rng=found.rng_key, corrector=corrector).ratios, found.ratios)


def test_search_points_are_not_the_samples_of_the_same_key():
    model = mixture()
    x = bd.sample(model, bd.dc(bd.VP(), steps=5), n=64, rng=1, record=1).trajectory
    starts = np.random.default_rng(0).standard_normal((64, 2))
    assert x.shape == (5, 64, 2)
    ratios = [
        bd.dc_search(model, bd.VP(), steps=5, **given).ratios
        for given in ({"rng": 1}, {"x": starts}, {"x": starts, "rng": 3})
    ]
    assert not np.array_equal(ratios[0], ratios[1]) and np.array_equal(ratios[1], ratios[2])


def test_a_fit_predicts_and_lives_in_a_file(tmp_path):
    rng = np.random.default_rng(5)
    truth = bd.CascadePolynomial(rng.standard_normal(36))
    cells = [(steps, guidance) for steps in (6, 8, 12) for guidance in (1.0, 3.0, 7.5)]
    fit = bd.fit_ratios([g for _, g in cells], [truth.predict(*cell) for cell in cells])
    assert np.allclose(fit.predict(10, guidance=5.0), truth.predict(10, guidance=5.0), atol=1e-7)
    assert bd.dc(bd.VP(), steps=10, ratios=fit.predict(10)).evaluations == 10
    path = tmp_path / "ratios.json"
    fit.save(path)
    for again in (bd.CascadePolynomial.load(path), pickle.loads(pickle.dumps(fit))):
        assert np.array_equal(again.coefficients, fit.coefficients)


def test_refusals():
    with pytest.raises(ValueError, match="36 numbers, got 3"):
        bd.CascadePolynomial([1, 2, 3])
    with pytest.raises(RuntimeError, match="cannot read"):
        bd.CascadePolynomial.load("/no/such/file")
    with pytest.raises(ValueError, match="one number per list of ratios"):
        bd.fit_ratios([1.0, 2.0], [[1, 1, 1]])
    with pytest.raises(TypeError, match="a list of arrays"):
        bd.fit_ratios([1.0], 3)
    with pytest.raises(ValueError, match="the first 2 ratios must be 1"):
        bd.dc(bd.VP(), steps=3, ratios=[1, 0.5, 1])
    with pytest.raises(TypeError, match="unknown keyword 'trial'"):
        bd.dc_search(mixture(), bd.VP(), steps=5, trial=3)
