"""What matters, from a kept sample or a table: summary, and Returns, References and Examples of each."""

DOCS = {
    "sobol": (
        """
        Sobol' indices: which inputs the variance of an output comes from, alone and together, with intervals.

        The default fits a sparse polynomial to the evaluations, takes its indices exactly, and estimates only those of what it
        leaves, on points that it was not fitted to: unbiased whatever the polynomial, and exact to many digits where the model
        is smooth. Where it is not, the plain estimator counts.
        """,
        """
        Returns
        -------
        Indices
            ``first_order``, ``total_order`` and, where asked for, ``second_order``: Estimates named by input ("x1", or "x1: y" of
            several outputs), pair ("x1, x2") or group; ``aggregated``: of all outputs together, shares of the sum of their
            variances (``scale=True``: means of the indices, for outputs in different units); ``joint``: all of them with one
            covariance, for contrasts. Intervals are Student's over independent replicates. ``n`` is what was really spent: rows
            come in powers of two. Values are never clipped: a small negative one has an interval that holds 0. An input without
            effect has exactly 0. An output without variance has NaN and warns. Rows with a failed evaluation are left out
            whole, and warned of. With ``keep="state"`` ``indices.more(n)`` adds replicates.
            ``diagnostics``: ``replicates``, ``points`` (rows of each), ``surrogate_share`` (of the variance, by output),
            ``surrogate_terms``, ``weights`` (of the plain estimator and two with the surrogate, index by index), ``constant``;
            ``pareto_k_squares`` and ``effective_rows`` (by output), which warn of variances that a few rows make.
            Of ``method="aiscv"``, for those, the diagnostics are those of ``aiscv``, and ``centre``.
            With ``noise="seed"`` the indices are those of the mean over that input, which has its own: its total order is the
            share of noise in the variance of one evaluation, its first order what one value of it does alike at all points.

        Raises
        ------
        ValueError
            For a budget below 32 rows of G + 2 evaluations, G groups (2 G + 2 with ``second_order``), for inputs that depend
            on each other and are not in one group, and for more than 10,000 indices.

        References
        ----------
        Sobol', "Global sensitivity indices for nonlinear mathematical models", Math. Comput. Simul. 55 (2001).
        Saltelli et al., "Variance based sensitivity analysis of model output", Comput. Phys. Commun. 181 (2010); Jansen, Comput.
        Phys. Commun. 117 (1999); Janon et al., ESAIM: Probab. Stat. 18 (2014); Martinez, GdR MASCOT-NUM (2011); Owen, "Better
        estimation of small Sobol' sensitivity indices", ACM Trans. Model. Comput. Simul. 23 (2013).
        Gamboa, Janon, Klein, Lagnoux, "Sensitivity analysis for multidimensional and functional outputs", Electron. J. Stat. 8
        (2014).
        Demange-Chryst, Bachoc, Morio, arXiv:2212.00568, for ``method="aiscv"``.

        Examples
        --------
        >>> import buffon as bf
        >>> s = bf.sobol(bf.testing.ishigami().problem, budget=2**13, rng=1)
        >>> abs(s.first_order["x2"] - 0.442411) < 1e-5
        True
        >>> abs(s.total_order["x3"] - 0.243684) < 1e-5
        True
        >>> alone = s.joint.contrast("total order of x2", "first order of x2")   # x2 has no part in an interaction
        >>> bool(abs(alone.value[0]) < 1e-5)
        True
        """,
    ),
    "shapley": (
        """
        Shapley effects: the variance of each output shared out to inputs that may depend on each other.

        An effect is what an input adds to the variance that the inputs before it explain, on average over all orders of the
        inputs. Effects are never negative in truth and sum to 1, whatever the dependence; first-order Sobol' indices of dependent
        inputs do not. Of independent inputs an effect lies between first and total order: interactions are shared out equally.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (G m,), group by group, named by input or group ("x1", or "x1: y" of several outputs); their sum over the
            groups is exactly 1. ``covariance`` of all; intervals are Student's over independent replicates. ``n`` is what was
            really spent: d + 1 evaluations a row, and rows of scrambled nets come in powers of two. An independent input without
            effect has exactly 0. An output without variance has NaN and warns. Rows with a failed evaluation are left out whole.
            ``diagnostics``: ``replicates``, ``points`` (rows of each), ``groups``, ``outputs``, ``constant``. ``plot()`` draws
            bars. With ``noise="seed"`` effects are those on the mean over that input, which has none; ``noise_share`` and
            ``noise_share_error`` (m): of the variance of one evaluation.

        Raises
        ------
        ValueError
            For a budget below 16 rows of G + 1 evaluations, and for dependence without closed conditional laws: inputs of one
            Clayton, Frank or Gumbel copula, or of a ``Mixture``, must be in one group. Gaussian and Student copulas,
            ``MultivariateNormal`` and ``MultivariateT`` are drawn from exactly.

        References
        ----------
        Owen, "Sobol' indices and Shapley value", SIAM/ASA J. Uncertain. Quantif. 2 (2014).
        Song, Nelson, Staum, "Shapley effects for global sensitivity analysis: theory and computation", SIAM/ASA J. Uncertain.
        Quantif. 4 (2016).
        Broto, Bachoc, Depecker, "Variance reduction for estimation of Shapley effects and adaptation to unknown input
        distribution", SIAM/ASA J. Uncertain. Quantif. 8 (2020).
        Goda, "A simple algorithm for global sensitivity analysis with Shapley effects", Reliab. Eng. Syst. Saf. 213 (2021).

        Examples
        --------
        >>> import buffon as bf
        >>> inputs = bf.MultivariateNormal([0, 0, 0], [[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]], names=["a", "b", "c"])
        >>> e = bf.shapley(bf.Problem(lambda x: x[:, 0] + x[:, 2], inputs), budget=2**14, rng=1)
        >>> bool(abs(e["b"] - 0.16) < 4 * e.std_error[1])   # b is in no formula, but it tells of a: 0.8^2 / 4
        True
        >>> bool(abs(sum(e.value) - 1) < 1e-12)
        True
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
            values, and those of ``reweight`` for each. An input whose law cannot be tilted so far (a log-normal law far to the
            right: take ``space="normal"``) has no values; a warning tells why, and ``diagnostics["skipped"]`` names it. A value
            that is about 0 under the unperturbed law, so that relative changes say little, warns, too.

        Raises
        ------
        ValueError
            Where no input's law can be changed so, for a mixture, a value of 0 under the unperturbed law, and as for
            ``reweight``.

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
    "shapley_given_data": (
        """
        Shapley effects from a table of past runs: inputs may depend on each other, no law and no further run is needed.

        What each subset of the inputs explains comes from a quadratic polynomial of their ranks and, of what that leaves, from
        the nearest rows.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (d m,), input by input, named by input ("a", or "a: y" for several outputs); they sum to 1. Outputs must be
            functions of the inputs: noise would be shared out, too. ``n`` counts the rows; failed ones are left out, counted in
            ``n_failed`` and warned of. Neighbours in many inputs are far away: what acts in many of them together fades, and no
            interval knows of that. ``diagnostics``: ``queries``, the rows that looked for neighbours; ``left``, the share of the
            variance that these had to find, by output; ``groups``, ``outputs``, ``pareto_k``, ``effective_terms``. ``plot()``
            draws bars.

        Raises
        ------
        ValueError
            For fewer than 100 rows that succeeded, or than ten for each of (d + 1) (d + 2) / 2 - 1 terms, unequal weights, an
            output that is the same in every row, fewer than 2 or more than 12 inputs.

        References
        ----------
        Broto, Bachoc, Depecker, "Variance reduction for estimation of Shapley effects and adaptation to unknown input
        distribution", SIAM/ASA J. Uncertain. Quantif. 8 (2020).
        Abadie, Imbens, "Bias-corrected matching estimators for average treatment effects", J. Bus. Econ. Stat. 29 (2011).

        Examples
        --------
        >>> import buffon as bf
        >>> law = bf.MultivariateNormal([0, 0, 0], [[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]], names=["a", "b", "c"])
        >>> x = law.sample(1_000, rng=1)
        >>> e = bf.shapley_given_data(bf.Sample(x, x[:, 0] + x[:, 2], inputs=law.names))
        >>> abs(e["b"] - 0.16) < 0.05
        True
        """,
    ),
    "sobol_given_data": (
        """
        Sobol' indices from a table of past runs: no evaluation of the model.

        By ranks, first orders without a law: rows that are neighbours in the order of an input have that input in common and
        nothing else, and the mean product of their outputs tells how much of the variance it explains. By polynomial chaos,
        first, total and second orders of independent inputs with a law, with far smaller errors where the model is smooth.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (d m,), input by input, named by input ("a", or "a: y" for several outputs), of pairs "a, b"; with
            ``order="all"`` all of them with one covariance, "first order of a", .... Rows must be independent draws of one law.
            With ranks inputs may depend on each other: an index is then the share of the variance that goes away once that input
            is known. ``n`` counts the rows; failed ones are left out, counted in ``n_failed`` and warned of. ``plot()`` draws
            bars. ``diagnostics`` of ranks: ``tied`` (d,), the share of rows that another one equals in that input (ties count in
            the mean over all of their orders); of polynomials, by output: ``leave_one_out``, the error of the polynomial at each
            row left out of the fit, as a share of the variance, ``held_out``, the same of rows that the choice of its terms has
            not seen either, ``terms``. A polynomial that leaves more than a tenth warns: first orders are then as good as ranks,
            the errors of total orders say that nobody knows whose the rest is. ``pareto_k``, ``effective_terms``.

        Raises
        ------
        ValueError
            For fewer than 30 rows that succeeded, unequal weights, an output that is the same in every row; with polynomials for
            a sample without a law, and for dependent or discrete inputs or failed rows.

        References
        ----------
        Chatterjee, "A new coefficient of correlation", J. Am. Stat. Assoc. 116 (2021).
        Gamboa, Gremaud, Klein, Lagnoux, "Global sensitivity analysis: a novel generation of mighty estimators based on rank
        statistics", Bernoulli 28 (2022).
        Sudret, "Global sensitivity analysis using polynomial chaos expansions", Reliab. Eng. Syst. Saf. 93 (2008).
        Blatman, Sudret, "Adaptive sparse polynomial chaos expansion based on least angle regression", J. Comput. Phys. 230
        (2011).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.testing.ishigami().problem
        >>> x = problem.inputs.sample(1_000, rng=1)
        >>> runs = bf.Sample(x, problem(x), problem.inputs)
        >>> abs(bf.sobol_given_data(runs)["x2"] - 0.4424) < 0.15
        True
        >>> total = bf.sobol_given_data(runs, method="polynomial_chaos", order="total")
        >>> abs(total["x3"] - 0.243684) < 1e-4
        True
        """,
    ),
    "target_sobol": (
        """
        Target and conditional Sobol' indices: which inputs an event depends on, and what happens in it; from one sample.

        Target indices are first-order indices of the event itself, 1{y > t}; conditional ones those of the outputs given the
        event. Rows may have weights: a sample that ``aiscv`` or ``importance`` kept tells of events that plain rows never see.
        """,
        """
        Returns
        -------
        Estimate
            ``value``, input by input, named by input; of several ``outputs`` (``kind="conditional"``) "a: y". ``covariance`` of
            all. Inputs may depend on each other: an index is then the share of the variance that goes away once that input is
            known. ``diagnostics``: ``event_rows``, how many rows of equal weight the event's rows are worth; ``probability``
            (target); ``groups``, ``outputs``; those of ``conditional_mean``. ``plot()`` draws bars. A failed run is one without
            the event for target indices; conditional ones leave it out.

        Raises
        ------
        ValueError
            For no event, an event in fewer than 30 rows or in all, and where the weights leave no trust (see ``doubtful``); of
            target indices for discrete inputs and mixtures.

        References
        ----------
        Marrel, Chabridon, "Statistical developments for target and conditional sensitivity analysis: application on safety
        studies for nuclear reactor", Reliab. Eng. Syst. Saf. 214 (2021).

        Examples
        --------
        >>> import buffon as bf
        >>> inputs = bf.Joint({"load": bf.Normal(), "strength": bf.Normal()})
        >>> problem = bf.Problem(lambda x: x[:, 0] - 0.5 * x[:, 1], inputs)
        >>> shifted = bf.MultivariateNormal([2.4, -1.2], [[1.2, 0], [0, 1.2]], names=["load", "strength"])
        >>> sample = bf.importance(problem, proposal=shifted, budget=5_000, rng=1, keep="sample").sample
        >>> e = bf.target_sobol(sample, above=3)
        >>> bool(e["load"] > e["strength"] > 0)
        True
        """,
    ),
}
