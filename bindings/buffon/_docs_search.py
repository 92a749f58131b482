"""The documents of what searches for solvers."""

SOLVER_SEARCH = (
    """
    Search a solver for a model: evolution of what every step decides (where it ends, prediction, order, points, corrector).
    """,
    """
    Returns
    -------
    Table
        The best one found. A pure function of ``rng`` and the options. ``table.record`` lists a ``Trial`` for every candidate, in
        the order in which they were scored: ``score``, ``steps`` and ``analytic_first``, what ``resume`` takes.

    Raises
    ------
    ValueError
        If a number among the options is below 1.

    References
    ----------
    Liu et al., "A unified sampling framework for solver searching of diffusion probabilistic models", ICLR 2024.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> table = bd.solver_search(model, bd.VP(), evaluations=5, budget=200, points=50, rng=0)
    >>> table.evaluations, len(table.record)
    (5, 200)
    """,
)
