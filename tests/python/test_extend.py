"""A finished run goes on, also after it was written to a file or pickled."""
import pickle

import numpy as np
import pytest

import buffon as bf

INPUTS = bf.Joint({"a": bf.Normal(), "b": bf.Normal(1, 2)})
PROBLEM = bf.Problem(lambda x: np.stack([x[:, 0] * x[:, 1], x[:, 1] ** 2], axis=1), INPUTS, outputs=["ab", "bb"])
RUNS = {
    "plain": (bf.plain, {}), "quasi": (bf.quasi, {}), "aiscv": (bf.aiscv, {}), "aiscv iid": (bf.aiscv, {"points": "iid"}),
    "amis": (bf.amis, {}),
    "importance": (bf.importance, {"proposal": bf.Joint({"a": bf.Normal(0, 1.3), "b": bf.Normal(1, 2.5)})}),
    "control": (bf.control, {"controls": {"a": (lambda x: x[:, 0], 0.0)}}),
}
AGAIN = ("proposal", "controls")


def equal(a, b):
    assert a._state() == b._state() or repr(a._state()) == repr(b._state())
    assert repr(a._continuation()) == repr(b._continuation())


@pytest.fixture(params=RUNS)
def run(request):
    """A run of 5,000 evaluations and what extend must be given again."""
    function, options = RUNS[request.param]
    return function(PROBLEM, budget=5_000, rng=3, keep="state", **options), {k: v for k, v in options.items() if k in AGAIN}


def test_a_loaded_and_a_pickled_run_go_on_as_the_run_itself(run, tmp_path):
    estimate, again = run
    estimate.save(tmp_path / "e.json")
    more = bf.extend(estimate, PROBLEM, budget=12_000, **again)
    assert 10_000 < more.n <= 12_000
    for same in (bf.Estimate.load(tmp_path / "e.json"), pickle.loads(pickle.dumps(estimate))):
        equal(bf.extend(same, PROBLEM, budget=12_000, **again), more)


@pytest.mark.parametrize("word", RUNS)
def test_what_is_kept_changes_no_number(word):
    function, options = RUNS[word]
    states = [repr(function(PROBLEM, budget=5_000, rng=3, keep=keep, **options)._state())
              for keep in ("nothing", "state", "sample")]
    assert len(set(states)) == 1


def test_without_a_state_nothing_goes_on_and_files_stay_small(tmp_path):
    estimate = bf.plain(PROBLEM, budget=5_000, rng=1)
    with pytest.raises(ValueError, match=r"^extend: estimate must have a state: .*keep = 'state'"):
        bf.extend(estimate, PROBLEM, budget=10_000)
    estimate.save(tmp_path / "e.json")
    bf.plain(PROBLEM, budget=5_000, rng=1, keep="state").save(tmp_path / "state.json")
    assert (tmp_path / "e.json").stat().st_size < 0.1 * (tmp_path / "state.json").stat().st_size


@pytest.mark.parametrize("arguments, kind, message", [
    ({"budget": 5_000}, ValueError, "budget must be larger than the 5000 evaluations spent, got 5000"),
    ({"budget": 9_000, "rng": 4}, ValueError, "rng must be that of the run, 3, or none, got 4"),
    ({"budget": 9_000, "keep": "sample"}, ValueError, "keep must not be 'sample' where the run kept none"),
    ({"budgets": 9_000}, TypeError, "unknown keyword 'budgets'"),
])
def test_what_cannot_be_is_refused(arguments, kind, message):
    estimate = bf.plain(PROBLEM, budget=5_000, rng=3, keep="state")
    with pytest.raises(kind, match=f"^extend: {message}"):
        bf.extend(estimate, PROBLEM, **arguments)
    with pytest.raises(ValueError, match=r"^extend: problem must have the inputs of the run"):
        bf.extend(estimate, bf.Problem(lambda x: x, bf.Joint({"a": bf.Normal(), "c": bf.Normal(1, 2)})), budget=9_000)
    with pytest.raises(TypeError, match=r"^extend: estimate must be an Estimate"):
        bf.extend(PROBLEM, estimate)


def test_a_damaged_state_is_named(tmp_path):
    estimate = bf.plain(PROBLEM, budget=5_000, rng=3, keep="state")
    estimate.save(tmp_path / "e.json")
    text = (tmp_path / "e.json").read_text()
    (tmp_path / "bad.json").write_text(text.replace('"rest"', '"nest"'))
    with pytest.raises(ValueError, match=r"^extend: the state is damaged: it has no 'rest'"):
        bf.extend(bf.Estimate.load(tmp_path / "bad.json"), PROBLEM, budget=9_000)


def test_a_model_that_fails_leaves_the_estimate_as_it_was(run):
    estimate, again = run
    before = repr(estimate._continuation())

    def failing(x):
        raise RuntimeError("no")
    with pytest.raises(bf.ModelError, match=r"^extend: the model failed"):
        bf.extend(estimate, bf.Problem(failing, INPUTS, outputs=["ab", "bb"]), budget=12_000, **again)
    assert repr(estimate._continuation()) == before
    assert bf.extend(estimate, PROBLEM, budget=12_000, **again).n > 10_000


@pytest.mark.parametrize("word", ["plain", "quasi", "aiscv", "amis"])
def test_a_kept_sample_goes_on(word):
    estimate = getattr(bf, word)(PROBLEM, budget=4_000, rng=2, keep="sample")
    more = bf.extend(estimate, PROBLEM, budget=9_000)
    assert len(more.sample) == more.n and len(more.sample.log_density) == more.n
    np.testing.assert_array_equal(more.sample.x[: estimate.n], estimate.sample.x)
    assert len(np.unique(more.sample.x[:, 0])) == more.n
