"""bd.transport_map from Python; its mathematics is tested in tests/estimators/test_transport_*.cpp."""
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

# The heights that exact Newton steps find for 20 random targets under the uniform law on the unit square.
SQUARE = np.random.default_rng(2024).random((20, 2))
HEIGHTS = np.array(
    [
        0.06232732,
        -0.11219668,
        -0.16545681,
        0.29543226,
        0.23593889,
        -0.11179496,
        0.117654,
        0.19549957,
        -0.5693497,
        0.06986558,
        0.17320374,
        -0.16907821,
        0.25019785,
        -0.04515012,
        0.28075163,
        0.1639427,
        -0.12086982,
        -0.14736094,
        -0.33205391,
        -0.07150237,
    ]
)
W2_SQUARED = .027654524403848777


def unit_square():
    return bf.Joint([bf.Uniform(0, 1)] * 2)


def test_twenty_targets_in_the_square_have_the_exact_heights_and_distance():
    found = bd.transport_map(SQUARE, source=unit_square(), target_error=0.008, rng=3)
    assert found.converged and found.empty == 0
    assert abs(found.heights - HEIGHTS).max() < 3e-3
    assert abs(found.w2_squared.value[0] - W2_SQUARED) < 5 * found.w2_squared.std_error[0]
    assert found.w2.value[0] == pytest.approx(found.w2_squared.value[0] ** 0.5)


def test_parts_and_members_belong_together():
    found = bd.transport_map(SQUARE, source=unit_square(), masses=np.arange(20), rng=3)
    assert sum(found.draws.values()) == found.n == found.mass_error.n
    assert found.rng_key == found.mass_error.rng_key == 3
    assert found.heights[0] == -np.inf and found.masses[0] == 0
    np.testing.assert_allclose(found.wanted, np.arange(20) / 190)
    assert np.all(abs(found.masses - found.wanted) <= 6 * found.mass_std_error + 0.05 * found.wanted)
    assert found.masses.sum() == pytest.approx(1)
    x = np.random.default_rng(0).random((1000, 2))
    scores = x @ found.points[1:].T + found.heights[1:]
    assert np.array_equal(found.cell(x), 1 + scores.argmax(1))
    assert np.array_equal(found(x), SQUARE[found.cell(x)])
    assert "20 targets, d=2" in repr(found)


def test_progress_is_told_and_may_interrupt():
    told = []

    def progress(n, budget):
        told.append((n, budget))
        if len(told) > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bd.transport_map(SQUARE, rng=1, progress=progress)
    assert [n for n, _ in told] == sorted(n for n, _ in told) and told[0] == (0, 4_000_000)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"masses": [1.0]}, "masses must have shape"),
        ({"target_error": -1}, "target_error must lie in"),
        ({"budget": 5}, "budget must be at least"),
        ({"source": bf.Normal()}, "source must have the points' dimension 2, got 1"),
    ],
)
def test_bad_options_are_refused_in_words(options, message):
    with pytest.raises(ValueError, match=message):
        bd.transport_map(SQUARE, **options)


def test_a_budget_that_is_too_small_warns():
    found = bd.transport_map(SQUARE, target_error=1e-4, budget=500_000, rng=1)
    assert not found.converged and "budget ended" in found.mass_error.warnings[0]
    low, high = found.mass_error.confidence_interval(0.95)
    assert 0 <= low[0] <= found.mass_error.value[0] <= high[0]


def test_newton_is_exact_in_the_square():
    found = bd.transport_map(SQUARE, source=unit_square(), method="newton")
    np.testing.assert_allclose(found.heights, HEIGHTS, atol=1e-8)   # eight digits are printed
    assert abs(found.w2_squared.value[0] - W2_SQUARED) < 1e-15
    assert found.converged and found.n == 0 and found.mass_error.value[0] < 1e-12
    assert "exact" in repr(found)


def test_a_map_is_checked_again_and_gone_on_from():
    exact = bd.transport_map(SQUARE, source=unit_square(), method="newton")
    again = exact.check(200_000, rng=1)
    assert again.n == 200_192 and np.array_equal(again.heights, exact.heights)
    assert again.mass_error.confidence_interval(0.999)[0][0] < 1e-3
    on = bd.transport_map(SQUARE, source=unit_square(), heights=exact.heights, rng=2)
    assert on.converged and on.steps == 0


def test_rows_that_are_not_finite_have_no_image():
    found = bd.transport_map([[0.0, 0.0], [1.0, 0.5]], method="newton")
    for call in (found, found.cell, found.angle, found.facet_distance):
        with pytest.raises(ValueError, match=r"x must be finite, got nan in row 1"):
            call([[0.0, 1.0], [np.nan, 0.0]])
    with pytest.raises(ValueError, match=r"GaussianMixture.mode: x must be finite, got inf in row 0"):
        bd.GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)]).mode([[0.0, np.inf]])


def test_the_entropic_map_is_sinkhorns_between_the_points_and_a_discretised_source():
    rng = np.random.default_rng(5)
    y, nu, epsilon = rng.normal(size=(12, 1)), rng.dirichlet(np.full(12, 3.0)), 0.4
    found = bd.transport_map(y, masses=nu, method="entropic", epsilon=epsilon, target_error=0.004, rng=1)
    assert found.converged and found.epsilon == epsilon and "epsilon=0.4" in repr(found)
    x = np.linspace(-7, 7, 4001)   # trapezoids: their error is far below that of the draws
    weight = np.exp(-x**2 / 2)
    oracle = bf.sinkhorn(x, y[:, 0], a=weight, b=nu, epsilon=epsilon, relative=False, tolerance=1e-9)
    value, error = found.entropic_value.value[0], found.entropic_value.std_error[0]
    assert abs(value - oracle.value) < 5 * error < 0.05
    cost = found.w2_squared.diagnostics["plan_cost"]
    assert abs(cost - oracle.cost) < 5 * found.w2_squared.diagnostics["plan_cost_std_error"] + 1e-3
    low, high = found.w2_squared.confidence_interval()
    assert low[0] < bd.transport_map(y, masses=nu, method="newton").w2_squared.value[0] < high[0]
    log_plan = (oracle.f[:, None] + oracle.g[None, :] - (x[:, None] - y[:, 0]) ** 2) / epsilon + np.log(nu)
    near = abs(x) < 3
    assert abs(found.weights(x[near, None]) - np.exp(log_plan)[near]).max() < 0.01
    np.testing.assert_allclose(found(x[near, None]), found.weights(x[near, None]) @ y)
    assert np.array_equal(found.cell(x[near, None]), found.weights(x[near, None]).argmax(1))


def test_without_an_epsilon_it_is_that_of_sinkhorn():
    y = np.array([[0.0, 0.0], [2.0, 1.0], [-1.0, 1.0]])
    found = bd.transport_map(y, method="entropic", rng=1)
    assert found.epsilon == pytest.approx(0.05 * (2 + (y**2).sum(1).mean()))   # E|x - y|^2 of independent pairs
    assert found.entropic_value.value[0] > found.w2_squared.value[0]
    plain = bd.transport_map(y, rng=1)
    assert plain.epsilon == 0 and plain.entropic_value.value == plain.w2_squared.value
    x = np.random.default_rng(0).normal(size=(50, 2))
    assert np.array_equal(plain.weights(x).argmax(1), plain.cell(x)) and np.all(plain.weights(x).sum(1) == 1)
    with pytest.raises(ValueError, match="epsilon belongs to method 'entropic'"):
        bd.transport_map(y, epsilon=0.1)


def _same(a, b):
    for name in ("heights", "masses", "mass_std_error"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
    assert (a.n, a.draws, a.steps, a.converged, a.rng_key) == (b.n, b.draws, b.steps, b.converged, b.rng_key)
    assert a.w2_squared.value == b.w2_squared.value and a.mass_error.value == b.mass_error.value


@pytest.mark.parametrize("options", [{}, {"method": "entropic", "epsilon": 0.2}])
def test_an_interrupted_search_goes_on_from_its_file_with_the_same_bits(tmp_path, options):
    file = tmp_path / "map.checkpoint"
    call = {"points": SQUARE, "target_error": 0, "budget": 1_500_000, **options}
    ends = iter([400_000, 800_000, 1_200_000])

    def progress(n, budget, end=[0]):  # noqa: B006  the end of this piece
        if n > end[0]:
            raise KeyboardInterrupt

    for end in ends:
        with pytest.raises(KeyboardInterrupt):
            bd.transport_map(rng=7, checkpoint=file, progress=lambda n, budget, end=end: progress(n, budget, [end]), **call)
    told = []
    found = bd.transport_map(checkpoint=str(file), progress=lambda n, budget: told.append(n), **call)   # rng: the file's
    assert found.rng_key == 7 and sum(1_000_000 > n > 300_000 for n in told) == 0
    _same(found, bd.transport_map(rng=7, **call))
    with pytest.raises(ValueError, match="is of another run"):
        bd.transport_map(rng=8, checkpoint=file, **call)
    with pytest.raises(TypeError, match="checkpoint must be a path"):
        bd.transport_map(rng=7, checkpoint=3, **call)


def test_a_killed_search_goes_on_with_the_same_bits(tmp_path):
    file = tmp_path / "map.checkpoint"
    call = {"target_error": 0, "budget": 30_000_000, "rng": 3, "threads": 1}
    line = (f"import numpy as np\nfrom buffon import diffusion as bd\n"
            f"bd.transport_map(np.random.default_rng(1).normal(size=(60, 3)), checkpoint={str(file)!r}, **{call!r})")
    child = subprocess.Popen([sys.executable, "-c", line])
    try:
        while not file.exists() or file.stat().st_size < 5_000:   # some iterates
            assert child.poll() is None
            time.sleep(0.01)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    points, told = np.random.default_rng(1).normal(size=(60, 3)), []
    found = bd.transport_map(points, checkpoint=file, progress=lambda n, budget: told.append(n), **call)
    _same(found, bd.transport_map(points, **call))
    assert len(told) < found.steps + 16   # not from the start: that has a call for each step of its own


def test_heights_go_over_to_moved_and_added_points():
    rng = np.random.default_rng(8)
    points = rng.normal(size=(60, 3))
    found = bd.transport_map(points, rng=1)
    for others in (points + 0.02 * rng.normal(size=points.shape), np.concatenate([points, rng.normal(size=(6, 3))])):
        first = found.heights_at(others, rng=2)
        warm = bd.transport_map(others, heights=first, rng=3)
        assert first.shape == (len(others),) and warm.converged and warm.check(500_000, rng=4).mass_error.value[0] < 0.022
    assert np.array_equal(found.heights_at(points, rng=2), found.heights)
    with pytest.raises(ValueError, match="points must have shape"):
        found.heights_at([[0.0, 1.0]])


@pytest.mark.parametrize(
    "points",
    [SQUARE.astype(np.float32), SQUARE.tolist(), np.asfortranarray(SQUARE), np.repeat(SQUARE, 2, axis=1)[:, ::2]],
)
def test_points_of_any_layout_are_the_same_points(points):
    call = {"target_error": 0, "budget": 500_000, "rng": 1}
    found = bd.transport_map(points, **call)
    _same(found, bd.transport_map(np.array(points, dtype=float, order="C"), **call))


def test_odd_targets_have_right_answers_or_words():
    line = bd.transport_map([[0.5], [0.5], [-1.0]], masses=[0.2, 0.3, 0.5], method="newton")
    assert line.points.shape == (3, 1) and np.array_equal(line.wanted, [0.5, 0, 0.5]) and np.allclose(line.masses, [0.5, 0, 0.5])
    one = bd.transport_map([[1.0, 2.0]], rng=1)
    assert (
        one.masses[0] == 1
        and np.array_equal(one([[9.0, 9.0]]), [[1.0, 2.0]])
        and one.facet_distance([[0.0, 0.0]])[0] == np.inf
        and one.angle([[0.0, 0.0]])[0] == 0
    )
    only = bd.transport_map(SQUARE, masses=[1.0] + [0.0] * 19, rng=1)
    assert (
        only.converged
        and np.array_equal(only.cell(SQUARE), np.zeros(20))
        and only.w2_squared.value[0] == pytest.approx(2 + (SQUARE[0] ** 2).sum(), rel=0.02)
    )
    for bad, message in (
        ({"masses": np.zeros(20)}, "at least one of masses must be positive"),
        ({"masses": [-1.0] * 20}, "must be finite and not negative"),
        ({"masses": [np.nan] * 20}, "must be finite and not negative"),
        ({"source": bf.MultivariateNormal(np.zeros(3), np.eye(3))}, "source must have the points' dimension 2, got 3"),
        ({"heights": [0.0] * 3}, "heights must have shape"),
        ({"heights": [np.nan] * 20}, "heights must be finite"),
    ):
        with pytest.raises(ValueError, match=message):
            bd.transport_map(SQUARE, rng=1, **bad)
    for points in ([[np.nan, 0.0]], [[np.inf, 0.0]], np.zeros((0, 2)), np.zeros((2, 0)), np.zeros((2, 2, 2)), [0.5, 1.0]):
        with pytest.raises(ValueError, match="points"):
            bd.transport_map(points)


def test_images_between_targets_do_not_cross_a_jump():
    points = np.array([[-3.0], [-2.8], [2.8], [3.0]])
    found = bd.transport_map(points, method="newton")
    centroids = found.centroids(100_000, rng=1)
    x = np.random.default_rng(0).normal(size=(2000, 1))
    images, used = found.between(x, centroids, k=2, angle=0.5)
    assert np.all(abs(images) > 2.8 - 1e-12) and set(used) == {1, 2}
    crossing, _ = found.between(x, centroids, k=2, angle=10)
    assert np.any(abs(crossing) < 2)
    assert np.array_equal(used == 1, found.angle(x) > 0.5)
    np.testing.assert_allclose(found.potential(x), (x * points.T + found.heights).max(1))
    assert np.all(found.facet_distance(x) >= 0)


def test_starts_unpack_and_go_on_by_any_solver():
    points = np.array([[-2.0], [2.0]])
    found = bd.transport_map(points, masses=[0.3, 0.7], method="newton")
    x, level = bd.transport_start(found, 2000, 0.4, rng=1)
    assert x.shape == (2000, 1) and level == 0.4
    model = bd.GaussianMixture([0.3, 0.7], points, [[[0.01]]] * 2)
    for schedule in (bd.EDM(), bd.VP()):
        start = bd.transport_start(found, 2000, 0.4, 1, schedule=schedule)
        draws = bd.sample(model, bd.heun(schedule, steps=3), x=start.x, level=start.level)
        assert draws.evaluations == 12_000 and np.all(abs(abs(draws.x) - 2) < 0.6)
        assert np.array_equal(draws.x[:, 0] > 0, start.cell == 1)
        assert abs(np.mean(start.cell) - 0.7) < 5 * np.sqrt(0.21 / 2000)
    refined = bd.sample(model, bd.annealed_langevin(bd.EDM(), steps=2, to_zero=True), x=x, level=level, rng=3)
    assert refined.parts == {"denoise": 22_000}
    assert (
        "2000 starts, d=1, level 0.4" in repr(start)
        and start.rng_key == 1
        and np.array_equal(found.cell(start.source), start.cell)
    )


def test_starts_may_lie_between_points():
    points = np.random.default_rng(3).normal(size=(30, 2))
    found = bd.transport_map(points, target_error=0.05, rng=1)
    centroids = found.centroids(100_000, rng=2)
    start = bd.transport_start(found, 500, 0.1, rng=4, noise="points", k=2, centroids=centroids, angle=9)
    assert np.all(start.used == 2) and np.array_equal(start.x, found.between(start.source, centroids, k=2, angle=9)[0])
    with pytest.raises(ValueError, match="needs the centroids"):
        bd.transport_start(found, 500, 0.1, k=2)
    with pytest.raises(ValueError, match="noise must be"):
        bd.transport_start(found, 500, 0.1, noise="none")


def test_copies_are_told_from_samples():
    rng = np.random.default_rng(1)
    data = rng.normal(size=(300, 6))
    share = bd.memorised({"copies": data + 0.05 * rng.normal(size=(300, 6)), "fresh": rng.normal(size=(300, 6))}, data)
    assert share["copies"] == pytest.approx(299 / 300) and share["fresh"] == 0 and share.n == 600
    low, high = share.confidence_interval()
    assert high[1] == pytest.approx(1 - 0.025 ** (1 / 300)) and low[1] == 0   # Clopper and Pearson's


def test_few_targets_use_their_draws_as_well_as_an_average_of_adam():
    points = np.random.default_rng(77).standard_normal((64, 8))
    errors = []
    for key in (1, 2, 3):
        found = bd.transport_map(points, target_error=0, budget=2_200_000, rng=key)
        errors.append(found.check(5_000_000, rng=100 + key).mass_error.value[0] / 2)
    assert (
        np.mean(errors) < 0.0033
    )  # total variation: 0.00275 with a standard deviation of 0.00035 over keys; 0.0040 with turned draws
