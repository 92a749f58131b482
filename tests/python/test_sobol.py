"""Sobol' indices as Python sees them; the mathematics is in tests/estimators/test_sobol.cpp."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import buffon as bf

CUBE = bf.Joint({"a": bf.Uniform(-1, 1), "b": bf.Uniform(-1, 1), "c": bf.Uniform(-1, 1)})


def bilinear(x):   # V_a = 1/3, V_b = 4/3, V_ab = 1/9, and c does nothing
    return x[:, 0] + 2 * x[:, 1] + x[:, 0] * x[:, 1]


SHARES = np.array([3, 12, 0, 4, 13, 0]) / 16
PROBLEM = bf.Problem(bilinear, CUBE)


def test_indices_are_estimates_named_by_input():
    s = bf.sobol(PROBLEM, budget=2_000, rng=1)
    assert s.first_order.names == s.total_order.names == s.groups == ["a", "b", "c"] and s.outputs == ["y"]
    np.testing.assert_allclose([*s.first_order.value, *s.total_order.value], SHARES, atol=1e-9)
    assert s.second_order is None and s.first_order["c"] == 0 and s.n <= 2_000
    assert s.joint.names[0] == "first order of a" and s.joint.names[-1] == "total order of c"
    assert s.rng_key == 1 and s.diagnostics["replicates"] >= 8
    low, high = s.total_order.confidence_interval()
    assert np.all(low <= SHARES[3:] + 1e-9) and np.all(high >= SHARES[3:] - 1e-9)


@pytest.mark.parametrize("method", ["default", "saltelli", "jansen", "janon", "martinez", "owen"])
@pytest.mark.parametrize("points", ["rqmc", "iid"])
def test_every_method_finds_the_shares(method, points):
    s = bf.sobol(PROBLEM, budget=40_000, rng=2, method=method, points=points, surrogate=False)
    values, errors = np.r_[s.first_order.value, s.total_order.value], np.r_[s.first_order.std_error, s.total_order.std_error]
    assert np.all(np.abs(values - SHARES) < 5 * errors + 1e-12) and errors.max() < 0.05


def test_pairs_and_groups():
    s = bf.sobol(PROBLEM, budget=4_000, rng=1, second_order=True)
    assert s.second_order.names == ["a, b", "a, c", "b, c"]
    np.testing.assert_allclose(s.second_order.value, [1 / 16, 0, 0], atol=1e-9)
    s = bf.sobol(PROBLEM, budget=4_000, rng=1, groups={"both": ["a", "b"]})
    assert s.groups == ["both", "c"] and abs(s.first_order["both"] - 1) < 1e-9
    for groups, error in (({"x": "a"}, TypeError), (["a"], TypeError), ({"x": ["d"]}, ValueError)):
        with pytest.raises(error, match=r"^sobol: "):
            bf.sobol(PROBLEM, groups=groups)


def test_dependent_inputs_need_a_group():
    inputs = bf.Joint({"F": bf.Normal(), "w": bf.Normal()}, copula=bf.GaussianCopula([[1, 0.5], [0.5, 1]]))
    with pytest.raises(ValueError, match=r"groups=\{'F': \['F', 'w'\]\}"):
        bf.sobol(bf.Problem(lambda x: x[:, 0], inputs), budget=2_000)


def test_the_text_says_how_to_read_it():
    text = repr(bf.sobol(PROBLEM, budget=2_000, rng=1, second_order=True))
    assert "first order" in text and "total order" in text and "a, b" in text and "interactions" in text
    assert "0.1875" in text and "evaluations)" in text
    html = bf.sobol(bf.Problem(bilinear, CUBE, outputs=["<y>"]), budget=2_000, rng=1)._repr_html_()
    assert "&lt;y&gt;" in html and "0.1875" in html


def test_several_outputs_have_a_table_and_a_panel_each(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    problem = bf.Problem(lambda x: np.stack([bilinear(x), x[:, 2] ** 2], axis=1), CUBE, outputs=["y", "z"])
    s = bf.sobol(problem, budget=4_000, rng=1)
    assert s.first_order.names == ["a: y", "a: z", "b: y", "b: z", "c: y", "c: z"]
    ax = s.plot()
    assert len(ax.figure.axes) == 2 and len(ax.figure.axes[1].patches) == 6
    heights = [bar.get_height() for bar in ax.figure.axes[1].patches]
    np.testing.assert_allclose(heights, [0, 0, 1, 0, 0, 1], atol=1e-6)
    with pytest.raises(ValueError, match="ax takes one output"):
        s.plot(ax=ax)
    pyplot.close("all")
    frame = s.to_dataframe()
    assert list(frame.columns[:3]) == ["order", "name", "value"] and len(frame) == 12
    assert s.to_dict()["total_order"]["value"]["c: z"] == s.total_order["c: z"]


def test_an_output_without_variance_is_told():
    s = bf.sobol(
        bf.Problem(lambda x: np.stack([x[:, 0], 0 * x[:, 0] + 3], axis=1), CUBE, outputs=["y", "z"]),
        budget=2_000,
        rng=1,
    )
    assert np.isnan(s.first_order["a: z"]) and s.first_order["a: y"] == pytest.approx(1)
    assert s.diagnostics["constant"] == ["z"] and "'z' is the same at every point" in repr(s)
    with pytest.warns(RuntimeWarning, match="no variance to share"):
        s.first_order.confidence_interval()


def test_indices_pickle():
    s = bf.sobol(PROBLEM, budget=2_000, rng=1, second_order=True)
    copy = pickle.loads(pickle.dumps(s))
    assert repr(copy) == repr(s) and repr(copy.joint._state()) == repr(s.joint._state())


TIMES = np.linspace(0, 1, 12)


def series(x):   # (n, 12): from a to b, with an interaction in between
    return x[:, :1] * (1 - TIMES) + x[:, 1:2] * TIMES + x[:, :1] * x[:, 1:2] * TIMES * (1 - TIMES)


def shares_of_series():
    parts = np.array([(1 - TIMES) ** 2 / 3, TIMES**2 / 3, (TIMES * (1 - TIMES)) ** 2 / 9])
    return parts / parts.sum(0), parts.sum(1) / parts.sum()


def test_time_series_have_an_index_at_every_time_and_of_all_times():
    s = bf.sobol(bf.Problem(series, CUBE), budget=4_000, rng=1)
    at, together = shares_of_series()
    assert s.shape == (12,) and s.outputs[-1] == "y12"
    np.testing.assert_allclose(s.first_order.value.reshape(3, 12)[:2], at[:2], atol=1e-9)
    np.testing.assert_allclose(
        s.aggregated.value, [*together[:2], 0, together[0] + together[2], together[1] + together[2], 0], atol=1e-9
    )
    scaled = bf.sobol(bf.Problem(series, CUBE), budget=4_000, rng=1, scale=True)
    np.testing.assert_allclose(scaled.aggregated["total order of b"], (at[1] + at[2]).mean(), atol=1e-9)
    assert (
        "of all 12 outputs" in repr(s)
        and "of all 12 outputs" not in repr(bf.sobol(PROBLEM, budget=2_000, rng=1))
        and "y7" not in repr(s)
    )
    assert "all 12 outputs" in s._repr_html_()


def test_indices_of_many_outputs_are_an_xarray_by_input_and_output():
    pytest.importorskip("xarray")
    at, together = shares_of_series()
    s = bf.sobol(bf.Problem(series, CUBE), budget=4_000, rng=1, second_order=True)
    data = s.to_xarray()
    assert data.first_order.dims == ("input", "output") and list(data.input.values) == ["a", "b", "c"]
    np.testing.assert_allclose(data.first_order.sel(input="b"), at[1], atol=1e-9)
    np.testing.assert_allclose(data.second_order.sel(input="b", input_2="a"), at[2], atol=1e-9)
    assert np.isnan(data.second_order.sel(input="a", input_2="a")).all() and data.attrs["n"] == s.n
    assert data.aggregated_total_order.sel(input="b") == pytest.approx(together[1] + together[2])
    assert np.all(data.total_order_low <= data.total_order_high)
    tables = bf.sobol(bf.Problem(lambda x: series(x).reshape(-1, 3, 4), CUBE), budget=4_000, rng=1)
    assert tables.shape == (3, 4) and tables.outputs[5] == "y2,2"
    data = tables.to_xarray()
    assert data.total_order.dims == ("input", "output_1", "output_2")
    np.testing.assert_allclose(data.first_order.sel(input="a").values.ravel(), at[0], atol=1e-9)
    one = bf.sobol(PROBLEM, budget=2_000, rng=1).to_xarray()
    assert one.first_order.dims == ("input",) and one.first_order_std_error.sel(input="c") == 0


def test_indices_of_many_outputs_are_lines_with_bands_and_images():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    s = bf.sobol(bf.Problem(series, CUBE), budget=4_000, rng=1)
    ax = s.plot(x=TIMES)
    assert len(ax.figure.axes) == 2 and ax.get_title() == "first order"
    line = next(line for line in ax.lines if line.get_label() == "b")
    np.testing.assert_array_equal(line.get_xdata(), TIMES)
    np.testing.assert_allclose(line.get_ydata(), shares_of_series()[0][1], atol=1e-9)
    assert len(ax.collections) == 3
    with pytest.raises(ValueError, match=r"x must have shape \(12,\), got \(2,\)"):
        s.plot(x=[0, 1])
    images = bf.sobol(bf.Problem(lambda x: series(x).reshape(-1, 3, 4), CUBE), budget=4_000, rng=1).plot().figure
    assert [ax.get_title() for ax in images.axes[:2]] == ["first order of a", "first order of b"] and len(images.axes) == 7
    pyplot.close("all")


@pytest.mark.parametrize("options", [{}, {"second_order": True}, {"method": "saltelli", "points": "iid"}])
def test_indices_grow_from_memory_a_file_and_a_pickle_alike(options, tmp_path):
    problem = bf.Problem(lambda x: np.stack([bilinear(x) + np.sin(5 * x[:, 1]), x[:, 2] ** 2], axis=1), CUBE)
    s = bf.sobol(problem, budget=2_000, rng=1, keep="state", **options)
    s.save(tmp_path / "s.json")
    grown = s.more(4_000)
    assert s.n + 3_000 < grown.n <= s.n + 4_000 and grown.diagnostics["replicates"] > s.diagnostics["replicates"]
    for again in (bf.Indices.load(tmp_path / "s.json"), pickle.loads(pickle.dumps(s))):
        with pytest.raises(ValueError, match=r"^Indices.more: problem must be given"):
            again.more(4_000)
        assert repr(again.more(4_000, problem).joint._state()) == repr(grown.joint._state())
        assert repr(bf.extend(again, problem, budget=s.n + 4_000).joint._state()) == repr(grown.joint._state())
    further = grown.more(4_000)
    record, = further.history
    assert record["n"] == [s.n, grown.n, further.n] and record["names"] == s.joint.names
    np.testing.assert_array_equal(record["value"], [e.joint.value for e in (s, grown, further)])
    np.testing.assert_array_equal(record["low"][1], grown.joint.confidence_interval()[0])
    assert s.history == []
    with pytest.raises(ValueError, match="budget must be at least"):
        s.more(10)


def test_only_runs_with_a_state_grow():
    with pytest.raises(ValueError, match="estimate must have a state"):
        bf.sobol(PROBLEM, budget=2_000, rng=1).more(2_000)


def test_indices_save_and_load(tmp_path):
    s = bf.sobol(bf.Problem(series, CUBE), budget=2_000, rng=1, second_order=True, progress=bf.History())
    s.save(tmp_path / "s.json")
    copy = bf.Indices.load(tmp_path / "s.json")
    assert repr(copy.joint._state()) == repr(s.joint._state()) and repr(copy) == repr(s) and copy.history == s.history != []
    assert copy.to_dict() == s.to_dict() == json.loads(json.dumps(s.to_dict()))
    pytest.importorskip("pandas")
    frame = copy.to_dataframe()
    assert frame.equals(s.to_dataframe()) and list(frame.columns[:3]) == ["order", "name", "value"]
    row = frame[(frame.order == "second") & (frame.input == "a, b") & (frame.output == "y3")]
    assert row["value"].item() == s.second_order["a, b: y3"]
    bf.quasi(PROBLEM, budget=2_000, rng=1).save(tmp_path / "e.json")
    with pytest.raises(ValueError, match=r"^Indices.load: .* must be a file written by Indices.save, it says 'buffon.Estimate'"):
        bf.Indices.load(tmp_path / "e.json")
    text = (tmp_path / "s.json").read_text()
    for damage, message in (
        (text.replace('"version": 1', '"version": 9'), "format version"),
        (text.replace('"groups"', '"grapes"'), "is damaged"),
        (text[:100], "must be a file written by"),
    ):
        (tmp_path / "d.json").write_text(damage)
        with pytest.raises(ValueError, match=message):
            bf.Indices.load(tmp_path / "d.json")


def test_a_heavy_tail_is_told():
    inputs = bf.Joint({"a": bf.Normal(), "b": bf.Normal()})
    s = bf.sobol(bf.Problem(lambda x: np.exp(3 * x[:, 0] + x[:, 1]), inputs), budget=4_000, rng=1)
    assert s.diagnostics["pareto_k_squares"][0] > 0.7 and "may be far too short" in repr(s)
    with pytest.warns(RuntimeWarning, match="the variance has a heavy tail"):
        s.first_order.confidence_interval()
    assert bf.sobol(bf.Problem(lambda x: 3 * x[:, 0] + x[:, 1], inputs), budget=4_000, rng=1).warnings == []


def test_an_adaptive_sample_finds_the_indices_of_a_rare_event():
    inputs = bf.Joint({"a": bf.Normal(), "b": bf.Normal()})
    event = bf.exceedance(lambda x: (x[:, 0] + x[:, 1]) / np.sqrt(2), inputs, [3.0])
    s = bf.sobol(event, budget=40_000, rng=1, method="aiscv")
    p, both = 1.349898e-3, 8.188966e-5
    exact = (both - p**2) / (p - p**2)
    assert (
        np.all(np.abs(s.first_order.value - exact) < 5 * s.first_order.std_error)
        and s.first_order.std_error.max() < 0.05 * exact
    )
    assert s.n <= 40_000 and s.second_order is None


def test_a_stopped_run_has_the_indices_of_what_is_finished():
    def model(x):
        model.rows += len(x)
        if model.rows > 90_000:
            raise KeyboardInterrupt
        return bilinear(x)
    model.rows = 0
    with pytest.raises(KeyboardInterrupt) as caught:
        bf.sobol(bf.Problem(model, CUBE), budget=100_000, batch=5_000, rng=1)
    partial = caught.value.partial
    assert partial.names[0] == "first order of a" and 50_000 < partial.n <= 90_000
    assert np.all(np.abs(partial.value - SHARES) < 6 * partial.std_error + 1e-12)
    x, y = caught.value.sample.x, caught.value.sample.y
    np.testing.assert_array_equal(bilinear(x), y[:, 0])


@pytest.mark.slow
@pytest.mark.parametrize("points", ["rqmc", "iid"])
@pytest.mark.parametrize("method", ["default", "saltelli", "jansen", "janon", "martinez", "owen"])
def test_variances_are_those_of_500_replicates(method, points):
    """Ishigami's function, 8,192 evaluations: variance as said over variance as it is; 95 % intervals; no bias (figures:
    docs/sobol.md)."""
    problem, v1, v2, v13 = bf.testing.ishigami().problem, (1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 0.01 * np.pi**8 * 8 / 225
    exact = np.array([v1, v2, 0, v1 + v13, v2, v13]) / (v1 + v2 + v13)
    runs = [
        bf.sobol(problem, budget=2**13, rng=key, method=method, points=points, surrogate=False, threads=1).joint
        for key in range(500)
    ]
    values, variances = np.array([e.value for e in runs]), np.array([e.std_error for e in runs]) ** 2
    low, high = np.transpose([e._interval() for e in runs], (1, 0, 2))
    ratio = variances.mean(0) / values.var(0, ddof=1)
    assert np.all(np.abs(ratio - 1) < 0.35) and abs(ratio.mean() - 1) < 0.15   # kurtosis 6 at most: one ratio is known to 10 %
    covered = (low <= exact) & (exact <= high)
    assert np.all(covered.mean(0) > 0.9) and 0.92 < covered.mean() < 0.98
    assert np.all(np.abs(values.mean(0) - exact) < 4.5 * values.std(0) / np.sqrt(500))


MEMORY = """
import resource, sys
import buffon as bf
ishigami = bf.testing.ishigami().problem
problem = bf.Problem(lambda x: ishigami(x), ishigami.inputs) if sys.argv[2] == "python" else ishigami
bf.sobol(problem, budget=10_000, rng=1, surrogate=sys.argv[1] == "True")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for budget in (2**20, 5 * 2**20):   # evaluations are kept for the polynomial; or some are made for it
    bf.sobol(problem, budget=budget, rng=1, surrogate=sys.argv[1] == "True")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize("surrogate", [True, False])
@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_memory_stays_small(surrogate, kind):
    pytest.importorskip("resource")
    words = [sys.executable, "-W", "ignore", "-c", MEMORY, str(surrogate), kind]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.stderr == "" and float(done.stdout) < 20
