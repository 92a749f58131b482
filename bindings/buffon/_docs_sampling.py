"""Estimators that draw from laws that are given: summary, and Returns, References and Examples of each."""

DOCS = {
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
            better and never worse once n is large. With R replicates behind the errors the interval is that of a regression
            on k controls, Student's with R - 1 - k degrees of freedom, and R is raised by k to make room. The bias is of
            order 1/n (1/R), and 0 where the errors are linear in those of the controls; where tails skew few replicates the
            interval is too short, and controls that take most of their error warn. Adaptive estimators adapt to the outputs
            alone.

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
    "extend": (
        """
        A finished run goes on until ``budget`` evaluations in all.

        The next points of the same streams are drawn, never the same ones again; nothing is adapted anew, so every new evaluation
        is in the final sample. Of ``plain`` and ``importance`` it is the estimate of one run with the larger budget, bit for bit;
        of ``quasi`` that of a run with more replicates; of ``aiscv`` more nets of its final sample; of ``amis`` a further sample
        from its last proposals, pooled by counts; of ``control`` that of the estimator that ran under it; of ``sobol`` more
        replicates of its nets, which the surrogate of the run serves.
        """,
        """
        Returns
        -------
        Estimate
            With ``n`` evaluations in all, at most ``budget``; it can be extended again. Unbiased where the run was. The interval
            is as valid as that of a run of this size, unless you extend until you like the answer: decide by the width alone.
            Given ``Indices``, it returns ``Indices``.

        Raises
        ------
        ValueError
            Unless the run kept a state; if ``budget`` is not larger than what was spent (or not by a whole net of points); if
            the problem, a law or the key is another one, as far as that shows: names and laws do, the model does not.
        ModelError
            If the model fails; the estimate that was given is as good as before.

        Notes
        -----
        ``keep="state"`` costs some memory: sums, the proposal, and up to 65,536 rows of outputs for the diagnostics. Key,
        ``on_error`` and options are those of the run; ``rng`` and ``keep`` need not be given. Functions and laws are not in a
        state: give ``laws``, ``proposal``, ``controls`` and ``means`` again where the run had them.

        References
        ----------
        L'Ecuyer, Munger, Oreshkin, Simard, "Random numbers for parallel computers: requirements and methods, with emphasis on
        GPUs", Math. Comput. Simul. 135 (2017): streams that are addressed, so that none is drawn from twice.

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] ** 4, bf.Normal())
        >>> estimate = bf.aiscv(problem, budget=10_000, rng=1, keep="state")
        >>> more = bf.extend(estimate, problem, budget=20_000)
        >>> more.n > 19_000, bool(more.std_error[0] < estimate.std_error[0])
        (True, True)
        """,
    ),
}
