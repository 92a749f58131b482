"""The samplers' documents: summary, Returns, References and Examples of each; keywords are described in C++, once."""

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

_TABLE = """
    Returns
    -------
    Table
        {evaluations}

    Raises
    ------
    ValueError
        If the grid is not one of decreasing noise, or {errors}.

    References
    ----------
    {reference}

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> bd.{example}
    """

SOLVERS = {
    "ddim": (
        """
        DDIM, and with eta = 1 the ancestral sampler of DDPM: one exponential-Euler step per evaluation.
        """,
        dict(
            evaluations="``steps`` evaluations; order 1. With eta > 0 a random table, weak order 1; the last step adds no noise.",
            errors="``eta`` negative",
            reference="""Song, Meng, Ermon, "Denoising diffusion implicit models", ICLR 2021, eq. (12).""",
            example="ddim(bd.VP(), steps=10).evaluations\n    10",
        ),
    ),
    "dpmpp": (
        """
        DPM-Solver++, multistep: the data prediction is extrapolated by a polynomial in lambda.
        """,
        dict(
            evaluations="``steps`` evaluations; order ``order`` from the noise end, min(order, 2) from the middle (it starts with order 1).",
            errors="``order`` is not 1, 2 or 3",
            reference="""Lu et al., "DPM-Solver++", arXiv:2211.01095, algorithm 2.""",
            example="dpmpp(bd.VP(), steps=10, order=3).evaluations\n    10",
        ),
    ),
}


def document(name):
    """(summary, rest) of a solver."""
    summary, parts = SOLVERS[name]
    return summary, _TABLE.format(**parts)
