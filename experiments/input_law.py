"""A cantilever beam whose input law is in doubt: which of its parameters matter, and how much, from one kept sample.

The tip of the beam moves by D under two forces; the mean of D and the probability that it exceeds 6 cm depend on the means
of the six inputs. Asked for are the twelve elasticities: the relative change of either for a relative change of one mean,
standard deviations fixed. `score` is one adaptive sample (bf.aiscv, keep="sample"), read by bf.law_derivatives: no
evaluation of the beam is made for the derivatives. `plain` is what is done without it: plain Monte Carlo at each mean five
per cent up and down, independent runs that share the same number of evaluations; `common numbers` the same on the same
random numbers (its intervals, made for independent runs, are too wide). References are central differences of one per cent
on common scrambled Sobol' points; they know nothing of scores. The picture is bf.perturbed_law of the same sample: a curve
for each input, whose mean moves by as many of its standard deviations, and the derivatives as bars. Source: beam and laws
from Demange-Chryst, Bachoc, Morio, arXiv:2212.00568; indices from Lemaitre et al., J. Stat. Comput. Simul. 85 (2015).
"""
import functools
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, compare, stack
from buffon.experiments._report import error_table, new_figure, save, value_table

EXPECTED = (
    Claim("score beats plain differences", "score", "elasticities", against="plain", at_least=1, sure=True),
    Claim("score beats common numbers", "score", "elasticities", against="common numbers", at_least=1, sure=True),
    Claim("score: coverage", "score", "elasticities", "coverage", at_least=0.92, at_most=0.98, small=False),
)
ARMS = ["score", "common numbers", "plain"]
OUTPUTS = {"mean": lambda y: y, "P(D > 6 cm)": lambda y: y > 0.06}
# mean and standard deviation; log-normal forces and stiffness, normal sizes
INPUTS = {"F_X": (556.8, 44.544), "F_Y": (453.6, 36.288), "E": (200, 12),
          "w": (0.062, 0.0062), "t": (0.0987, 0.00987), "L": (4.29, 0.429)}
STEP, FINE_STEP = 0.05, 0.01


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run and arm; ``reference`` those of each run of the reference."""

    budget: int = 20_000
    repetitions: int = 100
    reference: int = 2**20
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=13_000, repetitions=8, reference=2**15)


def displacement(x):
    """Of the tip, in metres, for rows F_X, F_Y, E, w, t, L (N, GPa, m)."""
    force_x, force_y, stiffness, width, height, length = x.T
    return 4 * length**3 / (stiffness * 1e9 * width * height) * np.hypot(force_x / width**2, force_y / height**2)


def inputs(moved=None, step=0.0):
    """Law of the inputs, the mean of one of them moved by a share of it."""
    laws = {}
    for name, (mean, sd) in INPUTS.items():
        centre = mean * (1 + step * (name == moved))
        laws[name] = bf.LogNormal.from_moments(centre, sd / centre) if name in ("F_X", "F_Y", "E") else bf.Normal(centre, sd)
    return bf.Joint(laws)


def run(config, progress=None):
    """Records of the twelve elasticities; ``progress(n, total)`` counts evaluations."""
    exact, error = reference(config.reference, config.rng)
    names = [f"{output} by {name}" for output in OUTPUTS for name in INPUTS]
    case = Case("elasticities", names, exact, np.ones(len(exact)), exact_error=error)
    options = {"budget": config.budget, "threads": config.threads}
    arms = [
        Arm("score", lambda rng: derivatives(sample(rng, **options)), control=False),
        Arm("common numbers", lambda rng: differences(bf.plain, rng, STEP, common=True, **options)),
        Arm("plain", lambda rng: differences(bf.plain, rng, STEP, common=False, **options)),
    ]
    return compare(arms, [case], config, progress)


def problem(moved=None, step=0.0):
    """The beam under a law of its inputs."""
    return bf.Problem(displacement, inputs(moved, step), outputs=OUTPUTS)


def sample(rng, **options):
    """The kept sample of one adaptive run."""
    return bf.aiscv(problem(), rng=rng, keep="sample", **options).sample


def derivatives(kept):
    """Elasticities of both outputs by the six means, output by output."""
    return bf.law_derivatives(kept, moments=True, elasticities=True, parameters=[f"{name}.mean" for name in INPUTS])


def differences(estimate, rng, step, common, budget, **options):
    """The same by central differences: a run at either side of each mean, and one between them for the value."""
    places = [(None, 0.0), *((name, side * step) for name in INPUTS for side in (1, -1))]
    keys = [rng] * len(places) if common else rng.spawn(len(places))
    each = budget // len(places)
    runs = stack([estimate(problem(name, move), rng=key, budget=each, **options)
                  for (name, move), key in zip(places, keys, strict=True)])

    def elasticities(v):
        v = v.reshape(len(places), len(OUTPUTS))
        return ((v[1::2] - v[2::2]) / (2 * step) / v[0]).T.ravel()
    return runs.transform(elasticities)


@functools.cache
def reference(budget, key):
    """(values, standard errors) of the elasticities: eight independent repetitions of differences on common nets."""
    seeds = np.random.SeedSequence([key, 77]).spawn(8)
    places = len(INPUTS) * 2 + 1
    values = np.array([differences(bf.quasi, seed, FINE_STEP, True, places * budget // 8).value for seed in seeds])
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def tables(records):
    """What `buffon run` prints."""
    note = "criterion: mean over the runs of the summed squared errors of twelve elasticities"
    title = "Relative change for a relative change of an input's mean, first run (± one standard error)"
    return [value_table(records, "elasticities", ARMS, title),
            error_table(records, "elasticities", "Errors over all runs", note)]


def picture(records, path):
    """Perturbed-law curves of a sample, and the elasticities of the first runs with 95 % intervals."""
    kept = sample(np.random.SeedSequence([1, 0, 0]), budget=20_000, threads=1)
    figure, axes = new_figure(2, (11, 4.2))
    bf.perturbed_law(kept, outputs=["P(D > 6 cm)"], space="normal", delta=np.linspace(-1, 1, 21)).plot(axes[0])
    axes[0].set_xlabel("shift of the mean, standard deviations of the score")
    for a, arm in enumerate(ARMS):
        rows = [r for r in records if r["kind"] == "value" and r["arm"] == arm and r["name"].startswith("P(")]
        places = [i + 0.2 * (a - 1) for i in range(len(rows))]
        axes[1].vlines(places, [r["low"] for r in rows], [r["high"] for r in rows], f"C{a}", linewidth=2)
        axes[1].plot(places, [r["value"] for r in rows], "os^"[a], color=f"C{a}", markersize=4, label=arm)
    left, right = ([i + side for i in range(len(rows))] for side in (-0.4, 0.4))
    axes[1].hlines([r["reference"] for r in rows], left, right, "black", linewidth=0.8, label="reference")
    axes[1].set_xticks(range(len(INPUTS)), INPUTS)
    axes[1].set_ylabel("elasticity of P(D > 6 cm) by the mean")
    axes[1].legend(fontsize=8)
    save(figure, path)
