"""Streams and Sobol' sequences in Python: the numbers of the library by index, whatever the slice and the threads."""
import numpy as np
import pytest

import buffon as bf


def test_a_stream_is_a_function_of_the_index():
    stream = bf.Stream(7, id=3)
    u = stream.uniform(10_000, 5)
    assert u.shape == (10_000, 5) and u.min() > 0 and u.max() < 1
    np.testing.assert_array_equal(u[4000:4100], stream.uniform(100, 5, first=4000))
    np.testing.assert_array_equal(u[:, :2], stream.uniform(10_000, 2))   # a component does not depend on their number
    assert not np.array_equal(u, bf.Stream(7).uniform(10_000, 5))


def test_laws_draw_the_numbers_of_stream_0():
    np.testing.assert_array_equal(bf.Normal().sample(1000, rng=5), bf.Stream(5).normal(1000)[:, 0])
    np.testing.assert_array_equal(bf.Uniform(0, 2).sample(1000, rng=5), 2 * bf.Stream(5).uniform(1000)[:, 0])


def test_normal_numbers_are_quantiles_of_the_uniform_ones():
    stream = bf.Stream(2**64 - 1, id=2**32 - 1)
    z, u = stream.normal(3000, 3, first=11), stream.uniform(3000, 3, first=11)
    np.testing.assert_array_equal(z, bf.Normal().quantile(u))


@pytest.mark.parametrize("scramble", ["linear", "owen", None])
def test_points_of_a_sequence_by_index(scramble):
    sequence = bf.SobolSequence(6, scramble=scramble, rng=4)
    u = sequence.uniform(9000)
    np.testing.assert_array_equal(u[4090:4200], sequence.uniform(110, first=4090))
    assert np.array_equal(np.sort(np.floor(u[:4096, 3] * 4096)), np.arange(4096))
    assert sequence.dim == 6 and sequence.rng_key == (0 if scramble is None else 4)


def test_sequences_and_streams_print_as_the_call_that_makes_them():
    assert repr(bf.Stream(3, id=1)) == "Stream(key=3, id=1)"
    assert repr(bf.SobolSequence(2, "owen", rng=8)) == "SobolSequence(dim=2, scramble='owen', rng=8)"
    assert repr(bf.SobolSequence(2, None)) == "SobolSequence(dim=2, scramble=None)"


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"Stream\.uniform: n must not be negative, got -1"):
        bf.Stream(1).uniform(-1, 2)
    with pytest.raises(ValueError, match=r"Stream\.normal: d must be at least 1, got 0"):
        bf.Stream(1).normal(1, 0)
    with pytest.raises(ValueError, match=r"SobolSequence: dim must be 1 to \d+, got 0"):
        bf.SobolSequence(0)
    with pytest.raises(ValueError, match="scramble must be 'linear', 'owen' or None, got 'Owen'"):
        bf.SobolSequence(2, "Owen")
    with pytest.raises(ValueError, match="quasi: scramble must be one of 'linear', 'owen', got 'x'"):
        bf.quasi(bf.Problem(lambda x: x, bf.Normal()), scramble="x")


def test_quasi_takes_owen_points():
    problem = bf.Problem(lambda x: x[:, 0] * x[:, 1], bf.Joint([bf.Uniform(), bf.Uniform()]))
    linear, owen = (bf.quasi(problem, budget=16_384, rng=1, scramble=kind) for kind in ("linear", "owen"))
    assert abs(owen["y"] - 0.25) < 5 * owen.std_error[0] < 1e-4 and owen["y"] != linear["y"]
