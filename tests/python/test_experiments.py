"""Every experiment in its small size meets its own claims; the statistics that judge them are right."""
import dataclasses
import functools
import importlib
import json

import numpy as np
import pytest

import buffon as bf
from buffon.experiments import EXPERIMENTS, _calibration, _patches
from buffon.experiments._claims import Claim, check
from buffon.experiments._comparison import Arm, Case, campaign, compare, one_output, only, ratio, separately, stack
from buffon.experiments._digits import Energy
from buffon.experiments._processes import mapped
from buffon.experiments._report import claim_table, short, with_error


def experiment(name):
    return importlib.import_module(f"buffon.experiments.{name}")


@functools.cache
def small_records(name):
    module = experiment(name)
    try:
        return module.run(module.Config.small())
    except ImportError as missing:   # of an extra: "... pip install buffon[pictures]"
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_small_size_meets_the_claims(name):
    module = experiment(name)
    claims = check(module.EXPECTED, small_records(name), module.Config.small())
    assert claims
    assert not [claim for claim in claims if not claim["holds"]]


def test_a_case_judges_the_interval_that_its_value_has_in_the_estimate():
    outputs = {"square": lambda y: y[:, 0], "event": lambda y: y[:, 0] > 4}
    square = bf.Problem(lambda x: x**2, bf.Normal(), outputs=outputs)
    near = bf.Problem(lambda x: x**2 + 0.1 * x, bf.Normal(), outputs=outputs)
    e = bf.multilevel([(square, 1.0), (near, 0.1)], budget=300, rng=1)
    low, high = e.confidence_interval()
    assert not np.allclose(high - e.value, e.value - low, rtol=1e-3)   # bounds of their own, by a bootstrap
    for j, name in enumerate(e.names):
        alone = only(name)(e)
        assert alone.names == [name] and np.concatenate(alone.confidence_interval()).tolist() == [low[j], high[j]]
    one = bf.plain(square, budget=100, rng=1).without(["event"])
    assert only("square")(one).value == one.value                      # nothing to leave out


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_has_a_method_and_a_control_arm_in_every_case(name):
    roles = {}
    for record in small_records(name):
        if record["kind"] != "coverage" or record["case"] == experiment(name).MEAN:   # cells are judged against a number
            roles.setdefault(record["case"], set()).add(record["role"])
    assert all(found == {"method", "control"} for found in roles.values())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_claim_is_about_an_arm_that_is_there(name):
    module = experiment(name)
    claims = check(module.EXPECTED, small_records(name), module.Config())
    assert {claim["claim"] for claim in claims} == {claim.text for claim in module.EXPECTED}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_records_tables_and_picture_can_be_kept(name, tmp_path):
    module = experiment(name)
    records = small_records(name)
    json.dumps(records, allow_nan=False)
    assert all(len(row) == len(table.header) for table in module.tables(records) for row in table.rows)
    module.picture(records, tmp_path / "picture.png")
    picture = (tmp_path / "picture.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) < 100_000


def test_same_key_same_records_and_progress_ends_at_the_total():
    module = experiment("gaussian_moments")
    config = module.Config(budget=1000, repetitions=2)
    seen = []
    first, second = module.run(config, lambda n, total: seen.append((n, total))), module.run(config)
    assert [{**r, "cpu_seconds": 0} for r in first] == [{**r, "cpu_seconds": 0} for r in second]
    assert seen[-1][0] == seen[-1][1] == 1000 * 2 * 5


def test_progress_pools_the_runs_of_an_arm():
    problem = bf.Problem(lambda x: x[:, 0] + 3.0, bf.Normal())
    case = Case("mean", ["mean"], np.array([3.0]), np.array([1.0]))
    arms = [Arm(name, lambda rng: bf.plain(problem, budget=1000, rng=rng)) for name in ("one", "two")]
    config, seen = experiment("safety").Config(budget=1000, repetitions=4), []

    def follow(n, total, partial):
        seen.append((n, partial().n, *partial().value, *partial().std_error))
    campaign([(arms, [case], config)] * 2, follow)
    assert [n for n, *_ in seen] == list(range(1000, 16_001, 1000))
    assert [n for _, n, *_ in seen] == [1000, 2000, 3000, 4000] * 4   # each arm begins anew
    for n, value, error in ((n, v, e) for _, n, v, e in seen):
        assert abs(value - 3) < 5 * error and error == pytest.approx(n**-0.5, rel=0.1)


def test_plain_criterion_of_gaussian_moments_is_the_published_one():
    assert experiment("gaussian_moments").plain_criterion(20_000) == pytest.approx(49.75, abs=0.005)


def test_criterion_and_coverage_of_plain_monte_carlo_are_those_of_theory():
    problem = bf.Problem(lambda x: x, bf.Normal(3.0, 2.0))
    case = Case("mean", ["mean"], np.array([3.0]), np.array([1.0]))
    config = experiment("safety").Config(budget=100, repetitions=2000)
    arm = Arm("plain", lambda rng: bf.plain(problem, budget=config.budget, rng=rng))
    value, criterion = compare([arm], [case], config)
    assert abs(criterion["criterion"] - 0.04) < 4 * criterion["criterion_se"]   # variance / budget
    assert criterion["criterion_se"] == pytest.approx(0.04 * np.sqrt(2 / 2000), rel=0.2)
    assert abs(criterion["coverage"] - 0.95) < 0.02
    assert value["rmse"] == pytest.approx(0.2, rel=0.1)


def test_ratio_is_exact_without_errors_and_covers_both():
    assert ratio((6.0, 0.0), (2.0, 0.0)) == (3.0, 3.0, 3.0)
    value, low, high = ratio((6.0, 0.6), (2.0, 0.2))
    assert value == 3 and low == pytest.approx(3 / np.exp(1.96 * np.sqrt(0.02))) and high * low == pytest.approx(9)


def test_one_output_is_that_column():
    problem = bf.testing.gaussian_moments().problem
    x = np.array([[0.5], [2.0]])
    assert np.array_equal(one_output(problem, 3)(x), problem(x)[:, 3:4])
    assert one_output(problem, 3).outputs == [problem.outputs[3]]


def test_stacked_estimates_are_independent():
    problem = bf.testing.gaussian_moments().problem
    a, b = bf.plain(problem, budget=1000, rng=1), bf.quasi(one_output(problem, 0), budget=1000, rng=2)
    both = stack([a, b])
    assert np.array_equal(both.value, np.concatenate([a.value, b.value]))
    assert np.array_equal(both.covariance[:10, :10], a.covariance) and both.covariance[10, 10] == b.covariance[0, 0]
    assert not both.covariance[:10, 10].any()
    assert both.n == a.n + b.n and both.degrees_of_freedom == b.degrees_of_freedom


def test_separately_spends_what_it_is_given():
    problem = bf.testing.gaussian_moments().problem
    e = separately(problem, [500] * 10, np.random.SeedSequence(1), points="iid")
    assert e.names == problem.outputs and 2500 <= e.n <= 5000


def claim_holds(low, high, **bounds):
    middle, error = (low + high) / 2, (high - low) / 4
    record = {"kind": "criterion", "case": "c", "arm": "a", "criterion": middle, "criterion_se": error, "criterion_exact": None}
    config = experiment("safety").Config()
    (found,) = check([Claim("it is so", "a", **bounds)], [record], config)
    return found["holds"]


def test_claims_fail_beyond_their_interval_and_sure_ones_within():
    assert claim_holds(1, 3, at_most=1.5) and not claim_holds(1, 3, at_most=0.5)
    assert claim_holds(1, 3, at_least=2.5) and not claim_holds(1, 3, at_least=3.5)
    assert not claim_holds(1, 3, at_least=2.5, sure=True) and claim_holds(1, 3, at_least=0.5, sure=True)


def test_claims_of_the_default_size_are_left_out_at_others():
    module = experiment("gaussian_moments")
    records = small_records("gaussian_moments")
    count = [len(check(module.EXPECTED, records, config)) for config in
             (module.Config(), module.Config(repetitions=3, rng=9), module.Config.small())]
    assert count[0] == count[1] > count[2]


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e5, 1e9])
def test_numbers_are_written_as_an_estimate_prints_them(scale):
    e = bf.plain(bf.Problem(lambda x: scale * x, bf.Normal(3.0, 1.0)), budget=1000, rng=1)
    assert with_error(e.value[0], e.std_error[0]) in repr(e)


@pytest.mark.parametrize(("value", "text"), [
    (0.01234, "0.0123"), (8463.4, "8,460"), (2_227_753.0, "2,230,000"), (99.96, "100"), (123.4, "123"),
    (2.66e-12, "2.66e-12"), (1e7, "1.00e7"), (None, "-"), (0, "0"), (1, "1"),
])
def test_short_numbers(value, text):
    assert short(value) == text


def calibrated(scale, runs=2000):
    """Cells of runs whose standard error is `scale` times the right one, of a mean 3 and a mean 0."""
    rng = np.random.default_rng(1)
    state = bf.plain(bf.Problem(lambda x: np.hstack([x, x]), bf.Normal(), outputs=["a", "b"]), budget=100, rng=1)._state()
    found = []
    for _ in range(runs):
        value = [3 + rng.normal(), rng.normal()]
        e = bf.Estimate._from_state({**state, "value": value, "covariance": [scale**2, 0, 0, scale**2], "diagnostics": {}})
        found.append(_calibration.interval(e))
    return _calibration.cells("problem", np.array([3.0, 0.0]), ["a", "b"], found)


@pytest.mark.parametrize("processes", [1, 2])
def test_parts_come_in_order_from_any_number_of_processes(processes):
    assert list(mapped(divmod, [(k, 3) for k in range(7)], processes)) == [divmod(k, 3) for k in range(7)]
    with pytest.raises(ZeroDivisionError):
        list(mapped(divmod, [(1, 1), (1, 0)], processes))


def test_cells_measure_coverage_and_calibration():
    for scale, coverage in ((1.0, 0.95), (0.5, 0.673), (2.0, 0.99991)):   # 2 Phi(1.96 scale) - 1
        cells = calibrated(scale)
        for record in map(_calibration.record, cells):
            assert abs(record["coverage"] - coverage) < 5 * np.sqrt(coverage * (1 - coverage) / 2000) + 1e-3
            assert record["coverage_low"] < record["coverage"] <= record["coverage_high"]
            assert abs(record["z2"] - scale**-2) < 5 * record["z2_se"] and record["z2_expected"] == 1
            assert record["silent_misses"] == pytest.approx(1 - record["coverage"]) and record["warned"] == 0
        mean = _calibration.mean_record(cells)
        assert mean["n_cells"] == mean["n_unwarned"] == 2 and abs(mean["coverage"] - coverage) < 0.05
        assert mean["coverage_se"] == pytest.approx(np.sqrt(coverage * (1 - coverage) / 4000), rel=0.3, abs=1e-3)


def test_a_warning_counts_for_its_output_or_for_all():
    rare = {"hit": lambda x: x[:, 0], "never": lambda x: x[:, 0] > 99, "heavy": lambda x: np.exp(2 * x[:, 0] ** 2)}
    e = bf.plain(bf.Problem(lambda x: x, bf.Normal(), outputs=rare), budget=1000, rng=1)
    assert _calibration.warned(e).tolist() == [False, True, True]
    names = {"a": lambda x: np.exp(x[:, 0] ** 2), "b": lambda x: x[:, 0], "c": lambda x: np.exp(2 * x[:, 0] ** 2)}
    two = bf.plain(bf.Problem(lambda x: x, bf.Normal(), outputs=names), budget=1000, rng=1)
    assert "1 more of 3 values" in two.warnings[0] and _calibration.warned(two).tolist() == [True, False, True]
    whole = bf.Estimate._from_state({**e._state(), "warnings": ["3 of 1,000 evaluations failed"], "diagnostics": {}})
    assert _calibration.warned(whole).all()


def test_a_cell_that_warns_is_no_part_of_the_mean():
    good, bad = calibrated(1.0), calibrated(0.5)
    warned = [dataclasses.replace(cell, warned=np.ones_like(cell.covered)) for cell in bad]
    mean = _calibration.mean_record(good + warned)
    assert mean["n_cells"] == 4 and mean["n_unwarned"] == 2 and mean["coverage"] > 0.93 and mean["worst_silent_misses"] < 0.08
    assert "unwarned_coverage" not in _calibration.record(warned[0])


def test_shares_have_the_interval_of_wilson():
    low, high = _calibration.wilson(0.9, 10)   # Newcombe, Stat. Med. 17 (1998): 9 of 10
    assert low == pytest.approx(0.596, abs=5e-4) and high == pytest.approx(0.982, abs=5e-4)
    assert _calibration.wilson(1.0, 20)[0] < 0.9
    assert _calibration.wilson(0.0, 60)[0] >= 0 and _calibration.wilson(1.0, 60)[1] <= 1


def test_of_many_claims_only_those_that_fail_are_shown():
    claims = [{"case": str(i), "claim": "it is so", "measured": i, "low": i, "high": i, "at_least": 0, "at_most": 50,
               "holds": i <= 50} for i in range(60)]
    few, many = claim_table(claims[30:]), claim_table(claims)
    assert len(few.rows) == 30 and few.note == "21 of 30 claims hold"
    assert [row[-1] for row in many.rows] == ["FAILS"] * 9 and many.note == "51 of 60 claims hold"


def test_the_river_rises_as_by_hand():
    """H = (1000 / (300 * 30 * sqrt(5 / 5000)))^0.6 = 2.12548 m."""
    flood = experiment("flood")
    dry = flood.river(np.array([[1000, 30, 50, 55, 8.5, 55.5, 5000, 300.0]]))
    np.testing.assert_allclose(dry, [[2.12548 - 14, 0.2 + 0.8 * 0.0490505 + 0.425, 2.12548 - 5.5]], rtol=1e-5)
    wet = flood.river(np.array([[1e5, 30, 50, 55, 7, 55.5, 5000, 300.0]]))
    assert wet[0, 0] == pytest.approx(2.12548 * 100**0.6 - 12.5, rel=1e-5) and wet[0, 1] == 1.4


def test_a_clean_patch_given_a_degraded_one_follows_bayes_rule():
    """log p(x) + log p(mu | x) - log p(x | mu) = log p(mu), whatever x is, for every task."""
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(2, 64, 64)) / 80
    covariances = factors @ factors.swapaxes(1, 2) + 1e-3 * np.eye(64)
    prior = _patches.Mixture(np.array([0.3, 0.7]), rng.uniform(size=(2, 64)), covariances)
    for task, degradation in _patches.degradations().items():
        mu = degradation.apply(prior.means[:1], 0, rng)[0]
        posterior = degradation.posterior(prior, mu, least=0)
        x = posterior.means[rng.integers(len(posterior.means), size=5)] + 0.01 * rng.normal(size=(5, 64))
        squares = [((mu - x @ matrix.T - offset)**2).sum(axis=1) for matrix, offset in degradation.strengths]
        likelihood = np.logaddexp.reduce([-s / (2 * degradation.noise**2) for s in squares])
        prior_density, density = (np.logaddexp.reduce(m.log_densities(x), axis=1) for m in (prior, posterior))
        np.testing.assert_allclose(np.ptp(prior_density + likelihood - density), 0, atol=1e-6, err_msg=task)


def test_energy_distance_of_two_normal_laws_and_its_error():
    """E|X - Y| of N(1, 1) and N(0, 1) is that of |N(1, 2)|, a folded normal; E|X - X'| = 2 / sqrt(pi)."""
    folded = np.sqrt(4 / np.pi) * np.exp(-0.25) + 1 - 2 * bf.Normal().cdf(np.array([-1 / np.sqrt(2)]))[0]
    rng, z = np.random.default_rng(1), []
    for _ in range(600):
        found = Energy(rng.normal(1, 1, (60, 1)), rng.normal(0, 1, (50, 1)))
        z.append((found.value - (2 * folded - 4 / np.sqrt(np.pi))) / found.error)
    assert abs(np.mean(z)) < 5 / np.sqrt(600) and 0.8 < np.mean(np.square(z)) < 1.3   # the error is estimated: a little above 1
    x, y = rng.normal(1, 1, (60, 3)), rng.normal(size=(50, 3))
    assert Energy(x, y).beyond(Energy(x, y)) == (0, 0)
    pairs = [np.linalg.norm(a[:, None] - b, axis=2) for a, b in ((x, y), (x, x), (y, y))]
    assert Energy(x, y).value == pytest.approx(2 * pairs[0].mean() - pairs[1].sum() / (60 * 59) - pairs[2].sum() / (50 * 49))


def test_an_arm_needs_the_number_from_which_on_there_is_no_excess():
    restoration = experiment("restoration")
    excess = np.array([[1, -1, -1, 1], [1, -1, 1, -1], [-1, -1, -1, 1]])
    assert restoration._needed(excess, (5, 8, 10)).tolist() == [10, 5, 10, restoration.REFERENCE]


@pytest.mark.parametrize("name", ["published", "larger floods", "uncorrelated"])
def test_the_references_of_the_flood_are_those_of_its_model(name):
    flood = experiment("flood")
    scenario = flood.SCENARIOS[name]
    known = flood.reference(scenario, 2**14, 1)
    plain = bf.plain(bf.Problem(flood.river, scenario.inputs(), outputs=flood.OUTPUTS), budget=300_000, rng=2)
    assert np.all(np.abs(known.value - plain.value) < 4.5 * np.hypot(known.std_error, plain.std_error))
    assert np.all(known.std_error < plain.std_error)
