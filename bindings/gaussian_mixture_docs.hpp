// What Python says of the exact Gaussian-mixture denoiser, in the order of gaussian_mixture.cpp.
#pragma once

namespace docs {

inline constexpr const char* type = R"(Exact denoiser of p0 = sum_k weights_k N(means_k, covariances_k).

Everything about x = x0 + sigma eps with x0 ~ p0 and eps ~ N(0, I) in closed form, accurate for every noise level. ``sigma``
is one number or one per row, and may be 0 where no covariance is singular. A row of an answer depends on that row alone, to
the bit: neither on the batch nor on the number of threads.

Parameters
----------
weights : array (k,)
    Positive; normalised here.
means : array (k, d)
covariances : array (k, d, d) or (k, d), optional
    Symmetric positive semidefinite; singular ones are allowed. (k, d) holds the diagonals of diagonal ones.
factors : array (k, d, r), optional
    Instead of covariances: covariance k is factors_k factors_k^T + noise_k^2 I. No (d, d) is built.
noise : array (k,), optional
    With factors; at least 0.
labels : array of int (k,), optional
    Class 0, 1, ... of each component: ``denoise`` takes a condition, and ``given(label)`` is the mixture of one class.

Raises
------
ValueError
    If a shape is wrong, a weight is not positive, a covariance is not symmetric positive semidefinite.)";

inline constexpr const char* given = R"(The mixture of the components of one class.

Parameters
----------
label : int

Returns
-------
GaussianMixture

Raises
------
ValueError
    If there is no such class.)";

inline constexpr const char* squared_distances = R"(Squared Mahalanobis distances to the components' means.

Parameters
----------
x : array (n, d)

Returns
-------
array (n, k)

Raises
------
ValueError
    If x has the wrong shape, or a covariance is singular.)";

inline constexpr const char* off_mode =
    R"(How far each row is from all modes: the smallest of its squared Mahalanobis distances to a component.

Of exact draws each distance to a row's own component is chi-square with d degrees of freedom. As ``score`` of
``sampler_problem`` it is computed without Python.

Parameters
----------
x : array (n, d)

Returns
-------
array (n,)

Raises
------
ValueError
    If x has the wrong shape.)";

inline constexpr const char* mode = R"(The component that each row is nearest to, by Mahalanobis distance.

Parameters
----------
x : array (n, d)

Returns
-------
array of int (n,)

Raises
------
ValueError
    If x has the wrong shape.)";

inline constexpr const char* denoise = R"(Posterior mean E[x0 | x].

Parameters
----------
x : array (n, d)
    NumPy's; or one of torch or CuPy on a CUDA device: the answer is one too, on the caller's stream.
sigma : float or array (n,)
    Noise level, of all rows or of each.
condition : int, array of int (n,) or None
    Class, of all rows or of each, -1 for none, where the components have labels.

Returns
-------
array (n, d)

Raises
------
ValueError
    If a shape is wrong, ``sigma`` is negative or not finite, or 0 with a singular covariance; if ``x`` is not finite; if
    ``condition`` is no class.)";

inline constexpr const char* score =
    R"(Gradient of the log density of x; equals (denoise(x, sigma) - x) / sigma^2 without its cancellation.

Parameters
----------
x : array (n, d)
sigma : float or array (n,)
    Noise level, of all rows or of each.

Returns
-------
array (n, d)

Raises
------
ValueError
    As for ``denoise``.)";

inline constexpr const char* log_density = R"(Log density of x = x0 + sigma eps.

Parameters
----------
x : array (n, d)
sigma : float or array (n,)
    Noise level, of all rows or of each.

Returns
-------
array (n,)

Raises
------
ValueError
    As for ``denoise``.)";

inline constexpr const char* responsibilities = R"(Probability that x0 came from each component, given x.

Parameters
----------
x : array (n, d)
sigma : float or array (n,)
    Noise level, of all rows or of each.

Returns
-------
array (n, k)
    Rows sum to 1.

Raises
------
ValueError
    As for ``denoise``.)";

inline constexpr const char* jacobian = R"(Derivative of the denoiser; equals Cov[x0 | x] / sigma^2.

Parameters
----------
x : array (n, d)
sigma : float or array (n,)
    Noise level, of all rows or of each.

Returns
-------
array (n, d, d)
    Entry (i, a, b) is d denoise(x)_ia / d x_ib; symmetric in a, b.

Raises
------
ValueError
    As for ``denoise``.)";

inline constexpr const char* posterior_sample = R"(One exact draw of x0 given x for each row.

Parameters
----------
x : array (n, d)
sigma : float or array (n,)
    Noise level, of all rows or of each.
rng : int, Generator, SeedSequence or None
    An int is the key itself. Same key, same numbers, on any number of threads. Independent of ``forward`` with the same key.

Returns
-------
array (n, d)

Raises
------
ValueError
    As for ``denoise``.)";

inline constexpr const char* sigma_posterior = R"(Probability of each noise level of a grid, given x.

The prior is uniform over the nodes of the given grid; on a geometric grid that is the log-uniform law.

Parameters
----------
x : array (n, d)
grid : array (m,)
    Noise levels.

Returns
-------
array (n, m)
    Rows sum to 1.

Raises
------
ValueError
    As for ``denoise``, or if ``grid`` is empty.

References
----------
"Denoising MCMC for accelerating diffusion-based generative models", arXiv:2209.14593, whose classifier estimates this law.)";

inline constexpr const char* forward = R"(Noisy samples x0 + sigma eps; with sigma = 0 samples of the mixture.

Parameters
----------
n : int
    Number of samples.
sigma : float or array (n,)
    Noise level, of all samples or of each, at least 0 also with singular covariances.
rng : int, Generator, SeedSequence or None
    An int is the key itself. Same key, same x0 and eps, for every sigma, on any number of threads.

Returns
-------
array (n, d)

Raises
------
ValueError
    If ``n`` or ``sigma`` is negative, ``sigma`` not finite or of a wrong shape.)";

}  // namespace docs
