"""Estimators for rare events of a problem with a score: summary, and Returns, References and Examples of each."""

DOCS = {
    "form": (
        """
        Rare events by their design points (first-order reliability), and importance sampling about all of them.

        The design point of an event is where it comes nearest to the origin of standard normal space. Gradients of the score
        by differences lead there; further points are looked for opposite to those found, at scores that they do not explain,
        and across, while bulges hide them. Then one sample is drawn from normal laws about all points with a share of the
        input law: the estimate is unbiased whatever the search found, for series and parallel systems (scores that are a
        largest or smallest one) as for single events.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) and its covariance, from the sample alone; Student intervals over its independent nets. ``n`` counts
            every evaluation, those of gradients included, and never exceeds the budget.

            ``diagnostics``, of the k design points: ``beta`` (k,), their distances (reliability indices); ``design_points``
            (k d,) in the inputs' units, ``alpha_vectors`` (k d,) their directions in standard normal space and
            ``importance_factors`` (k d,), the squares of these, point by point; ``design_outputs`` (k,), whose they are;
            ``converged`` (k,), 1 or 0; ``first_order`` (m,), the normal distribution function at the nearest point's -beta, NaN
            for outputs without one; ``stop`` ("starts": the last starts found nothing new; "budget"; "no score";
            "no adaptation": the budget is too small for a search) and ``adaptation_n`` spent on it. Of the sample those of
            ``aiscv``: ``alpha``, ``components``, ``replicates``, ``points``, ``pareto_k``, ``effective_terms``, ``uncovered``:
            a region without a design point that the input law's share hits makes the interval warn.

        Raises
        ------
        ValueError
            For options that cannot be.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the first batch.

        Notes
        -----
        Outputs without a score, or likely at the origin already, are means under the input law. A search costs (d + 5) evaluations
        a step, three or four steps a start as a rule; ``adaptation`` limits it. Of a kept sample the points of the
        search belong to the adaptation, as no law has drawn them.

        References
        ----------
        Rackwitz, Fiessler, "Structural reliability under combined random load sequences", Comput. Struct. 9 (1978).
        Zhang, Der Kiureghian, "Two improved algorithms for reliability analysis", Rel. Opt. Struct. Syst. (1995).
        Der Kiureghian, Dakessian, "Multiple design points in first and second-order reliability", Struct. Saf. 20 (1998).
        Melchers, "Importance sampling in structural systems", Struct. Saf. 6 (1989).

        Examples
        --------
        >>> import buffon as bf
        >>> law = bf.Joint([bf.Normal()] * 10)
        >>> both_sides = bf.exceedance(lambda x: abs(x.sum(axis=1)) / 10**0.5, law, [4.8916])   # 1e-6
        >>> estimate = bf.form(both_sides, budget=3_000, rng=1)
        >>> len(estimate.diagnostics["beta"]), estimate.value.round(7).tolist()
        (2, [1e-06])
        """,
    ),
}
