"""Estimators that learn what to draw from: summary, and Returns, References and Examples of each."""

DOCS = {
    "aiscv": (
        """
        Many expectations from one adaptive importance sample with control variates.

        Batches of points are drawn from ever better Gaussian mixtures, one component or more for each integrand, until another
        batch would not pay; then a fresh sample from the best of them gives all expectations at once. Every component is also a
        control variate. Where nets from the input law do better than any fitted density, they are used instead.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,), or (J m,) with J ``laws``, law by law; ``covariance`` is that of the estimates themselves. The final
            sample is independent of the adaptation and its control coefficients are cross-fitted: unbiased, but for a choice
            where ``fallback`` leaves Gaussians as controls (``components`` > 0): they are left out where the standard
            error is more than a tenth larger with them. Intervals are Student's with R - 1 degrees of freedom over R independent
            nets, fewer where the nets' means have heavy tails (``excess_kurtosis``). ``n`` counts every evaluation.

            ``diagnostics``: ``stop`` ("trade-off": another batch would not pay; "budget"; "nets suffice"; "no adaptation":
            the budget is too small for one; "out of reach": too small for outputs that differ from 0 so rarely), ``batches``
            and ``adaptation_n`` spent on it, ``explored`` (outputs without a score that the first batch hardly hit were looked
            for with a wide law), ``fallback`` (the final sample is from the input law), ``provisional`` (no
            proposal saw every integrand clearly), ``components``, ``alpha`` (their shares, the input law first),
            ``replicates`` and ``points`` of the nets, ``pareto_k`` (m,), the tail of |output x weight| (above 0.7 the
            interval warns) and ``pareto_k_residual`` of what the controls leave, ``effective_terms`` (m,): as if an event
            had been hit that often (below 10 the interval warns), ``uncovered`` (m,), the share of the value from points
            where no component is (few of them that make the error warn: a region may be missed), ``beyond`` (rare events with
            a score in more than 8 inputs: the share of the value that regions without a component may hold by their scores;
            above 0.01 the interval warns), ``control_check`` (largest mean of a control in standard errors; ten would say
            that a density is wrong).

        Raises
        ------
        ValueError
            For options that cannot be; with ``variant="published"`` also for integrands that are negative or never hit.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished batches.

        Notes
        -----
        Weights of the expectations in what is minimised default to 1 / value^2: relative errors count. For events too rare
        to be hit by chance give the problem a ``score`` (``exceedance`` has one): it leads the way.

        ``family="student"`` pays where output times density has heavier tails than a normal law in the space of the fits:
        several heavy-tailed ``laws``, an event far out in few dimensions. Gaussians then miss mass without a sign of it.
        Elsewhere Student components cost up to ten times more variance, hence they are not the default.

        ``family="vmfn"`` (von Mises-Fisher-Nakagami) describes each component by a direction and a radius: d + 3 numbers in
        place of d^2 / 2. It pays for rare events that lie in every direction (distances, energies, shells); where the event
        lies in one direction or a few Gaussians are better (docs/high_dimensions.md).

        References
        ----------
        Demange-Chryst, Bachoc, Morio, "Efficient estimation of multiple expectations with the same sample by adaptive
        importance sampling and control variates", arXiv:2212.00568.
        Papaioannou, Geyer, Straub, "Improved cross entropy-based importance sampling with a flexible mixture model",
        Reliab. Eng. Syst. Saf. 191 (2019).
        Owen, Zhou, "Safe and effective importance sampling", J. Am. Stat. Assoc. 95 (2000).

        Examples
        --------
        >>> import buffon as bf
        >>> moments = {"second": lambda x: x**2, "fourth": lambda x: x**4, "tenth": lambda x: x**10}
        >>> problem = bf.Problem(lambda x: x[:, 0], bf.Normal(), outputs=moments)
        >>> estimate = bf.aiscv(problem, budget=10_000, rng=1)
        >>> abs(estimate["tenth"] / 945 - 1) < 0.01
        True
        """,
    ),
    "amis": (
        """
        Many expectations from every evaluation of an adaptive run (adaptive multiple importance sampling).

        The adaptation is that of ``aiscv``: batches from ever better mixtures of Gaussians with the input law as a defensive
        part, then one large batch. Here no evaluation is left out of the estimate: all points are weighted by f / h, h the
        mixture of every proposal by its count, and the parts of h are controls with known means.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,), or (J m,) with J ``laws``, law by law; ``covariance`` is that of the estimates themselves: each
            batch is made of independent nets (or groups of independent points), whose spread within the batch tells its
            error; intervals are Student's with Satterthwaite's degrees of freedom. ``n`` counts every evaluation.

            **Bias**: with ``use="all"`` the estimate is biased by O(1/n), since the proposals in h were fitted to points that
            h weighs; against the standard error it vanishes as 1/sqrt(n). docs/recycling.md has measured figures.
            ``use="final"`` leaves the adaptation out of the estimate: unbiased, the estimate of ``aiscv``.

            ``diagnostics`` are those of ``aiscv``, and with ``use="all"`` ``recycled_n``: points in the estimate. Where nets
            of the input law are chosen for the last batch, batches from other densities are left out, as f / h is no
            integrand for nets.

        Raises
        ------
        ValueError
            For options that cannot be.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished batches.

        Notes
        -----
        ``refit="newest"`` fits each density to the newest batch alone: consistent under weaker conditions, and less sharp.

        References
        ----------
        Cornuet, Marin, Mira, Robert, "Adaptive multiple importance sampling", Scand. J. Stat. 39 (2012).
        Marin, Pudlo, Sedki, "Consistency of adaptive importance sampling and recycling schemes", Bernoulli 25 (2019).
        Owen, Zhou, "Safe and effective importance sampling", J. Am. Stat. Assoc. 95 (2000).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0], bf.Normal(), outputs={"fourth": lambda x: x**4, "tenth": lambda x: x**10})
        >>> estimate = bf.amis(problem, budget=10_000, rng=1)
        >>> abs(estimate["tenth"] / 945 - 1) < 0.01, estimate.diagnostics["recycled_n"] == estimate.n
        (True, True)
        """,
    ),
}
