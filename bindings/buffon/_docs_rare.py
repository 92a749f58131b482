"""Estimators for rare events of a problem with a score: summary, and Returns, References and Examples of each."""

DOCS = {
    "form": (
        """
        Rare events by their design points (first-order reliability), and importance sampling about all of them.

        The design point of an event is where it comes nearest to the origin of standard normal space. Gradients of the score
        by differences lead there; further points are looked for opposite to those found, at scores that they do not explain,
        and across, while bulges hide them. Then one sample is drawn from normal laws about all points with a share of the
        input law: the estimate is unbiased whatever the search found, for series and parallel systems (scores that are a
        largest or smallest one) as for single events. Where surfaces meet, the corner of a parallel system, the laws are those of
        the distances from each of them.
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
            "no adaptation": the budget is too small for a search) and ``adaptation_n`` spent on it; ``provisional``: the budget
            ended the search, so that regions may be missed, of which it warns. Of the sample those of
            ``aiscv``: ``alpha``, ``components``, ``replicates``, ``points``, ``pareto_k``, ``effective_terms``, ``uncovered``:
            a region without a design point that the input law's share hits makes the interval warn, and so does what the scores
            of the first look promise beyond all points (``beyond``, relative to the value); an event without any point is told.

        Raises
        ------
        ValueError
            For options that cannot be.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the first batch.

        Notes
        -----
        Outputs without a score, or likely at the origin already, are means under the input law. A search costs (d + 5)
        evaluations a step, three or four steps a start as a rule; ``adaptation`` limits it. Of a kept sample the points of the
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
    "cross_entropy": (
        """
        Rare events by the cross-entropy method: sampling densities that approach the event level by level.

        Each level's points are weighted by how near their scores say they are, and mixtures fitted to them are the next density.
        The default is the improved method: a smooth indicator, the normal distribution function of the score over a width,
        shrinks as fast as its weights allow. ``variant="plain"`` counts the points above a quantile of the scores. Once every
        event is in sight a fresh sample is drawn with a share of the input law, and the densities are control variates.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) and its covariance, from the last sample alone: unbiased. Student intervals over its independent
            nets. ``n`` counts every evaluation; levels are limited by ``levels`` and by ``adaptation``, whatever the scores do.

            ``diagnostics``: ``stop`` ("reached"; "levels" or "budget": an event was still on the way, which warns; "no
            adaptation": the budget is too small for one), ``batches`` and ``adaptation_n`` spent, ``reached`` (m,), 1 or 0. Of
            the sample those of ``aiscv``: ``alpha``, ``components``, ``replicates``, ``points``, ``pareto_k``,
            ``effective_terms``, ``uncovered``: a region without a component that the input law's share hits makes the interval
            warn, and so does what the scores promise beyond all components (``beyond``, relative to the value).

        Raises
        ------
        ValueError
            For options that cannot be.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished batches.

        Notes
        -----
        ``aiscv`` does the same with more care for several expectations, rarer second regions and events that are not rare.
        Outputs without a score are fitted to their size.

        References
        ----------
        Rubinstein, Kroese, "The Cross-Entropy Method", Springer (2004).
        Papaioannou, Geyer, Straub, "Improved cross entropy-based importance sampling with a flexible mixture model",
        Reliab. Eng. Syst. Saf. 191 (2019).

        Examples
        --------
        >>> import buffon as bf
        >>> law = bf.Joint([bf.Normal()] * 10)
        >>> both_sides = bf.exceedance(lambda x: abs(x.sum(axis=1)) / 10**0.5, law, [4.8916])   # 1e-6
        >>> estimate = bf.cross_entropy(both_sides, budget=20_000, rng=1)
        >>> estimate.diagnostics["stop"], estimate.value.round(7).tolist()
        ('reached', [1e-06])
        """,
    ),
    "subset": (
        """
        Rare events by subset simulation: a chain of likely events, by Markov chains in standard normal space.

        A small run finds thresholds of the scores, each exceeded by a tenth of the points beyond the one before, and widths of
        the moves. The main run keeps them: first points of the input law that exceed a threshold are split into chains, which
        stay beyond it. Every point hands its weight on in equal parts, so that what descends from one first point is an
        independent term of a mean: unbiased, with a variance that knows chains and levels together.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) and its covariance. Outputs whose scores differ by a constant, thresholds of one model, share points;
            others have their own part of the budget and independent errors. Intervals have fewer degrees of freedom where few
            first points carry the value. ``n`` counts every evaluation and never exceeds the budget.

            ``diagnostics``: ``thresholds`` and ``widths`` of all levels, family by family; ``levels`` (-1: the event was not
            reached, which warns) and ``first_points`` of each family; ``adaptation_n``; ``pareto_k`` and ``effective_terms``
            (m,).

        Raises
        ------
        ValueError
            For options that cannot be.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished part.

        Notes
        -----
        It asks for no gradient, no family of densities and few evaluations more in more inputs: what to try where ``form``,
        ``cross_entropy`` and ``aiscv`` warn. Where they do not they have a hundredth of its variance. Rows of a kept sample
        are no independent draws and belong to its adaptation; runs cannot be extended.

        References
        ----------
        Au, Beck, "Estimation of small failure probabilities in high dimensions by subset simulation", Probab. Eng. Mech. 16
        (2001).
        Papaioannou, Betz, Zwirglmaier, Straub, "MCMC algorithms for subset simulation", Probab. Eng. Mech. 41 (2015).
        Garvels, "The splitting method in rare event simulation", thesis, University of Twente (2000).

        Examples
        --------
        >>> import buffon as bf
        >>> law = bf.Joint([bf.Normal()] * 100)
        >>> model = lambda x: x.sum(axis=1) / 10
        >>> estimate = bf.subset(bf.exceedance(model, law, [3.0902, 3.7190]), budget=20_000, rng=1)   # 1e-3, 1e-4
        >>> bool(abs(estimate.value[1] - 1e-4) < 3 * estimate.std_error[1])
        True
        """,
    ),
    "line_sampling": (
        """
        Rare events along parallel lines in an important direction, whose probabilities their roots tell.

        The direction is that of the rarest output's design point unless one is given. Each line is looked at in five places, on
        both sides; where a score changes its sign the root is found by the Illinois rule. Roots cut the line into cells of known
        probability, and one point of each cell stands for it: the estimate is unbiased however rough the roots are.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) and its covariance, from independent lines. ``n`` counts every evaluation, the search and the roots
            included, and never exceeds the budget.

            ``diagnostics``: ``direction`` (d,) in standard normal space, ``lines``, ``evaluations_per_line``, ``adaptation_n``
            (search and trial lines), ``beta`` of the design points that were found, ``pareto_k`` and ``effective_terms`` (m,).

        Raises
        ------
        ValueError
            For options that cannot be.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished lines.

        Notes
        -----
        Exact where the surface is flat, sharp where it is nearly so; regions beside the direction are crossed by few lines, and
        the interval warns where the search found one (not with a ``direction`` of yours). Outputs without a score are means over
        points, one a line. Rows of a kept sample belong to its adaptation; runs cannot be extended.

        References
        ----------
        Hohenbichler, Rackwitz, "Improvement of second-order reliability estimates by importance sampling", J. Eng. Mech. 114
        (1988).
        Koutsourelakis, Pradlwarter, Schueller, "Reliability of structures in high dimensions", Probab. Eng. Mech. 19 (2004).
        Dowell, Jarratt, "A modified regula falsi method", BIT 11 (1971).

        Examples
        --------
        >>> import buffon as bf
        >>> law = bf.Joint([bf.Normal()] * 50)
        >>> event = bf.exceedance(lambda x: x.sum(axis=1) / 50**0.5, law, [4.7534])   # 1e-6
        >>> estimate = bf.line_sampling(event, budget=2_000, rng=1)
        >>> estimate.value.round(9).tolist()
        [1e-06]
        """,
    ),
    "arcs": (
        """
        Rare failures along the borders between classes: their share of random great circles in standard normal space.

        A point of the input law hardly ever falls into thin slabs, but a circle crosses them. Each circle is looked at on a grid;
        between points of different labels it is bisected until a failure is found or none can be there, bumps of the score are
        climbed, and the arcs' edges are bisected, the last bracket of each by one uniform draw. Where failures become likely with
        the norm, shells of it are strata. Made for failures of diffusion samplers with few steps
        (``buffon.diffusion.sampler_problem``), where mixtures of Gaussians, chains and screening by a coarser sampler gain
        nothing.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) and its covariance, over independent circles (and points, in shells where failures are common).
            Intervals are bootstrap-t ones, whose upper ends allow for what the grid has not seen. ``n`` counts every evaluation,
            the first look included, and never exceeds the budget.

            ``diagnostics``: ``circles`` and ``points`` in the estimate, ``evaluations_per_circle``, ``adaptation_n``, ``shells``
            (1 or 6), ``subspace``, the dimension in which circles turn, ``grid``; ``largest_arc`` (m,), the part of one circle in
            the sum of squared shares (above 0.2 it warns); ``unseen`` (m,), what the grid may have missed, as a part of the value
            (above 0.15 it warns); ``pareto_k`` and ``effective_terms`` (m,). A value that no circle met is 0 and warns.

        Raises
        ------
        ValueError
            For options that cannot be; for ``thresholds`` of a problem with several outputs.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished circles.

        Notes
        -----
        Events are outputs of zeros and ones with a score (``bf.exceedance``, or ``thresholds``); other outputs are means over the
        grid. Labels, outputs named "label" or "label 1", ..., "label k", say where to look: distances to k classes, of which the
        score is the smallest up to a constant, tell when a border cannot reach the event; mere class numbers ask for twice the
        evaluations. An arc between two points of the grid with one label, narrower than a cell and on no slope, is not seen,
        so that values are low by about ``diagnostics["unseen"]``: what half of the grid would not have seen of what was found.
        Events more frequent than 1 in 100 are left to independent points. Rows of a kept sample belong to its adaptation; runs
        cannot be extended.

        References
        ----------
        Efron, "Nonparametric standard errors and confidence intervals", Can. J. Stat. 9 (1981): bootstrap-t.

        Examples
        --------
        >>> import numpy as np, buffon as bf
        >>> law = bf.Joint([bf.Normal()] * 6)
        >>> thin = bf.Problem(lambda x: x, law, score=lambda x: 1 - 1e5 * np.abs(x[:, 0]),   # probability 8e-6
        ...                   outputs={"fails": lambda x: np.abs(x[:, 0]) < 1e-5, "label": lambda x: x[:, 0] > 0})
        >>> estimate = bf.arcs(thin, budget=10_000, rng=1)
        >>> bool(abs(estimate.value[0] / 7.98e-6 - 1) < 0.5)
        True
        """,
    ),
}
