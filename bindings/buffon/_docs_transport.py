"""The documents of optimal transport."""

TRANSPORT_MAP = (
    """
    Optimal transport from a law with a density to weighted points, by least mean square distance.

    Stochastic approximation on the concave dual problem: preconditioned steps on fresh draws, averaged, until a check on draws that
    no step has seen finds the masses right. Every block of a normal source serves eight times, turned by random orthogonal matrices.
    """,
    """
    Returns
    -------
    TransportMap
        ``heights``, ``masses`` with ``mass_std_error``, ``mass_error`` and ``w2`` (Estimates), ``empty`` cells, ``n`` draws, ``converged``;
        called with x (n, d) it gives the images, ``cell(x)`` their indices. ``method="newton"`` is exact: no draw, no standard error.

    Raises
    ------
    ValueError
        If there is no point, a number is not finite, masses or source do not fit the points, or an option is outside its range.

    References
    ----------
    Aurenhammer, Hoffmann, Aronov, "Minkowski-type theorems and least-squares clustering", Algorithmica 20 (1998); Polyak, Juditsky,
    "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30 (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> found = bd.transport_map([[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]], masses=[0.5, 0.3, 0.2], rng=0)
    >>> found.converged
    True
    >>> np.round(found.masses, 2)
    array([0.5, 0.3, 0.2])
    """,
)
