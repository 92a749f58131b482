"""Diffusion samplers: noise schedules and exact denoisers.

A schedule says how data become noise, x_t = alpha(t) x0 + sigma(t) eps; a denoiser says what the data were on average,
E[x0 | x], for x = x0 + sigma eps.

>>> from buffon import diffusion as bd
>>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
>>> model.denoise([[0.0]], sigma=0.5).shape
(1, 1)
"""
from buffon._buffon import diffusion as _native

EDM = _native.EDM
GaussianMixture = _native.GaussianMixture
VE = _native.VE
VP = _native.VP

__all__ = ["EDM", "GaussianMixture", "VE", "VP"]
