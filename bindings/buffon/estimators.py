"""The estimators, one Python function per registered word; their keywords are described in C++, once."""
from buffon._docs_adaptive import DOCS as _ADAPTIVE
from buffon._docs_samples import DOCS as _SAMPLES
from buffon._docs_sampling import DOCS as _SAMPLING
from buffon._docs_sensitivity import DOCS as _SENSITIVITY
from buffon._surface import function

<<<<<<< HEAD
_DOCS = _SAMPLING | _ADAPTIVE | _SAMPLES | _SENSITIVITY
=======
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

            ``diagnostics``: ``stop`` ("trade-off": another batch would not pay; "budget"; "nets suffice"; "no adaptation":
            the budget is too small for one; "out of reach": too small for outputs that differ from 0 so rarely), ``batches``
            and ``adaptation_n`` spent on it, ``explored`` (outputs without a score that the first batch hardly hit were looked
            for with a wide law), ``fallback`` (the final sample is from the input law), ``provisional`` (no
            proposal saw every integrand clearly), ``components``, ``alpha`` (their shares, the input law first),
            ``replicates`` and ``points`` of the nets, ``pareto_k`` (m,), the tail of |output x weight| (above 0.7 the
            interval warns) and ``pareto_k_residual`` of what the controls leave, ``effective_terms`` (m,): as if an event
            had been hit that often (below 10 the interval warns), ``uncovered`` (m,), the share of the value from points
            where no component is (few of them that make the error warn: a region may be missed), ``control_check`` (largest
            mean of a control in standard errors; ten would say that a density is wrong).

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
            how many standard errors one row more could move the value where the sample is thin: above 4 the interval warns.

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
    "perturbed_law": (
        """
        Perturbed-law indices: how much probabilities, means or quantiles change when the law of one input does.

        From one kept sample, without an evaluation of the model: each input's law is moved by itself, by default to the law
        nearest to it (least Kullback-Leibler divergence) that has another mean or another variance. ``estimate.plot()``
        draws a curve with its band for each input.
        """,
        """
        Returns
        -------
        Estimate
            Input by input, perturbation by perturbation, output by output, named "F mean +0.5: P"; for a probability P that
            becomes Q the index Q / P - 1 where Q >= P, else 1 - P / Q; for means and quantiles the relative change.
            ``covariance`` of all: they come from the same rows. Where inputs depend on each other, 'mean' and 'variance'
            keep the law of the others given the perturbed one; 'marginal' keeps the copula. A value that the sample cannot
            tell warns (``doubtful="raise"``: raises). ``diagnostics``: ``delta``, ``inputs``, ``outputs``, ``unperturbed``
            values, and those of ``reweight`` for each.

        Raises
        ------
        ValueError
            For a law that cannot be tilted so far (a log-normal law far to the right: take ``space="normal"``), a mixture, a
            value of 0 under the unperturbed law, and as for ``reweight``.

        References
        ----------
        Lemaitre, Sergienko, Arnaud, Bousquet, Gamboa, Iooss, "Density modification based reliability sensitivity analysis",
        J. Stat. Comput. Simul. 85 (2015). Sueur, Iooss, Delage, "Sensitivity analysis using perturbed-law based indices for
        quantiles and application to an industrial case", Int. Conf. Math. Methods in Reliability (2017).

        Examples
        --------
        >>> import buffon as bf
        >>> inputs = bf.Joint({"F": bf.Normal(1, 2), "w": bf.Normal()})
        >>> problem = bf.Problem(lambda x: x[:, 0] + x[:, 1] > 4, inputs, outputs=["P"])
        >>> sample = bf.plain(problem, budget=20_000, rng=1, keep="sample").sample
        >>> indices = bf.perturbed_law(sample, delta=[-0.5, 0.5])
        >>> indices.names
        ['F mean -0.5: P', 'F mean +0.5: P', 'w mean -0.5: P', 'w mean +0.5: P']
        >>> bool(indices["F mean +0.5: P"] > indices["w mean +0.5: P"] > 0)
        True
        """,
    ),
    "law_derivatives": (
        """
        Derivatives of means, probabilities and quantiles with respect to the parameters of the input law, from a kept sample.

        Score function method: the mean of output x weight x d log density / d parameter, without an evaluation of the model. All
        parameters of the marginal laws and of Gaussian and Student copulas at once. ``estimate.plot()`` draws them as bars.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m P,), output by output, parameter by parameter, named "d E[y] / d F.mean" (a probability is a mean),
            "d q0.95[y] / d corr(F, w)", or "elasticity of E[y] by F.mean"; ``covariance`` of all. Scores are five-point
            differences of the log density, exact to about eleven digits. Of means the bias is of order 1/n; of quantiles it
            is that of a density estimate (of Hall and Sheather's width), below the error. ``diagnostics``: ``parameters``,
            ``parameter_values``, ``without_score`` (parameters that move an end of the support), and those of ``reweight``.

        Raises
        ------
        ValueError
            For unknown parameters or such without a score, a mixture, an elasticity of 0, and as for ``reweight``.

        References
        ----------
        Rubinstein, "The score function approach for sensitivity analysis of computer simulation models", Math. Comput. Simul. 28
        (1986).
        Hall, Sheather, "On the distribution of a studentized quantile", J. R. Stat. Soc. B 50 (1988).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Joint({"a": bf.Normal(1, 2)}))
        >>> sample = bf.quasi(problem, budget=20_000, rng=1, keep="sample").sample
        >>> slopes = bf.law_derivatives(sample)   # of mean^2 + sd^2
        >>> slopes.names
        ['d E[y] / d a.mean', 'd E[y] / d a.sd']
        >>> bool(abs(slopes.value - [2, 4]).max() < 0.3)
        True
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

_DOCS["extend"] = (
    """
    A finished run goes on until ``budget`` evaluations in all.

    The next points of the same streams are drawn, never the same ones again; nothing is adapted anew, so every new evaluation
    is in the final sample. Of ``plain`` and ``importance`` it is the estimate of one run with the larger budget, bit for bit;
    of ``quasi`` that of a run with more replicates; of ``aiscv`` more nets of its final sample; of ``amis`` a further sample
    from its last proposals, pooled by counts; of ``control`` that of the estimator that ran under it.
    """,
    """
    Returns
    -------
    Estimate
        With ``n`` evaluations in all, at most ``budget``; it can be extended again. Unbiased where the run was. The interval
        is as valid as that of a run of this size, unless you extend until you like the answer: decide by the width alone.

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
)
>>>>>>> d3b6dc2 (estimators: a wide law finds rare events without a score)

for _name, (_summary, _rest) in _DOCS.items():
    globals()[_name] = function(_name, _summary, _rest)

__all__ = sorted(_DOCS)
