"""Methods side by side on quantities with known values: repeated runs, errors, coverage and ratios, as plain records."""
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import buffon as bf
from buffon._progress import asks_for_partial
from buffon.experiments._processes import mapped


@dataclass(frozen=True)
class Arm:
    """One way to spend the budget: ``estimate(rng) -> Estimate``. A control is expected to lose; fewer ``repetitions`` may show
    it."""

    name: str
    estimate: Callable[[Any], bf.Estimate]
    control: bool = True
    repetitions: int | None = None   # None: as many as the config says

    def runs(self, config):
        """Its repetitions."""
        return self.repetitions or config.repetitions


@dataclass(frozen=True)
class Case:
    """Quantities with known values, and how to get them from an arm's estimate."""

    name: str
    names: list[str]
    exact: np.ndarray
    weights: np.ndarray                      # of the squared errors in the criterion
    of: Callable[[bf.Estimate], bf.Estimate] = lambda estimate: estimate
    known: dict[str, float] | None = None    # arm -> its exact criterion, where theory has it
    exact_error: np.ndarray | None = None    # standard errors of the known values; None: closed forms


def compare(arms, cases, config, progress=None):
    """Records of all arms on all cases; every run has its own key made from (config.rng, arm, repetition).

    ``progress`` may be one of (n, total) or of (n, total, partial), where partial() pools the runs of the arm so far.
    """
    runs = {arm.name: [] for arm in arms}
    total, done = _evaluations(arms, config), 0
    tell = _with_partial(progress)
    for a, arm in enumerate(arms):
        pooled = None
        for r in range(arm.runs(config)):
            estimate, run = _run(arm, cases, np.random.SeedSequence([config.rng, a, r]))
            runs[arm.name].append(run)
            pooled = pooled.merge(estimate) if pooled else estimate
            done += config.budget
            tell(done, total, _so_far(pooled, arm.name))
    return [record for case in cases for record in _records(case, arms, runs)]


def _evaluations(arms, config):
    return config.budget * sum(arm.runs(config) for arm in arms)


def _so_far(pooled, label):
    """A partial() that gives this estimate, and says whose it is."""
    def partial():
        return pooled
    partial.label = label
    return partial


def only(name):
    """What gets one value of an estimate with the interval that it has there: ``transform`` would leave a symmetric one."""
    return partial(_only, name)


def _only(name, estimate):
    return estimate.without([other for other in estimate.names if other != name])


def one_output(problem, j):
    """The problem with its output j alone."""
    return bf.Problem(problem, problem.inputs, outputs={problem.outputs[j]: lambda y: y[:, j]})


def separately(problem, budgets, rng, **options):
    """Each output by itself through ``aiscv`` with its own budget, put together as independent estimates."""
    keys = rng.spawn(len(budgets))
    return stack([bf.aiscv(one_output(problem, j), budget=n, rng=key, **options)
                  for j, (n, key) in enumerate(zip(budgets, keys, strict=True))])


def stack(estimates):
    """Independent estimates as one, with block-diagonal covariance and the fewest degrees of freedom among them."""
    states = [e._state() for e in estimates]
    ends = np.cumsum([len(e) for e in estimates])
    covariance = np.zeros((ends[-1], ends[-1]))
    for e, end in zip(estimates, ends, strict=True):
        covariance[end - len(e):end, end - len(e):end] = e.covariance
    joined = {key: [item for s in states for item in s[key]] for key in ("value", "names", "warnings")}
    joined["excess_kurtosis"] = np.concatenate([e.excess_kurtosis for e in estimates]).tolist()
    degrees = [s["degrees_of_freedom"] for s in states if s["degrees_of_freedom"] is not None]
    return bf.Estimate._from_state({
        **states[0], **joined, "covariance": covariance.ravel().tolist(), "n": sum(e.n for e in estimates),
        "n_failed": sum(e.n_failed for e in estimates), "degrees_of_freedom": min(degrees, default=None), "diagnostics": {},
    })


def ratio(above, below):
    """(value, low, high) of C_above / C_below from (criterion, standard error) pairs: 95 % on the logarithmic scale."""
    value = above[0] / below[0]
    spread = np.exp(1.96 * np.hypot(above[1] / above[0], below[1] / below[0]))
    return float(value), float(value / spread), float(value * spread)


def _run(arm, cases, key):
    begin = time.process_time()
    estimate = arm.estimate(key)
    seconds = time.process_time() - begin
    return estimate, {"seconds": seconds, "n": estimate.n, "doubtful": bool(estimate.warnings),
                      **{case.name: outcome(case.of(estimate)) for case in cases}}


def outcome(estimate):
    """Values, standard errors and 95 % intervals, without the warnings that go with them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")   # counted as doubtful runs
        low, high = estimate.confidence_interval()
    return {"value": estimate.value, "std_error": estimate.std_error, "low": low, "high": high}


def _records(case, arms, runs):
    values, criteria = [], []
    for arm in arms:
        outcomes = {k: np.array([run[case.name][k] for run in runs[arm.name]]) for k in ("value", "std_error", "low", "high")}
        head = {"case": case.name, "arm": arm.name, "role": "control" if arm.control else "method"}
        values += [{"kind": "value", **head, **_value(case, j, outcomes)} for j in range(len(case.names))]
        criteria.append({"kind": "criterion", **head, **_criterion(case, arm, outcomes, runs[arm.name])})
    return values + [{**record, **_gain(record, criteria)} for record in criteria]


def _value(case, j, outcomes):
    """Record of quantity j: the first run, as a user would see it, and the errors of all runs."""
    squares = (outcomes["value"][:, j] - case.exact[j]) ** 2
    rmse = np.sqrt(squares.mean())
    spread = np.exp(1.96 * _mean_error(squares) / (2 * squares.mean()))
    first = {key: float(outcomes[key][0, j]) for key in ("value", "std_error", "low", "high")}
    return {"name": case.names[j], "reference": float(case.exact[j]), "reference_error": float(_reference_error(case)[j]),
            **first, "rmse": float(rmse), "rmse_low": float(rmse / spread), "rmse_high": float(rmse * spread)}


def _criterion(case, arm, outcomes, runs):
    """C = mean over the runs of Q = sum_j w_j error_j^2, and what goes with it."""
    q = ((outcomes["value"] - case.exact) ** 2 * case.weights).sum(axis=1)
    covered = ((outcomes["low"] <= case.exact) & (case.exact <= outcomes["high"])).mean(axis=1)
    known = (case.known or {}).get(arm.name)
    sure = np.array([not run["doubtful"] for run in runs])
    # half of the truth is what a run says that has missed one of two equal regions
    missed = (outcomes["value"] / np.where(case.exact == 0, np.inf, case.exact) < 0.75) & (case.exact != 0)
    return {
        "criterion": float(q.mean()), "criterion_se": _mean_error(q), "criterion_exact": known,
        "reference_share": float((_reference_error(case) ** 2 * case.weights).sum() / q.mean()),
        "max_over_median": float(q.max() / np.median(q)),
        "coverage": float(covered.mean()), "coverage_se": _mean_error(covered),
        **_relative_bias(case, outcomes),
        **({"unwarned_coverage": float(covered[sure].mean()), "unwarned_coverage_se": _mean_error(covered[sure])}
           if sure.sum() > 1 else {"unwarned_coverage": None}),
        "found": float(1 - missed.any(axis=1).mean()),
        "doubtful": sum(run["doubtful"] for run in runs), "warned": float(1 - sure.mean()), "repetitions": len(runs),
        "n": int(np.mean([run["n"] for run in runs])), "cpu_seconds": float(np.median([run["seconds"] for run in runs])),
    }


def _relative_bias(case, outcomes):
    """Of a single quantity that is not 0: mean of value / exact - 1."""
    if len(case.exact) != 1 or case.exact[0] == 0:
        return {}
    relative = outcomes["value"][:, 0] / case.exact[0] - 1
    return {"bias": float(relative.mean()), "bias_se": _mean_error(relative)}


def _reference_error(case):
    return np.zeros(len(case.exact)) if case.exact_error is None else case.exact_error


def best_known(record):
    """(criterion, standard error) of an arm: theory where it is known, otherwise the runs."""
    exact = record["criterion_exact"]
    return (record["criterion"], record["criterion_se"]) if exact is None else (exact, 0.0)


def with_w(record):
    """The record with W, evaluations times criterion, and its 95 % interval."""
    value, error = best_known(record)
    spread = np.exp(1.96 * error / value) if error > 0 else 1.0
    return {**record, "w": record["n"] * value, "w_low": record["n"] * value / spread, "w_high": record["n"] * value * spread}


def _gain(record, criteria):
    """How many times the criterion of plain Monte Carlo is larger."""
    plain = next((c for c in criteria if c["arm"] == "plain"), None)
    if plain is None:
        return {}
    return dict(zip(("gain", "gain_low", "gain_high"), ratio(best_known(plain), best_known(record)), strict=True))


def _mean_error(x):
    return float(x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else float("nan")


def _with_partial(progress):
    """Any progress function, or none, as one of (n, total, partial)."""
    if progress and asks_for_partial(progress):
        return progress
    return lambda n, total, partial: progress and progress(n, total)


def campaign(studies, progress=None):
    """Records of several comparisons (arms, cases, config), one after the other."""
    tell = _with_partial(progress)
    sizes = [_evaluations(arms, config) for arms, _, config in studies]
    records = []
    for i, (arms, cases, config) in enumerate(studies):
        done = sum(sizes[:i])
        records += compare(arms, cases, config, lambda n, _, partial, done=done: tell(done + n, sum(sizes), partial))
    return records


def studied(study, names, config, progress=None):
    """Records, with W, of the comparisons study(name, config) -> (arms, cases, config), on ``config.processes`` processes."""
    if config.processes == 1:
        records = campaign([study(name, config) for name in names], progress)
    else:
        records = [
            r
            for found in mapped(partial(_alone, study), [(name, config) for name in names], config.processes)
            for r in found
        ]
    return [with_w(r) if r["kind"] == "criterion" else r for r in records]


def _alone(study, name, config):
    """Of one name, in a process of its own: the same records."""
    return campaign([study(name, config)])
