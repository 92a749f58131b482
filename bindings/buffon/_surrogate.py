"""Gaussian mixtures fitted to samples, and samplers of them beside those of a dear model."""

FIT_MIXTURE = (
    """
    A Gaussian mixture fitted to a sample by maximum likelihood: an exact denoiser where only points, or draws of a network, are
    given.

    EM from the best of three starts, in coordinates scaled to variance 1. A ten-thousandth of that variance is added along every
    direction, and covariances of components with few points are shrunk. Coordinates that are constant stay so.
    """,
    """
    Returns
    -------
    GaussianMixture
        With ``labels`` its components have classes.

    Raises
    ------
    ValueError
        For fewer points than components (of a class), a number that is not finite, or labels that skip a class.

    References
    ----------
    Dempster, Laird, Rubin, "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39 (1977).

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> law = bd.GaussianMixture([0.5, 0.5], [[-2.0], [2.0]], [[[0.04]], [[0.04]]])
    >>> fitted = bd.fit_mixture(law.forward(1000, 0.0, rng=1), components=2, rng=1)
    >>> sorted(fitted.means[:, 0].round(1).tolist())
    [-2.0, 2.0]
    """,
)


def surrogate_levels(model, table, surrogate=None, *, functionals, cost, condition=None, components=8, rng=None):
    """
    A sampler of a dear model above the same sampler of a mixture fitted to it, from the same noise: what ``multilevel`` takes.

    ``bf.multilevel(surrogate_levels(...), coefficients=True, budget=...)`` has the mixture's sampler as a control variate whose
    mean is found by a large cheap run: unbiased for the dear sampler whatever the mixture is, and plain Monte Carlo where
    it tells too little.

    Parameters
    ----------
    model : denoiser
        The dear one: a ``Network``, a ``Denoiser``, an ``Empirical``.
    table : Table
        What a solver makes; both samplers run it.
    surrogate : GaussianMixture, denoiser or array (m, d), optional
        The cheap model; or points of the law that ``model`` was made for, or draws of its sampler, to which a mixture is fitted
        (``fit_mixture``). None: the points of an ``Empirical``, class by class where it has labels.
    functionals : dict name -> callable
        Draws (n, d) -> (n,), as in ``sampler_problem``: what means are asked for.
    cost : float
        What one run of the surrogate's sampler costs, in runs of the model's: time both. The estimate is unbiased whatever is
        said here; the shares of the budget follow it, and evaluations of both are counted apart.
    condition : int, optional
        Class of the draws; a surrogate without classes is asked for none.
    components : int
        Most components of a mixture that is fitted, of each class.
    rng : int, Generator, SeedSequence or None
        Key of the fit's starts.

    Returns
    -------
    list of (Problem, float)
        The model's sampler with cost 1, the surrogate's with ``cost``.

    Raises
    ------
    ValueError
        If there is no surrogate and ``model`` is no ``Empirical``, or dimensions differ.

    Examples
    --------
    >>> import buffon as bf
    >>> from buffon import diffusion as bd
    >>> law = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> model = bd.Empirical(law.forward(2000, 0.0, rng=1))
    >>> table = bd.ddim(bd.EDM(0.02, 10), steps=10, grid="rho", to_zero=True)
    >>> levels = bd.surrogate_levels(model, table, functionals={"mean": lambda x: x[:, 0]}, cost=0.01, components=2, rng=1)
    >>> estimate = bf.multilevel(levels, coefficients=True, budget=2_000, rng=1)
    >>> estimate.diagnostics["levels"], estimate.diagnostics["planned_gain"] > 5
    ([1.0, 2.0], True)
    """
    from buffon import diffusion as bd

    labels = None
    if surrogate is None:
        if not isinstance(model, bd.Empirical):
            raise ValueError(
                "surrogate_levels: surrogate must be given, a mixture or points to fit one to; only an Empirical has its own"
            )
        surrogate, labels = model.points, model.labels
    if not hasattr(surrogate, "denoise"):
        surrogate = bd.fit_mixture(surrogate, components=components, labels=labels, rng=rng)
    classes = getattr(surrogate, "classes", 0)
    cheap = bd.sampler_problem(surrogate, table, functionals=functionals, condition=condition if classes else None)
    dear = bd.sampler_problem(model, table, functionals=functionals, condition=condition)
    if cheap.dim != dear.dim:
        raise ValueError(
            f"surrogate_levels: model and surrogate must take as many latent numbers, got {dear.dim} and {cheap.dim}"
        )
    return [(dear, 1.0), (cheap, float(cost))]
