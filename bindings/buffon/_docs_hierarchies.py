"""Docstrings of estimators that take several models of one quantity: summary and what follows the parameters."""

DOCS = {
    "multilevel": (
        """
        Multilevel Monte Carlo: the means of an expensive model from few evaluations of it and many of cheaper ones.

        The mean of the first model is a sum of means of differences: expensive less cheaper at the same inputs, and so on down to
        the cheapest by itself. Differences vary little, so few evaluations of the expensive models do. A first look at all levels
        at common inputs says which of them pay; the others are dropped, and evaluations are shared out for least variance at the
        cost. Where no level pays it is plain Monte Carlo.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) of the first problem and its covariance. Unbiased: the first look is no part of it, unless no level
            pays. Intervals are bootstrap-t ones over the levels. ``budget`` and ``n`` are costs, in evaluations of the first
            problem.

            ``diagnostics``: ``evaluations`` of each problem, ``levels`` that were kept (1 is the first), ``adaptation_n``,
            ``planned_gain``: variance of plain Monte Carlo at the same cost over that of the plan, of the output that gains
            least, as the first look sees it; ``effective_terms`` (m,); with ``coefficients`` these, ((kept - 1) m,), level by
            level. Where a few large differences carry the error, it warns.

        Raises
        ------
        ValueError
            For more than 16 levels, costs that are not positive, inputs or outputs that differ in number; for
            ``on_error="discard"`` and ``keep``.
        ModelError
            If a model fails; ``error.partial`` is the estimate so far, once all levels have terms.

        Notes
        -----
        Inputs are drawn from the law of the first problem. Shares serve all outputs at once: ask by itself for an output for
        which no level pays. Differences between samplers of a diffusion model are rare and large, where two of them end in
        different modes: such a one that the first look has not seen is planned for. The probability that a sampler fails gains
        nothing: the cheaper one fails elsewhere; use ``arcs``.

        References
        ----------
        Giles, "Multilevel Monte Carlo path simulation", Oper. Res. 56 (2008).
        Coefficients: Peherstorfer, Willcox, Gunzburger, "Optimal model management for multifidelity Monte Carlo
        estimation", SIAM J. Sci. Comput. 38 (2016), here with independent terms.

        Examples
        --------
        >>> import buffon as bf
        >>> law = bf.Joint([bf.Normal()] * 2)
        >>> fine = bf.Problem(lambda x: x[:, 0] + 0.01 * x[:, 1], law)
        >>> coarse = bf.Problem(lambda x: x[:, 0], law)
        >>> estimate = bf.multilevel([(fine, 100.0), (coarse, 1.0)], budget=2_000, rng=1)
        >>> estimate.n <= 2_000, bool(estimate.std_error[0] < 0.01)   # 2,000 evaluations of `fine` alone: 0.022
        (True, True)
        """,
    )
}
