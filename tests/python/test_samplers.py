"""Tables and samplers as Python sees them."""
import numpy as np
import pytest

from buffon import diffusion as bd

ADAPTIVE = {"dpm_adaptive", "rk45"}   # no rows before sampling
OTHERS = {
    "dc_search",
    "ems",
    "energy",
    "fit_mixture",
    "frechet",
    "kid",
    "memorised",
    "mmd",
    "prdc",
    "sliced_w2",
    "w2",
    "cf_distance",
    "denoising_loss",
    "mode_masses",
    "mode_mixture",
    "moment_probe",
    "off_mode",
    "transport_map",
    "sample",
    "solver_search",
    "invert",
    "log_likelihood",
    "order_report",
    "guided",
    "thresholded",
    "time_shifted",
    "exposure_profile",
    "langevin_gibbs",
    "chain_kernel",
}
SOLVERS = sorted(set(bd._native.registry) - OTHERS - ADAPTIVE)


def mixture():
    return bd.GaussianMixture([0.5, 0.3, 0.2], [[-1.0, 0.5], [1.5, -0.5], [0.2, 2.0]], [0.04 * np.eye(2)] * 3)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_makes_a_table_that_prints_itself(name):
    table = getattr(bd, name)(bd.VP(), steps=5)
    assert repr(table).startswith(f"{name}(steps=5, grid='logsnr'")
    assert table.evaluations == sum(row["at"] is not None for row in table.rows)
    assert len(table.levels) == len(table.times) == 6 and table.steps == 5
    assert len(table.formula().splitlines()) == len(table.rows)
    assert table.violation < 1e-13 and len(table.order) == 2


@pytest.mark.parametrize("name", SOLVERS)
def test_a_table_from_an_array_of_times_is_that_of_the_grid(name):
    make = getattr(bd, name)
    assert make(bd.VP(), grid=bd.VP().grid(6, "time")).rows == make(bd.VP(), steps=6, grid="time").rows


def test_samples_follow_the_mixture():
    model = mixture()
    draws = bd.sample(model, bd.dpmpp(bd.VP(), steps=40), n=20_000, rng=1)
    assert draws.x.shape == (20_000, 2) and draws.evaluations == draws.parts["denoise"] == 800_000
    exact = model.means.T @ model.weights
    spread = np.sqrt(np.diag(np.cov(draws.x.T)) / len(draws))
    assert np.all(np.abs(draws.x.mean(0) - exact) < 4 * spread + 2e-3)
    assert np.asarray(draws).shape == (20_000, 2)


def test_a_sample_does_not_depend_on_the_others():
    table = bd.ddim(bd.VP(), steps=8, eta=1)
    many = bd.sample(mixture(), table, n=50, rng=4).x
    assert np.array_equal(bd.sample(mixture(), table, n=7, rng=4, batch=2, threads=1).x, many[:7])
    assert not np.array_equal(bd.sample(mixture(), table, n=50, rng=5).x, many)


def test_float32_states():
    table = bd.ddim(bd.VP(), steps=8)
    single, double = (bd.sample(mixture(), table, n=30, rng=4, dtype=dtype).x for dtype in ("float32", "float64"))
    assert single.dtype == np.float32 and double.dtype == np.float64
    np.testing.assert_allclose(single, double, atol=1e-5)


def test_callback_sees_read_only_states_and_stops():
    seen = []

    def look(step):
        assert not step.x.flags.writeable and not step.data.flags.writeable
        seen.append((step.node, step.level, step.alpha * step.x))
        return step.node < 3

    table = bd.ddim(bd.VP(), steps=5)
    draws = bd.sample(mixture(), table, n=4, rng=0, callback=look)
    assert [node for node, _, _ in seen] == [1, 2, 3]
    np.testing.assert_array_equal([level for _, level, _ in seen], table.levels[1:4])
    np.testing.assert_array_equal(draws.x, seen[-1][2])
    assert draws.evaluations == 12


@pytest.mark.parametrize("no", [False, np.False_])
def test_a_callback_stops_with_false(no):
    table = bd.ddim(bd.VP(), steps=10)
    assert bd.sample(mixture(), table, n=4, rng=0, callback=lambda step: no).evaluations == 4
    assert bd.sample(mixture(), table, n=4, rng=0, callback=lambda step: 0).evaluations == 40


def test_an_error_in_a_callback_comes_out():
    def fail(step):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        bd.sample(mixture(), bd.ddim(bd.VP(), steps=5), n=4, rng=0, callback=fail)


def test_record_and_starts_at_levels():
    table = bd.dpmpp(bd.EDM(), steps=6)
    draws = bd.sample(mixture(), table, x=[[1.0, 2.0], [3.0, -1.0]], level=[2.0, 5.0], record=3)
    assert draws.trajectory.shape == (2, 2, 2) and len(draws.times) == 2
    np.testing.assert_array_equal(draws.trajectory[-1], draws.x)
    alone = bd.sample(mixture(), table.from_level(5.0), x=[[3.0, -1.0]])
    np.testing.assert_array_equal(alone.x[0], draws.x[1])


def test_progress_counts_up_to_the_evaluations(capsys):
    told = []
    draws = bd.sample(mixture(), bd.ddim(bd.VP(), steps=5), n=10, rng=0, progress=lambda n, total: told.append((n, total)))
    assert told[-1] == (50, 50) and draws.evaluations == 50
    bd.sample(mixture(), bd.ddim(bd.VP(), steps=5), n=10, rng=0, progress=True)
    assert "50 of 50 evaluations" in capsys.readouterr().err


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda m, t: bd.sample(m, t), ValueError, "sample: n must be given"),
        (lambda m, t: bd.sample(m, "ddim", n=1), TypeError, "table must be a Table"),
        (lambda m, t: bd.sample(3, t, n=1), TypeError, "model must be a denoiser"),
        (lambda m, t: bd.sample(m, t, m=1), TypeError, "unknown keyword 'm'"),
        (lambda m, t: bd.sample(m, t, n=1, condition=1), ValueError, "condition must be None"),
        (lambda m, t: bd.sample(m, t, n=1, condition=0.5), TypeError, "condition must be int"),
        (lambda m, t: bd.sample(m, t, n=1, dtype="int8"), ValueError,
         "dtype must be one of 'float64', 'float32', 'float16', 'bfloat16'"),
        (lambda m, t: bd.ddim(3, steps=2), TypeError, "schedule must be a schedule"),
        (lambda m, t: bd.ddim(bd.VP()), ValueError, "steps must be given"),
        (lambda m, t: bd.ddim(bd.VP(), steps=2, grid="log"), ValueError, "grid must be one of"),
        (lambda m, t: bd.ddim(bd.VP(), grid=[0.3]), ValueError, "grid must hold at least 2 times"),
        (lambda m, t: bd.ddim(bd.VP(), steps=2, eat=1), TypeError, "unknown keyword 'eat'.*eta"),
        (lambda m, t: bd.dpmpp(bd.VP(), steps=2, order=4), ValueError, "order must be 1, 2 or 3"),
    ],
)
def test_refuses(call, error, words):
    with pytest.raises(error, match=words):
        call(mixture(), bd.ddim(bd.VP(), steps=2))


def test_inversion_and_sampling_undo_each_other():
    table = bd.fpndm(bd.VP(), steps=300)
    x = mixture().forward(50, 0.02, rng=1)
    noise = bd.invert(mixture(), table, x=x)
    assert noise.evaluations == 50 * 309
    assert np.abs(bd.sample(mixture(), table, x=noise.x).x - x).max() < 1e-2
    assert table.reversed().levels[0] == table.levels[-1]
    with pytest.raises(ValueError, match="a random table cannot run"):
        bd.invert(mixture(), bd.ddpm(bd.VP(), steps=10), x=x)
    with pytest.raises(ValueError, match="invert: x"):
        bd.invert(mixture(), table)


def test_an_order_report_measures_what_the_solver_declares():
    report = bd.order_report(bd.dpmpp(bd.VP(), steps=10, order=2))
    low, high = report.interval
    assert low < report.order < high and abs(report.order - 2) < 0.1 and report.declared == 2 and report.ok
    assert (
        list(report.steps) == [40, 80, 160, 320, 640]
        and len(report.orders) == 4
        and set(report.asymptotic) <= set(report.steps)
    )
    assert repr(report).startswith("dpmpp(order=2, method='multistep'") and "): order 1.99 [" in repr(report)
    assert "weak order" in repr(bd.order_report(bd.ddpm(bd.VP(), steps=10)))
    assert report.end == "noise end" and bd.order_report(bd.dpmpp(bd.VP(), steps=10, t_start=0.3, t_end=0.02)).end == "middle"


def test_an_order_report_says_why_an_order_is_missed_and_refuses_adaptive_solvers_by_name():
    report = bd.order_report(bd.unipc(bd.VP(), steps=10, order=3))
    assert not report.ok and report.declared == 4 and "lower_order_final=False" in report.advice and report.advice in repr(report)
    with pytest.raises(ValueError, match=r"^order_report: rk45 chooses its steps"):
        bd.order_report(bd.rk45(bd.VP()))


def test_the_picture_of_an_order_report_shows_both_slopes():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    report = bd.order_report(bd.heun(bd.VP(), steps=10))
    ax = report.plot()
    points, fitted, declared = (np.log(line.get_data()) for line in ax.lines)
    np.testing.assert_allclose(np.exp(points), [report.steps, report.errors])
    for line, slope in ((fitted, report.order), (declared, report.declared)):
        np.testing.assert_allclose(-np.diff(line[1]) / np.diff(line[0]), slope)
    assert report.plot(ax) is ax
    pyplot.close("all")


def test_steps_share_brownian_paths():
    fine, coarse, other = (bd.sample(mixture(), bd.ancestral(bd.VP(), steps=n), n=200, rng=3, noise=noise).x
                           for n, noise in [(1600, "brownian"), (400, "brownian"), (400, "independent")])
    assert np.median(np.abs(fine - coarse)) < 0.1 * np.median(np.abs(fine - other))
    with pytest.raises(ValueError, match="brownian"):
        bd.sample(mixture(), bd.heun(bd.VP(), steps=5, s_churn=1), n=2, noise="brownian")


def test_norms_of_the_batch_couple_samples_and_say_so():
    pooled = bd.reverse_diffusion(bd.VE(), steps=10, corrections=1, norms="batch")
    assert pooled.evaluations == 20
    with pytest.raises(ValueError, match="all samples at once"):
        bd.sample(mixture(), pooled, n=10, batch=5)


@pytest.mark.parametrize("name", sorted(ADAPTIVE))
def test_adaptive_solvers_spend_what_their_tolerances_ask_for(name):
    loose, tight = (getattr(bd, name)(bd.VP(), rtol=tolerance, atol=tolerance) for tolerance in [1e-2, 1e-4])
    assert "tolerances" in repr(loose) and loose.rows == [] and loose.evaluations == 0
    first, second = (bd.sample(mixture(), table, n=100, rng=1) for table in [loose, tight])
    assert 1000 < first.evaluations < second.evaluations
    assert np.median(np.abs(first.x - second.x)) < 0.02
    alone = bd.sample(mixture(), tight, x=[[0.3, -0.4]]).x
    assert np.array_equal(bd.sample(mixture(), tight, x=[[1.0, 1.0], [0.3, -0.4]]).x[1:], alone)


def test_log_likelihood_is_the_mixtures_log_density():
    x = mixture().forward(30, 0.002, rng=1)
    found = bd.log_likelihood(mixture(), bd.rk45(bd.EDM()), x=x)
    assert np.abs(found.value - mixture().log_density(x, 0.002)).max() < 0.1   # the prior N(0, 80^2 I) is not quite the law at 80
    probed = bd.log_likelihood(mixture(), bd.heun(bd.EDM(), steps=40), x=x, probes=4, rng=2)
    assert probed.std_error.shape == (30,) and probed.noise.shape == (30, 2)
def test_a_mean_reverting_sampler_restores_about_its_mean():
    """Of one Gaussian: the exact law of the result is that of the data whatever mu is."""
    model, schedule = bd.GaussianMixture([1.0], [[0.5, -0.2]], [0.01 * np.eye(2)]), bd.MeanReverting(0.2)
    degraded = np.random.default_rng(1).normal(size=(4000, 2))
    for table in (bd.mrs(schedule, steps=20, order=3, prediction="noise", to_zero=True), bd.posterior_mr(schedule, steps=100)):
        draws = bd.sample(model, table, mean=degraded, n=4000, rng=1)
        assert np.all(np.abs(draws.x.mean(0) - [0.5, -0.2]) < 0.01) and np.all(np.abs(draws.x.std(0) - 0.1) < 0.01)
        one = bd.sample(model, table, mean=degraded[7:8], x=draws.x[7:8], level=1.0, rng=1)
        assert one.x.shape == (1, 2)


def test_the_degraded_data_belong_to_mean_reverting_schedules():
    table = bd.mrs(bd.MeanReverting(0.2), steps=5)
    with pytest.raises(ValueError, match="mean must be given with a mean-reverting schedule"):
        bd.sample(mixture(), table, n=3, rng=1)
    with pytest.raises(ValueError, match="mean must have shape"):
        bd.sample(mixture(), table, n=3, rng=1, mean=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="mean belongs to a mean-reverting schedule"):
        bd.sample(mixture(), bd.ddim(bd.VP(), steps=5), n=3, rng=1, mean=np.zeros((1, 2)))


def test_a_search_is_a_function_of_its_key_resumes_and_beats_its_control():
    model = mixture()
    options = {"evaluations": 4, "points": 40, "rng": 5, "children": 20}
    table = bd.solver_search(model, bd.VP(), budget=100, **options)
    assert table.evaluations == 4 and len(table.record) == 100
    assert min(trial.score for trial in table.record) == min(table.record, key=lambda trial: trial.score).score
    half = bd.solver_search(model, bd.VP(), budget=50, **options)
    record = [bd.Trial.from_dict(trial.to_dict()) for trial in half.record]
    again = bd.solver_search(model, bd.VP(), budget=100, resume=record, **options)
    assert again.rows == table.rows
    random = bd.solver_search(model, bd.VP(), budget=100, random=True, **options)
    assert min(trial.score for trial in random.record) > min(trial.score for trial in table.record)


def test_a_search_takes_any_objective():
    seen = []

    def spread(draws):
        seen.append(draws.x.shape)
        return float(np.abs(draws.x).mean())

    table = bd.solver_search(mixture(), bd.VP(), evaluations=3, budget=30, points=8, objective=spread, rng=1)
    assert seen == [(8, 2)] * 30
    assert min(trial.score for trial in table.record) < 3
    with pytest.raises(ZeroDivisionError):
        bd.solver_search(mixture(), bd.VP(), evaluations=3, budget=30, points=8, objective=lambda draws: 1 / 0, rng=1)


def test_a_time_shifted_table_samples_nearer_to_the_data_it_was_calibrated_by():
    signs = np.sign(np.sin(0.7 * np.arange(256) + 0.3))
    model = bd.GaussianMixture([1, 1], 0.3 * np.array([signs, -signs]), np.full((2, 256), 0.01))
    table = bd.ddim(bd.Discrete.linear(), steps=20, grid="index", to_zero=True)
    variance = model.forward(2000, 0.0, rng=1).var(axis=1, ddof=1).mean()
    shifted = bd.time_shifted(table, window=40, cutoff=0, rule="calibrated", variance=variance)
    assert repr(shifted).startswith("time_shifted ddim(steps=20") and shifted.evaluations == 20
    def spread(table):
        x = bd.sample(bd.noise_scaled(model, 1.02), table, n=200, rng=3).x
        return np.sqrt(np.minimum(((x - 0.3 * signs) ** 2).mean(1), ((x + 0.3 * signs) ** 2).mean(1)).mean())

    assert 0 < 0.1 - spread(shifted) < 0.1 - spread(table)   # 0.1 of the data; a noise prediction too large narrows it
    with pytest.raises(ValueError, match="variance must be given with rule 'calibrated'"):
        bd.time_shifted(table, rule="calibrated")
    with pytest.raises(ValueError, match="must begin by denoising the state of their node"):
        bd.time_shifted(bd.unipc(bd.VP(), steps=5))
