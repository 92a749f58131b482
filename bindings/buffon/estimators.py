"""The estimators: summary, Returns, References and Examples of each; keywords are described in C++, once."""
from buffon._surface import function

_DOCS = {
    "plain": (
        """
        Plain Monte Carlo: the mean over independent draws of the inputs.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,), ``covariance`` (m, m) of the estimates: sample covariance / n. Unbiased. Where few terms carry a
            mean (an event of a few hits) the interval is Student's: see ``excess_kurtosis``. ``diagnostics``:
            ``effective_terms`` (m,), as if an event had been hit that often (below 10 the interval warns), ``pareto_k`` (m,).

        Raises
        ------
        ValueError
            If ``budget`` is smaller than 2.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished batches.

        References
        ----------
        Metropolis, Ulam, "The Monte Carlo method", J. Am. Stat. Assoc. 44 (1949).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal())
        >>> bf.plain(problem, budget=100_000, rng=1)
        """,
    ),
    "quasi": (
        """
        Randomised quasi-Monte Carlo: the mean over independent scrambles of a Sobol' net.

        On smooth problems the error falls almost like 1/n, where plain Monte Carlo has 1/sqrt(n); it is never far behind.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) is the mean over R nets of a power of two points each, ``covariance`` (m, m) that of their means / R;
            intervals are Student's with R - 1 degrees of freedom, fewer for heavy tails (``excess_kurtosis``). Unbiased. ``n``
            is what was spent: R times the net. ``diagnostics``: ``replicates`` is R; ``effective_terms`` (m,) and ``pareto_k``
            (m,) as for ``plain``.

        Raises
        ------
        ValueError
            If ``budget`` is smaller than ``replicates``, or the problem has more inputs than the sequence dimensions (3667).
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished nets.

        References
        ----------
        Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences" (1995); Burley, "Practical hash-based Owen scrambling" (2020).
        Owen, "Scrambled net variance for integrals of smooth functions", Ann. Stat. 25 (1997).
        L'Ecuyer, Lemieux, "Recent advances in randomized quasi-Monte Carlo methods" (2002).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] * x[:, 1], bf.Joint([bf.Uniform(), bf.Uniform()]))
        >>> estimate = bf.quasi(problem, budget=10_000, rng=1)
        >>> abs(estimate["y"] - 0.25) < 1e-4
        True
        """,
    ),
    "importance": (
        """
        Importance sampling from a law that you choose.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,) is the mean of output times weight, the weight being input density / proposal density;
            ``covariance`` (m, m) is theirs / n. Unbiased unless self-normalised. Points outside the support of the inputs cost
            no evaluation. ``diagnostics``: ``effective_size`` of the weights; ``pareto_k`` (m,), the tail of |output x weight|:
            above 0.7 the interval warns.

        Raises
        ------
        ValueError
            If ``proposal`` is missing or has another dimension, or ``budget`` is smaller than 2.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished batches.

        References
        ----------
        Kahn, Marshall, "Methods of reducing sample size in Monte Carlo computations", J. Oper. Res. Soc. Am. 1 (1953).
        Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed importance sampling", JMLR 25 (2024).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] > 4, bf.Normal())
        >>> estimate = bf.importance(problem, proposal=bf.Normal(4, 1), budget=20_000, rng=1)
        >>> low, high = estimate.confidence_interval(0.999)
        >>> bool(low[0] < 3.1671e-05 < high[0])
        True
        """,
    ),
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
            sample is independent of the adaptation and its control coefficients are cross-fitted: unbiased. Intervals are
            Student's with R - 1 degrees of freedom over R independent nets, fewer where the nets' means have heavy tails
            (``excess_kurtosis``). ``n`` counts every evaluation.

            ``diagnostics``: ``stop`` ("trade-off": another batch would not pay; "budget"; "nets suffice"; "no adaptation": the
            budget is too small for one; "out of reach": too small for outputs that differ from 0 so rarely), ``batches`` and ``adaptation_n`` spent on it, ``fallback`` (the final sample is from
            the input law), ``provisional`` (no proposal saw every integrand clearly), ``components``, ``alpha`` (their shares,
            the input law first), ``replicates`` and ``points`` of the nets, ``pareto_k`` (m,), the tail of |output x weight|
            (above 0.7 the interval warns) and ``pareto_k_residual`` of what the controls leave, ``effective_terms`` (m,): as
            if an event had been hit that often (below 10 the interval warns), ``control_check`` (largest mean of a control in
            standard errors; ten would say that a density is wrong).

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
        place of d^2 / 2. It pays for rare events in 20 and more inputs.

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

            ``diagnostics`` are those of ``aiscv``, and ``use``, ``recycled_n``: points in the estimate. Where nets of the input
            law are chosen for the last batch, batches from other densities are left out, as f / h is no integrand for nets.

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
    "control": (
        """
        Control variates with known means, for any estimator.

        You know the exact means of some functions of the inputs: polynomials, a surrogate that can be integrated. The
        estimator runs on the outputs together with these controls, and what the sample says wrongly of the controls corrects
        what it says of the outputs: ``value - b' (controls' values - means)``, b from the joint covariance.
        """,
        """
        **options
            Keywords of the estimator that runs: ``proposal`` for ``importance``, ``replicates`` for ``quasi``, ...

        Returns
        -------
        Estimate
            ``value`` (m,), ``covariance`` (m, m): those of the estimator, given the controls' means; from independent points
            better and never worse once n is large. With R replicates behind the errors the interval is that of a regression on k controls, Student's
            with R - 1 - k degrees of freedom, and R is raised by k to make room. The bias is of order 1/n (1/R), and 0 where
            the errors are linear in those of the controls; where tails skew few replicates the interval is too short, and
            controls that take most of their error warn. Adaptive estimators adapt to the outputs alone.

            ``diagnostics`` are those of the estimator and ``controls`` (names), ``coefficients`` (k m, control by control),
            ``r_squared`` (m,), ``variance_ratio`` (m,) after to before, ``controls_dropped`` (collinear directions),
            ``control_z`` (k,): the given means against the sample's, in standard errors; beyond 6 the interval warns.

        Raises
        ------
        ValueError
            If controls or means are missing, or there are too many controls for ``budget``.
        ModelError
            If the model or a control fails; ``error.partial`` is the estimate from the finished batches.

        Notes
        -----
        Where evaluations fail and are discarded the controls are not used: their means given success are unknown.
        ``estimate.given({name: mean})`` does the same for outputs of the problem whose means are known.

        References
        ----------
        Lavenberg, Welch, "A perspective on the use of control variables to increase the efficiency of Monte Carlo
        simulations", Manag. Sci. 27 (1981).
        Hickernell, Lemieux, Owen, "Control variates for quasi-Monte Carlo", Stat. Sci. 20 (2005).
        Portier, Segers, "Monte Carlo integration with a growing number of control variates", J. Appl. Probab. 56 (2019).

        Examples
        --------
        >>> import numpy as np
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: np.exp(x[:, 0]), bf.Normal())
        >>> controls = {"x": (lambda x: x[:, 0], 0.0), "x^2": (lambda x: x[:, 0] ** 2, 1.0)}
        >>> estimate = bf.control(problem, controls=controls, budget=100_000, rng=1)
        >>> round(estimate.diagnostics["r_squared"][0], 1)
        0.9
        >>> tilted = bf.control(problem, controls=controls, estimator="importance", proposal=bf.Normal(0.5, 1.1), rng=1)
        """,
    ),
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
            ``value`` (m,), or (J m,) with J ``laws``, law by law, named "law 1: y", ...; ``covariance`` is that of the values from
            their common sample. Rows drawn while the estimator adapted are not used; the later ones are from one law, so the means
            are unbiased, the cross-fitted controls included; ``normalised=True`` has a bias of order 1/n. Intervals are Student's over
            the sample's nets where it has some. ``n`` counts the evaluations of the sample; none is added.

            ``diagnostics``: ``pareto_k`` (J m,), the tail of |output x weight|: above 0.7 the interval warns;
            ``effective_terms`` (J m,), as for ``plain``; of the weights ``mean_weight`` (J,), which must be 1 (the interval warns
            where it is further off than four standard errors: the sample misses a part of the law), ``effective_size`` (J,)
            and ``pareto_k_weights`` (J,); ``pareto_k_residual`` (J m,) of what the controls leave.

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
    "sobol_given_data": (
        """
        First-order Sobol' indices from a table of past runs: no evaluation of the model, no law.

        Rows that are neighbours in the order of an input have that input in common and nothing else: the mean product of their
        outputs tells how much of the variance it explains.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (d m,), input by input, named by input ("a", or "a: y" for several outputs); ``covariance`` from the
            neighbours, too. Rows must be independent draws of one law. Inputs may depend on each other: an index is then the
            share of the variance that goes away once that input is known. ``n`` counts the rows; failed ones are left out,
            counted in ``n_failed`` and warned of. ``diagnostics``: ``tied`` (d,), the share of rows that another one equals in
            that input (ties count in the mean over all of their orders); ``pareto_k``, ``effective_terms`` (d m,).

        Raises
        ------
        ValueError
            For fewer than 30 rows that succeeded, unequal weights, an output that is the same in every row.

        References
        ----------
        Chatterjee, "A new coefficient of correlation", J. Am. Stat. Assoc. 116 (2021).
        Gamboa, Gremaud, Klein, Lagnoux, "Global sensitivity analysis: a novel generation of mighty estimators based on rank
        statistics", Bernoulli 28 (2022).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.testing.ishigami().problem
        >>> x = problem.inputs.sample(5_000, rng=1)
        >>> indices = bf.sobol_given_data(bf.Sample(x, problem(x)))
        >>> indices.names
        ['x1', 'x2', 'x3']
        >>> abs(indices["x2"] - 0.4424) < 0.05
        True
        """,
    ),
}

for _name, (_summary, _rest) in _DOCS.items():
    globals()[_name] = function(_name, _summary, _rest)

__all__ = sorted(_DOCS)
