"""Exposure profiles as Python sees them."""
from pathlib import Path

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments import exposure_bias, exposure_page


@pytest.fixture(scope="module")
def model():
    return bd.GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [0.04 * np.eye(2)] * 2)


@pytest.fixture(scope="module")
def profile(model):
    table = bd.ddim(bd.VP(), steps=6)
    return bd.exposure_profile(model, {"plain": table, "scaled": (bd.noise_scaled(model, 1 / 1.03), table)}, n=500, rng=1)


def test_a_profile_holds_estimates_of_all_samplers_and_of_one(profile):
    everything = profile["variance_ratio"]
    assert isinstance(everything, bf.Estimate) and len(everything.names) == 12
    assert all(name.startswith("plain t=") for name in everything.names[:6]) and everything.names[6].startswith("scaled t=")
    assert profile.samplers == ["plain", "scaled"] and profile.quantities[0] == "variance_ratio" and len(profile.quantities) == 11
    np.testing.assert_array_equal(profile.of("variance_ratio", "scaled").value, everything.value[6:])
    assert len(profile.times("plain")) == len(profile.levels("plain")) == 7
    assert profile.notes == [] and profile.evaluations == everything.n


def test_a_comparison_is_the_difference_with_the_error_that_common_noise_leaves(profile):
    a, b, gap = profile.of("energy", "scaled"), profile.of("energy", "plain"), profile.compare("energy", "scaled", "plain")
    np.testing.assert_allclose(gap.value, a.value - b.value)
    joint = profile["energy"]
    np.testing.assert_allclose(gap.std_error[-1], joint.contrast(len(joint.value) - 1, len(a.value) - 1).std_error[0])
    assert gap.std_error[-1] < np.hypot(a.std_error[-1], b.std_error[-1])


def test_intervals_of_squared_distances_are_not_negative(profile):
    for quantity in ("mean_shift", "energy", "frechet", "delta_single", "delta_multi"):
        low, high = profile[quantity].confidence_interval()
        assert np.all(low >= 0) and np.all(high > low)


def test_networks_need_data_or_an_exact_denoiser(model):
    network = bd.Denoiser(lambda x, sigma: 0.99 * model.denoise(x, sigma), dim=2)
    table = bd.ddim(bd.VP(), steps=4)
    data = model.forward(300, 0.0, rng=2)
    with pytest.raises(ValueError, match="exposure_profile: data must be given"):
        bd.exposure_profile(network, table, n=100, rng=0)
    by_data = bd.exposure_profile(network, table, n=100, rng=0, data=data)
    assert "forward_error" not in by_data.quantities and "exact" in by_data.notes[0]
    judged = bd.exposure_profile(network, table, n=100, rng=0, exact=model)
    assert np.all(judged["forward_error"].value > 0)


def test_wrong_arguments_are_named(model):
    table = bd.ddim(bd.VP(), steps=4)
    with pytest.raises(ValueError, match="no quantity 'variance'; known are variance_ratio"):
        bd.exposure_profile(model, table, quantities=["variance"])
    with pytest.raises(TypeError, match=r"tables\['a'\] must be a Table"):
        bd.exposure_profile(model, {"a": model})
    with pytest.raises(TypeError, match=r"tables\[1\] must be a Table"):
        bd.exposure_profile(model, [table, 3])
    with pytest.raises(ValueError, match="rk45 chooses its steps"):
        bd.exposure_profile(model, bd.rk45(bd.VP()))


def test_a_list_of_tables_is_named_by_them_and_progress_is_told(model):
    seen = []
    p = bd.exposure_profile(
        model,
        [bd.ddim(bd.VP(), steps=2), bd.heun(bd.VP(), steps=3), (model, bd.ddim(bd.VP(), steps=2))],
        n=50,
        rng=0,
        quantities=["moment_ratio"],
        progress=lambda n, total: seen.append((n, total)),
    )
    assert p.samplers == ["ddim", "heun", "ddim 2"] and seen[-1] == (7, 7)
    np.testing.assert_allclose(p.compare("moment_ratio", "ddim", "ddim 2").value, 0, atol=1e-12)


def test_the_picture_shows_values_over_time(profile):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    ax = profile.plot("noise_ratio")
    np.testing.assert_allclose(ax.lines[1].get_ydata(), profile.of("noise_ratio", "scaled").value)
    pyplot.close(ax.figure)


@pytest.mark.parametrize(
    "table, scale",
    [
        (bd.ddim(bd.EDM(), steps=5, to_zero=True), "symlog"),   # levels from 80 to 0.002, and 0
        (bd.ddim(bd.Discrete.linear(), grid=np.arange(5, 0, -1) / 5, to_zero=True), "linear"),
    ],
)
def test_nodes_stand_apart_on_the_axis_of_time(table, scale):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    model = bd.GaussianMixture([1.0], [[0.0]], [[1.0]])
    ax = bd.exposure_profile(model, {"ddim": table}, n=20, quantities=["variance_ratio"], rng=1).plot()
    assert ax.get_xscale() == scale
    places = ax.transData.transform([(t, 1.0) for t in ax.lines[0].get_xdata()])[:, 0]
    assert np.diff(places).min() > 0.05 * np.ptp(places)
    pyplot.close(ax.figure)


def test_a_table_has_a_row_for_each_node(profile):
    pytest.importorskip("pandas")
    frame = profile.to_dataframe(0.9)
    one = frame[(frame.quantity == "noise_ratio") & (frame["sampler"] == "scaled")]
    e = profile.of("noise_ratio", "scaled")
    np.testing.assert_array_equal(one.value, e.value)
    np.testing.assert_array_equal(one.high, e.confidence_interval(0.9)[1])
    np.testing.assert_array_equal(one.time, profile.times("scaled")[1:len(e.value) + 1])
    assert set(frame.quantity) == set(profile.quantities) and frame.attrs["rng_key"] == profile.rng_key


def test_input_perturbation_narrows_the_range_and_is_a_denoiser(model):
    perturbed = bd.input_perturbed(model, 0.1)
    x = np.array([[0.3, -0.2]])
    s = 0.5 * np.sqrt(1.01)
    np.testing.assert_allclose(perturbed.denoise(x, 0.5), x - (x - model.denoise(x, s)) / 1.01)
    with pytest.raises(ValueError, match="input_perturbed: gamma must be at least 0"):
        bd.input_perturbed(model, -1)


def test_the_tables_of_the_page_are_those_of_the_recorded_results():
    text = (Path(__file__).parents[2] / "docs/exposure.md").read_text(encoding="utf-8")
    assert exposure_page.PAGE.replaced(text) == text


def test_the_variance_within_draws_of_the_mixture_is_that_of_its_draws():
    model = exposure_bias._mixture(3)
    x = model.draws(20_000, 5).var(axis=1, ddof=1)
    assert abs(x.mean() - model.variance) < 4 * x.std() / np.sqrt(len(x))
