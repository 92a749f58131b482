"""What an Estimate computes and how it travels. Oracles: closed forms, NumPy, scipy.stats."""
import copy
import html
import importlib.util
import json
import math
import pickle
import sys
import warnings

import numpy as np
import pytest

import buffon as bf
from buffon._extras import MissingExtra, needed


def made(value, covariance, df=math.inf, **more):
    """An Estimate with these numbers."""
    state = {
        "version": 1, "value": list(value), "covariance": list(np.ravel(covariance)), "n": 100, "n_failed": 0,
        "names": [f"v{j}" for j in range(len(value))], "rng_key": 1, "degrees_of_freedom": None if math.isinf(df) else df,
        "diagnostics": {}, "warnings": [],
    }
    return bf.Estimate._from_state({**state, **more})


AWKWARD = made(
    [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3], np.eye(5) * np.nextafter(0.1, 1), 3.7,
    rng_key=2**64 - 1, names=["a", "ü & <b>", "", "d\"", "e\n"],
    diagnostics={"inf": math.inf, "nan": math.nan, "list": [1.0, -math.inf, math.nan, 0.1], "flag": True, "count": 2**62,
                 "word": "nan", "words": ["inf", "nan"], "none": []},
    warnings=["first", "second"])


def assert_same(a, b):
    """Bit for bit, NaN included."""
    assert pickle.dumps(bits(a._state())) == pickle.dumps(bits(b._state()))


def bits(value):
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, dict):
        return {k: bits(v) for k, v in value.items()}
    return [bits(v) for v in value] if isinstance(value, list) else value


def test_values_errors_and_covariance_are_those_of_the_sample_mean(normal):
    e = bf.plain(normal, budget=5_000, rng=11, keep="sample")
    np.testing.assert_allclose(e.value, e.sample.y.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(e.covariance, np.cov(e.sample.y.T) / e.n, rtol=1e-12)
    np.testing.assert_array_equal(e.std_error, np.sqrt(np.diag(e.covariance)))
    assert e.names == normal.outputs == ["square", "x"] and e.n == 5_000 and e.n_failed == 0 and e.rng_key == 11


def test_items_by_name_and_position(estimate):
    assert estimate["square"] == estimate[0] == estimate.value[0]
    assert estimate[-1] == estimate[np.int32(1)] == estimate["x"]
    assert len(estimate) == 2 and list(estimate) == list(estimate.value)


@pytest.mark.parametrize("df", [1.0, 7.0, 31.5, math.inf])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_interval_is_students(df, level):
    stats = pytest.importorskip("scipy.stats")
    e = made([3.0, -1.0], [[0.04, 0.01], [0.01, 0.09]], df)
    low, high = e.confidence_interval(level)
    wanted = stats.t.interval(level, df, e.value, e.std_error)
    np.testing.assert_allclose((low, high), wanted, rtol=1e-10)


def test_interval_warns_of_what_the_estimate_warns(estimate):
    constant = bf.plain(bf.Problem(lambda x: 0 * x[:, 0], bf.Normal()), budget=100, rng=1)
    with pytest.warns(RuntimeWarning, match="same in every evaluation"):
        constant.confidence_interval()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate.confidence_interval()
        for silent in (constant.to_dict, constant._repr_html_):   # they carry the warnings along
            silent()


WARNED = made([1.0, 2.0], np.eye(2), warnings=["the given mean of 'v0' looks wrong", "no words for this"])
ADVICE = "the given mean of 'v0' looks wrong. Leave it out and compare."


def test_every_view_of_an_interval_says_that_it_is_doubtful_and_what_to_do(estimate):
    pandas, plt = pytest.importorskip("pandas"), pytest.importorskip("matplotlib.pyplot")
    frame, data = WARNED.to_dataframe(), WARNED.to_xarray() if importlib.util.find_spec("xarray") else None
    label = WARNED.plot(level=0.9).get_xlabel().replace("\n", " ")
    assert repr(WARNED).splitlines()[-2].startswith(f"warning: {ADVICE}")
    assert repr(WARNED).splitlines()[-1] == "warning: no words for this"
    assert frame["doubtful"].all() and frame.attrs["advice"][0].startswith(ADVICE) and isinstance(frame, pandas.DataFrame)
    assert data is None or data.attrs["advice"] == frame.attrs["advice"]
    assert WARNED.to_dict()["advice"] == frame.attrs["advice"]
    assert "(90 %, doubtful)" in label and f"Doubtful: {ADVICE}" in label and "Doubtful: no words for this" in label
    page = html.unescape(WARNED._repr_html_())
    assert "high (95 %, doubtful)" in page and f"warning: {ADVICE}" in page
    for sure in (repr(estimate), estimate._repr_html_(), estimate.plot().get_xlabel()):
        assert "doubtful" not in sure and "warning" not in sure
    plt.close("all")


def test_only_the_rows_that_a_warning_names_are_doubtful():
    pytest.importorskip("pandas")
    one = made([1.0, 2.0], np.eye(2), warnings=["'v1' was the same in every evaluation"])
    several = made([1.0, 2.0], np.eye(2), warnings=["'v1' and 1 more of 2 values: a few terms carry the mean"])
    assert list(one.to_dataframe()["doubtful"]) == [False, True] and several.to_dataframe()["doubtful"].all()
    s = bf.sobol(bf.Problem(lambda u: np.c_[u, np.ones(len(u))], bf.Uniform()), budget=512, rng=1)
    frame = s.to_dataframe()
    assert list(frame["doubtful"]) == [name.endswith("y2") for name in frame["name"]]


def test_a_picture_of_curves_says_what_is_doubtful_below_the_first():
    plt = pytest.importorskip("matplotlib.pyplot")
    facts = {"picture": "derivatives", "parameters": ["a.mean"], "outputs": ["y", "z"]}
    ax = made([1.0, 2.0], np.eye(2), warnings=WARNED.warnings, diagnostics=facts).plot()
    below, other = (one.get_xlabel().replace("\n", " ") for one in ax.figure.axes)
    assert f"Doubtful: {ADVICE}" in below and "oubtful" not in other
    plt.close("all")


def test_transform_drops_what_was_told_of_other_values():
    e = made([1.0, 2.0], np.eye(2), diagnostics={"pareto_k": [0.1, 0.9], "uncovered": [0.1, 0.2], "stop": "budget"})
    assert e.transform(lambda v: v[0]).diagnostics == {"pareto_k": [0.1], "stop": "budget"}
    assert e.contrast(0, 1).diagnostics == {"pareto_k": [0.9], "stop": "budget"}


def test_transform_is_the_delta_method():
    C = np.array([[0.004, 0.001], [0.001, 0.009]])
    e = made([2.0, 5.0], C)
    ratio = e.transform(lambda v: [v[0] / v[1], math.log(v[1]), v[0] * v[1]], names=["ratio", "log", "product"])
    J = np.array([[1 / 5, -2 / 25], [0, 1 / 5], [5, 2]])
    np.testing.assert_allclose(ratio.value, [0.4, math.log(5), 10], rtol=1e-15)
    np.testing.assert_allclose(ratio.covariance, J @ C @ J.T, rtol=1e-6)
    assert ratio.names == ["ratio", "log", "product"] and ratio.n == e.n
    assert e.transform(np.exp).names == ["f1", "f2"]
    assert e.transform(lambda v: v[0]).value.shape == (1,)


def test_transform_refuses_what_has_no_covariance(estimate, refused):
    finite = "transform: f must be finite at the value and within a hundredth of a standard error of it, got "
    refused(ValueError, finite + "nan", lambda: estimate.transform(lambda v: [math.nan]))
    refused(ValueError, finite + "inf", lambda: estimate.transform(lambda v: [math.inf]))
    sizes = iter([1, 2, 2, 2, 2])
    refused(ValueError, "transform: f must return equally many numbers at every point, at least 1, got 1 and 2",
            lambda: estimate.transform(lambda v: np.ones(next(sizes))))
    refused(ValueError, "transform: f must return shape (k,), got (1, 2)", lambda: estimate.transform(lambda v: v[None, :]))
    refused(ValueError, "transform: 2 values need as many names, got 1", lambda: estimate.transform(lambda v: v, names=["a"]))
    refused(ZeroDivisionError, "division by zero", lambda: estimate.transform(lambda v: 1 / 0))


def test_contrast_by_name_and_position(estimate):
    C = estimate.covariance
    for d in (estimate.contrast("square", "x"), estimate.contrast(0, 1), estimate.contrast(-2, "x")):
        assert d.names == ["square - x"]
        np.testing.assert_allclose(d.value, [estimate[0] - estimate[1]], rtol=0)
        np.testing.assert_allclose(d.covariance, [[C[0, 0] + C[1, 1] - 2 * C[0, 1]]], rtol=1e-14)


def test_merge_is_the_pooled_estimate(normal):
    a = bf.plain(normal, budget=3_000, rng=1, keep="sample")
    b = bf.plain(normal, budget=9_000, rng=2, keep="sample")
    pooled = a.merge(b)
    y = np.concatenate([a.sample.y, b.sample.y])
    np.testing.assert_allclose(pooled.value, y.mean(axis=0), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(pooled.covariance, (a.covariance / 16 + 9 * b.covariance / 16), rtol=1e-13)
    np.testing.assert_allclose(pooled.covariance, np.cov(y.T) / 12_000, rtol=0.01, atol=2e-7)   # within and between: O(1/n)
    assert pooled.n == 12_000 and pooled.sample is None


def test_merge_pools_degrees_of_freedom_by_welch_and_satterthwaite():
    a = made([1.0], [[0.3]], 4.0, rng_key=1)
    b = made([2.0], [[0.5]], 9.0, rng_key=2)
    u, v = 0.3 / 4, 0.5 / 4
    np.testing.assert_allclose(a.merge(b).degrees_of_freedom, (u + v) ** 2 / (u**2 / 4 + v**2 / 9), rtol=1e-14)


def test_merge_refuses_what_is_not_independent_or_not_the_same(estimate, normal, refused):
    refused(ValueError, "merge: the estimates must be independent, both have rng_key 11", lambda: estimate.merge(estimate))
    refused(ValueError, "merge: both estimates must have the same names", lambda: estimate.merge(made([1.0], [[1.0]])))


def test_repr_shows_the_digits_that_mean_something(estimate):
    assert repr(made([0.043861], [[0.00002**2]], n=20_000)) == "0.04386 ± 0.00002 (20,000 evaluations)"
    lines = repr(estimate).splitlines()
    assert lines[0].startswith("square  ") and lines[-1] == "(5,000 evaluations)"
    assert "warning: doubt" in repr(made([1.0], [[1.0]], warnings=["doubt"]))
    assert "3 failed" in repr(made([1.0], [[1.0]], n_failed=3))


def test_html_names_everything_and_escapes():
    page = AWKWARD._repr_html_()
    assert "ü &amp; &lt;b&gt;" in page and "<b>" not in page and "warning: second" in page and str(2**64 - 1) in page


@pytest.mark.parametrize("e", [
    AWKWARD, made([math.nan, math.inf, -math.inf], np.full((3, 3), math.nan)),
], ids=["awkward", "not finite"])
def test_saving_is_bit_exact(e, tmp_path):
    path = tmp_path / "e.json"
    e.save(path)
    assert_same(bf.Estimate.load(path), e)
    json.loads(path.read_text(), parse_constant=pytest.fail)   # strict JSON: no NaN, no Infinity
    e.save(str(path))                                          # replaces
    assert_same(bf.Estimate.load(str(path)), e)
    assert [p.name for p in tmp_path.iterdir()] == ["e.json"]


def test_loading_something_else_is_refused(tmp_path, estimate, refused):
    path = tmp_path / "e.json"

    def attempt(text, message):
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        refused(ValueError, f"Estimate.load: {path} {message}", lambda: bf.Estimate.load(path))

    attempt("[1, 2]", "must be a file written by Estimate.save")
    attempt("{", "must be a file written by Estimate.save")
    attempt(b"\xff\xfe\x00", "must be a file written by Estimate.save")
    attempt('{"kind": "buffon.Checkpoint"}', "must be a file written by Estimate.save, it says 'buffon.Checkpoint'")
    attempt('{"kind": "buffon.Estimate", "version": 2}', "must be of format version 1, got 2")
    estimate.save(path)
    state = json.loads(path.read_text())
    attempt(json.dumps({**state, "covariance": [1.0]}), "is damaged: Estimate: covariance has the wrong size")
    attempt(json.dumps({**state, "names": ["a"]}), "is damaged: Estimate: names has the wrong size")
    path.write_text(json.dumps({k: v for k, v in state.items() if k != "n"}))
    with pytest.raises(ValueError, match="is damaged"):
        bf.Estimate.load(path)
    path.write_text(json.dumps({**state, "value": ["a", "b"]}))
    with pytest.raises(ValueError, match="is damaged"):
        bf.Estimate.load(path)
    with pytest.raises(FileNotFoundError):
        bf.Estimate.load(tmp_path / "none.json")


def test_pickle_and_copy_keep_everything(normal):
    e = bf.plain(normal, budget=50, rng=1, keep="sample")
    for other in (pickle.loads(pickle.dumps(e)), copy.deepcopy(e), copy.copy(e)):
        assert_same(other, e)
        np.testing.assert_array_equal(other.sample.y, e.sample.y)
    assert pickle.loads(pickle.dumps(AWKWARD)).sample is None


def test_record_is_json_and_complete(estimate):
    record = json.loads(json.dumps(estimate.to_dict(level=0.9), allow_nan=False))
    low, high = estimate.confidence_interval(0.9)
    assert record["value"] == {"square": estimate[0], "x": estimate[1]}
    assert record["std_error"]["x"] == estimate.std_error[1]
    assert record["interval"] == {"square": [low[0], high[0]], "x": [low[1], high[1]]}
    assert record["covariance"] == estimate.covariance.tolist()
    assert (record["n"], record["n_failed"], record["rng_key"], record["names"]) == (5_000, 0, 11, ["square", "x"])
    assert record["level"] == 0.9 and record["degrees_of_freedom"] is None
    assert record["diagnostics"] == estimate.diagnostics and record["warnings"] == []


def test_dataframe(estimate):
    pytest.importorskip("pandas")
    frame = estimate.to_dataframe()
    low, high = estimate.confidence_interval()
    assert list(frame.columns) == ["value", "std_error", "low", "high", "doubtful"] and list(frame.index) == ["square", "x"]
    np.testing.assert_array_equal(frame.to_numpy(float).T, [estimate.value, estimate.std_error, low, high, [0, 0]])
    assert frame.attrs == {"n": 5_000, "n_failed": 0, "rng_key": 11, "level": 0.95, "advice": []}


def test_xarray(estimate):
    pytest.importorskip("xarray")
    data = estimate.to_xarray(level=0.5)
    assert float(data["value"].sel(name="x")) == estimate["x"]
    assert float(data["covariance"].sel(name="x", other="square")) == estimate.covariance[1, 0]
    np.testing.assert_array_equal(data["high"], estimate.confidence_interval(0.5)[1])
    assert data.attrs["rng_key"] == 11 and data.attrs["warnings"] == []


def test_missing_companion_names_the_extra(estimate, monkeypatch, refused):
    for module in ("pandas", "xarray", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, module, None)
    refused(MissingExtra, "Estimate.to_dataframe needs pandas: pip install buffon[data]", estimate.to_dataframe)
    refused(MissingExtra, "Estimate.to_xarray needs xarray: pip install buffon[data]", estimate.to_xarray)
    refused(MissingExtra, "Estimate.plot needs matplotlib: pip install buffon[plot]", estimate.plot)


@pytest.mark.parametrize("line, told", [("import not_there", "ModuleNotFoundError: No module named 'not_there'"),
                                        ("import helper; helper.find()",
                                         "AttributeError: module 'helper' has no attribute 'find'")])
def test_a_companion_that_does_not_import_is_not_called_missing(line, told, tmp_path, monkeypatch):
    (tmp_path / "companion.py").write_text(line)
    (tmp_path / "helper.py").write_text("")                            # the stray file that is found first
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    with pytest.raises(MissingExtra, match=f"a needs companion, which is installed but does not import: {told}"):
        needed("companion", "a", "data")


def test_plot_shows_values_with_intervals():
    plt = pytest.importorskip("matplotlib.pyplot")
    e = made([1e-4, 3e-2, 1.0], np.diag([1e-10, 1e-6, 1e-2]))
    ax = e.plot(level=0.9)
    assert ax.get_xscale() == "log" and [t.get_text() for t in ax.get_yticklabels()] == e.names
    _, _, bars = ax.containers[0]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), e.value)
    ends = np.array([segment[:, 0] for segment in bars[0].get_segments()])
    np.testing.assert_allclose(ends.T, e.confidence_interval(0.9), rtol=1e-12)
    mine = plt.subplots()[1]
    assert made([1.0, 2.0], np.eye(2)).plot(ax=mine) is mine and mine.get_xscale() == "linear"
    assert made([-1.0, 1000.0], np.eye(2)).plot().get_xscale() == "linear"
    square = made([-0.1], [[0.01]], bounds_levels=[0.95], bounds_low=[0.0], bounds_high=[0.2])   # that came out negative
    below = square.plot()
    np.testing.assert_allclose(below.containers[0][2][0].get_segments()[0][:, 0], [0, 0.2], atol=1e-15)
    assert below.lines[0].get_xdata()[0] == -0.1
    plt.close("all")


def test_kurtosis_of_the_errors_widens_the_interval_and_survives_records_and_files(tmp_path):
    heavy = made([1.0, 2.0], np.diag([0.04, 0.09]), 15.0, excess_kurtosis=[0.3, 0.0])
    plain = made([1.0, 2.0], np.diag([0.04, 0.09]), 15.0)
    width, usual = (np.subtract(*e.confidence_interval()[::-1]) for e in (heavy, plain))
    # scipy.stats.t.ppf(0.975, nu) for nu = 1 / (1 / 15 + 0.3 / 2) and 15
    np.testing.assert_allclose(width / usual, [2.6363688430325816 / 2.131449545559776, 1], rtol=1e-12)
    assert heavy.to_dict()["excess_kurtosis"] == {"v0": 0.3, "v1": 0.0}
    assert plain.excess_kurtosis.tolist() == [0.0, 0.0]
    heavy.save(tmp_path / "e.json")
    for again in (bf.Estimate.load(tmp_path / "e.json"), pickle.loads(pickle.dumps(heavy))):
        assert again.excess_kurtosis.tolist() == [0.3, 0.0]
