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


class Failing:
    """The model of PROBLEM, whose licence server is down after so many evaluations, once."""

    def __init__(self, after, error=RuntimeError):
        self.left, self.error, self.calls = after, error, 0

    def __call__(self, x):
        if self.left is not None and self.left < len(x):
            self.left = None
            raise self.error("down")
        self.left = self.left and self.left - len(x)
        self.calls += len(x)
        return np.stack([x[:, 0] * x[:, 1], x[:, 1] ** 2], axis=1)


@pytest.mark.parametrize("keep", ["state", "sample"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("target", [None, 0.15])
def test_a_plain_run_that_failed_goes_on_as_if_it_had_not(keep, error, target):
    model = Failing(5_700, error)
    problem = bf.Problem(model, INPUTS, outputs=["ab", "bb"])
    with pytest.raises((bf.ModelError, KeyboardInterrupt)) as caught:
        bf.plain(problem, budget=12_000, rng=3, batch=500, keep=keep)
    partial = caught.value.partial
    assert partial.n == model.calls == 5_500 and partial.diagnostics["stop"] == "unfinished"
    kind = {"budget": 12_000} if target is None else {"budget": 40_000, "target_error": target}
    more = bf.extend(partial, problem, **kind)
    if target is None:
        whole = bf.plain(PROBLEM, budget=12_000, rng=3, batch=500, keep=keep)
        equal(more, whole)
        assert "stop" not in more.diagnostics
        if keep == "sample":
            np.testing.assert_array_equal(more.sample.log_density, whole.sample.log_density)
    else:
        assert (
            more.diagnostics["stop"] == "target"
            and more.value.tolist() == bf.plain(PROBLEM, budget=more.n, rng=3).value.tolist()
        )
    assert model.calls == more.n


def test_a_run_of_nets_that_failed_goes_on_from_its_whole_ones():
    problem = bf.Problem(model := Failing(5_700), INPUTS, outputs=["ab", "bb"])
    with pytest.raises(bf.ModelError) as caught:
        bf.quasi(problem, budget=16 * 512, replicates=16, rng=3, batch=300, keep="state")
    assert caught.value.partial.n == 5_700      # eleven nets of 512 points, and 68
    more = bf.extend(caught.value.partial, problem, budget=16 * 512 + 68)
    whole = bf.quasi(PROBLEM, budget=16 * 512, replicates=16, rng=3)
    assert more.value.tolist() == whole.value.tolist() and more.covariance.tolist() == whole.covariance.tolist()
    assert model.calls == more.n == 16 * 512 + 68


def test_what_cannot_go_on_after_a_failure_says_what_to_do():
    with pytest.raises(bf.ModelError) as caught:
        bf.aiscv(bf.Problem(Failing(3_000), INPUTS), budget=8_000, rng=7, batch=500, keep="state")
    with pytest.raises(ValueError, match=r"^extend: estimate is of a run that stopped early, .* again with rng = 7"):
        bf.extend(caught.value.partial, PROBLEM, budget=8_000)


RARE = bf.exceedance(lambda x: x[:, 0] + x[:, 1], bf.Joint({"a": bf.Normal(), "b": bf.Normal()}), [3.0])
WITH_STATE = {
    "plain": {},
    "quasi": {},
    "importance": {"proposal": bf.Joint({"a": bf.Normal(1), "b": bf.Normal(1)})},
    "aiscv": {},
    "amis": {},
    "cross_entropy": {},
    "form": {},
    "sobol": {},
    "control": {"controls": {"a": (lambda x: x[:, 0], 0.0)}},
}


@pytest.mark.parametrize("word", [w for w, (positional, keywords) in bf._buffon.registry.items()
                                  if positional[:1] == ["problem"] and any(k[0] == "keep" for k in keywords)])
def test_what_keeps_a_state_is_one_list_and_the_others_refuse(word):
    def run():
        return getattr(bf, word)(RARE, budget=4_000, rng=1, keep="state", **WITH_STATE.get(word, {}))

    if word in WITH_STATE:
        e = run()
        assert getattr(e, "joint", e)._continuation()
    else:
        with pytest.raises(
            ValueError, match=f"^{word}: keep must not be 'state': there is no way to go on, only after .* or sobol$"
        ) as refused:
            run()
        assert set(WITH_STATE) == set(str(refused.value).rpartition("after ")[2].replace(" or ", ", ").split(", "))


def test_an_estimate_goes_on_by_itself_like_indices():
    e = bf.plain(PROBLEM, budget=2_000, rng=1, keep="state")
    assert e.more(3_000).value.tolist() == bf.plain(PROBLEM, budget=5_000, rng=1).value.tolist()
    assert e.more(1_000).more(2_000).n == 5_000
    same = pickle.loads(pickle.dumps(e))
    with pytest.raises(ValueError, match=r"^Estimate.more: problem must be given, as to bf.extend"):
        same.more(1_000)
    assert same.more(3_000, PROBLEM).value.tolist() == e.more(3_000).value.tolist()


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
