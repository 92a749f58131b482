"""Means and quantiles from a kept sample: summary, and Returns, References and Examples of each."""

DOCS = {
    "reweight": (
        """
        Means under other input laws from a kept sample: no evaluation of the model.

        Each row counts by how much denser the new law is there than the one it was drawn from. What the sample says wrongly of
        functions with a known mean (the components of its sampling law, the weight itself) corrects what it says of the outputs.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,), or (J m,) with J ``laws``, law by law, named "law 1: y", ...; ``covariance`` is that of the
            values from their common sample. Rows drawn while the estimator adapted are not used; the later ones are from one
            law, so the means are unbiased, the cross-fitted controls included; ``normalised=True`` has a bias of order 1/n.
            Intervals are Student's over the sample's nets where it has some. ``n`` counts the evaluations of the sample;
            none is added.

            ``diagnostics``: ``pareto_k`` (J m,), the tail of |output x weight|: above 0.7 the interval warns;
            ``effective_terms`` (J m,), as for ``plain``; of the weights ``mean_weight`` (J,), which must be 1 (the interval warns
            where it is further off than four standard errors: the sample misses a part of the law), ``effective_size`` (J,)
            and ``pareto_k_weights`` (J,); ``pareto_k_residual`` (J m,) of what the controls leave; ``one_row_more`` (J m,), by
            how many standard errors one row more could move the value where the sample is thin: above 4 the interval warns, and
            standard errors hold half such a row (1 + m^2 / 4 times the variance for m up to 4).

        Raises
        ------
        ValueError
            For neither or both of ``law`` and ``laws``, laws of another dimension, a sample without densities; by ``doubtful``
            where the weights leave no trust.

        References
        ----------
        Owen, Zhou, "Safe and effective importance sampling", J. Am. Stat. Assoc. 95 (2000).
        Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed importance sampling", JMLR 25 (2024).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal())
        >>> sample = bf.aiscv(problem, budget=10_000, rng=1, keep="sample").sample
        >>> estimate = bf.reweight(sample, bf.Normal(0.2, 1))
        >>> abs(estimate["y"] - 1.04) < 0.01
        True
        >>> two = bf.reweight(sample, laws=[bf.Normal(0.2, 1), bf.Normal(0, 1.1)])
        >>> difference = two.contrast("law 2: y", "law 1: y")   # the common sample cancels
        """,
    ),
    "quantile": (
        """
        Quantiles of the outputs (value at risk) from a kept sample, under its law or another: no evaluation of the model.

        The weighted distribution function of an output, read backwards. Its interval at the quantile, read back in the same
        way, is that of the quantile: of independent rows under their own law the familiar order statistics.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m L,), output by output, level by level, named "q0.95(y)". Intervals are not symmetric; ``std_error``
            is half the 95 % interval over its Student quantile, and ``covariance`` joins levels and outputs with the
            correlations of the distribution functions. Bias of order 1/n. Warns where an interval ends with the sample.
            ``diagnostics`` as for ``reweight``, of the rarer side of each quantile.

        Raises
        ------
        ValueError
            For no level or one outside (0, 1), a law of another dimension, a sample that knows no law; by ``doubtful``.

        References
        ----------
        Woodruff, "Confidence intervals for medians and other position measures", J. Am. Stat. Assoc. 47 (1952).
        Glynn, "Importance sampling for Monte Carlo estimation of quantiles" (1996).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] + x[:, 1], bf.Joint([bf.Normal(), bf.Normal()]))
        >>> sample = bf.quasi(problem, budget=10_000, rng=1, keep="sample").sample
        >>> estimate = bf.quantile(sample, [0.5, 0.95])
        >>> low, high = estimate.confidence_interval(0.999)
        >>> bool(low[1] < 2 ** 0.5 * 1.644854 < high[1])
        True
        >>> wider = bf.quantile(sample, 0.95, law=bf.Joint([bf.Normal(0, 1.1), bf.Normal()]))
        """,
    ),
    "superquantile": (
        """
        Means beyond a quantile (superquantile, conditional value at risk, expected shortfall) from a kept sample.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m L,), output by output, level by level, named "E[y | y > q0.95]"; ``covariance`` of all. The quantile is
            estimated, too: its error has no effect of first order. Bias of order 1/n. ``diagnostics`` as for ``reweight``.

        Raises
        ------
        ValueError
            As for ``quantile``.

        References
        ----------
        Rockafellar, Uryasev, "Optimization of conditional value-at-risk", J. Risk 2 (2000).
        Sun, Hong, "Asymptotic representations for importance-sampling estimators of value-at-risk and conditional value-at-risk",
        Oper. Res. Lett. 38 (2010).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0], bf.Exponential())
        >>> sample = bf.plain(problem, budget=20_000, rng=1, keep="sample").sample
        >>> estimate = bf.superquantile(sample, [0.9])
        >>> low, high = estimate.confidence_interval(0.999)   # log 10 + 1
        >>> bool(low[0] < 3.302585 < high[0])
        True
        """,
    ),
    "conditional_mean": (
        """
        Means of the outputs given that one of them lies above, below or between thresholds, from a kept sample.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,), named "E[y2 | y1 > 3]": a ratio of weighted means, with its error; ``covariance`` of all. Bias of
            order 1/n. ``diagnostics`` as for ``reweight``.

        Raises
        ------
        ValueError
            For no event, one that no row shows, and as for ``quantile``.

        References
        ----------
        Hesterberg, "Weighted average importance sampling and defensive mixture distributions", Technometrics 37 (1995).

        Examples
        --------
        >>> import buffon as bf
        >>> outputs = {"load": lambda y: y, "square": lambda y: y ** 2}
        >>> problem = bf.Problem(lambda x: x[:, 0], bf.Normal(), outputs=outputs)
        >>> sample = bf.plain(problem, budget=20_000, rng=1, keep="sample").sample
        >>> estimate = bf.conditional_mean(sample, given="load", above=1.0)
        >>> estimate.names
        ['E[load | load > 1]', 'E[square | load > 1]']
        """,
    ),
}
