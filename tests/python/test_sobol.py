"""Sobol' indices as Python sees them; the mathematics is in tests/estimators/test_sobol.cpp."""

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
        with pytest.raises(error, match="^sobol: "):
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
    s = bf.sobol(bf.Problem(lambda x: np.stack([x[:, 0], 0 * x[:, 0] + 3], axis=1), CUBE, outputs=["y", "z"]), budget=2_000, rng=1)
    assert np.isnan(s.first_order["a: z"]) and s.first_order["a: y"] == pytest.approx(1)
    assert s.diagnostics["constant"] == ["z"] and "'z' is the same at every point" in repr(s)
    with pytest.warns(RuntimeWarning, match="no variance to share"):
        s.first_order.confidence_interval()


def test_indices_pickle():
    s = bf.sobol(PROBLEM, budget=2_000, rng=1, second_order=True)
    copy = pickle.loads(pickle.dumps(s))
    assert repr(copy) == repr(s) and repr(copy.joint._state()) == repr(s.joint._state())


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


MEMORY = """
import resource, sys
import buffon as bf
ishigami = bf.testing.ishigami().problem
problem = bf.Problem(lambda x: ishigami(x), ishigami.inputs) if sys.argv[2] == "python" else ishigami
bf.sobol(problem, budget=10_000, rng=1, surrogate=sys.argv[1] == "True")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bf.sobol(problem, budget=5 * 2**20, rng=1, surrogate=sys.argv[1] == "True")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize("surrogate", [True, False])
@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_memory_stays_small(surrogate, kind):
    pytest.importorskip("resource")
    words = [sys.executable, "-W", "ignore", "-c", MEMORY, str(surrogate), kind]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.stderr == "" and float(done.stdout) < 20
