"""Samples: what a run keeps, tables of past runs with their holes, files."""
import json
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import buffon as bf

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
LAW = bf.Joint({"a": bf.Normal(), "b": bf.Uniform()})


def sample():
    return bf.plain(bf.Problem(lambda x: x + 1, bf.Joint({"a": bf.Normal(), "b": bf.Uniform()}), outputs=["p", "b"]),
                    budget=20, rng=3, keep="sample").sample


def adaptive():
    """With nets, an adaptation and controls."""
    return bf.aiscv(bf.Problem(lambda x: x[:, 0] ** 4, bf.Joint({"a": bf.Normal(1, 2), "b": bf.Uniform()})), budget=4_000, rng=1,
                    keep="sample").sample


def owned():
    """From a table with holes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bf.Sample({"a": [1.0, np.nan, 2.0]}, {"y": [np.inf, 1.0, "3"]}, bf.Normal())


@pytest.mark.parametrize("made", [sample, adaptive, owned])
@pytest.mark.parametrize("suffix", [".npz", ".parquet", "pickle"])
def test_samples_travel_with_all_that_they_know(suffix, made, tmp_path):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    s, path = made(), tmp_path / f"s{suffix}"
    if suffix == "pickle":
        t = pickle.loads(pickle.dumps(s))
    else:
        s.save(path)
        t = bf.Sample.load(path)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]
    state, again = s._state(), t._state()
    assert state.keys() == again.keys()
    for key, value in state.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(again[key], value)
            assert again[key].dtype == value.dtype
        else:
            assert again[key] == value, key
    assert repr(t) == repr(s).replace(", law not known", "")


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_files_of_the_first_version_are_read(suffix, tmp_path):
    s, path = sample(), tmp_path / f"s{suffix}"
    if suffix == ".npz":
        np.savez(path, kind="buffon.Sample", version=1, x=s.x, y=s.y, log_density=s.log_density,
                 inputs=np.array(s.inputs), outputs=np.array(s.outputs))
    else:
        arrow, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
        table = arrow.table([*map(arrow.array, (*s.x.T, *s.y.T, s.log_density))], names=["a", "b", "p", "b", "log_density"])
        head = {"kind": "buffon.Sample", "version": 1, "inputs": s.inputs, "outputs": s.outputs}
        parquet.write_table(table.replace_schema_metadata({"buffon": json.dumps(head)}), path)
    t = bf.Sample.load(path)
    for key in ("x", "y", "log_density"):
        np.testing.assert_array_equal(getattr(t, key), getattr(s, key))
    assert t.inputs == ["a", "b"] and t.outputs == ["p", "b"]


def test_sample_files_hold_no_pickle_and_others_are_refused(tmp_path, refused):
    path = tmp_path / "s.npz"
    says = f"Sample.load: {path} must be a file written by Sample.save"
    np.savez(path, x=np.zeros(3))
    refused(ValueError, says, lambda: bf.Sample.load(path))
    np.savez(path, kind=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"must be a file written by Sample\.save"):
        bf.Sample.load(path)
    path.write_text("x,y")
    with pytest.raises(ValueError, match=r"must be a file written by Sample\.save"):
        bf.Sample.load(path)
    np.savez(path, kind="buffon.Sample", version=7, inputs=np.array(["a"]), outputs=np.array(["a"]))
    refused(ValueError, f"Sample.load: {path} must be of format version 2 or before, got 7", lambda: bf.Sample.load(path))
    refused(ValueError, "Sample.save: path must end in .npz or .parquet, got 's.csv'", lambda: sample().save("s.csv"))


def test_parquet_files_of_others_are_refused(tmp_path, refused):
    arrow, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    path = tmp_path / "s.parquet"
    says = f"Sample.load: {path} must be a file written by Sample.save"
    parquet.write_table(arrow.table({"x": [1.0]}), path)
    refused(ValueError, says, lambda: bf.Sample.load(path))
    path.write_text("x,y")
    with pytest.raises(ValueError, match=r"must be a file written by Sample\.save"):
        bf.Sample.load(path)
    with pytest.raises(FileNotFoundError):
        bf.Sample.load(tmp_path / "none.parquet")


def test_sample_arrays_are_views_that_outlive_their_estimate():
    s = sample()
    x = s.x
    before = x.copy()
    del s
    np.testing.assert_array_equal(x, before)
    assert not x.flags.writeable and x.base is not None


def test_sample_from_a_table_knows_its_law():
    x = np.array([[0.5, 1.0], [-1.0, 2.0]])
    law = bf.Joint({"a": bf.Normal(), "b": bf.Normal(1, 2)})
    s = bf.Sample(x, [1.0, 2.0], law)
    np.testing.assert_array_equal(s.log_density, law.log_density(x))
    assert len(s) == 2 and s.inputs == ["a", "b"] and s.outputs == ["y"] and s.y.shape == (2, 1)
    assert repr(s) == "Sample of 2 points: 2 inputs, 1 output"


def test_a_kept_sample_knows_the_law_and_the_dependence_of_its_rows():
    law = bf.Joint({"a": bf.Normal(1, 2), "b": bf.Uniform()})
    problem = bf.Problem(lambda x: x[:, 0] ** 4, law)
    independent = bf.plain(problem, budget=100, rng=1, keep="sample").sample
    assert independent.replicate.shape == (0,) and independent.controls.shape == (0, 0)
    assert independent.law.names == ["a", "b"]
    s = bf.aiscv(problem, budget=4_000, rng=1, keep="sample").sample
    later = s.replicate[s.adaptation:]
    assert 0 < s.adaptation < len(s) and set(s.replicate[:s.adaptation]) == {-1} and min(later) == 0
    assert s.controls.shape[0] == len(later) and s.controls.shape[1] >= 2 and s.skipped == 0
    for t in (pickle.loads(pickle.dumps(s)), bf.Sample._from_state(s._state())):
        np.testing.assert_array_equal(t.replicate, s.replicate)
        np.testing.assert_array_equal(t.controls, s.controls)
        assert t.adaptation == s.adaptation


# Tables of past runs


def table(n=100, key=1):
    x = LAW.sample(n, rng=key)
    return x, x.sum(axis=1)


def test_a_table_without_names_goes_by_position_and_a_named_one_by_the_names_of_the_law():
    pandas = pytest.importorskip("pandas")
    x, y = table()
    frame = pandas.DataFrame({"b": x[:, 1], "id": range(100), "a": x[:, 0], "y": y})
    for s in (bf.Sample(x, y, LAW), bf.Sample(x.tolist(), y[:, None], LAW), bf.Sample(frame, frame["y"], LAW),
              bf.Sample(frame, frame[["y"]], LAW), bf.Sample({"b": x[:, 1], "a": x[:, 0]}, {"y": y}, LAW),
              bf.Sample(frame, frame, LAW, outputs=["y"])):
        np.testing.assert_array_equal(s.x, x)
        np.testing.assert_array_equal(s.y[:, 0], y)
        assert s.inputs == ["a", "b"] and s.outputs == ["y"] and not s.warnings and not s.missing
        np.testing.assert_array_equal(s.log_density, LAW.log_density(x))


def test_without_a_law_the_names_are_the_tables_and_no_density_is_known():
    x, y = table()
    s = bf.Sample({"b": x[:, 1], "a": x[:, 0]}, y)
    assert s.inputs == ["b", "a"] and s.outputs == ["y"] and s.law is None and s.log_density.size == 0
    assert repr(s) == "Sample of 100 points: 2 inputs, 1 output, law not known"
    assert bf.Sample(x, np.column_stack([y, y]), inputs=["u", "v"]).inputs == ["u", "v"]
    assert bf.Sample(x, np.column_stack([y, y])).outputs == ["y1", "y2"]


def test_rows_with_weights_or_from_another_law_stand_for_the_law():
    proposal = bf.Joint({"a": bf.Normal(0.5, 1.5), "b": bf.Uniform()})
    x = proposal.sample(500, rng=2)
    log_weight = LAW.log_density(x) - proposal.log_density(x)
    from_density = bf.Sample(x, x[:, 0], LAW, log_density=proposal.log_density(x))
    np.testing.assert_array_equal(from_density.log_density, proposal.log_density(x))
    weighted = bf.Sample(x, x[:, 0], LAW, weights=7 * np.exp(log_weight))   # a factor is no matter
    shift = np.log(np.exp(log_weight).mean())
    np.testing.assert_allclose(weighted.log_density, proposal.log_density(x) + shift, rtol=0, atol=1e-12)
    assert not weighted.warnings and not from_density.warnings and "weighted" in repr(weighted)


def test_a_law_that_did_not_make_the_table_is_told():
    x, y = table(300)
    with pytest.warns(RuntimeWarning, match=r"'a' \(distance 0.\d+\) is not distributed as the law says"):
        s = bf.Sample(x, y, bf.Joint({"a": bf.Normal(0.7, 1), "b": bf.Uniform()}))
    assert len(s.warnings) == 1
    with pytest.warns(RuntimeWarning, match="of 300 rows lie where the law has no density"):
        bf.Sample(x, y, bf.Joint({"a": bf.Normal(), "b": bf.Uniform(0, 0.9)}))


HOLES = """run, a, b, y, z
1, 0.5, 0.1, 1, true
2, , 0.2, 1, false
3, 1e-1, 0.3, n/a, true

4, nan, oops, 2, false
5, -1, 0.5, inf, true
6, -2, 0.6, 3, True
"""


def test_cells_without_a_number_are_told_by_row_and_column(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("\ufeff" + HOLES, encoding="utf-8")
    with pytest.warns(RuntimeWarning) as caught:
        s = bf.Sample.from_csv(path, ["a", "b"], ["y", "z"])
    assert s.missing == [(1, "a", ""), (2, "y", "n/a"), (3, "a", "nan"), (3, "b", "oops"), (4, "y", "inf")]
    assert s.n_dropped == 2 and s.n_failed == 2 and len(s) == 4
    np.testing.assert_array_equal(s.x, [[0.5, 0.1], [0.1, 0.3], [-1, 0.5], [-2, 0.6]])
    np.testing.assert_array_equal(s.y, [[1, 1], [np.nan, 1], [np.inf, 1], [3, 1]])
    assert (
        s.warnings
        == [str(w.message) for w in caught]
        == [
            "2 of 6 rows of the table are left out, since an input is missing: "
            "row 1 'a' is empty, row 3 'a' is 'nan', row 3 'b' is 'oops'",
            "2 of 4 runs failed: row 2 'y' is 'n/a', row 4 'y' is 'inf'; answers are conditional on success",
        ]
    )
    assert repr(s).endswith("; 2 rows left out; 2 failed")


def test_the_same_holes_in_arrays_frames_and_masked_arrays():
    pandas = pytest.importorskip("pandas")
    x, y = table()
    x[3, 1] = np.nan
    cells = x.tolist()
    cells[3][1] = None
    frame = pandas.DataFrame(x, columns=["a", "b"]).astype("Float64")   # with pandas' own missing value
    for given in (x, cells, frame, np.ma.masked_invalid(x)):
        with pytest.warns(RuntimeWarning, match="1 of 100 rows of the table are left out.* row 3 'b' is "):
            s = bf.Sample(given, y, LAW, weights=np.arange(1, 101))
        assert len(s) == 99 and len(s.log_density) == 99 and s.n_dropped == 1
        np.testing.assert_allclose(s.log_density[3], LAW.log_density(x[4:5])[0] - np.log(5 / 50.5))


def test_columns_of_a_file_default_to_the_law_or_to_all_others(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("b;y;a\n0.5;1;2\n0.25;2;3\n")
    for s in (bf.Sample.from_csv(path, law=LAW, delimiter=";"), bf.Sample.from_csv(path, ["a", "b"], delimiter=";"),
              bf.Sample.from_csv(path, law=LAW, outputs=["y"], delimiter=";")):
        np.testing.assert_array_equal(s.x, [[2, 0.5], [3, 0.25]])
        assert s.inputs == ["a", "b"] and s.outputs == ["y"] and s.y.tolist() == [[1.0], [2.0]]
    assert bf.Sample.from_csv(path, outputs=["y"], delimiter=";").inputs == ["b", "a"]


@pytest.mark.parametrize("text, arguments, message", [
    ("a,b,y\n1,2\n", {}, "line 2 must have 3 cells as the first line, got 2"),
    ("", {}, "must begin with a line of column names"),
    ("a,a,y\n1,2,3\n", {}, "column names must differ, got 'a' twice"),
    ("a,b,y\n1,2,3\n", {"outputs": ["yy"]}, "outputs must be columns, got 'yy', which is not a column of .*; did you mean 'y'"),
    ("a,b,y\n1,2,3\n", {"outputs": ["a"]}, "column 'a' cannot be both input and output"),
    ("a,b,y\n1,2,3\n", {"law": None}, "inputs or outputs must be given"),
    ("a,b,y\nx,2,3\n", {}, "column 'a' holds no numbers, its first cell is 'x'"),
    ("a,b,y\n1,2,x\n", {"on_missing": "raise"}, "column 'y' holds no numbers"),
    ("a,b,y\n1,2,3\n,2,3\n", {"on_missing": "raise"}, "1 cells of the table hold no number: row 1 'a' is empty"),
    ("a,b,y\n1,,3\n,2,3\n", {}, "every one of the 2 rows misses an input: row 0 'b' is empty, row 1 'a' is empty"),
    ("a,b,y,z\n1,2,,3\n1,2,3,\n", {}, "every one of the 2 runs failed"),
    ("a,b,y\n1,2,3\n", {"delimiter": "tab"}, "delimiter must be one character, got 'tab'"),
])
def test_files_that_are_no_table_are_refused(tmp_path, text, arguments, message):
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"^Sample(.from_csv)?: .*{message}"):
        bf.Sample.from_csv(path, **{"law": LAW, **arguments})


@pytest.mark.parametrize("make, message", [
    (lambda x, y: bf.Sample({"a": x[:, 0], "c": x[:, 1]}, y, LAW), "inputs must be columns, got 'b'"),
    (lambda x, y: bf.Sample({"a": x[:, 0], "b": x[:5, 1]}, y, LAW), r"columns of x must be equally long, got 100 and 5 \('b'\)"),
    (lambda x, y: bf.Sample(x, y, LAW, weights=np.ones(3)), r"weights must have shape \(100,\), got \(3,\)"),
    (lambda x, y: bf.Sample(x, y, LAW, weights=-y**2), "weights must be positive, got -.* in row 0"),
    (lambda x, y: bf.Sample(x, y, weights=np.ones(100)), "weights need the law"),
    (lambda x, y: bf.Sample(x, y, LAW, weights=np.ones(100), log_density=y), "weights and log_density cannot be given both"),
    (lambda x, y: bf.Sample(x, y, LAW, log_density=np.full(100, np.nan)), "log_density must be finite, got nan in row 0"),
    (lambda x, y: bf.Sample(x, y, LAW, on_missing="drop"), "on_missing must be 'report' or 'raise', got 'drop'"),
    (lambda x, y: bf.Sample(x, y, inputs=["a", "a"]), "inputs must differ, got 'a' twice"),
    (lambda x, y: bf.Sample(x[None], y, LAW), r"x must have shape \(n,\) or \(n, d\), got \(1, 100, 2\)"),
])
def test_tables_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^Sample: {message}"):
        make(*table())


def test_dates_and_complex_numbers_are_no_numbers():
    for column in (np.array(["2026-01-01"], dtype="datetime64[D]"), np.array([1j])):
        with pytest.raises(TypeError, match="Sample: column 'when' must be real numbers, got dtype"):
            bf.Sample({"when": column}, [1.0])


def test_the_page_runs():
    space = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, space)
    assert len(space["sample"]) == 2_000 and space["s"].names == ["x1", "x2", "x3"]


FIT_NOTE = "the law of the inputs is an estimate"


def dependent(n, rng):
    """Rows, their output, the law that made them, a new law."""
    copula = bf.GaussianCopula([[1, 0.6], [0.6, 1]])
    law, new = (bf.Joint({"a": bf.Normal(mean, 1), "b": bf.Gumbel(0, 1)}, copula=copula) for mean in (0, 0.4))
    x = law.sample(n, rng=rng)
    return x, x[:, 0] + x[:, 1], law, new


def test_the_law_may_be_an_estimate_from_the_rows():
    x, y, law, new = dependent(4_000, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")   # asked for: not warned of before it matters
        runs = bf.Sample({"a": x[:, 0], "b": x[:, 1]}, y, "fit")
    fit = bf.fit_joint(x, ["a", "b"], marginals="kernel", copula="best").joint
    np.testing.assert_array_equal(runs.log_density, fit.log_density(x))
    assert runs.law.names == ["a", "b"] and sum(FIT_NOTE in text for text in runs.warnings) == 1
    known = bf.reweight(bf.Sample(x, y, law), new)
    assert FIT_NOTE not in " ".join(known.warnings)
    e = bf.reweight(runs, new)
    assert sum(FIT_NOTE in text for text in e.warnings) == 1
    plain_error = (y.std() / 4_000**0.5)
    assert abs(e.value[0] - known.value[0]) < 4 * (known.std_error[0] + plain_error)
    assert abs(known.value[0] - y.mean()) > 10 * known.std_error[0]      # the unweighted mean is far away
    assert abs(e.value[0] - y.mean()) > 10 * e.std_error[0]


def test_only_rows_with_all_inputs_are_fitted():
    x, y, _, _ = dependent(300, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = bf.Sample(np.vstack([x, [[np.nan, 100.0]]]), np.append(y, 0.0), "fit")
    np.testing.assert_array_equal(runs.log_density, bf.Sample(x, y, "fit").log_density)
    assert "300 rows" in runs.warnings[-1]


@pytest.mark.parametrize(("more", "message"), [
    ({"law": "guess"}, "law must be a law or 'fit', got 'guess'"),
    ({"law": "fit", "log_density": np.zeros(4)}, "rows with a log_density were not"),
    ({"law": "fit", "weights": np.ones(4)}, "weights need the law"),
])
def test_what_cannot_be_fitted_is_told(more, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bf.Sample(np.arange(8.0).reshape(4, 2) ** 2, np.arange(4.0), **more)


def test_columns_with_the_names_of_the_law_stand_in_its_order(tmp_path):
    law = bf.Joint({"a": bf.Normal(), "b": bf.Normal()})
    x = law.sample(4000, rng=1)
    y, file = 5 * x[:, 0] + x[:, 1], tmp_path / "runs.csv"
    np.savetxt(file, np.c_[x, y], delimiter=",", header="a,b,y", comments="", fmt="%.17g")
    for sample in (bf.Sample.from_csv(file, inputs=["b", "a"], outputs=["y"], law=law),
                   bf.Sample({"b": x[:, 1], "a": x[:, 0]}, y, law, inputs=["b", "a"]),
                   bf.Sample(x[:, ::-1], y, law, inputs=["b", "a"])):
        assert sample.inputs == ["a", "b"] and np.array_equal(sample.x, x)
        e = bf.reweight(sample, bf.Joint({"a": bf.Normal(0.3, 1), "b": bf.Normal()}))
        assert abs(e.value[0] - 1.5) < 4 * e.std_error[0] < 0.5


@pytest.mark.parametrize(
    "text, message",
    [
        ("a;b;y\n1;2;3\n", r"has one column, 'a;b;y': it seems to be delimited by ';', delimiter=';'$"),
        ("a\tb\ty\n1\t2\t3\n", r"has one column, .*: it seems to be delimited by '\\t', delimiter='\\t'$"),
        (
            "a;b;y\n1,5;2;3\n",
            r"delimited by ';', and with decimal commas, as '1,5': pandas.read_csv\(path, sep=';', decimal=','\) reads them",
        ),
    ],
)
def test_another_delimiter_is_named(tmp_path, text, message):
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        bf.Sample.from_csv(path, ["a", "b"], ["y"])
    if "commas" in message:
        with pytest.raises(ValueError, match="has decimal commas, as '1,5'"):
            bf.Sample.from_csv(path, ["a", "b"], ["y"], delimiter=";")


def test_names_are_a_list():
    with pytest.raises(TypeError, match=r"^Sample: outputs must be a list of names, got a str: \['margin'\]$"):
        bf.Sample([[1.0, 2.0]], [1.0], outputs="margin")
