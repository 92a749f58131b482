"""TransportStart.report and what a TransportStart prints."""
import numpy as np
import pytest

from buffon import diffusion as bd

MODEL = bd.GaussianMixture([0.5, 0.5], [[-2.0, 0.0], [2.0, 0.0]], [0.01 * np.eye(2)] * 2)


def _table(schedule, level, last=0.01):
    return bd.heun(
        schedule,
        steps=3,
        grid="rho",
        to_zero=True,
        t_start=schedule.t_of_lam(-np.log(level)),
        t_end=schedule.t_of_lam(-np.log(last)),
    )


@pytest.fixture(scope="module")
def found():
    return bd.transport_map(MODEL.forward(60, 0.0, rng=1), rng=2)


@pytest.mark.parametrize("schedule", [None, bd.VP()])
def test_the_bound_has_its_terms_and_bounds(found, schedule):
    start = bd.transport_start(found, 300, 0.3, rng=3, schedule=schedule)
    report = start.report(MODEL, _table(schedule or bd.VE(), 0.3), n=200, stretched=20)
    assert report.bound == pytest.approx(report.stretch * (report.start + report.mass) + report.solver + report.end)
    assert report.bound > report.measured > 0 and report.floor > 0 and report.evaluations == 5
    assert report.mass == pytest.approx(np.sqrt(found.mass_error.value[0] / 2) * np.linalg.norm(np.ptp(found.points, axis=0)))
    assert report.end == pytest.approx(0.01 * np.sqrt(2)) and report.solver < 0.1 and report.mixture.value[0] < 0.05
    assert all(word in repr(report) for word in ("memorised", "two modes in", "bound", "solver", "5 evaluations"))


def test_a_start_prints_its_copies_and_its_masses_part(found):
    copied, free = (bd.transport_start(found, 400, level, rng=3) for level in (1e-4, 0.5))
    assert copied.memorised.value[0] == 1 and free.memorised.value[0] < 0.5
    assert np.array_equal(free.memorised.value, bd.memorised(free.x, found.points).value)
    assert "400 starts, d=2, level 0.5" in repr(free) and "memorised 1 (" in repr(copied) and "0 between points" in repr(free)
    scaled = bd.transport_start(found, 400, 0.5, rng=3, schedule=bd.VP())
    assert np.array_equal(scaled.memorised.value, free.memorised.value) and scaled.map is found
    single = bd.transport_start(bd.transport_map([[1.0, 2.0]], rng=1), 10, 0.1, rng=1)
    assert single.memorised is None and single.mass_bound == 0 and "10 starts" in repr(single)


def test_data_and_classes_are_asked_for_where_nobody_knows_them(found):
    start = bd.transport_start(found, 50, 0.3, rng=3)
    model = bd.Denoiser(lambda x, sigma: MODEL.denoise(x, sigma), dim=2)
    with pytest.raises(ValueError, match="data must be given"):
        start.report(model, _table(bd.VE(), 0.3))
    report = start.report(model, _table(bd.VE(), 0.3), MODEL.forward(50, 0.0, rng=4), stretched=5)
    assert report.mixture is None and report.floor is None and "classes unknown" in repr(report)
    with pytest.raises(ValueError, match="m >= n >= 2"):
        start.report(MODEL, _table(bd.VE(), 0.3), np.zeros((10, 2)))


def test_a_generator_is_a_key_as_everywhere(found):
    start = bd.transport_start(found, 50, 0.3, rng=3)
    a, b = (start.report(MODEL, _table(bd.VE(), 0.3), stretched=5, rng=np.random.default_rng(4)) for _ in range(2))
    assert a.measured == b.measured and a.start == b.start
