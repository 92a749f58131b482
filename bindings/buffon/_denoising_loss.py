"""The document of denoising_loss."""

DENOISING_LOSS = (
    """
    The denoising loss of a model, a mean over noise levels, data and noise, with its interval.

    E w |D(x0 + sigma eps) - x0|^2 / d, log sigma uniform between two levels. Levels are drawn where squares of the loss are
    large, learnt from batches that are no part of the estimate, and as one shifted lattice a batch: both are unbiased, and each
    batch is worth several of independent uniform levels (``diagnostics["gain"]``).
    """,
    """
    Returns
    -------
    Estimate
        One value, "loss"; Student's interval over the batches. ``n`` counts every evaluation of the denoiser.
        ``diagnostics``: ``batches``, ``adaptation_n``, ``gain`` (the variance that batches of independent uniform levels would
        have, over that of these), ``edges`` (bins + 1,) and ``mass`` (bins,) of the density of levels.

    Raises
    ------
    ValueError
        If nobody knows the data, a level is unknown to the denoiser, the budget is below 4 batches, or the denoiser gives what is
        not finite.

    References
    ----------
    Nichol, Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021, arXiv:2102.09672.
    Kingma, Salimans, Poole, Ho, "Variational diffusion models", NeurIPS 2021, arXiv:2107.00630.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([1.0], [[0.0, 0.0]], [[[1.0, 0.0], [0.0, 1.0]]])   # its loss at sigma is 1 / (1 + sigma^2)
    >>> e = bd.denoising_loss(model, low=0.1, high=10, budget=50_000, rng=1)
    >>> low, high = e.confidence_interval()
    >>> bool(low[0] < 0.5 < high[0]), bool(e.diagnostics["gain"] > 2)
    (True, True)
    """,
)
