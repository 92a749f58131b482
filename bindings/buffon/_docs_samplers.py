"""The documents of what runs and measures tables: summary, Returns, Raises, References and Examples; keywords are described in
C++, once."""

SAMPLE = (
    """
    Draw samples from a denoiser by a solver's table.

    Sample i is the same alone, in any batch, on any number of threads: its numbers depend on the key, i and its own start.
    """,
    """
    Returns
    -------
    Draws
        ``x`` (n, d), ``evaluations`` and their ``parts``, ``trajectory``, ``rng_key``.

    Raises
    ------
    ValueError
        If shapes or options contradict each other, or the table leaves the noise levels that the model knows.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> draws = bd.sample(model, bd.dpmpp(bd.VP(), steps=10), n=1000, rng=0)
    >>> draws.x.shape, draws.evaluations
    ((1000, 1), 10000)
    """,
)

EMS = (
    """
    Empirical model statistics of DPM-Solver-v3, for any denoiser: l, s, b per coordinate over lambda, with standard errors.
    """,
    """
    Returns
    -------
    Ems
        ``l``, ``s``, ``b`` and their errors (nodes + 1, d), ``evaluations``: (3 + 2 probes) n (nodes + 1).

    Raises
    ------
    ValueError
        If ``n`` is below 64, ``nodes`` below 2, or ``data`` is missing where the model cannot draw them.

    References
    ----------
    Zheng, Lu, Chen, Zhu, "DPM-Solver-v3", NeurIPS 2023, sections 3.1 and 3.2.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> statistics = bd.ems(model, bd.VP(), n=256, nodes=240, rng=0)
    >>> bd.dpm_v3(bd.VP(), steps=5, statistics=statistics).evaluations
    5
    """,
)

INVERT = (
    """
    Run a solver from data to noise: what start would it have taken to these samples?

    The table's nodes are walked backwards; ``sample`` from the result comes back to x, up to the solver's error.
    """,
    """
    Returns
    -------
    Draws
        ``x`` (n, d): the noise, in the schedule's coordinates at the table's first time.

    Raises
    ------
    ValueError
        If the table is random or ends at sigma = 0, or x is missing.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> table = bd.heun(bd.VP(), steps=200)
    >>> noise = bd.invert(model, table, x=[[0.9], [-1.2]])
    >>> bd.sample(model, table, x=noise.x).x.round(2).tolist()
    [[0.9], [-1.2]]
    """,
)

LOG_LIKELIHOOD = (
    """
    Log-density of samples under a deterministic sampler, by the change of variables along its path to noise.

    log p(x) = log N(noise; 0, prior_scale^2 I) + integral of the divergence: the density of what the solver makes of its prior,
    up to its own error. Any table without noise will do; ``rk45`` bounds the error. Derivatives are central differences of the
    denoiser: 1 + 2 d, or 1 + 2 ``probes``, evaluations for each of the table's.
    """,
    """
    Returns
    -------
    Likelihood
        ``value`` (n,), ``std_error`` (n,) from the spread of the probes, ``noise`` (n, d), ``evaluations``, ``rng_key``.

    Raises
    ------
    ValueError
        If the table is random or ends at sigma = 0, x is missing, or ``probes`` is 1.

    References
    ----------
    Song et al., "Score-based generative modeling through stochastic differential equations", ICLR 2021, appendix D.2;
    Grathwohl et al., "FFJORD", ICLR 2019 (probes).

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> found = bd.log_likelihood(model, bd.rk45(bd.EDM()), x=[[1.0], [0.0]])
    >>> bool(abs(found.value - model.log_density([[1.0], [0.0]], 0.002)).max() < 0.01)
    True
    """,
)

ORDER_REPORT = (
    """
    Measure a solver's order of convergence on Gaussian data, where errors are exact: nothing is drawn.

    The solver of the table is made again with other numbers of steps. A random solver's error is that of the law of its result.
    A solver declares two orders, from the noise end and from a start in the middle (``t_start`` of the table); the table's first
    level says which one is measured. ``lower_order_final=True``, where it lowers the last rows, lowers the order, too.
    """,
    """
    Returns
    -------
    OrderReport
        ``order`` over the ``asymptotic`` numbers of steps and its ``interval``, ``declared``, ``ok``, ``advice``; ``errors``,
        ``orders`` between neighbours, ``plot()``.

    Raises
    ------
    ValueError
        If the grid was an array, the solver chooses its steps, or fewer than 3 numbers of steps have errors beyond rounding.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> report = bd.order_report(bd.heun(bd.VP(), steps=10))
    >>> round(report.order, 1), report.end, report.ok
    (2.0, 'noise end', True)
    """,
)

DC_SEARCH = (
    """
    Search the compensation ratios of ``dc``, for any denoiser, without gradients.

    Step after step it takes the ratio whose next state comes closest to an accurate solution; one that is not better than 1, in
    the mean square and in the mean distance, stays 1.
    """,
    """
    Returns
    -------
    DcSearch
        ``table``, ``ratios``, ``errors`` and ``errors_before`` of each step, ``evaluations``: about n (reference_steps + (trials
        + 3) steps).

    Raises
    ------
    ValueError
        If ``lowest`` ... ``highest`` does not hold 1, ``trials`` is below 2, or ``x`` has another width than the model.

    References
    ----------
    Zhao, Wang, Zhou, Lu, "DC-Solver: improving predictor-corrector diffusion sampler via dynamic compensation", ECCV 2024.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> found = bd.dc_search(model, bd.VP(), steps=5, rng=0)
    >>> bool(found.errors[-1] < found.errors_before[-1]), bd.sample(model, found.table, n=100, rng=1).evaluations
    (True, 500)
    """,
)
