"""One of each public class is pickled and copied: the same to the bit, for pools of processes, Dask and caches."""
import copy
import multiprocessing
import pickle

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

X, Y = np.array([[0.3, -1.2], [2.0, 0.1], [0.4, 0.8]]), np.array([[0.1, 0.2], [1.0, -0.3], [0.7, 0.7]])
LAWS = {
    "Normal": bf.Normal(1, 2), "LogNormal": bf.LogNormal(0.1, 0.2), "Uniform": bf.Uniform(-1, 3),
    "Exponential": bf.Exponential(0.3),
    "Gamma": bf.Gamma(2.5, 3), "Beta": bf.Beta(2, 3, -1, 1), "Weibull": bf.Weibull(1.5, 8), "Gumbel": bf.Gumbel(1013, 558),
    "Triangular": bf.Triangular(0, 0.1 + 0.2, 2), "StudentT": bf.StudentT(4, 1), "Logistic": bf.Logistic(0, 2),
    "Truncated": bf.Truncated(bf.Normal(30, 8), lower=15), "Histogram": bf.Histogram([0, 1, 3], [1, 2]),
    "KernelDensity": bf.KernelDensity([0.5, 2, 2.5], 0.3), "Discrete": bf.Discrete([3, 1], [1, 2]), "Constant": bf.Constant(2.5),
    "MultivariateNormal": bf.MultivariateNormal([0, 1], [[2, 0.3], [0.3, 1]]),
    "MultivariateT": bf.MultivariateT([0, 1], [[2, 0.3], [0.3, 1]], df=5),
    "Mixture": bf.Mixture([0.1, 0.2, 0.7], [bf.Normal(), bf.Normal(1, 2), bf.Normal(3, 1)]),
    "Joint": bf.Joint({"a": bf.Normal(), "b": bf.Gumbel()}, copula=bf.FrankCopula(3)),
}
COPULAS = {"GaussianCopula": bf.GaussianCopula({("a", "b"): 0.1 + 0.2}),
           "StudentCopula": bf.StudentCopula([[1, 0.3], [0.3, 1]], 4),
           "ClaytonCopula": bf.ClaytonCopula(2), "FrankCopula": bf.FrankCopula(3), "GumbelCopula": bf.GumbelCopula(1.5)}
SCHEDULES = {"VP": bd.VP(b0=0.1 + 0.2), "VE": bd.VE(0.01, 50), "EDM": bd.EDM(0.01, 10), "Cosine": bd.Cosine(),
             "SubVP": bd.SubVP(), "Discrete": bd.Discrete.linear(50), "MeanReverting": bd.MeanReverting(0.5)}
THREE = [0.1, 0.2, 0.7]   # whose sum is not 1 in binary numbers


def model(x):   # found by its name
    return x[:, 0] * np.exp(x[:, -1])


def function(x, sigma):
    return x / (1 + np.reshape(sigma, (-1, 1)) ** 2)


def network(x, t):
    return x * bd.VP().sigma(t)[:, None]


def above(x):
    return x[:, 0] > 1


def maker(rho):
    return bd.ddim(bd.EDM(0.01, 10), steps=3, grid="rho", power=rho)


def problem():
    return bf.Problem(model, bf.Joint({"a": bf.Normal(), "b": bf.Normal(0, 0.3)}, copula=bf.GaussianCopula({("a", "b"): 0.5})))


def mixture():
    return bd.GaussianMixture(THREE, X, [[[0.2, 0.1], [0.1, 0.3]]] * 3, labels=[0, 1, 0])


def chains():
    return bd.langevin_gibbs(mixture(), bd.ddim(bd.EDM(0.05, 5), steps=3), n=12, chains=4, levels=6, rng=3)


def learnt():
    levels = bd.LossLevels(0.01, 20, bins=5, floor=0.3, memory=0.5)
    levels.learn([0.02, 3.0, 0.02], [1.5, 0.1, 0.7])
    return levels


def mapped():
    return bd.transport_map(X, method="newton")


def failed():
    with pytest.raises(bf.ModelError) as caught:
        bf.plain(bf.Problem(lambda x: np.full(len(x), np.nan), bf.Normal()), budget=10, rng=1)
    return caught.value


def classifier():
    pytest.importorskip("torch")
    return bd.noise_classifier(X, sigma_min=0.1, sigma_max=2, levels=3, steps=2, rng=0)


def denoised(d):
    return d.denoise([[0.1, 0.7], [2.0, -1.0]], [0.5, 2.0])


# What makes one of each class, and what is asked of it beyond its properties.
EXAMPLES = {
    **{f"bf.{name}": (lambda law=law: law, lambda law: law.sample(5, rng=1)) for name, law in LAWS.items()},
    **{f"bf.{name}": (lambda c=c: c, repr) for name, c in COPULAS.items()},
    **{f"bd.{name}": (lambda s=s: s, lambda s: s.grid(5)) for name, s in SCHEDULES.items()},
    "bf.Problem": (problem, lambda p: p(X)),
    "bf.Sample": (lambda: bf.Sample(X, Y, bf.Joint([bf.Normal(), bf.Normal()])), repr),
    "bf.Estimate": (lambda: bf.plain(problem(), budget=100, rng=1, keep="sample"), repr),
    "bf.Indices": (lambda: bf.sobol(bf.testing.ishigami().problem, budget=512, rng=1), repr),
    "bf.ModelError": (failed, lambda e: (str(e), e.index, e.point)),
    "bf.History": (lambda: bf.History(points=3), lambda h: h.records),
    "bf.Stream": (lambda: bf.Stream(2**64 - 1, 7), lambda s: s.normal(3, 2)),
    "bf.SobolSequence": (lambda: bf.SobolSequence(3, "owen", rng=5), lambda s: s.uniform(4, first=9)),
    "bf.Assignment": (lambda: bf.assign([[4, 1, 4], [2, 0, 5]], gap=True), repr),
    "bf.Wasserstein": (lambda: bf.wasserstein(X, Y), float),
    "bf.Sinkhorn": (lambda: bf.sinkhorn(X, Y), lambda s: bf.sinkhorn(X, Y, start=s).value),
    "bf.SinkhornDivergence": (lambda: bf.sinkhorn_divergence(X, Y), float),
    "bf.LawFit": (lambda: bf.fit_law([1.0, 2.0, 2.5, 4.0], "Gumbel"), lambda f: f.aic),
    "bf.CopulaFit": (lambda: bf.fit_copula(bf.Stream(1).normal(30, 2), "student"), lambda f: f.aic),
    "bf.JointFit": (lambda: bf.fit_joint(bf.Stream(1).normal(30, 2)), lambda f: f.joint.sample(5, rng=1)),
    "bd.GaussianMixture": (mixture, lambda g: [denoised(m) for m in (g, g.given(0))]),
    "bd.Empirical": (lambda: bd.Empirical(X, THREE, bandwidth=0.2, labels=[0, 1, 0]), denoised),
    "bd.Denoiser": (lambda: bd.Denoiser(function, dim=2, sigma_max=9), denoised),
    "bd.DenoiserCheck": (lambda: bd.check_denoiser(network, X, schedule=bd.VP(), rng=0), repr),
    "bd.NoiseClassifier": (classifier, lambda c: c.log_probabilities(X)),
    "bd.ChainKernel": (lambda: bd.chain_kernel(mixture(), sigma_min=0.05, sigma_max=5.0, metropolis=True),
                       lambda k: k.step(k.init(X, 1.0), rng=1)[0].x),
    "bd.ChainState": (lambda: chains().state, lambda s: s.x),
    "bd.LangevinGibbsDraws": (chains, lambda d: d.traces),
    "bd.Draws": (lambda: bd.sample(mixture(), bd.ddim(bd.EDM(), steps=3), n=3, rng=1, record=1), repr),
    "bd.Table": (lambda: bd.dpmpp(bd.VP(), steps=5, order=3), lambda t: t.from_level(1.7).rows),
    "bd.Trial": (lambda: searched().record[0], lambda t: t.to_dict()),
    "bd.Ems": (lambda: bd.ems(mixture(), bd.VP(), n=64, nodes=5, rng=1), repr),
    "bd.Likelihood": (lambda: bd.log_likelihood(mixture(), bd.ddim(bd.EDM(0.01, 10), steps=3), x=X, rng=1), repr),
    "bd.OrderReport": (lambda: bd.order_report(bd.ddim(bd.VP(), steps=5), steps=[10, 20, 40]), lambda r: r.advice),
    "bd.ScheduleComparison": (lambda: bd.compare_schedules(bd.VP(), bd.Cosine()), repr),
    "bd.CascadePolynomial": (lambda: bd.fit_ratios([1.0, 7.5], [[1, 1, 0.9, 1.1]] * 2), lambda p: p.predict(4, 3.0)),
    "bd.DcSearch": (lambda: bd.dc_search(mixture(), bd.VP(), steps=4, x=X, rng=1), repr),
    "bd.LossLevels": (learnt, lambda levels: levels.draw(4, rng=1)),
    "bd.ExposureProfile": (lambda: bd.exposure_profile(mixture(), bd.ddim(bd.EDM(0.01, 10), steps=3), n=20, rng=1),
                           lambda p: [told(p[quantity]) for quantity in p.quantities] + [told(p.times(s)) for s in p.samplers]),
    "bd.TransportMap": (mapped, lambda m: m(X)),
    "bd.TransportStart": (lambda: bd.transport_start(mapped(), 4, 0.3, rng=2, schedule=bd.VP()), lambda s: s.schedule),
    "bd.TransportReport": (
        lambda: bd.transport_start(mapped(), 50, 0.3, rng=2).report(mixture(), bd.heun(bd.EDM(0.01, 1000), steps=2)), repr
    ),
    "bf.testing.KnownProblem": (lambda: bf.testing.g_function([0, 3]), lambda known: known.problem([[0.1, 0.7]])),
}
NOT = {"bd.Step": "a look at numbers that end with the callback"}
# Objects that a class above may hold in another way.
OTHERS = {
    "a table of problems": (
        lambda: bf.testing.safety_problems()[2], lambda known: known.problem(np.zeros((1, known.problem.dim)))
    ),
    "a compiled problem": (lambda: bf.testing.ishigami().problem, lambda p: p([[0.1, 0.7, -2.0]])),
    "an event of one": (lambda: bf.exceedance(bf.testing.ishigami().problem, thresholds=[2.0]), lambda p: p([[0.1, 0.7, -2.0]])),
    "a sampler": (lambda: bd.sampler_problem(mixture(), bd.ddim(bd.EDM(), steps=3), score=above), lambda p: p(X)),
    "a compiled sampler": (lambda: sampler_of(mixture()), lambda p: p(X)),
    "qualities": (
        lambda: bd.quality_problem(mixture(), maker, {"rho": bf.Uniform(3, 9)}, np.mean, n=5), lambda p: p([[5.0, 0.3]])
    ),
    "a diagonal mixture": (lambda: bd.GaussianMixture(THREE, X, Y**2), denoised),
    "a low-rank mixture": (lambda: bd.GaussianMixture(THREE, X, factors=X.reshape(3, 2, 1), noise=[0.1, 0.2, 0.3]), denoised),
    "one class of a mixture": (lambda: mixture().given(0), denoised),
    "a network": (lambda: bd.Network(network, schedule=bd.VP(), shape=2), denoised),
    "a wrapped denoiser": (lambda: bd.noise_scaled(bd.thresholded(mixture(), kind="static"), 0.9), denoised),
    "guidance": (lambda: bd.guided(mixture(), 3.0), lambda d: d.denoise(X, 0.5, 1)),
    "perturbed inputs": (lambda: bd.input_perturbed(mixture(), 0.3), denoised),
    "a shifted table": (lambda: bd.time_shifted(bd.ddim(bd.VP(), steps=5), window=9, cutoff=0, rule="calibrated", variance=1.0),
                        lambda t: bd.sample(mixture(), t, n=3, rng=1).x),
    "a searched table": (lambda: searched(), lambda t: [trial.to_dict() for trial in t.record]),
    "an unscrambled sequence": (lambda: bf.SobolSequence(2, None), lambda s: s.uniform(4)),
    "a batch of assignments": (lambda: bf.assign([np.eye(2), np.ones((2, 3))]), repr),
    "float32 points": (lambda: bd.Empirical(X, dtype="float32"), denoised),
}


def searched():
    return bd.solver_search(mixture(), bd.VP(), evaluations=3, objective=cost, budget=6, rng=1)


def cost(draws):
    return float(np.mean(draws.x**2))


def sampler_of(law):
    return bd.sampler_problem(law, bd.ddim(bd.EDM(), steps=3), score=law.off_mode, labels=law.mode)


def told(value):
    """All that an object says of itself, in plain words and bytes."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [told(item) for item in value]
    if type(value).__module__.startswith("buffon"):
        properties = {key for cls in type(value).__mro__ for key, member in vars(cls).items() if isinstance(member, property)}
        return [type(value), text(value), *((key, told(getattr(value, key))) for key in sorted(properties))]
    return repr(value)


def text(value):
    """repr, without the place in memory that Python's own has."""
    return repr(value).partition(" object at 0x")[0]


def test_every_public_class_has_an_example():
    public = {f"{short}.{name}" for short, module in {"bf": bf, "bd": bd, "bf.testing": bf.testing}.items()
              for name in module.__all__ if isinstance(getattr(module, name), type)}
    assert public == {*EXAMPLES, *NOT}


@pytest.mark.parametrize("name", [*EXAMPLES, *OTHERS])
def test_pickles_and_copies_are_the_same_to_the_bit(name):
    make, ask = {**EXAMPLES, **OTHERS}[name]
    value = make()
    if name in EXAMPLES:
        assert type(value).__name__ == name.rpartition(".")[2]
    wanted = told(value), told(ask(value))
    for other in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert (told(other), told(ask(other))) == wanted


def test_a_pool_of_processes_takes_problems_and_gives_estimates():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        e = pool.apply(bf.plain, [bf.testing.ishigami().problem], {"budget": 100, "rng": 1})
    assert told(e) == told(bf.plain(bf.testing.ishigami().problem, budget=100, rng=1))


def test_what_python_cannot_find_by_name_is_told_by_python_itself():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(bf.Problem(lambda x: x[:, 0], bf.Normal()))
    copied = copy.deepcopy(bf.Problem(lambda x: x[:, 0] + 1, bf.Normal()))   # which needs no name
    assert copied([[2.0]]) == [[3.0]]
