"""Keywords of a registered function: which are taken, and in which words the others are refused."""
import inspect

import numpy as np
import pytest

import buffon as bf
from buffon import _buffon
from buffon import diffusion as bd


def test_unknown_keyword_is_answered_with_the_nearest(normal, refused):
    refused(TypeError, "plain: unknown keyword 'budgt'; did you mean 'budget'?", lambda: bf.plain(normal, budgt=100))
    known = "budget, target_error, rng, batch, threads, device, on_error, keep, progress"
    refused(TypeError, f"plain: unknown keyword 'q'; known are problem, {known}", lambda: bf.plain(normal, q=1))


def test_arguments_are_positional_and_options_are_keywords(normal, refused):
    assert bf.plain(problem=normal, budget=10, rng=1).n == 10
    refused(TypeError, "plain: missing argument 'problem'", lambda: bf.plain(budget=10))
    refused(TypeError, "plain: takes 1 positional argument, got 2; options are keywords", lambda: bf.plain(normal, 10))
    refused(TypeError, "plain: argument 'problem' is given twice", lambda: bf.plain(normal, problem=normal))
    refused(TypeError, "plain: problem must be a Problem (bf.Problem(model, inputs)), got int 3", lambda: bf.plain(3))


@pytest.mark.parametrize("options, kind, message", [
    ({"budget": "many"}, TypeError, "budget must be an integer, got str 'many'"),
    ({"budget": True}, TypeError, "budget must be an integer, got bool True"),
    ({"budget": 10.5}, TypeError, "budget must be an integer, got float 10.5"),
    ({"budget": float("nan")}, TypeError, "budget must be an integer, got float nan"),
    ({"budget": None}, TypeError, "budget must be an integer, got NoneType None"),
    ({"budget": [10]}, TypeError, "budget must be an integer, got list [10]"),
    ({"budget": np.array([10, 20])}, TypeError, "budget must be an integer, got ndarray array([10, 20])"),
    ({"budget": np.zeros((9, 9))}, TypeError,
     "budget must be an integer, got ndarray array([[0., 0., 0., 0., 0., 0., 0., 0., 0.],..."),
    ({"budget": 2**63}, ValueError, "budget is too large, got 9223372036854775808"),
    ({"budget": 1e30}, ValueError, "budget is too large, got 1e+30"),
    ({"threads": 2**31}, ValueError, "threads is too large, got 2147483648"),
    ({"budget": 1}, ValueError, "budget must be at least 2, got 1"),
    ({"budget": -5}, ValueError, "budget must be at least 2, got -5"),
    ({"batch": 0}, ValueError, "batch must be at least 1, got 0"),
    ({"threads": -1}, ValueError, "threads must not be negative, got -1"),
    ({"on_error": "ignore"}, ValueError, "on_error must be one of 'raise', 'discard', got 'ignore'"),
    ({"on_error": 1}, TypeError, "on_error must be one of 'raise', 'discard', got int 1"),
    ({"keep": "everything"}, ValueError, "keep must be one of 'nothing', 'state', 'sample', got 'everything'"),
    ({"progress": 3}, TypeError, "progress must be callable, got int 3"),
    ({"rng": -1}, ValueError, "rng must be an integer in 0 ... 2**64 - 1, got -1"),
    ({"rng": 2**64}, ValueError, "rng must be an integer in 0 ... 2**64 - 1, got 18446744073709551616"),
    ({"rng": 1.0}, TypeError, "rng must be an int, numpy Generator, SeedSequence or None, got float"),
    ({"rng": True}, TypeError, "rng must be an int, numpy Generator, SeedSequence or None, got bool"),
    ({"rng": "1"}, TypeError, "rng must be an int, numpy Generator, SeedSequence or None, got str"),
])
def test_wrong_values_name_function_argument_and_value(normal, refused, options, kind, message):
    refused(kind, f"plain: {message}", lambda: bf.plain(normal, **{"budget": 10, **options}))


@pytest.mark.parametrize("budget", [100, np.int64(100), np.uint8(100), np.array(100), 1e2, np.float64(100)])
def test_whole_numbers_of_any_kind_are_integers(normal, budget):
    assert bf.plain(normal, budget=budget, rng=1).n == 100


def same(a, b):
    np.testing.assert_array_equal(a.value, b.value)
    np.testing.assert_array_equal(a.covariance, b.covariance)


def test_rng_is_the_key(normal):
    def run(rng):
        return bf.plain(normal, budget=100, rng=rng)
    assert run(7).rng_key == 7 and run(np.uint64(2**64 - 1)).rng_key == 2**64 - 1
    same(run(7), run(np.int32(7)))
    assert run(7).value[0] != run(8).value[0]
    assert run(None).rng_key != run(None).rng_key


@pytest.mark.parametrize("make", [
    lambda: np.random.default_rng(5), lambda: np.random.SeedSequence(5), lambda: np.random.PCG64(5),
    lambda: np.random.Generator(np.random.MT19937(5)),
], ids=["Generator", "SeedSequence", "BitGenerator", "MT19937"])
def test_rng_objects_of_numpy_give_a_key(normal, make):
    a, b = (bf.plain(normal, budget=100, rng=make()) for _ in range(2))
    assert a.rng_key == b.rng_key > 0
    same(a, b)
    generator = make()
    if not isinstance(generator, np.random.SeedSequence):   # a generator moves on
        assert bf.plain(normal, budget=100, rng=generator).rng_key != bf.plain(normal, budget=100, rng=generator).rng_key


@pytest.mark.parametrize("rng", [3, None, np.random.default_rng(1)], ids=["int", "None", "Generator"])
def test_rng_key_replays_the_run(normal, rng):
    first = bf.plain(normal, budget=1_000, rng=rng)
    same(bf.plain(normal, budget=1_000, rng=first.rng_key), first)


def test_signature_and_documentation_come_from_the_fields():
    positional, keywords = _buffon.registry["plain"]
    signature = inspect.signature(bf.plain)
    assert list(signature.parameters) == positional + [name for name, *_ in keywords]
    budget = signature.parameters["budget"]
    assert budget.default == 10_000 and budget.kind is inspect.Parameter.KEYWORD_ONLY
    for name, kind, _, text in keywords:
        assert f"{name} : {kind}\n    {text[0].upper()}{text[1:]}." in bf.plain.__doc__


def test_progress_is_called_with_evaluations_and_budget(normal):
    seen = []
    bf.plain(normal, budget=200_000, batch=50_000, rng=1, progress=lambda n, budget: seen.append((n, budget)))
    assert seen[-1] == (200_000, 200_000) and len(seen) > 1 and seen == sorted(seen)


def test_progress_true_is_one_line_on_stderr(normal, capsys):
    bf.plain(normal, budget=200_000, rng=1, progress=True)
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("\n") and err.count("\n") == 1
    assert err.rpartition("\r")[2].startswith("plain: 200,000 of 200,000 evaluations (100%)")
    bf.plain(normal, budget=200_000, rng=1, progress=False)
    assert capsys.readouterr().err == ""


def test_progress_line_ends_when_the_model_fails(capsys):
    def model(x):
        if len(calls) > 1:
            raise RuntimeError
        calls.append(0)
        return x[:, 0]
    calls = []
    with pytest.raises(bf.ModelError):
        bf.plain(bf.Problem(model, bf.Normal()), budget=10**6, rng=1, progress=True)
    assert capsys.readouterr().err.endswith("\n")


def test_an_exception_in_progress_stops_the_run_with_what_was_done(normal):
    def progress(n, budget):
        if n > 100_000:
            raise LookupError("enough")
    with pytest.raises(LookupError, match="enough") as caught:
        bf.plain(normal, budget=10**7, rng=1, progress=progress)
    assert 100_000 < caught.value.partial.n < 10**6
    same(caught.value.partial, bf.plain(normal, budget=caught.value.partial.n, rng=1))


def test_compiled_classes_have_signatures_and_refuse_in_words(estimate, refused):
    assert str(inspect.signature(bf.LogNormal.from_moments)) == "(mean: 'float', cv: 'float') -> 'LogNormal'"
    assert list(inspect.signature(bf.Problem).parameters) == ["model", "inputs", "outputs", "score", "vectorized", "arrays"]
    refused(TypeError, "Normal: sd must be a number, got str 'a'", lambda: bf.Normal(0, "a"))
    refused(TypeError, "Normal: unknown keyword 'sdd'; did you mean 'sd'?", lambda: bf.Normal(sdd=1))
    refused(TypeError, "Normal: too many positional arguments", lambda: bf.Normal(1, 2, 3))
    refused(TypeError, "from_moments: missing a required argument: 'cv'", lambda: bf.LogNormal.from_moments(1))
    refused(TypeError, "sample: n must be an integer, got float 2.5", lambda: bf.Normal().sample(2.5))
    refused(TypeError, "sample: n is too large, got 1180591620717411303424", lambda: bf.Normal().sample(2**70))
    refused(TypeError, "Problem: unknown keyword 'output'; did you mean 'outputs'?",
            lambda: bf.Problem(len, bf.Normal(), output=[]))
    refused(TypeError, "Problem: missing a required argument: 'inputs'", lambda: bf.Problem(len))
    refused(TypeError, "confidence_interval: level must be a number, got str 'a'", lambda: estimate.confidence_interval("a"))
    refused(TypeError, "transform: f must be callable, got int 3", lambda: estimate.transform(3))
    refused(TypeError, "transform: names must be a list of names, got a str: ['a']", lambda: estimate.transform(len, names="a"))
    refused(TypeError, "merge: other must be an Estimate, got int 3", lambda: estimate.merge(3))
    refused(TypeError, "Mixture: weights must be a list of numbers, got str 'a'", lambda: bf.Mixture("a", [bf.Normal()]))


@pytest.mark.parametrize(
    "word, ours",
    [
        ("seed", "rng"),
        ("random_state", "rng"),
        ("Seed", "rng"),
        ("samples", "budget"),
        ("n", "budget"),
        ("n_samples", "budget"),
        ("n_jobs", "threads"),
        ("BUDGET", "budget"),
    ],
)
def test_what_other_libraries_call_a_keyword_is_known(refused, normal, word, ours):
    refused(TypeError, f"plain: unknown keyword '{word}'; did you mean '{ours}'?", lambda: bf.plain(normal, **{word: 1}))


def test_a_law_is_asked_for_n_points_by_whatever_name(refused):
    refused(TypeError, "sample: unknown keyword 'seed'; did you mean 'rng'?", lambda: bf.Normal().sample(3, seed=1))
    refused(TypeError, "sample: unknown keyword 'size'; did you mean 'n'?", lambda: bf.Normal().sample(size=3))
    refused(TypeError, "sample: unknown keyword 'dtype'; numbers come in float64: convert the result",
            lambda: bf.Normal().sample(3, dtype=np.float32))


def test_names_are_suggested_whatever_their_capitals(refused):
    law = {"F": bf.Normal(), "w": bf.Normal()}
    refused(ValueError, "GaussianCopula: no input is named 'W'; did you mean 'w'?",
            lambda: bf.Joint(law, copula=bf.GaussianCopula({("F", "W"): 0.3})))


def test_percentages_are_told_from_shares(refused, normal):
    sample = bf.plain(normal, budget=200, rng=1, keep="sample").sample
    for levels in (95, [95.0], np.float32(95), np.array(95)):
        refused(
            ValueError,
            "quantile: levels must lie between 0 and 1, got 95: for 95 percent write 0.95",
            lambda levels=levels: bf.quantile(sample, levels),
        )
    refused(ValueError, "quantile: levels must lie between 0 and 1, got 0", lambda: bf.quantile(sample, 0))
    with pytest.raises(ValueError, match=r"for 95 percent write 0.95"):
        bf.plain(normal, budget=200, rng=1).confidence_interval(95)


@pytest.mark.parametrize("threshold", [2, 2.0, np.float32(2), np.array(2.0), [2.0]])
def test_one_threshold_needs_no_list(threshold):
    assert bf.exceedance(lambda x: x[:, 0], bf.Normal(), threshold).outputs == ["P(y > 2)"]


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), "f4"])
def test_a_dtype_may_be_numpys(dtype):
    assert bd.Empirical([[0.0], [1.0]], dtype=dtype).dtype == "float32"


def test_numbers_of_steps_by_their_other_names():
    with pytest.raises(TypeError, match="unknown keyword 'nfe'; did you mean 'steps'"):
        bd.dpmpp(bd.VP(), nfe=10)
