"""A table of past runs: what do they say under other laws of the inputs, and which input matters? No model is called.

With `--set file=runs.csv` the table is yours. `inputs` and `outputs` name its columns (by default all others); `law` says
which law made it, `laws` under which others the means are wanted, as in
  buffon run given_csv --set file=runs.csv --set outputs=y --set "law=a=Normal(1, 2), b=Uniform(0, 1)"
                       --set "laws=a=Normal(1.5, 2), b=Uniform(0, 1) | a=Normal(1, 2.5), b=Uniform(0, 1)"
A copula stands beside the inputs: copula=GaussianCopula({('a', 'b'): 0.3}). `law=fit` estimates the law from the table
(kernel densities and the copula with the smallest AIC); intervals then leave out the error of that estimate. Cells without a
number are told by row and column.

Without a file the table is one that is made here: the flood model of the experiment `flood` at draws of its published law,
written as a CSV file in which one run in fifty has failed (an empty or unreadable output, or "inf") and one in a hundred
lacks an input. The answers are known: by quasi-Monte Carlo, for the indices over two copies of the inputs that share one of
them. `reweight` is bf.reweight, `tilted` bf.perturbed_law (how much an answer changes, relatively, when the mean of one input
moves by half a standard deviation), `ranks` bf.sobol_given_data. The controls do what is easily done with a table:
`unweighted` takes the means of its rows and forgets that the law is another one, `halves` compares the rows above, or below,
the mean of an input with all, `zeros` gives failed runs the output 0, `correlation` takes squared correlations for indices.
Source: Owen, Zhou, J. Am. Stat. Assoc. 95 (2000), for the weights; Lemaitre et al., J. Stat. Comput. Simul. 85 (2015), for
perturbed laws; Gamboa, Gremaud, Klein, Lagnoux, Bernoulli 28 (2022), for the ranks.
"""
import csv
import functools
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import buffon as bf
from buffon._law_text import read_law
from buffon.experiments import flood
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign
from buffon.experiments._report import Table, new_figure, save, short, with_error

MEANS, SHIFTS, INDICES, TABLE = "new laws", "perturbed laws", "first-order indices", "your table"
EXPECTED = (
    Claim("reweight beats the unweighted mean", "reweight", MEANS, against="unweighted", at_least=1, sure=True),
    Claim("reweight beats zeros for failed runs", "reweight", MEANS, against="zeros", at_least=1, sure=True),
    Claim("tilted laws beat halves of the table", "tilted", SHIFTS, against="halves", at_least=1, sure=True),
    Claim("ranks beat squared correlations", "ranks", INDICES, against="correlation", at_least=1, sure=True),
    Claim("reweight: coverage", "reweight", MEANS, "coverage", at_least=0.92, at_most=0.98, small=False),
    Claim("tilted: coverage", "tilted", SHIFTS, "coverage", at_least=0.92, at_most=0.98, small=False),
    Claim("ranks: coverage", "ranks", INDICES, "coverage", at_least=0.92, at_most=0.98, small=False),
    Claim(
        "reweight: share of the references' errors in the criterion",
        "reweight",
        MEANS,
        "reference_share",
        at_most=0.05,
        small=False,
    ),
)
OUTPUTS = {"S": lambda y: y[:, 0], "cost": lambda y: y[:, 1], "P(within 2 m)": lambda y: y[:, 2] > -2}
NEW = {   # laws inside the support of the published one
    "wetter": flood.SCENARIOS["wetter"], "plants": flood.SCENARIOS["plants"], "both": flood.Scenario(location=1100, strickler=27),
}
SHIFTED, DELTAS = ("Q", "Ks", "Zv", "Hd"), (-0.5, 0.5)   # inputs whose mean moves, by so many standard deviations
FAILED, LACKING = 0.02, 0.01                 # shares of the rows


@dataclass(frozen=True)
class Config:
    """``file`` a table, or none for tables of ``budget`` rows that are made here; ``reference`` model calls of each reference;
    ``threads`` 1 so that CPU times are those of one core."""

    file: str = ""
    inputs: str = ""
    outputs: str = ""
    law: str = ""
    laws: str = ""
    budget: int = 5_000
    repetitions: int = 100
    reference: int = 2**18
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=3_000, repetitions=10, reference=2**15)


def run(config, progress=None):
    """Records of the table, or of the two comparisons; ``progress(n, total)`` counts rows."""
    if config.file:
        return _own_table(config)

    def arm(name, estimate, control=True, fill=None, **options):
        return Arm(name, lambda rng: _keyed(estimate(_sample(config, rng, fill), **options), rng), control)

    one_core, new = {"threads": config.threads}, {"laws": [law.inputs() for law in NEW.values()]}
    means = [arm("reweight", bf.reweight, control=False, **new, **one_core), arm("unweighted", _unweighted),
             arm("zeros", bf.reweight, fill=0.0, **new, **one_core)]
    shift = {"inputs": list(SHIFTED), "delta": list(DELTAS), "perturb": "mean"}
    shifts = [arm("tilted", bf.perturbed_law, control=False, **shift, **one_core), arm("halves", _halves)]
    indices = [arm("ranks", bf.sobol_given_data, control=False, **one_core), arm("correlation", _squared_correlations)]
    return campaign([(means, [_means_case(config)], config), (shifts, [_shifts_case(config)], config),
                     (indices, [_indices_case(config)], config)], progress)


def tables(records):
    """What `buffon run` prints."""
    if any(r["kind"] == "table" for r in records):
        return _own_tables(records)
    titles = {
        MEANS: "Means under three other laws",
        SHIFTS: "Relative change when the mean of an input moves by half a standard deviation",
        INDICES: "First-order Sobol' indices",
    }
    return [table for case, title in titles.items()
            for table in (_values(records, case, f"{title}, first table (± one standard error)"), _errors(records, case))]


def picture(records, path):
    """Values with 95 % intervals, and references where they are known: means and indices."""
    cases = list(dict.fromkeys(r["case"] for r in records if r["kind"] == "value"))
    figure, axes = new_figure(len(cases), (4.8 * len(cases), 4.2))
    for ax, case in zip(axes, cases, strict=True):
        rows = [r for r in records if r["kind"] == "value" and r["case"] == case]
        names = list(dict.fromkeys(r["name"] for r in rows))
        names = [name for name in names if len(names) <= 12 or name.endswith(": cost")] or names[:40]   # of many one output's
        for a, arm in enumerate(dict.fromkeys(r["arm"] for r in rows)):
            chosen = [r for r in rows if r["arm"] == arm and r["name"] in names]
            scale = [r["reference"] if r["reference"] and case == MEANS else 1 for r in chosen]
            x, low, high = ([r[key] / s for r, s in zip(chosen, scale, strict=True)] for key in ("value", "low", "high"))
            places = [names.index(r["name"]) + 0.2 * a for r in chosen]
            ax.hlines(places, low, high, f"C{a}", linewidth=2)
            ax.plot(x, places, "os^"[a % 3], color=f"C{a}", markersize=4, label=arm)
        known = [(r["reference"] / s, p) for r, s, p in zip(chosen, scale, places, strict=True) if r["reference"] is not None]
        ax.plot([x for x, _ in known], [y - 0.1 for _, y in known], "k|", markersize=14, label="reference")
        ax.set_yticks(range(len(names)), names, fontsize=7)
        ax.invert_yaxis()
        ax.set_title(case + (", divided by the reference" if case == MEANS else ""), fontsize=10)
        ax.legend(fontsize=8)
    save(figure, path)


# Tables that are made here


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


def _sample(config, rng, fill=None):
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


def _keyed(e, rng):
    """Tables of different keys are independent: their estimates may be pooled."""
    return bf.Estimate._from_state({**e._state(), "rng_key": int(rng.generate_state(1)[0])})


def _unweighted(sample):
    """The means of the table for every law: plain Monte Carlo of the law that made it."""
    y = sample.y[np.isfinite(sample.y).all(axis=1)]
    covariance = np.tile(np.cov(y.T) / len(y), (len(NEW), len(NEW)))
    return _estimate(
        np.tile(y.mean(axis=0), len(NEW)), covariance, [f"{law}: {output}" for law in NEW for output in OUTPUTS], len(sample)
    )


def _halves(sample):
    """Relative changes from all rows to those on one side of an input's mean."""
    kept = np.isfinite(sample.y).all(axis=1)
    x, y, n = sample.x[kept], sample.y[kept], len(sample)
    sides = [x[:, sample.inputs.index(name)] > x[:, sample.inputs.index(name)].mean() for name in SHIFTED]
    chosen = [side if delta > 0 else ~side for side in sides for delta in DELTAS]
    values = np.array([_change(y.mean(axis=0), y[rows].mean(axis=0)) for rows in chosen]).ravel()
    errors = np.array([y[rows].std(axis=0) / np.sqrt(rows.sum()) / abs(y.mean(axis=0)) for rows in chosen]).ravel()
    return _estimate(values, np.diag(errors**2), _shift_names(), n)


def _shift_names():
    return [f"{name} {delta:+g} sd: {output}" for name in SHIFTED for delta in DELTAS for output in OUTPUTS]


def _change(before, after):
    """Perturbed-law indices: of means the relative change, of the probability, last, that of the rarer by the more frequent."""
    change = (after - before) / abs(before)
    p, q = before[-1], after[-1]
    change[-1] = q / p - 1 if q >= p else 1 - p / q
    return change


def _squared_correlations(sample):
    """r^2 of each input and output, with its classical standard error."""
    kept = np.isfinite(sample.y).all(axis=1)
    d, n = len(sample.inputs), int(kept.sum())
    r = np.corrcoef(sample.x[kept].T, sample.y[kept].T)[:d, d:].ravel()
    names = [f"{i}: {o}" for i in sample.inputs for o in sample.outputs]
    return _estimate(r**2, np.diag((2 * r * (1 - r**2)) ** 2 / n), names, len(sample))


def _estimate(value, covariance, names, n):
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


# Known answers


@functools.cache
def _means(scenario, budget, key):
    """Means of the outputs, then of their squares."""
    squares = {f"{name}^2": lambda y, f=f: f(y) ** 2 for name, f in OUTPUTS.items()}
    problem = bf.Problem(flood.river, NEW[scenario].inputs(), outputs=OUTPUTS | squares)
    return bf.quasi(problem, budget=budget, rng=key)


def _means_case(config):
    m, known = len(OUTPUTS), [_means(name, config.reference, config.rng) for name in NEW]
    exact, squares, errors = (
        np.concatenate(parts) for parts in zip(*((e.value[:m], e.value[m:], e.std_error[:m]) for e in known), strict=True)
    )
    names = [f"{law}: {output}" for law in NEW for output in OUTPUTS]
    return Case(MEANS, names, exact, 1 / (squares - exact**2), exact_error=errors)


def _tilt(law, delta):
    """The rate of exp(rate x) that moves the mean of a univariate law by delta standard deviations, and log E exp(rate x)."""
    x = law.quantile((np.arange(2**16) + 0.5) / 2**16)
    low, high = -5 / x.std(), 5 / x.std()
    for _ in range(60):
        rate = (low + high) / 2
        w = np.exp(rate * (x - x.mean()))
        low, high = (rate, high) if (w * x).sum() / w.sum() < x.mean() + delta * x.std() else (low, rate)
    return rate, np.log(w.mean()) + rate * x.mean()


@functools.cache
def _changes(budget, key):
    """Perturbed-law indices from the densities of the tilted laws, at the published law."""
    scenario, m = flood.SCENARIOS["published"], len(OUTPUTS)
    tilts = [(list(scenario.laws()).index(name), *_tilt(scenario.laws()[name], delta)) for name in SHIFTED for delta in DELTAS]

    def model(x):
        y = flood.river(x)
        y = np.column_stack([f(y) for f in OUTPUTS.values()]).astype(float)
        return np.column_stack([y, *(np.exp(rate * x[:, [i]] - log_mean) * y for i, rate, log_mean in tilts)])

    e = bf.quasi(
        bf.Problem(model, scenario.inputs(), outputs=[f"m{j}" for j in range((1 + len(tilts)) * m)]), budget=budget, rng=key
    )
    return e.transform(lambda v: np.concatenate([_change(v[:m], after) for after in v[m:].reshape(-1, m)]), _shift_names())


def _shifts_case(config):
    e = _changes(config.reference, config.rng)
    return Case(SHIFTS, list(e.names), e.value, np.ones(len(e)), exact_error=e.std_error)


@functools.cache
def _shares(budget, key):
    """First-order indices (d m), input by input: (E[Y Y_i] - E[Y]^2) / Var Y, where Y_i shares input i with Y and has its other
    inputs drawn anew, given that one."""
    scenario = flood.SCENARIOS["published"]
    laws, names = list(scenario.laws().values()), list(scenario.laws())
    pairs = {names.index(a): (names.index(b), rho) for (a, b), rho in scenario.correlations().items()}
    pairs |= {b: (a, rho) for a, (b, rho) in pairs.items()}
    d, m = len(laws), len(OUTPUTS)

    def outputs(z):   # at normal scores
        y = flood.river(np.column_stack([law.from_normal(column) for law, column in zip(laws, z.T, strict=True)]))
        return np.column_stack([f(y) for f in OUTPUTS.values()]).astype(float)

    def correlated(z, first):
        """Scores with the correlations of the copula; of a pair the other one is made from `first`."""
        z = z.copy()
        for a, (b, rho) in pairs.items():
            if a == first or (first != b and a < b):
                z[:, b] = rho * z[:, a] + np.sqrt(1 - rho**2) * z[:, b]
        return z

    def model(u):
        columns = []
        for i in range(d):
            again = u[:, d:].copy()
            again[:, i] = u[:, i]
            columns.append(outputs(correlated(u[:, :d], i)) * outputs(correlated(again, i)))
        y = outputs(correlated(u[:, :d], 0))
        return np.column_stack([*columns, y, y**2])

    e = bf.quasi(
        bf.Problem(model, bf.Joint([bf.Normal()] * (2 * d)), outputs=[f"m{j}" for j in range((d + 2) * m)]),
        budget=budget,
        rng=key,
    )

    def indices(v):
        products, mean, square = v[:d * m].reshape(d, m), v[d * m:(d + 1) * m], v[(d + 1) * m:]
        return ((products - mean**2) / (square - mean**2)).ravel()
    return e.transform(indices, [f"{i}: {o}" for i in names for o in OUTPUTS])


def _indices_case(config):
    e = _shares(config.reference, config.rng)
    return Case(INDICES, list(e.names), e.value, np.ones(len(e)), exact_error=e.std_error)


# A table of the user's


def _own_table(config):
    words = {
        key: [w.strip() for w in getattr(config, key).split(",")] if getattr(config, key) else None
        for key in ("inputs", "outputs")
    }
    law = "fit" if config.law == "fit" else read_law(config.law) if config.law else None
    new = [read_law(text) for text in config.laws.split("|")] if config.laws else []
    if new and law is None:
        raise ValueError("given_csv: laws need the law that made the table: --set law=...")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")   # they are a table of their own
        sample = bf.Sample.from_csv(config.file, words["inputs"], words["outputs"], law)
    found = [("as it is", _column_means(sample), "control")]
    found += [("reweight", bf.reweight(sample, laws=new, doubtful="warn"), "method")] if new else []
    refused = []
    for arm, estimate in (("tilted", _shifted if law is not None else None), ("ranks", bf.sobol_given_data)):
        try:
            found += [(arm, estimate(sample), "method")] if estimate else []
        except ValueError as error:   # a law without variance, an output that is the same everywhere: no reason to hide the rest
            refused.append(str(error))
    head = {"kind": "table", "case": TABLE, "arm": "table", "role": "method"}
    records = [{**head, "rows": len(sample) + sample.n_dropped, "left_out": sample.n_dropped, "failed": sample.n_failed,
                "missing": [list(cell) for cell in sample.missing[:1000]], "warnings": list(dict.fromkeys(
                    [*(text for _, e, _ in found for text in [*sample.warnings, *e.warnings]), *refused]))}]
    return records + [record for arm, e, role in found for record in _own_values(arm, e, role)]


def _shifted(sample):
    return bf.perturbed_law(sample, delta=list(DELTAS), perturb="mean")


def _column_means(sample):
    y = sample.y[np.isfinite(sample.y).all(axis=1)]
    return _estimate(y.mean(axis=0), np.atleast_2d(np.cov(y.T)) / len(y), sample.outputs, len(sample))


def _own_values(arm, e, role):
    low, high = e._interval()
    return [{"kind": "value", "case": arm, "arm": arm, "role": role, "name": name, "reference": None, "reference_error": 0.0,
             "value": float(v), "std_error": float(s), "low": float(a), "high": float(b)}
            for name, v, s, a, b in zip(e.names, e.value, e.std_error, low, high, strict=True)]


def _own_tables(records):
    head = records[0]
    cells = [[str(row), column, text or "(empty)"] for row, column, text in head["missing"]]
    out = [
        Table(
            "The table",
            ["", "rows"],
            [
                ["read", f"{head['rows']:,}"],
                ["left out: an input is missing", f"{head['left_out']:,}"],
                ["failed: an output is missing", f"{head['failed']:,}"],
            ],
            "\n".join(head["warnings"]),
        )
    ]
    out += [Table("Cells without a number", ["row", "column", "what stands there"], cells)] if cells else []
    titles = {
        "as it is": "Means of the rows",
        "reweight": "Means under the new laws, in their order",
        "tilted": "Perturbed-law indices: relative change when the mean of an input moves by half a standard deviation",
        "ranks": "First-order Sobol' indices",
    }
    for arm, title in titles.items():
        rows = [[r["name"], with_error(r["value"], r["std_error"]), f"{short(r['low'])} ... {short(r['high'])}"]
                for r in records if r["kind"] == "value" and r["arm"] == arm]
        out += [Table(title, ["", "value", "95 %"], rows)] if rows else []
    return out


def _values(records, case, title):
    rows = [r for r in records if r["kind"] == "value" and r["case"] == case]
    arms, names = (list(dict.fromkeys(r[key] for r in rows)) for key in ("arm", "name"))
    cell = {(r["arm"], r["name"]): r for r in rows}
    return Table(title, ["", "reference", *arms],
                 [[name, with_error(cell[arms[0], name]["reference"], cell[arms[0], name]["reference_error"]),
                   *(with_error(cell[arm, name]["value"], cell[arm, name]["std_error"]) for arm in arms)] for name in names])


def _errors(records, case):
    unit = ", each over the variance of its output" if case == MEANS else ""
    rows = [[r["arm"], f"{short(r['criterion'])} ± {short(r['criterion_se'])}", f"{r['coverage']:.1%}",
             f"{r['reference_share']:.1%}", f"{r['n']:,}",
             f"{1000 * r['cpu_seconds']:.0f} ms"]
            for r in records if r["kind"] == "criterion" and r["case"] == case]
    return Table(
        f"Errors over all tables: {case}{unit}",
        ["", "summed squared errors", "coverage", "of it the references'", "rows", "CPU per table"],
        rows,
    )
