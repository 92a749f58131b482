"""Tables of past runs that are made for `given_csv`, with holes, and what is easily done with one, right or wrong."""
import csv
import tempfile
import warnings
from pathlib import Path

import numpy as np

import buffon as bf
from buffon.experiments import flood

MEANS, SHIFTS, INDICES = "new laws", "perturbed laws", "first-order indices"   # the three comparisons
OUTPUTS = {"S": lambda y: y[:, 0], "cost": lambda y: y[:, 1], "P(within 2 m)": lambda y: y[:, 2] > -2}
NEW = {   # laws inside the support of the published one
    "wetter": flood.SCENARIOS["wetter"], "plants": flood.SCENARIOS["plants"], "both": flood.Scenario(location=1100, strickler=27),
}
SHIFTED, DELTAS = ("Q", "Ks", "Zv", "Hd"), (-0.5, 0.5)   # inputs whose mean moves, by so many standard deviations
FAILED, LACKING = 0.02, 0.01                 # shares of the rows


def _write_table(path, rows, rng):
    """Runs of the flood model with holes, as a simulation campaign leaves them."""
    law = flood.SCENARIOS["published"].inputs()
    x = law.sample(rows, rng=rng)
    y = np.column_stack([f(flood.river(x)) for f in OUTPUTS.values()]).astype(float)
    chance = np.random.default_rng(rng).random((rows, 3))
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["run", *law.names, *OUTPUTS])
        for i, (inputs, outputs) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
            if chance[i, 0] < FAILED:
                outputs = [("", "diverged", "inf")[int(3 * chance[i, 2])]] * len(outputs)
            if chance[i, 1] < LACKING:
                inputs[int(len(inputs) * chance[i, 2])] = "n/a"
            table.writerow([i, *inputs, *outputs])


def read_table(config, rng, fill=None):
    """The table read again; `fill` stands in for the outputs of failed runs."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")   # the holes are meant
        path = Path(folder) / "runs.csv"
        _write_table(path, config.budget, rng)
        law = flood.SCENARIOS["published"].inputs()
        sample = bf.Sample.from_csv(path, law.names, list(OUTPUTS), law)
        if fill is None:
            return sample
        return bf.Sample(sample.x, np.where(np.isfinite(sample.y), sample.y, fill), law, outputs=sample.outputs)


def keyed(e, rng):
    """Tables of different keys are independent: their estimates may be pooled."""
    return bf.Estimate._from_state({**e._state(), "rng_key": int(rng.generate_state(1)[0])})


def unweighted(sample):
    """The means of the table for every law: plain Monte Carlo of the law that made it."""
    y = sample.y[np.isfinite(sample.y).all(axis=1)]
    covariance = np.tile(np.cov(y.T) / len(y), (len(NEW), len(NEW)))
    return made_estimate(
        np.tile(y.mean(axis=0), len(NEW)), covariance, [f"{law}: {output}" for law in NEW for output in OUTPUTS], len(sample)
    )


def halves(sample):
    """Relative changes from all rows to those on one side of an input's mean."""
    kept = np.isfinite(sample.y).all(axis=1)
    x, y, n = sample.x[kept], sample.y[kept], len(sample)
    sides = [x[:, sample.inputs.index(name)] > x[:, sample.inputs.index(name)].mean() for name in SHIFTED]
    chosen = [side if delta > 0 else ~side for side in sides for delta in DELTAS]
    values = np.array([change(y.mean(axis=0), y[rows].mean(axis=0)) for rows in chosen]).ravel()
    errors = np.array([y[rows].std(axis=0) / np.sqrt(rows.sum()) / abs(y.mean(axis=0)) for rows in chosen]).ravel()
    return made_estimate(values, np.diag(errors**2), shift_names(), n)


def shift_names():
    return [f"{name} {delta:+g} sd: {output}" for name in SHIFTED for delta in DELTAS for output in OUTPUTS]


def change(before, after):
    """Perturbed-law indices: of means the relative change, of the probability, last, that of the rarer by the more frequent."""
    out = (after - before) / abs(before)
    p, q = before[-1], after[-1]
    out[-1] = q / p - 1 if q >= p else 1 - p / q
    return out


def squared_correlations(sample):
    """r^2 of each input and output, with its classical standard error."""
    kept = np.isfinite(sample.y).all(axis=1)
    d, n = len(sample.inputs), int(kept.sum())
    r = np.corrcoef(sample.x[kept].T, sample.y[kept].T)[:d, d:].ravel()
    names = [f"{i}: {o}" for i in sample.inputs for o in sample.outputs]
    return made_estimate(r**2, np.diag((2 * r * (1 - r**2)) ** 2 / n), names, len(sample))


def made_estimate(value, covariance, names, n):
    return bf.Estimate._from_state(
        {
            "version": bf.Estimate._version,
            "value": value.tolist(),
            "covariance": covariance.ravel().tolist(),
            "n": n,
            "n_failed": 0,
            "names": names,
            "rng_key": 0,
            "degrees_of_freedom": None,
            "diagnostics": {},
            "warnings": [],
        }
    )
