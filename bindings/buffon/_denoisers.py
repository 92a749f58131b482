"""The wrappers' documents: summary, Returns, References and Examples of each; keywords are described in C++, once."""

GUIDED = (
    """
    Classifier-free guidance: D_none + scale (D_class - D_none), of one call with twice the rows.

    Guide before thresholds: ``thresholded(guided(model, 4.0))``. A sampler counts one evaluation per sample, as papers do, in
    ``draws.parts["denoise"]``, and what the second rows cost in ``draws.parts["guidance"]``; ``draws.evaluations`` is their sum.
    """,
    """
    Returns
    -------
    Denoiser

    Raises
    ------
    ValueError
        If the model takes no condition, or an option is outside its range.

    References
    ----------
    Ho, Salimans, "Classifier-free diffusion guidance", arXiv:2207.12598; interval: Kynkäänniemi et al., arXiv:2404.07724;
    rescale: Lin et al., arXiv:2305.08891, eq. (15)-(16), here of E[x0 | x].

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.Empirical([[0.0], [1.0], [3.0]], labels=[0, 0, 1])
    >>> draws = bd.sample(bd.guided(model, 2.0), bd.ddim(bd.EDM(), steps=10), n=5, rng=0, condition=1)
    >>> draws.parts
    {'denoise': 50, 'guidance': 50}
    """,
)

THRESHOLDED = (
    """
    Keeps E[x0 | x] in the range of the data, sample by sample. For solvers that predict data.
    """,
    """
    Returns
    -------
    Denoiser

    Raises
    ------
    ValueError
        If an option is outside its range.

    References
    ----------
    Saharia et al., "Photorealistic text-to-image diffusion models with deep language understanding", NeurIPS 2022, section 2.3.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.Denoiser(lambda x, sigma: 3 * x, dim=2)
    >>> bd.thresholded(model, kind="static").denoise([[0.1, 5.0]], sigma=1.0)
    array([[0.3, 1. ]])
    """,
)

TIME_SHIFTED = (
    """
    Time-Shift, against exposure bias: at each node a sample takes the time label at which its variance belongs.

    Wraps a solver's table, as the step from a label has its own coefficients; no evaluation is added. For many coordinates, d of
    hundreds: the variance of d normal numbers is known to a factor 1 +- sqrt(2 / (d - 1)). Any solver whose steps begin by
    denoising the state of their node: ``ddpm``, ``ddim``, ``pndm``, ``fpndm``, ``dpm``, ``dpmpp``, ``deis``, ... Steps with
    coefficients of their own for each label, all but those of one evaluation without noise, shift half-way to the neighbouring
    nodes at most; outputs of earlier steps keep their node's label.
    """,
    """
    Returns
    -------
    Table
        For ``sample``; sample i depends on its own path alone.

    Raises
    ------
    ValueError
        If an option is outside its range, ``variance`` is missing or does not belong, or the table's steps begin otherwise.

    References
    ----------
    Li, Qu, Yao, Sun, Moens, "Alleviating exposure bias in diffusion models through sampling with shifted time steps", ICLR 2024,
    arXiv:2305.15583.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> data = np.random.default_rng(0).normal(0.3, 0.1, (200, 256))
    >>> table = bd.fpndm(bd.Discrete.linear(), steps=10, grid="index")
    >>> shifted = bd.time_shifted(table, window=80, cutoff=0, rule="calibrated", variance=data.var(axis=1, ddof=1).mean())
    >>> bd.sample(bd.Empirical(data), shifted, n=5, rng=0).evaluations == 5 * table.evaluations
    True
    """,
)
