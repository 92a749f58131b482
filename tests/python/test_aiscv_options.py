"""aiscv and importance at the ends of their options: what is refused, and what must still be right."""
import numpy as np
import pytest

import buffon as bf

N = bf.Normal()
TWO = bf.Joint({"a": N, "b": N})
AB, BA = (bf.Joint({name: bf.Uniform(0, 2) for name in names}) for names in ("ab", "ba"))
line = bf.Problem(lambda x: x[:, 0] + x[:, 1], AB)
moments = bf.testing.gaussian_moments()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"budget": 31}, "aiscv: budget must be at least 32, twice replicates = 16, got 31"),
        (
            {"replicates": 2**62},
            "aiscv: budget must be at least 9223372036854775808, twice replicates = 4611686018427387904, got 10000",
        ),
        ({"replicates": 1}, "aiscv: replicates must be at least 2, got 1"),
        ({"components": -1}, "aiscv: components must be at least 0, got -1"),
        ({"adaptation": 1.0}, "aiscv: adaptation must lie between 0 and 1, got 1"),
        ({"batch_fraction": 0}, "aiscv: batch_fraction must lie between 0 and 1, got 0"),
        ({"batch_fraction": 1e-4}, "aiscv: batch_fraction must be at least adaptation / 500 = 0.001, got 0.0001"),
        ({"defensive": 0}, "aiscv: defensive must lie between 0 and 1, got 0"),
        ({"cut": 1}, "aiscv: cut must lie in [0, 1), got 1"),
        ({"weights": [-1]}, "aiscv: weights[0] must be finite and not negative, got -1"),
        ({"weights": [0]}, "aiscv: weights must not all be 0"),
        ({"laws": [N]}, "aiscv: laws[0] must have 2 inputs, got 1"),
        (
            {"family": "vmfn", "laws": [AB, AB]},
            "aiscv: family must be 'gaussian' or 'student' with several laws or a single input: "
            "'vmfn' is a law of directions in the standard normal space of one input law",
        ),
        ({"laws": [AB, BA]}, "aiscv: laws[1] has the inputs in the order (b, a), the problem has (a, b)"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueError) as refused:
        bf.aiscv(line, **options)
    assert str(refused.value) == message


def test_weights_of_a_wrong_number_are_refused_before_a_point_is_spent():
    problem = bf.Problem(lambda x: pytest.fail("the model was asked"), N, outputs=["a", "b"])
    with pytest.raises(ValueError, match=r"one entry per expectation, 2, got 3"):
        bf.aiscv(problem, weights=[1, 2, 3])


@pytest.mark.parametrize("defensive", [0.01, 0.5, 0.95])
def test_any_defensive_share_gives_unbiased_moments(defensive):
    runs = [bf.aiscv(moments.problem, budget=5_000, rng=key, defensive=defensive) for key in range(20)]
    z = np.mean([e.value - moments.exact for e in runs], axis=0) / np.std([e.value for e in runs], axis=0, ddof=1) * 20**0.5
    assert np.abs(z).max() < 5   # Student with 19 degrees of freedom, ten of them: one false alarm in a thousand


def test_discarded_points_do_not_hide_a_rare_event_from_its_score():
    problem = bf.exceedance(lambda x: np.where(x[:, 0] > 2.5, np.nan, x.sum(axis=1) / 2**0.5), TWO, [5.0])
    e = bf.aiscv(problem, budget=20_000, rng=1, on_error="discard")
    plain = bf.importance(problem, proposal=bf.MultivariateNormal([2.2, 4.8], np.eye(2), names=["a", "b"]), budget=400_000, rng=2,
                          on_error="discard")   # another sampler of the same conditional probability
    assert e.n_failed > 100 and e.value[0] > 0
    assert abs(e.value[0] - plain.value[0]) < 5 * np.hypot(e.std_error[0], plain.std_error[0])


def test_a_score_without_variation_is_no_error():
    e = bf.aiscv(bf.exceedance(lambda x: 3 + 0 * x[:, 0], TWO, [3.0]), budget=2_000, rng=1)
    assert e.value[0] == 0 and e.warnings


def test_a_final_sample_smaller_than_its_replicates_is_still_a_sample():
    problem = bf.exceedance(lambda x: x.sum(axis=1), TWO, [1.0])
    e = bf.aiscv(problem, budget=1_000, adaptation=0.99, batch_fraction=0.1, replicates=400, rng=1)
    assert e.n <= 1_000 and np.isfinite(e.std_error).all()


@pytest.mark.parametrize("options", [{"points": "iid"}, {"variant": "published"}, {}])
def test_bits_do_not_depend_on_the_batch_in_runs_of_several_chunks(options):
    a, b = (bf.aiscv(moments.problem, budget=200_000, rng=1, batch=batch, **options) for batch in (1_000, 66_000))
    assert (a.value == b.value).all() and (a.covariance == b.covariance).all()


def test_a_proposal_that_misses_a_part_of_the_inputs_says_so():
    half = bf.importance(line, proposal=bf.Joint({"a": bf.Uniform(0, 2), "b": bf.Uniform(1, 2)}), budget=10_000, rng=1)
    whole = bf.importance(line, proposal=bf.Joint({"a": bf.Uniform(0, 2), "b": bf.Uniform(0, 2)}), budget=10_000, rng=1)
    assert any("misses a part" in w for w in half.warnings) and not whole.warnings
    with pytest.raises(ValueError, match=r"proposal has the inputs in the order \(b, a\), the problem has \(a, b\)"):
        bf.importance(line, proposal=BA)


def test_smooth_integrands_are_left_to_nets_of_the_input_law():
    problem = bf.testing.ishigami()
    error = {name: np.mean([(getattr(bf, name)(problem.problem, budget=5_000, rng=key).value[0] - 3.5)**2 for key in range(40)])
             for name in ("aiscv", "quasi")}
    assert error["aiscv"] < 4 * error["quasi"]   # twice is promised; the ratio of two means of 40 squares wanders by another two
    assert bf.aiscv(problem.problem, budget=20_000, rng=1).diagnostics["fallback"]
