"""The documents of optimal transport."""

TRANSPORT_MAP = (
    """
    Optimal transport from a law with a density to weighted points, by least mean square distance.

    Stochastic approximation on the concave dual problem: preconditioned steps on fresh draws, averaged, until a check on draws
    that no step has seen finds the masses right. Every block of a normal source serves eight times, turned by random orthogonal
    matrices. ``method="entropic"`` shares each x among the points (averaged steps on the semi-dual problem); its map is smooth.
    """,
    """
    Returns
    -------
    TransportMap
        ``heights``, ``masses`` with ``mass_std_error``, ``mass_error`` and ``w2`` (Estimates), ``empty`` cells, ``n`` draws,
        ``converged``; called with x (n, d) it gives the images, ``cell(x)`` their indices. ``method="newton"`` is exact: no draw,
        no standard error. ``method="entropic"``: ``weights(x)`` are the plan's, images their means, ``masses`` the plan's;
        ``entropic_value`` what it minimises, ``w2_squared`` still W2^2, its interval from the dual value of the heights to the
        cost of the plan.

    Raises
    ------
    ValueError
        If there is no point, a number is not finite, masses or source do not fit the points, an option is outside its range, or
        ``checkpoint`` is a file of another run.

    References
    ----------
    Aurenhammer, Hoffmann, Aronov, "Minkowski-type theorems and least-squares clustering", Algorithmica 20 (1998); Polyak,
    Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30 (1992). Entropic: Genevay,
    Cuturi, Peyre, Bach, "Stochastic optimization for large-scale optimal transport", NIPS 2016; Pooladian, Niles-Weed, arXiv
    2109.12004 (2021).

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> found = bd.transport_map([[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]], masses=[0.5, 0.3, 0.2], rng=0)
    >>> found.converged
    True
    >>> np.round(found.masses, 2)
    array([0.5, 0.3, 0.2])
    >>> smooth = bd.transport_map([[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]], method="entropic", epsilon=0.5, rng=0)
    >>> smooth.weights([[1.0, 0.5]]).shape, smooth([[1.0, 0.5]]).shape
    ((1, 3), (1, 2))
    """,
)
