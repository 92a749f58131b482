"""Buffon's solvers beside those of diffusers and k-diffusion: the largest difference of their results, in float64.

    python -m buffon.experiments.benchmarks.diffusion_peers [--steps 20] [--starts 64] [--markdown]

Same denoiser (a Gaussian mixture in 16 dimensions), same starts, same random numbers, same noise levels: those of diffusers'
scheduler, or a power-7 grid for k-diffusion. Needs torch, diffusers and k-diffusion. diffusers computes in float32; its
modules see here a torch whose float32 is float64. Where definitions differ the table says so.
"""
import argparse
import contextlib
import importlib
import importlib.util
import sys
import types

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table

TOLERANCE = 1e-10   # of values of size 1: what float64 and equal definitions leave


def mixture():
    """Eight modes in 16 dimensions."""
    k, j = np.arange(8)[:, None], np.arange(16)[None, :]
    means = 1.5 * np.sin(1.7 * (k + 1) + 0.9 * (j + 1) * (k + 2))
    sds = 0.2 + 0.05 * ((k + j) % 4)
    return bd.GaussianMixture(1.0 + np.arange(8) % 3, means, np.array([np.diag(s**2) for s in sds]))


class DoubleTorch:
    """torch, but for its float32."""

    def __getattr__(self, name):
        import torch
        return torch.float64 if name == "float32" else getattr(torch, name)


@contextlib.contextmanager
def in_double(module):
    """diffusers' scheduler module computing in float64."""
    module = importlib.import_module(module)
    original, module.torch = module.torch, DoubleTorch()
    try:
        yield module
    finally:
        module.torch = original


def theirs_diffusers(model, x, module, name, steps, **options):
    """(noise levels, start, result) of a scheduler, both in x / alpha; x are draws from the prior."""
    import torch
    with in_double(f"diffusers.schedulers.{module}") as found:
        scheduler = getattr(found, name)(prediction_type="sample", beta_start=1e-4, beta_end=0.02, **options)
        scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
        scheduler.set_timesteps(steps)
        levels = scheduler.sigmas.double().numpy()
        scheduler.sigmas = torch.from_numpy(levels)
        state = torch.from_numpy(x * levels[0] / np.sqrt(1 + levels[0] ** 2))   # alpha = 1 / sqrt(1 + rho^2)
        for i, t in enumerate(scheduler.timesteps):
            alpha = 1 / np.sqrt(1 + levels[i] ** 2)
            data = model.denoise(state.numpy() / alpha, levels[i])
            state = scheduler.step(torch.from_numpy(np.ascontiguousarray(data)), t, state, return_dict=False)[0]
        return levels, x * levels[0], state.numpy() * np.sqrt(1 + levels[-1] ** 2)


def theirs_by_time(model, x, module, name, steps):
    """(times, result) of a scheduler that knows time labels only and predicts noise; x are draws from the prior.

    Its last step would be one from the label 0 to itself, or to sigma = 0 with the weights of the others: it is left out.
    """
    import torch
    with in_double(f"diffusers.schedulers.{module}") as found:
        scheduler = getattr(found, name)(beta_start=1e-4, beta_end=0.02, **({"clip_sample": False} if "DDIM" in name else {}))
        scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
        scheduler.set_timesteps(steps)
        state = torch.from_numpy(x)
        for t in scheduler.timesteps[:-1]:
            alpha = float(scheduler.alphas_cumprod[t]) ** 0.5
            rho, at = np.sqrt(1 / alpha**2 - 1), state.numpy() / alpha
            noise = (at - model.denoise(at, rho)) / rho
            state = scheduler.step(torch.from_numpy(np.ascontiguousarray(noise)), t, state, return_dict=False)[0]
        labels = np.arange(steps)[::-1] * (1000 // steps)   # the others are stages within a step
        return (labels + 1) / 1000, state.numpy()


def sampling_of_k_diffusion():
    """k_diffusion.sampling alone: the package also imports what training needs."""
    if "k_diffusion" not in sys.modules:
        package = types.ModuleType("k_diffusion")
        package.__path__ = importlib.util.find_spec("k_diffusion").submodule_search_locations
        sys.modules["k_diffusion"] = package
        if not importlib.util.find_spec("torchvision"):   # only to convert pictures
            for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
                sys.modules[name] = types.ModuleType(name)
            sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    return importlib.import_module("k_diffusion.sampling")


def theirs_k(model, x, sampler, levels, noises=(), **options):
    """k-diffusion's result; x is the start, noises (steps, n, d) what random samplers get in place of their own."""
    import torch

    sampling = sampling_of_k_diffusion()

    def denoise(at, sigma):
        return torch.from_numpy(model.denoise(np.ascontiguousarray(at.numpy()), float(sigma[0])))

    start, sigmas = torch.from_numpy(x), torch.from_numpy(levels)
    if len(noises):
        each = iter(torch.from_numpy(noises))
        options["noise_sampler"] = lambda sigma, sigma_next: next(each)
    return getattr(sampling, sampler)(denoise, start, sigmas, disable=True, **options).numpy()


def made(solver, options, levels):
    """Our table in x / alpha, by EDM, where levels are times."""
    return solver(bd.EDM(min(1e-3, levels[-2] / 2), 1000.0), grid=levels, **options)


def noises_of(table, start):
    """The normal numbers of our steps (steps, n, d).

    From a run whose denoiser is 0: each state is then a multiple of the last one, and noise.
    """
    nothing = bd.Denoiser(lambda x, sigma: np.zeros_like(x), start.shape[1])
    states = [start, *bd.sample(nothing, table, x=start, rng=1, record=1).trajectory]
    rows = table.rows   # row k makes the value k + 2; with `at` it is an output of the denoiser
    steps = [(row["noise"], sum(w for value, w in row["terms"].items() if value < 2 or rows[value - 2]["at"] is None))
             for row in rows if row["at"] is None]
    return np.stack([(after - weight * before) / noise
                     for (noise, weight), before, after in zip(steps, states[:-1], states[1:], strict=True)])


def ours(model, solver, options, levels, start):
    """Our result in x / alpha."""
    return bd.sample(model, made(solver, options, levels), x=start, rng=1).x


DPM = ("scheduling_dpmsolver_multistep", "DPMSolverMultistepScheduler")
UNIPC = ("scheduling_unipc_multistep", "UniPCMultistepScheduler")
DEIS = ("scheduling_deis_multistep", "DEISMultistepScheduler")
TO_MIN = {"final_sigmas_type": "sigma_min"}   # to sigma = 0 these are refused, or give NaN
NOISE = {"algorithm_type": "dpmsolver", **TO_MIN}
FULL = {"lower_order_final": False}           # ours lowers orders below 10 steps, theirs below 15
NO_NOISE = {"eta": 0.0, "noise_sampler": lambda a, b: 0.0}

# what it is: the scheduler, its options, our solver, our options
DIFFUSERS = {
    "DPM-Solver++ 1": (DPM, {"solver_order": 1}, bd.dpmpp, {"order": 1}),
    "DPM-Solver++ 2M": (DPM, {"solver_order": 2}, bd.dpmpp, {"order": 2}),
    "DPM-Solver++ 2M heun": (DPM, {"solver_order": 2, "solver_type": "heun"}, bd.dpmpp, {"second": "taylor"}),
    "DPM-Solver++ 3M legacy": (DPM, {"solver_order": 3}, bd.dpmpp, {"order": 3, "third": "legacy"}),
    "DPM-Solver++ 3M exact": (DPM, {"solver_order": 3}, bd.dpmpp, {"order": 3}),
    "DPM-Solver 2M": (DPM, {"solver_order": 2, **NOISE}, bd.dpm, {"order": 2, **FULL}),
    "DPM-Solver 3M legacy": (DPM, {"solver_order": 3, **NOISE}, bd.dpm, {"order": 3, "third": "legacy", **FULL}),
    "UniPC-1 bh2": (UNIPC, {"solver_order": 1}, bd.unipc, {"order": 1}),
    "UniPC-2 bh2": (UNIPC, {"solver_order": 2}, bd.unipc, {"order": 2}),
    "UniPC-2 bh1": (UNIPC, {"solver_order": 2, "solver_type": "bh1", **TO_MIN}, bd.unipc, {"variant": "bh1"}),
    "UniPC-3 bh2": (UNIPC, {"solver_order": 3}, bd.unipc, {"order": 3}),
    "UniPC-2 noise": (UNIPC, {"solver_order": 2, "predict_x0": False, **TO_MIN}, bd.unipc, {"prediction": "noise"}),
    "DEIS-3 in log rho": (DEIS, {"solver_order": 3}, bd.dpm, {"order": 3, "second": "taylor", **FULL}),
}
# of diffusers, those that know labels only
BY_TIME = {
    "DDIM": (("scheduling_ddim", "DDIMScheduler"), bd.ddim, {}),
    "F-PNDM": (("scheduling_pndm", "PNDMScheduler"), bd.fpndm, {}),
}
K_DIFFUSION = {
    "LMS 4": ("sample_lms", {"order": 4}, bd.lms, {}),
    "LMS 2": ("sample_lms", {"order": 2}, bd.lms, {"order": 2}),
    "Euler": ("sample_euler", {}, bd.euler, {}),
    "Heun": ("sample_heun", {}, bd.heun, {}),
    "DPM-Solver++ 2M": ("sample_dpmpp_2m", {}, bd.dpmpp, FULL),
    "DPM-Solver++ 2S": ("sample_dpmpp_2s_ancestral", NO_NOISE, bd.dpmpp, {"method": "singlestep"}),
    "DPM-Solver++ 3M legacy": ("sample_dpmpp_3m_sde", NO_NOISE, bd.dpmpp,
                               {"order": 3, "second": "taylor", "third": "legacy", **FULL}),
}
# with noise, ours given to them
RANDOM = {
    "ancestral (DDIM, eta = 1)": ("sample_euler_ancestral", {}, bd.ancestral, {}),
    "SDE-DPM-Solver++ 2M": ("sample_dpmpp_2m_sde", {}, bd.dpmpp, {"sde": True, **FULL}),
    "SDE-DPM-Solver++ 2M heun": ("sample_dpmpp_2m_sde", {"solver_type": "heun"}, bd.dpmpp,
                                 {"sde": True, "second": "taylor", **FULL}),
}
WHY = {"DPM-Solver++ 3M exact": "theirs lacks the factor 2 of the second derivative"}


def compare(steps, n):
    """Rows of (library, solver, largest difference)."""
    model = mixture()
    x = np.random.Generator(np.random.PCG64(1)).standard_normal((n, 16))
    rows = []
    for name, (scheduler, options, solver, chosen) in DIFFUSERS.items():
        levels, start, result = theirs_diffusers(model, x, *scheduler, steps, **options)
        rows.append(("diffusers", name, np.abs(ours(model, solver, chosen, levels, start) - result).max()))
    for name, (scheduler, solver, chosen) in BY_TIME.items():
        times, result = theirs_by_time(model, x, *scheduler, steps)
        table = solver(bd.Discrete.linear(), grid=times, **chosen)
        rows.append(("diffusers", name, np.abs(bd.sample(model, table, x=x, rng=1).x - result).max()))
    levels = (80 ** (1 / 7) + np.linspace(0, 1, steps + 1) * (0.01 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    for name, (sampler, options, solver, chosen) in K_DIFFUSION.items():
        result = theirs_k(model, 80 * x, sampler, levels, **options)
        rows.append(("k-diffusion", name, np.abs(ours(model, solver, chosen, levels, 80 * x) - result).max()))
    for name, (sampler, options, solver, chosen) in RANDOM.items():
        result = theirs_k(model, 80 * x, sampler, levels, noises_of(made(solver, chosen, levels), 80 * x), **options)
        rows.append(("k-diffusion", name, np.abs(ours(model, solver, chosen, levels, 80 * x) - result).max()))
    return rows


def main():
    """Compare and print; fails where definitions coincide and results do not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20, help="of every solver, at least 15 (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=64, help="points (default: %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/solvers.md")
    given = parser.parse_args()
    rows = compare(given.steps, given.starts)
    cells = [[name, library, f"{difference:.1e}", WHY.get(name, "")] for library, name, difference in rows]
    title = f"Largest difference after {given.steps} steps from {given.starts} starts"
    show_benchmark(Table(title, ["solver", "beside", "difference", "why"], cells), given.markdown)
    bad = [name for _, name, difference in rows if name not in WHY and not difference <= TOLERANCE]
    if bad:
        raise SystemExit(f"differ by more than {TOLERANCE}: {', '.join(bad)}")


if __name__ == "__main__":
    main()
