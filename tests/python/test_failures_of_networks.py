"""Rare failures of samplers whose denoiser is a trained network, and of one in 512 dimensions, beside plain Monte Carlo."""
import math
from itertools import pairwise

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

TABLE = bd.ddim(bd.EDM(0.02, 20), steps=10, grid="rho", to_zero=True)
CENTRES = np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
MODES = bd.GaussianMixture([0.2, 0.3, 0.5], CENTRES, [0.04 * np.eye(2)] * 3)
SPREAD = 2.0   # of the data


def forward(parameters, x, sigma):
    """Layers of a perceptron: its input, two of tanh, its output."""
    layers = [np.column_stack([x / np.hypot(sigma, SPREAD)[:, None], np.log(sigma) / 4, np.ones(len(x))])]
    for k, (weights, shift) in enumerate(parameters):
        layers.append(layers[-1] @ weights + shift if k == 2 else np.tanh(layers[-1] @ weights + shift))
    return layers


def trained(steps=1500, width=64, batch=256):
    """Parameters that denoise the three modes, by Adam on the loss of Karras et al. (2022), their preconditioning around it."""
    rng = np.random.default_rng(1)
    sizes = [4, width, width, 2]
    parameters = [(rng.standard_normal((a, b)) / math.sqrt(a), np.zeros(b)) for a, b in pairwise(sizes)]
    first, second = ([[np.zeros_like(p) for p in pair] for pair in parameters] for _ in range(2))
    for step in range(1, steps + 1):
        data = CENTRES[rng.choice(3, batch, p=[0.2, 0.3, 0.5])] + 0.2 * rng.standard_normal((batch, 2))
        sigma = np.exp(rng.uniform(math.log(0.02), math.log(20), batch))
        x, total = data + sigma[:, None] * rng.standard_normal((batch, 2)), np.hypot(sigma, SPREAD)[:, None]
        layers = forward(parameters, x, sigma)
        slope = 2 * (layers[-1] - (data - (SPREAD / total) ** 2 * x) * total / (SPREAD * sigma[:, None])) / batch
        for k in (2, 1, 0):
            gradients = layers[k].T @ slope, slope.sum(axis=0)
            slope = (slope @ parameters[k][0].T) * (1 - layers[k] ** 2)
            for p, g, m, v in zip(parameters[k], gradients, first[k], second[k], strict=True):
                m += 0.1 * (g - m)
                v += 0.01 * (g**2 - v)
                p -= 0.005 * (1 - step / steps) * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
    return parameters


@pytest.fixture(scope="module")
def network():
    parameters = trained()

    def net(x, noise):
        sigma = np.exp(4 * noise)
        return forward(parameters, x * np.hypot(sigma, SPREAD)[:, None], sigma)[-1]

    return bd.Network(net, schedule=bd.EDM(0.02, 20), shape=2, preconditioning="edm", sigma_data=SPREAD, dtype="float64")


def test_the_network_has_learned_the_modes(network):
    x = MODES.forward(1_000, 0.5, rng=3)
    error = np.sqrt(((network.denoise(x, 0.5) - MODES.denoise(x, 0.5)) ** 2).mean())
    assert error < 0.15   # of spreads of 2


def test_arcs_agree_with_plain_monte_carlo_on_a_trained_network(network):
    problem = bd.sampler_problem(network, TABLE, score=MODES.off_mode, labels=MODES.squared_distances)
    assert problem.denoiser_evaluations == 10
    event = bf.exceedance(problem, thresholds=[100.0])
    plain = bf.plain(event, budget=60_000, rng=1, batch=4_096)
    assert 3e-4 < plain.value[0] < 2e-2   # far from every mode, in more than one of ten thousand runs
    runs = [bf.arcs(problem, thresholds=[100.0], budget=10_000, rng=key) for key in range(10)]
    assert all(e.n <= 10_000 for e in runs)
    values = np.array([e.value[0] for e in runs])
    error = math.hypot(values.std(ddof=1) / math.sqrt(10), plain.std_error[0])
    assert abs(values.mean() - plain.value[0]) < 4.5 * error and error < 0.2 * plain.value[0]
    p = plain.value[0]
    assert sum(low[0] < p < high[0] for low, high in (e.confidence_interval() for e in runs)) >= 7


SD, DIM = 0.3, 512


def isotropic(weights, means):
    """E[x0 | x] of components N(mean, SD^2 I), in any dimension."""
    def denoise(x, sigma):
        variance = np.reshape(sigma, (-1, 1)) ** 2 + SD**2 + np.zeros((len(x), 1))
        log_weights = np.log(weights) - ((means**2).sum(axis=1) - 2 * x @ means.T) / (2 * variance)
        share = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
        mean = share / share.sum(axis=1, keepdims=True) @ means
        return mean + SD**2 / variance * (x - mean)

    return bd.Denoiser(denoise, dim=means.shape[1])


def test_arcs_of_a_random_mixture_in_512_dimensions_agree_with_plain_monte_carlo_where_it_is_cheap():
    # Six modes span six dimensions. In the others the sampler shrinks its noise by a factor: their part of the distance to
    # a mode is that of a chi-square variable, and 200,000 runs of the sampler in six dimensions are those in 512.
    rng = np.random.default_rng(11)
    means = rng.standard_normal((6, DIM))
    means *= 8 / np.linalg.norm(means, axis=1, keepdims=True)
    weights, threshold = np.arange(1, 7) / 21, 419.0
    one = bd.sampler_problem(isotropic(np.ones(1), np.zeros((1, 1))), TABLE, score=lambda x: x[:, 0])
    factor = np.asarray(one([[1.0]])).item()
    small = means @ np.linalg.qr(means.T)[0]
    near = bd.GaussianMixture(weights, small, [SD**2 * np.eye(6)] * 6)
    latent = np.random.default_rng(2).standard_normal((200_000, 6))
    nearest = np.asarray(bd.sampler_problem(near, TABLE, score=near.off_mode)(latent))[:, 0]
    fails = nearest + (factor / SD) ** 2 * np.random.default_rng(3).chisquare(DIM - 6, len(nearest)) > threshold
    exact, error = fails.mean(), fails.std() / math.sqrt(len(fails))
    assert 2e-4 < exact < 5e-3

    def distances(x):
        return ((x**2).sum(axis=1)[:, None] - 2 * x @ means.T + (means**2).sum(axis=1)) / SD**2

    problem = bd.sampler_problem(isotropic(weights, means), TABLE, score=lambda x: distances(x).min(axis=1), labels=distances)
    assert problem.dim == DIM
    runs = [bf.arcs(problem, thresholds=[threshold], budget=8_000, rng=key) for key in range(5)]
    values = np.array([e.value[0] for e in runs])
    assert abs(values.mean() - exact) < 4.5 * math.hypot(values.std(ddof=1) / math.sqrt(5), error)
    assert sum(low[0] < exact < high[0] for low, high in (e.confidence_interval() for e in runs)) >= 3
