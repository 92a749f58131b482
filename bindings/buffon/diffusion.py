"""Diffusion samplers: noise schedules, exact denoisers, and every solver as a table of numbers.

A schedule says how data become noise, x_t = alpha(t) x0 + sigma(t) eps; a denoiser says what the data were on average,
E[x0 | x], for x = x0 + sigma eps; a solver is a ``Table`` of coefficients, made before sampling; ``sample`` runs it.

>>> from buffon import diffusion as bd
>>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
>>> model.denoise([[0.0]], sigma=0.5).shape
(1, 1)
>>> bd.sample(model, bd.dpmpp(bd.VP(), steps=10), n=4, rng=0).x.shape
(4, 1)
"""
from buffon import (  # noqa: F401  five of them complete compiled classes
    _denoisers,
    _denoising_loss,
    _docs_metrics,
    _docs_samplers,
    _docs_search,
    _docs_transport,
    _exposure,
    _langevin_gibbs,
    _made_by,
    _order_report,
    _schedules,
    _solvers,
    _stored,
    _stored_maps,
    _surrogate,
    _transport_report,
)
from buffon._buffon import diffusion as _native
from buffon._check_denoiser import DenoiserCheck, check_denoiser
from buffon._network import Network
from buffon._noise_classifier import NoiseClassifier, noise_classifier
from buffon._quality_problem import quality_problem
from buffon._sampler_report import sampler_report
from buffon._surface import function as _function
from buffon._surrogate import surrogate_levels

CascadePolynomial = _native.CascadePolynomial
ChainKernel = _native.ChainKernel
ChainState = _native.ChainState
Cosine = _native.Cosine
DcSearch = _native.DcSearch
Discrete = _native.Discrete
Draws = _native.Draws
EDM = _native.EDM
Ems = _native.Ems
GaussianMixture = _native.GaussianMixture
LangevinGibbsDraws = _native.LangevinGibbsDraws
Likelihood = _native.Likelihood
LossLevels = _native.LossLevels
MeanReverting = _native.MeanReverting
OrderReport = _native.OrderReport
ScheduleComparison = _native.ScheduleComparison
Step = _native.Step
SubVP = _native.SubVP
Table = _native.Table
TransportMap = _native.TransportMap
TransportReport = _transport_report.TransportReport
TransportStart = _native.TransportStart
Trial = _native.Trial
VE = _native.VE
VP = _native.VP
compare_schedules = _native.compare_schedules
convert = _native.convert
fit_ratios = _native.fit_ratios
input_perturbed = _made_by.kept(_native.input_perturbed, "buffon.diffusion.input_perturbed")
moment_features = _native.moment_features
noise_scaled = _made_by.kept(_native.noise_scaled, "buffon.diffusion.noise_scaled")
sampler_problem = _made_by.kept(_native.sampler_problem, "buffon.diffusion.sampler_problem")
transport_start = _native.transport_start
for _name in (
    "compare_schedules",
    "convert",
    "fit_ratios",
    "input_perturbed",
    "moment_features",
    "noise_scaled",
    "sampler_problem",
    "transport_start",
):
    globals()[_name].__module__ = __name__

_CHAINS = [
    "ChainKernel",
    "ChainState",
    "LangevinGibbsDraws",
    "NoiseClassifier",
    "chain_kernel",
    "langevin_gibbs",
    "noise_classifier",
]
_DENOISERS = [
    "Denoiser",
    "DenoiserCheck",
    "Empirical",
    "Network",
    "check_denoiser",
    "guided",
    "input_perturbed",
    "noise_scaled",
    "thresholded",
    "time_shifted",
]
Denoiser = _native.Denoiser
_made_by.pickles_by_constructor(Denoiser, "buffon.diffusion.Denoiser")
_made_by.pickles(ChainKernel)
Empirical = _native.Empirical
for _ours in (DenoiserCheck, Network, NoiseClassifier, check_denoiser, noise_classifier, quality_problem, sampler_report,
              surrogate_levels):
    _ours.__module__ = __name__


def _kept(name, summary, rest):
    """A registered function whose results pickle by what made them."""
    return _made_by.kept(_function(name, summary, rest, _native), f"{__name__}.{name}")


guided = _kept("guided", *_denoisers.GUIDED)
thresholded = _kept("thresholded", *_denoisers.THRESHOLDED)
time_shifted = _kept("time_shifted", *_denoisers.TIME_SHIFTED)

denoising_loss = _function("denoising_loss", *_denoising_loss.DENOISING_LOSS, _native)
sample = _function("sample", *_docs_samplers.SAMPLE, _native)
ems = _function("ems", *_docs_samplers.EMS, _native)
dc_search = _function("dc_search", *_docs_samplers.DC_SEARCH, _native)
chain_kernel = _kept("chain_kernel", *_langevin_gibbs.CHAIN_KERNEL)
langevin_gibbs = _function("langevin_gibbs", *_langevin_gibbs.LANGEVIN_GIBBS, _native)
invert = _function("invert", *_docs_samplers.INVERT, _native)
log_likelihood = _function("log_likelihood", *_docs_samplers.LOG_LIKELIHOOD, _native)
order_report = _function("order_report", *_docs_samplers.ORDER_REPORT, _native)
solver_search = _function("solver_search", *_docs_search.SOLVER_SEARCH, _native)
cf_distance = _function("cf_distance", *_docs_metrics.CF_DISTANCE, _native)
energy = _function("energy", *_docs_metrics.ENERGY, _native)
frechet = _function("frechet", *_docs_metrics.FRECHET, _native)
kid = _function("kid", *_docs_metrics.KID, _native)
memorised = _function("memorised", *_docs_metrics.MEMORISED, _native)
mmd = _function("mmd", *_docs_metrics.MMD, _native)
mode_masses = _function("mode_masses", *_docs_metrics.MODE_MASSES, _native)
mode_mixture = _function("mode_mixture", *_docs_metrics.MODE_MIXTURE, _native)
moment_probe = _function("moment_probe", *_docs_metrics.MOMENT_PROBE, _native)
off_mode = _function("off_mode", *_docs_metrics.OFF_MODE, _native)
prdc = _function("prdc", *_docs_metrics.PRDC, _native)
sliced_w2 = _function("sliced_w2", *_docs_metrics.SLICED_W2, _native)
w2 = _function("w2", *_docs_metrics.W2, _native)
fit_mixture = _function("fit_mixture", *_surrogate.FIT_MIXTURE, _native)
transport_map = _function("transport_map", *_docs_transport.TRANSPORT_MAP, _native)
globals().update({name: _function(name, *_solvers.document(name), _native) for name in _solvers.SOLVERS})

_EXACT_METRICS = ["cf_distance", "mode_masses", "mode_mixture", "moment_probe", "off_mode"]
_EXPOSURE = ["ExposureProfile", "exposure_profile", "quality_problem", "sampler_report"]
ExposureProfile = _native.ExposureProfile
exposure_profile = _function("exposure_profile", *_exposure.EXPOSURE_PROFILE, _native)

__all__ = sorted(
    [
        "Cosine",
        "Discrete",
        "Draws",
        "EDM",
        "Ems",
        "GaussianMixture",
        "MeanReverting",
        "Step",
        "SubVP",
        "Table",
        "Trial",
        "VE",
        "VP",
        "ScheduleComparison",
        "compare_schedules",
        "convert",
        "CascadePolynomial",
        "DcSearch",
        "dc_search",
        "fit_mixture",
        "fit_ratios",
        "Likelihood",
        "LossLevels",
        "OrderReport",
        "denoising_loss",
        "ems",
        "energy",
        "frechet",
        "kid",
        "mmd",
        "moment_features",
        "prdc",
        "sliced_w2",
        "w2",
        "invert",
        "log_likelihood",
        "order_report",
        "sample",
        "sampler_problem",
        "solver_search",
        "surrogate_levels",
        "TransportMap",
        "TransportReport",
        "TransportStart",
        "memorised",
        "transport_map",
        "transport_start",
        *_solvers.SOLVERS,
        *_DENOISERS,
        *_EXPOSURE,
        *_EXACT_METRICS,
        *_CHAINS,
    ]
)
