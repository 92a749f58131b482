"""The public names, and the first block of code that the design promises."""
import doctest
import inspect
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion

UNIVARIATE = {
    "Normal": bf.Normal(1, 2), "LogNormal": bf.LogNormal(0.1, 0.2), "Uniform": bf.Uniform(-1, 3),
    "Exponential": bf.Exponential(0.5), "Gamma": bf.Gamma(2.5, 3),
    "Beta": bf.Beta(2, 3, -1, 1), "Weibull": bf.Weibull(1.5, 8), "Gumbel": bf.Gumbel(1013, 558),
    "Triangular": bf.Triangular(0, 0.1 + 0.2, 2), "StudentT": bf.StudentT(4, 1), "Logistic": bf.Logistic(0, 2),
    "Truncated": bf.Truncated(bf.Normal(30, 8), lower=15), "Histogram": bf.Histogram([0, 1, 3], [1, 2]),
    "KernelDensity": bf.KernelDensity([0.5, 2, 2.5], 0.3, lower=0),
    "Discrete": bf.Discrete([3, 1], [1, 2]), "Constant": bf.Constant(2.5),
}
LAWS = [*UNIVARIATE, "Joint", "MultivariateNormal", "MultivariateT", "Mixture"]
ARCHIMEDEAN = ["ClaytonCopula", "FrankCopula", "GumbelCopula"]
COPULAS = ["GaussianCopula", "StudentCopula", *ARCHIMEDEAN]
FITS = ["fit_law", "fit_copula", "fit_joint", "compare_copulas", "LawFit", "CopulaFit", "JointFit"]
ESTIMATORS = ["plain", "quasi", "importance", "aiscv", "amis", "form", "cross_entropy", "subset", "line_sampling",
              "arcs", "control"]
OF_SAMPLES = ["reweight", "sobol_given_data", "shapley_given_data", "quantile", "superquantile", "conditional_mean",
              "target_sobol", "perturbed_law", "law_derivatives"]
OF_ESTIMATES = ["extend"]
OF_HIERARCHIES = ["multilevel"]
OF_VARIANCE = ["sobol", "shapley"]
MATCHING = ["assign", "Assignment", "wasserstein", "Wasserstein", "sinkhorn", "Sinkhorn", "sinkhorn_divergence",
            "SinkhornDivergence"]
NAMES = [*LAWS, *ESTIMATORS, *OF_SAMPLES, *OF_ESTIMATES, *OF_HIERARCHIES, *OF_VARIANCE, *MATCHING, "Indices", *COPULAS,
         *FITS, "Problem", "Sample", "SobolSequence", "Stream", "Estimate", "ModelError", "History", "cuda_status",
         "exceedance", "testing"]
SOLVERS = [
    "ancestral",
    "annealed_langevin",
    "dc",
    "ddim",
    "ddpm",
    "deis",
    "dpm",
    "dpm_adaptive",
    "dpm_v3",
    "dpmpp",
    "euler",
    "euler_maruyama",
    "fpndm",
    "heun",
    "lms",
    "mrs",
    "pndm",
    "posterior_mr",
    "probability_flow",
    "reverse_diffusion",
    "rk45",
    "unipc",
]
CHAINS = ["ChainKernel", "ChainState", "LangevinGibbsDraws", "NoiseClassifier", "chain_kernel", "langevin_gibbs",
          "noise_classifier"]
DENOISERS = ["Denoiser", "DenoiserCheck", "Empirical", "Network", "check_denoiser", "guided", "input_perturbed",
             "noise_scaled", "thresholded", "time_shifted"]
EXACT_METRICS = ["cf_distance", "mode_masses", "mode_mixture", "moment_probe", "off_mode"]
DIFFUSION = ["VP", "VE", "EDM", "Cosine", "SubVP", "Discrete", "MeanReverting", "GaussianMixture", "Draws", "Step",
             "Table", "ScheduleComparison", "compare_schedules", "convert", "CascadePolynomial", "DcSearch",
             "dc_search", "fit_ratios", "Ems", "Trial", "ems", "energy", "frechet", "kid", "fit_mixture", "mmd",
             "moment_features", "prdc", "sliced_w2", "surrogate_levels", "w2", "solver_search", "Likelihood",
             "LossLevels", "denoising_loss", "OrderReport", "sample", "invert", "log_likelihood", "order_report",
             "sampler_problem", "TransportMap", "TransportReport", "TransportStart", "memorised", "transport_map",
             "transport_start", *SOLVERS, *DENOISERS, *CHAINS, *EXACT_METRICS, "ExposureProfile", "exposure_profile",
             "quality_problem", "sampler_report"]
LAW = ["sample", "log_density", "to_normal", "from_normal", "mean", "covariance", "dim", "names"]
FIT = ["log_likelihood", "aic", "bic", "n", "missing"]
MEMBERS = {
    "Problem": ["dim", "inputs", "outputs"],
    "Estimate": ["value", "std_error", "covariance", "n", "n_failed", "names", "rng_key", "diagnostics", "warnings", "sample",
                 "degrees_of_freedom", "excess_kurtosis", "confidence_interval", "transform", "given", "without", "contrast",
                 "merge", "to_dict", "to_dataframe", "to_xarray", "plot", "save", "load", "report", "history"],
    "Indices": ["first_order", "total_order", "second_order", "joint", "groups", "outputs", "n", "n_failed", "rng_key",
                "diagnostics", "warnings", "sample", "to_dict", "to_dataframe", "plot"],
    "Sample": ["x", "y", "log_density", "law", "inputs", "outputs", "missing", "n_dropped", "n_failed", "warnings", "from_csv",
               "save", "load"],
    "Assignment": ["columns", "rows", "cost", "u", "v", "gap"],
    "Wasserstein": ["distance", "partner"],
    "Sinkhorn": ["value", "cost", "epsilon", "f", "g", "marginal_error", "iterations", "converged"],
    "SinkhornDivergence": ["value", "epsilon", "marginal_error", "iterations", "converged"],
    "Stream": ["uniform", "normal", "key", "id"],
    "SobolSequence": ["uniform", "dim", "rng_key"],
    "GaussianCopula": ["from_pearson", "from_spearman", "from_kendall", "correlation", "names"],
    **{name: ["from_kendall", "theta", "names", "kendall_tau", "tail_dependence"] for name in ARCHIMEDEAN},
    "StudentCopula": ["from_kendall", "correlation", "df", "names"],
    "LawFit": ["law", "parameters", "std_error", "covariance", *FIT], "CopulaFit": ["copula", "family", "std_error", *FIT],
    "JointFit": ["joint", "marginals", "copula", "compared"],
    **{law: LAW for law in LAWS},
    "Joint": [*LAW, "laws", "copula"], "MultivariateT": [*LAW, "location", "scale", "df"],
    "Histogram": [*LAW, "from_data", "edges", "weights"], "KernelDensity": [*LAW, "points", "bandwidth", "lower", "upper"],
}
RUN = ["budget", "target_error", "rng", "batch", "threads", "device", "on_error", "keep", "progress"]


@pytest.mark.parametrize("name", NAMES)
def test_a_promised_name_exists(name):
    assert name in bf.__all__
    assert getattr(bf, name).__doc__


def test_no_public_name_lacks_its_promise():
    assert sorted(set(bf.__all__) - set(NAMES)) == ["__version__"]
    assert sorted(diffusion.__all__) == sorted(DIFFUSION)


@pytest.mark.parametrize("owner, name", [(owner, name) for owner, names in MEMBERS.items() for name in names])
def test_a_promised_member_exists_and_says_what_it_is(owner, name):
    assert getattr(bf, owner).__dict__[name].__doc__, f"{owner}.{name} has no docstring"


@pytest.mark.parametrize("name", ["cdf", "ccdf", "quantile", "upper_quantile"])
@pytest.mark.parametrize("law", UNIVARIATE)
def test_univariate_laws_have_a_distribution_function(law, name):
    assert callable(getattr(getattr(bf, law), name))


@pytest.mark.parametrize("name", [*ESTIMATORS, *OF_VARIANCE])
def test_estimators_share_the_keywords_of_a_run(name):
    parameters = inspect.signature(getattr(bf, name)).parameters
    assert [p for p in parameters if p in RUN] == RUN and next(iter(parameters)) == "problem"
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    assert all(p.kind in kinds for key, p in parameters.items() if key != "problem")
    result = "Indices" if name == "sobol" else "Estimate"
    assert f"Returns\n-------\n{result}" in getattr(bf, name).__doc__


def test_every_registered_word_is_public():
    assert set(bf._buffon.registry) == {*ESTIMATORS, *OF_SAMPLES, *OF_ESTIMATES, *OF_HIERARCHIES, *OF_VARIANCE}


def test_every_registered_solver_is_public():
    assert set(bf._buffon.diffusion.registry) == {
        "dc_search", "ems", "sample", "solver_search", "invert", "log_likelihood", "order_report", "guided",
        "thresholded", "time_shifted", "transport_map", "energy", "frechet", "kid", "memorised", "mmd", "prdc",
        "sliced_w2", "w2", "denoising_loss", "exposure_profile", "fit_mixture", "chain_kernel", "langevin_gibbs",
        *SOLVERS, *EXACT_METRICS
    }


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_functions_of_a_sample_take_it_first_and_options_as_keywords(name):
    parameters = list(inspect.signature(getattr(bf, name)).parameters.values())
    assert parameters[0].name == "sample" and "Returns\n-------\nEstimate" in getattr(bf, name).__doc__
    assert not {"budget", "rng"} & {p.name for p in parameters}


def model(x):   # as the beam's displacement: positive, skewed
    return x[:, 0] / 1000 * np.exp(x[:, 1])


def promised_problem():
    inputs = bf.Joint({"F": bf.LogNormal.from_moments(mean=556.8, cv=0.08), "w": bf.Normal(0.062, 0.0062)},
                      copula=bf.GaussianCopula({("F", "w"): -0.3}))
    return bf.Problem(model, inputs, outputs={"mean": lambda y: y, "square": lambda y: y**2, "P": lambda y: y > .6})


@pytest.mark.parametrize("name", ["plain", "quasi", "aiscv"])
def test_the_first_block_of_the_design(name, tmp_path):
    problem = promised_problem()
    e = getattr(bf, name)(problem, budget=20_000, rng=1)
    low, high = e.confidence_interval(0.95)
    assert e.names == ["mean", "square", "P"] and e.value.shape == e.std_error.shape == low.shape == high.shape == (3,)
    assert e.covariance.shape == (3, 3) and 0 < e.n <= 20_000 and isinstance(e.diagnostics, dict)
    assert np.all(low < e.value) and np.all(e.value < high) and e["P"] == e.value[2]
    y = model(problem.inputs.sample(1_000_000, rng=77))
    oracle = np.array([y.mean(), (y**2).mean(), (y > .6).mean()])
    error = np.hypot(e.std_error, np.array([y.std(), (y**2).std(), (y > .6).std()]) / 1000)
    assert np.all(np.abs(e.value - oracle) < 5 * error)
    assert e.to_dict()["value"]["P"] == e["P"]
    path = tmp_path / "e.json"
    e.save(path)
    np.testing.assert_array_equal(bf.Estimate.load(path).covariance, e.covariance)


def test_the_docstrings_of_the_package_run():
    class Checker(doctest.OutputChecker):
        def check_output(self, want, got, flags):   # an example that shows no output only has to run
            return want == "" or super().check_output(want, got, flags)
    runner = doctest.DocTestRunner(Checker(), optionflags=doctest.ELLIPSIS)
    for module in (bf, diffusion, bf.testing):
        for example in doctest.DocTestFinder().find(module):
            runner.run(example)
    assert runner.tries > 5 and runner.failures == 0


@pytest.mark.parametrize("law", UNIVARIATE.values(), ids=repr)
def test_univariate_laws_pickle_and_their_text_makes_them_again(law):
    x = law.quantile([0.1, 0.7])
    for copy in (pickle.loads(pickle.dumps(law)), eval(repr(law), vars(bf))):
        assert repr(copy) == repr(law)
        np.testing.assert_array_equal(copy.cdf(x), law.cdf(x))


def test_importing_is_quiet_and_light():
    code = ("import sys, buffon; heavy = {'matplotlib', 'pandas', 'xarray', 'scipy', 'torch', 'pyarrow'} & set(sys.modules); "
            "assert not heavy, heavy; print(buffon.__version__)")
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, env=os.environ)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.strip() == bf.__version__
