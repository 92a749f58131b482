"""The documents of distances between samples."""

_RETURNS = """
    Returns
    -------
    Estimate
        One value for each sample in x, with the joint covariance of their errors: ``contrast(0, 1)`` compares two samplers on
        their common reference, and, where both have as many rows, on coupled noise. Unbiased, so that values of equal laws may
        be negative. Errors are up to 1.41 times too large for equal laws, right where they differ. Intervals are those of a
        squared length, both ends at least 0: near the floor errors are skew. ``diagnostics["floor"]``: the standard error that
        samples of one law have; a value within two of it is no sign of a difference. ``n``: rows of all samples.

    Raises
    ------
    ValueError
        For fewer than 4 rows, samples of different dimensions, numbers that are not finite.
"""

ENERGY = (
    """
    Energy distance between the laws of samples: 2 E|X - Y| - E|X - X'| - E|Y - Y'|, 0 for equal laws alone.

    No bandwidth is needed. Time O((n + m)^2 d), memory O(n + m) beside the samples.
    """,
    _RETURNS + """
    References
    ----------
    Székely & Rizzo, "Energy statistics: a class of statistics based on distances", J. Stat. Plan. Inference 143 (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> reference = rng.normal(size=(2000, 2))
    >>> quality = bd.energy({"right": rng.normal(size=(2000, 2)), "shifted": rng.normal(0.2, 1, size=(2000, 2))}, reference)
    >>> bool(abs(quality["right"]) < 3 * quality.diagnostics["floor"][0])
    True
    >>> low, high = quality.contrast(1, 0).confidence_interval()
    >>> bool(low[0] > 0)
    True
    """,
)

MMD = (
    """
    Squared maximum mean discrepancy between the laws of samples, of the kernel exp(-|a - b|^2 / (2 h^2)).

    Time O((n + m)^2 d), memory O(n + m) beside the samples.
    """,
    _RETURNS.replace("of a difference.", "of a difference. ``diagnostics[\"bandwidth\"]``: h.") + """
    References
    ----------
    Gretton et al., "A kernel two-sample test", JMLR 13 (2012).

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> distance = bd.mmd(rng.normal(0.5, 1, size=(2000, 2)), rng.normal(size=(2000, 2)), bandwidth=1.0)
    >>> exact = (1 - np.exp(-0.5 / 6)) * 2 / 3          # in closed form
    >>> bool(abs(distance.value[0] - exact) < 3 * distance.std_error[0])
    True
    """,
)

KID = (
    """
    Kernel inception distance: the squared maximum mean discrepancy of the kernel (a . b / d + 1)^3, of any features.

    All pairs, not averages over subsets: less noise for less time. Time O((n + m)^2 d), memory O(n + m) beside the samples.
    """,
    _RETURNS + """
    References
    ----------
    Bińkowski et al., "Demystifying MMD GANs", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> same = bd.kid(rng.normal(size=(1000, 16)), rng.normal(size=(1000, 16)))
    >>> bool(abs(same.value[0]) < 3 * same.diagnostics["floor"][0])
    True
    """,
)

MEMORISED = (
    """
    Share of the samples that copy a point of the data: nearer to it than a third of the way to the next one.
    """,
    """
    Returns
    -------
    Estimate
        One value for each sample in x, with their joint covariance and exact binomial intervals; equal points of y count once.
        ``diagnostics["nearest"]``: mean distances to the nearest point. ``n``: rows of all samples.

    Raises
    ------
    ValueError
        For fewer than 2 rows or 2 different points, samples of different dimensions, numbers that are not finite.

    References
    ----------
    Yoon, Choi, Kwon, Ryu, "Diffusion probabilistic models generalize when they fail to memorize", ICML 2023 workshop on
    structured probabilistic inference and generative modeling.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> data = rng.normal(size=(500, 8))
    >>> share = bd.memorised([data[:100] + 0.1 * rng.normal(size=(100, 8)), rng.normal(size=(100, 8))], data)
    >>> share.value.tolist()
    [0.94, 0.0]
    """,
)

PRDC = (
    """
    Precision, recall, density and coverage of samples, by the balls that reach to the nearest neighbours of points.

    With r_k(a) the distance of a to its k-th nearest other in its own sample: precision is the share of x_i with
    |x_i - y_j| < r_k(y_j) for some j, recall the same with x and y exchanged (k = ``precision_k``); density is the number of
    pairs with |x_i - y_j| < r_k(y_j), divided by k n, coverage the share of y_j that such an x_i has (k = ``density_k``).
    Time O((n + m)^2 d), memory O(n + m) beside the samples.
    """,
    """
    Returns
    -------
    Estimate
        Four values for each sample in x: ``precision recall density coverage``, ``NAME.precision`` ... for a dict or a list.
        They depend on the numbers of rows: errors are about the mean at these numbers. Errors from 15 balanced splits of
        the rows into halves, with 15 degrees of freedom; intervals cover 86 to 97 %, least where all but a few points are
        covered. ``diagnostics["floor"]``: four numbers for each sample, the mean that samples of one law of these sizes
        have; density is 1 then. ``n``: rows of all samples.

    Raises
    ------
    ValueError
        For fewer than 16 or 4 (k + 1) rows, samples of different dimensions, numbers that are not finite.

    References
    ----------
    Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models", NeurIPS 2019.
    Naeem et al., "Reliable fidelity and diversity metrics for generative models", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> reference = rng.normal(size=(1000, 4))
    >>> quality = bd.prdc({"right": rng.normal(size=(1000, 4)), "narrow": rng.normal(0, 0.5, size=(1000, 4))}, reference)
    >>> bool(quality["narrow.precision"] > quality["right.precision"])
    True
    >>> bool(quality["narrow.recall"] < quality["right.recall"] - 0.2)
    True
    """,
)

FRECHET = (
    """
    Frechet distance of samples: between the normal laws with their means and covariances, squared as the field reports it.

    |mu_x - mu_y|^2 + tr C_x + tr C_y - 2 tr (C_x C_y)^(1/2), by eigenvalues of symmetric matrices; with fewer rows than columns
    by products of rows. Of any features, as they are: nothing is resized. Sees the first two moments alone. Time O((n + m) d^2 +
    d^3).
    """,
    """
    Returns
    -------
    Estimate
        One value for each sample in x, with the joint covariance of their errors. Biased upward: by ``diagnostics["floor"]``,
        what normal samples of one law of these sizes have on average (to the second order in 1 / n), where laws are equal.
        ``sizes=5`` extrapolates to infinitely many rows by a line over 1 / n, whose ``slope`` is in the diagnostics and whose
        error is added. Errors are those of the linear terms: of the mean at these sizes; right where laws differ. Warns where a
        sample has fewer than 2 d rows. ``n``: rows of all samples.

    Raises
    ------
    ValueError
        For fewer than 4 rows, samples of different dimensions, numbers that are not finite.

    References
    ----------
    Dowson & Landau, J. Multivariate Anal. 12 (1982).
    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017.
    Chong & Forsyth, "Effectively unbiased FID and Inception Score and where to find them", CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> distance = bd.frechet(rng.normal(0, 2, size=(4000, 3)), rng.normal(size=(4000, 3)))
    >>> bool(abs(distance.value[0] - 3) < 3 * distance.std_error[0])      # d (2 - 1)^2
    True
    """,
)

W2 = (
    """
    Wasserstein distance W2 between the laws of samples, by optimal matchings of blocks of rows.

    The root of the mean over blocks of the squared distance: min over matchings of (1/n) sum |x_i - y_partner(i)|^2. Block b
    holds the rows b, b + blocks, ... Samples have as many rows as the reference. ``bf.wasserstein`` gives one matching of all
    rows.
    """,
    """
    Returns
    -------
    Estimate
        One value for each sample in x, with their joint covariance; ``blocks`` - 1 degrees of freedom. It depends on the rows of
        a block, upward: errors are about the mean at that size. ``diagnostics["floor"]``: the distance of the blocks of the
        reference from one another, what equal laws give; ``diagnostics["block"]``: rows of a block. ``n``: rows of all samples.

    Raises
    ------
    ValueError
        For another number of rows than the reference has, blocks of fewer than 2 rows, samples of different dimensions,
        numbers that are not finite.

    References
    ----------
    Villani, "Optimal Transport: Old and New", Springer 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> reference = rng.normal(size=(400, 2))
    >>> float(round(bd.w2(reference + [3, 4], reference).value[0], 6))
    5.0
    >>> same = bd.w2(rng.normal(size=(400, 2)), reference)
    >>> bool(same.value[0] < 1.5 * same.diagnostics["floor"][0])
    True
    """,
)

SLICED_W2 = (
    """
    Sliced Wasserstein distance: the root of the mean over directions of the squared W2 between projections of samples.

    Numbers of rows may differ. All samples meet the same directions. Time O(directions n (d + log n)), memory O(n) beside the
    samples.
    """,
    """
    Returns
    -------
    Estimate
        One value for each sample in x, with the joint covariance of their errors, those of the directions among them; right
        where laws differ. Biased upward: ``diagnostics["floor"]`` is what samples of one law of these sizes have.
        ``n``: rows of all samples. On a device values are the same to rounding; arrays that lie there are read without a copy.

    Raises
    ------
    ValueError
        For fewer than 4 rows or 2 directions, samples of different dimensions, numbers that are not finite, a device that is not
        there, samples in several places.

    References
    ----------
    Bonneel, Rabin, Peyré, Pfister, "Sliced and Radon Wasserstein barycenters of measures", J. Math. Imaging Vis. 51 (2015).
    del Barrio & Loubes, "Central limit theorems for empirical transportation cost in general dimension", Ann. Probab. 47 (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> rng = np.random.default_rng(1)
    >>> distance = bd.sliced_w2(rng.normal(0.5, 1, size=(2000, 3)), rng.normal(size=(2000, 3)), rng=1)
    >>> bool(abs(distance.value[0] - 0.5) < 3 * distance.std_error[0])
    True
    """,
)

MODE_MASSES = (
    """
    Masses of modes in samples, and their total variation distance to the weights.

    A mass is the mean of the posterior probability of its mode: under the exact law its expectation is the weight, at every noise
    level. Hard counts are 0 or 1 in its place; where modes overlap their expectations are not the weights. Modes are those of a
    mixture, or the classes of a classifier, whose right ``weights`` are given.
    """,
    """
    Returns
    -------
    Estimate
        For each sample ``mode 0``, ``mode 1``, ... and ``total_variation``, half of the sum of |mass - weight|; ``NAME.mode 0``
        ... for a dict or a list. Joint covariance; ``contrast`` of two samplers on coupled noise. Intervals of masses: Clopper
        and Pearson's. Total variation is biased upward: ``diagnostics["floor"]`` is what as many exact draws have on average, and
        the lower end of its interval allows for ``diagnostics["bias"]``; it covers at least 95 %. ``diagnostics["modes_found"]``:
        modes with half their weight or more; ``weights``: the mixture's. ``n``: rows of all samples.

    Raises
    ------
    ValueError
        For fewer than 2 rows, samples of another dimension, numbers that are not finite, a noise level of 0 where a covariance is
        singular, a function without ``weights``.

    References
    ----------
    Diaconis & Zabell, "Closed form summation for classical distributions", Statist. Sci. 6 (1991): the floor.
    Clopper & Pearson, Biometrika 26 (1934).

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> mixture = bd.GaussianMixture([0.3, 0.7], [[-2.0], [2.0]], [[[0.04]], [[0.04]]])
    >>> masses = bd.mode_masses(mixture.forward(4000, 0.0, rng=1), mixture)
    >>> low, high = masses.confidence_interval()
    >>> bool(low[0] < 0.3 < high[0] and low[2] == 0)
    True
    """,
)

OFF_MODE = (
    """
    Share of the samples off every mode of a mixture: beyond the squared Mahalanobis distance that 1 - ``share`` of one mode's
    draws have.

    The sharpest sign of a sampler with too few steps, whose draws end between modes.
    """,
    """
    Returns
    -------
    Estimate
        One value for each sample in x, with their joint covariance and exact binomial intervals. ``diagnostics["floor"]``: what
        exact draws have, at most ``share``, less where a tail lies in another mode; ``threshold``: the squared distance. ``n``:
        rows of all samples.

    Raises
    ------
    ValueError
        For fewer than 2 rows, samples of another dimension, numbers that are not finite, a singular covariance.

    References
    ----------
    Clopper & Pearson, Biometrika 26 (1934).

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> mixture = bd.GaussianMixture([0.5, 0.5], [[-2.0], [2.0]], [[[0.04]], [[0.04]]])
    >>> few, more = (bd.sample(mixture, bd.ddim(bd.VP(), steps=k), n=2000, rng=1) for k in (4, 40))
    >>> share = bd.off_mode({"4": few, "40": more}, mixture)
    >>> bool(share["4"] > 0.1 and share["40"] < 0.02)
    True
    """,
)

MODE_MIXTURE = (
    """
    Mode mixture rate: share of the samples that two classes or more claim, each with a probability of at least ``level``.

    Classes are the modes of a mixture, at a noise level of their own, or those of a classifier, as a network's.
    """,
    """
    Returns
    -------
    Estimate
        One value for each sample in x, with their joint covariance and exact binomial intervals; ``NAME.LEVEL`` for several
        levels. Of a mixture ``diagnostics["floor"]`` is what 4,096 exact draws have, ``sigma`` the noise level. ``n``: rows of
        all samples.

    Raises
    ------
    ValueError
        For fewer than 2 rows, samples of another dimension, numbers that are not finite, a classifier that gives no
        probabilities.

    References
    ----------
    Li, Li, Wang, Jin, Chen, Lu, "DPM-OT: a new diffusion probabilistic model based on optimal transport", ICCV 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> mixture = bd.GaussianMixture([0.5, 0.5], [[-2.0], [2.0]], [[[0.04]], [[0.04]]])
    >>> x = np.linspace(-2, 2, 401)[:, None]
    >>> rate = bd.mode_mixture(x, mixture, level=[0.1, 0.4], sigma=1.0)
    >>> rate.names, rate.value.round(3).tolist()
    (['0.1', '0.4'], [0.287, 0.052])
    """,
)

CF_DISTANCE = (
    """
    Distance of characteristic functions: the mean of |E exp(i w X) - E exp(i w Y)|^2 over random frequencies w ~ N(0, I / h^2).

    In expectation the squared maximum mean discrepancy of the kernel exp(-|a - b|^2 / (2 h^2)), in time that is linear in the
    rows; against a mixture, whose characteristic function is known, without the noise of a reference sample.
    Time O((n + m) d) for each frequency, memory O(1) beside the samples.
    """,
    _RETURNS.replace("Errors are up to", "Errors are those of the rows and of the frequencies, up to").replace(
        "of a difference.", 'of a difference. ``diagnostics["bandwidth"]``: h.'
    )
    + """
    References
    ----------
    Ansari, Scarlett, Soh, "A characteristic function approach to deep implicit generative modeling", CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> normal = bd.GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> distance = bd.cf_distance(np.random.default_rng(1).normal(0.5, 1, size=(2000, 2)), normal, bandwidth=1.0, rng=1)
    >>> exact = (1 - np.exp(-0.5 / 6)) * 2 / 3          # in closed form
    >>> bool(abs(distance.value[0] - exact) < 3 * distance.std_error[0])
    True
    """,
)

MOMENT_PROBE = (
    """
    Moments of projections of samples less those of the reference: which moment of a sampler is wrong, and along which direction.

    Projections are centred and scaled to mean 0 and variance 1 of the reference. Those of a mixture are known exactly, and so is
    how much exact draws scatter about them.
    """,
    """
    Returns
    -------
    Estimate
        ``direction 0, order 1``, ``direction 0, order 2``, ... for each sample, ``NAME.direction 0, order 1`` ... for a dict or a
        list; joint covariance, unbiased. ``diagnostics["floor"]``: the standard error that samples of the reference's law have,
        ``z``: the values over it, ``rms_z``: root mean square of z over the directions, for each sample and order, about 1 for
        samples of the reference. ``n``: rows of all samples.

    Raises
    ------
    ValueError
        For fewer than 4 rows, samples of another dimension, numbers that are not finite, directions along which the reference
        does not vary.

    References
    ----------
    Isserlis, "On a formula for the product-moment coefficient of any order of a normal frequency distribution", Biometrika 12
    (1918).

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> mixture = bd.GaussianMixture([0.5, 0.5], [[-2.0, 0.0], [2.0, 0.0]], [[[0.04, 0.0], [0.0, 0.04]]] * 2)
    >>> narrow = bd.moment_probe(0.95 * mixture.forward(2000, 0.0, rng=1), mixture, orders=2, along=[[1.0, 0.0]])
    >>> bool(narrow.diagnostics["rms_z"][1] > 10)       # the second moment along the first axis
    True
    """,
)
