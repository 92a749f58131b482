"""Known answers of the questions that `given_csv` asks of its tables: by quasi-Monte Carlo from the model itself."""
import functools

import numpy as np

import buffon as bf
from buffon.experiments import flood
from buffon.experiments._comparison import Case
from buffon.experiments._csv_made import DELTAS, INDICES, MEANS, NEW, OUTPUTS, SHIFTED, SHIFTS, change, shift_names


@functools.cache
def _means(scenario, budget, key):
    """Means of the outputs, then of their squares."""
    squares = {f"{name}^2": lambda y, f=f: f(y) ** 2 for name, f in OUTPUTS.items()}
    problem = bf.Problem(flood.river, NEW[scenario].inputs(), outputs=OUTPUTS | squares)
    return bf.quasi(problem, budget=budget, rng=key)


def means_case(config):
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
    return e.transform(lambda v: np.concatenate([change(v[:m], after) for after in v[m:].reshape(-1, m)]), shift_names())


def shifts_case(config):
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


def indices_case(config):
    e = _shares(config.reference, config.rng)
    return Case(INDICES, list(e.names), e.value, np.ones(len(e)), exact_error=e.std_error)
