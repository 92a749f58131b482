"""Denoising MCMC in Python: the document of `langevin_gibbs`, and chains for ArviZ."""
from importlib import metadata
from typing import Any

from buffon._buffon import diffusion as _native
from buffon._extras import needed

LANGEVIN_GIBBS = (
    """
    Denoising MCMC: samples from Markov chains on (x, sigma), each denoised from its own noise level by any solver's table.

    A chain visits all modes at high noise and little noise in turns: x moves by Langevin steps along the score at its level,
    sigma is drawn given x. Every ``skip`` steps a copy of its state is denoised in fewer evaluations than a start from pure noise
    needs; the chain goes on. Samples of one chain depend on each other: the errors of means over samples come from ``chains``
    chains.
    """,
    """
    Returns
    -------
    LangevinGibbsDraws
        ``x`` (n, d), sample i of chain i mod chains; ``parts``, the evaluations of start (with burn-in), chain, denoise and
        final; ``summary()``, ``mode_masses()``, ``flatness()``, ``round_trips``, ``traces`` and ``to_arviz()`` of the chains.

    Raises
    ------
    ValueError
        If options contradict each other or ask for what the model does not know: ``sigma="exact"`` and ``metropolis`` need a
        density.

    References
    ----------
    Kim, Ye, "Denoising MCMC for accelerating diffusion-based generative models", ICML 2023, whose code takes
    ``sigma_rule="argmax"``, ``emit="min"``, ``step_scale="constant"`` and a noise classifier.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> draws = bd.langevin_gibbs(model, bd.ddim(bd.EDM(0.01, 10), steps=5, to_zero=True), n=1000, chains=100, levels=100, rng=0)
    >>> draws.x.shape, draws.parts["chain"]
    ((1000, 1), 3000)
    """,
)

CHAIN_KERNEL = (
    """
    One step of Denoising MCMC by itself: Langevin steps of x at its level, then a draw of sigma given x.

    ``langevin_gibbs`` is a loop over it, with the same keywords; here ``sigma_min`` and ``sigma_max`` must be given.
    """,
    """
    Returns
    -------
    ChainKernel
        ``init(x, level)`` makes a ChainState, ``step(state, rng)`` the next one and a dict of what happened.

    Raises
    ------
    ValueError
        If options contradict each other or ask for what the model does not know.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> kernel = bd.chain_kernel(model, sigma_min=0.05, sigma_max=5.0, metropolis=True)
    >>> state = kernel.init([[0.3], [0.4]], 1.0)
    >>> state, info = kernel.step(state, rng=1)
    >>> state.steps, info["evaluations"]
    (1, 4)
    """,
)


def to_arviz(self) -> Any:
    """Chains as what ArviZ takes: ``arviz.summary(draws.to_arviz())``, ``arviz.plot_trace(...)``.

    Group ``posterior`` holds log_sigma, x1 and, of exact models, the modes' probabilities over (chain, draw); ``sample_stats``
    holds lp, log p_sigma(x).

    Returns
    -------
    xarray.DataTree or arviz.InferenceData
        InferenceData where an ArviZ before 1.0 is installed, which knows no trees.

    Raises
    ------
    MissingExtra
        Without xarray: ``pip install buffon[data]``.
    """
    xarray = needed("xarray", "LangevinGibbsDraws.to_arviz", "data")
    traces = self.traces
    dims = ("chain", "draw")
    posterior = {"log_sigma": (dims, traces["log sigma"]), "x1": (dims, traces["x1"])}
    if "modes" in traces:
        posterior["modes"] = ((*dims, "mode"), traces["modes"])
    chains, steps = traces["log sigma"].shape
    coords = {"chain": range(chains), "draw": range(steps)}
    groups = {"posterior": xarray.Dataset(posterior, coords=coords, attrs={"rng_key": self.rng_key})}
    if "log density" in traces:
        groups["sample_stats"] = xarray.Dataset({"lp": (dims, traces["log density"])}, coords=coords)
    if _before_trees():
        import arviz

        return arviz.InferenceData(**groups)
    return xarray.DataTree.from_dict(groups)


def _before_trees():
    """Whether an ArviZ is installed that takes InferenceData alone."""
    try:
        return int(metadata.version("arviz").partition(".")[0]) < 1
    except metadata.PackageNotFoundError:
        return False


_native.LangevinGibbsDraws.to_arviz = to_arviz
