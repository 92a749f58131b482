"""Controls from Python: functions and dicts, the estimator's own options, what is refused."""
import numpy as np
import pytest

import buffon as bf

EXPONENTIAL = bf.Problem(lambda x: np.exp(x[:, 0]), bf.Normal())
HERMITE = {"first": (lambda x: x[:, 0], 0.0), "second": (lambda x: x[:, 0] ** 2, 1.0)}
MEAN = np.exp(0.5)


def same(a, b):
    assert repr(a._state()["value"]) == repr(b._state()["value"])
    np.testing.assert_array_equal(a.covariance, b.covariance)


def test_a_dict_and_a_function_with_means_are_the_same_controls():
    by_name = bf.control(EXPONENTIAL, controls=HERMITE, budget=20_000, rng=1)
    by_column = bf.control(EXPONENTIAL, controls=lambda x: np.hstack([x, x**2]), means=[0, 1], budget=20_000, rng=1)
    same(by_name, by_column)
    assert by_name.diagnostics["controls"] == ["first", "second"]
    assert by_column.diagnostics["controls"] == ["control 1", "control 2"]
    assert by_name.names == ["y"] and abs(by_name["y"] - MEAN) < 5 * by_name.std_error[0]
    assert by_name.std_error[0] < 0.5 * bf.plain(EXPONENTIAL, budget=20_000, rng=1).std_error[0]


def test_controls_beside_a_compiled_model():
    known = bf.testing.ishigami()   # sin x1 + 7 sin^2 x2 + ...; uniform on (-pi, pi)
    e = bf.control(known.problem, controls={"sin": (lambda x: np.sin(x[:, 1]) ** 2, 0.5)}, budget=50_000, rng=1, threads=2)
    assert abs(e.value[0] - 3.5) < 5 * e.std_error[0]
    assert abs(e.diagnostics["r_squared"][0] - 0.4424) < 0.03   # its share of the variance, the index of x2
    same(e, bf.control(known.problem, controls={"sin": (lambda x: np.sin(x[:, 1]) ** 2, 0.5)}, budget=50_000, rng=1, threads=1))


@pytest.mark.parametrize("estimator, options", [
    ("plain", {}), ("quasi", {"replicates": 20}), ("importance", {"proposal": bf.Normal(0.5, 1.2)}),
    ("aiscv", {"points": "iid", "defensive": 0.2}),
])
def test_options_reach_the_estimator(estimator, options):
    e = bf.control(EXPONENTIAL, controls=HERMITE, estimator=estimator, **options, budget=20_000, rng=1)
    assert abs(e["y"] - MEAN) < 5 * e.std_error[0]
    if estimator == "quasi":
        assert e.diagnostics["replicates"] >= 22 and e.degrees_of_freedom == e.diagnostics["replicates"] - 3
    if estimator == "aiscv":
        assert e.diagnostics["alpha"][0] >= 0.2 - 1e-12


def test_a_known_mean_among_the_outputs_is_given_to_the_estimate():
    problem = bf.Problem(lambda x: x[:, 0], bf.Normal(), outputs={"exp": np.exp, "x": lambda x: x, "square": lambda x: x**2})
    joint = bf.plain(problem, budget=20_000, rng=1)
    e = joint.given({"x": 0, "square": 1})
    same(e, bf.control(EXPONENTIAL, controls=HERMITE, budget=20_000, rng=1))
    assert e.names == ["exp"] and joint.without(["x", "square"]).names == ["exp"]
    same(joint.given({1: 0.0, 2: 1.0}), e)
    with pytest.warns(RuntimeWarning, match="the given mean of 'x' looks wrong"):
        joint.given({"x": 1}).confidence_interval()


@pytest.mark.parametrize("options, kind, message", [
    ({}, ValueError, "control: controls are needed: functions of the inputs with known means"),
    ({"controls": 3}, TypeError, "control: controls must be a function or a dict name -> (function, mean), got int 3"),
    ({"controls": {}}, ValueError, "control: controls is an empty dict"),
    ({"controls": {"a": 3}}, TypeError, "control: controls['a'] must be a pair (function, mean), got 3"),
    ({"controls": {"a": (3, 1)}}, TypeError, "control: controls['a'] must begin with a function, got 3"),
    ({"controls": {"a": (len, "x")}}, TypeError, "control: controls: mean of 'a' must be a number, got str 'x'"),
    ({"controls": len}, ValueError, "control: means must hold one number for each control, got 0"),
    ({"controls": HERMITE, "means": [1, 2]}, ValueError, "control: means are given twice, with the controls and beside them"),
    ({"controls": HERMITE, "estimator": "quasy"}, ValueError, "control: no estimator 'quasy' to run; did you mean 'quasi'?"),
    ({"controls": HERMITE, "estimator": "control"}, ValueError, "control: no estimator 'control' to run"),
    ({"controls": HERMITE, "estimator": "importance"}, ValueError, "importance: proposal is needed: the law that is sampled"),
    ({"controls": HERMITE, "replicates": 8}, TypeError, "control: unknown keyword 'replicates'"),
    ({"controls": HERMITE, "estimator": "quasi", "replicate": 8}, TypeError,
     "control: unknown keyword 'replicate'; did you mean 'replicates'?"),
    ({"controls": HERMITE, "estimator": "quasi", "replicates": "x"}, TypeError,
     "control: replicates must be an integer, got str 'x'"),
    ({"controls": {"y": HERMITE["first"]}}, ValueError, "Problem: 'y' is the name of two outputs"),
    ({"controls": HERMITE, "budget": 11}, ValueError,
     "control: budget must be at least four times one more than the 2 controls, 12, got 11"),
])
def test_what_cannot_be_is_refused_in_words(options, kind, message):
    with pytest.raises(kind) as caught:
        bf.control(EXPONENTIAL, **options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("controls, message", [
    ({"a": (lambda x: x, 0.0), "b": (lambda x: np.zeros(3), 0.0)}, "controls['b'] must return shape (n,)"),
    ({"a": (lambda x: 1 / 0, 0.0)}, "ZeroDivisionError: division by zero"),
    ({"a": (lambda x: np.full(len(x), np.nan), 0.0)}, "the model gave nan for output 'a'"),
])
def test_a_control_that_fails_is_named(controls, message):
    with pytest.raises(bf.ModelError) as caught:
        bf.control(EXPONENTIAL, controls=controls, budget=1_000, rng=1)
    assert message in str(caught.value)


def test_ctrl_c_in_a_control_stops_the_run():
    def stop(x):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        bf.control(EXPONENTIAL, controls={"a": (stop, 0.0)}, budget=1_000, rng=1)


def test_a_registered_estimator_is_a_base_without_a_line_of_its_own():
    words = {word for word in bf._buffon.registry if bf._buffon.registry[word][0] == ["problem"]} - {
        "control",
        "sobol",
    }  # itself; indices
    with pytest.raises(ValueError) as caught:
        bf.control(EXPONENTIAL, controls=HERMITE, estimator="-")
    assert all(word in str(caught.value) for word in words)


def test_the_signature_leaves_room_for_the_estimators_options():
    assert list(bf.control.__signature__.parameters)[-1] == "options"
    assert "**options" in bf.control.__doc__.split("Returns")[0]


@pytest.mark.parametrize("known, kind, message", [
    (3, TypeError, "given: known must be a dict name -> mean, got int 3"),
    ({"a": 1}, ValueError, "Estimate: no value is named 'a'; did you mean 'y'?"),
    ({"y": "x"}, TypeError, "given: known['y'] must be a number, got str 'x'"),
    ({"y": 1}, ValueError, "given: nothing is left to estimate"),
])
def test_what_cannot_be_given_is_refused_in_words(known, kind, message):
    with pytest.raises(kind) as caught:
        bf.plain(EXPONENTIAL, budget=100, rng=1).given(known)
    assert str(caught.value).startswith(message.partition(";")[0])
