"""How good samplers are, as a Problem whose inputs are their hyper-parameters and a seed."""
import numpy

from buffon._made_by import note


def quality_problem(model, maker, hyper, quality, *, n=1000, outputs=("quality",), threads=1):
    """
    The quality of samplers as a Problem: its inputs are hyper-parameters, and the seed of the draws.

    One evaluation makes a sampler, draws from it, and looks at the draws. The same seed at other hyper-parameters is the same
    noise. ``sobol(problem, noise="seed")`` and ``shapley(problem, noise="seed")`` say what the quality depends on, with the noise
    of finitely many draws taken out; ``plain`` with laws that say "this or that" compares.

    Parameters
    ----------
    model : denoiser
        An exact one, one of ``Network`` or ``Denoiser``.
    maker : callable
        Hyper-parameters, as keywords, -> Table, or (denoiser, Table). Whole numbers come from continuous laws: ``int(steps)`` of
        a ``Uniform(5, 21)`` is one of 5 ... 20, all alike.
    hyper : dict name -> law
        Independent laws of one variable. One that ``maker`` ignores is a dummy: its indices are exactly 0.
    quality : callable
        Draws (n, d) -> a number, or as many as ``outputs`` names.
    n : int
        Draws of each sampler.
    outputs : str or sequence of str
        Names of what ``quality`` gives.
    threads : int
        Threads of each run of a sampler, 0 for all; changes no result.

    Returns
    -------
    Problem
        Inputs: those of ``hyper``, and "seed", uniform on (0, 1), whose first 52 bits are the key of the draws.

    Raises
    ------
    ValueError
        If a hyper-parameter is called "seed".

    Examples
    --------
    >>> import buffon as bf
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> def maker(steps, rho, dummy):
    ...     return bd.ddim(bd.EDM(0.01, 10), steps=int(steps), grid="rho", power=rho)
    >>> hyper = {"steps": bf.Uniform(3, 9), "rho": bf.Uniform(3, 11), "dummy": bf.Uniform(0, 1)}
    >>> problem = bd.quality_problem(model, maker, hyper, lambda x: (x**2).mean(), n=50)
    >>> s = bf.sobol(problem, budget=2_000, noise="seed", rng=1)
    >>> s.total_order["dummy"], s.total_order["steps"] > s.total_order["rho"] > 0
    (0.0, True)
    """
    import buffon as bf
    from buffon import diffusion as bd

    names = list(hyper)
    if "seed" in names:
        raise ValueError("quality_problem: hyper must not have a 'seed', which is an input already")
    names_out = [outputs] if isinstance(outputs, str) else list(outputs)

    def evaluate(x):
        rows = [_one(dict(zip(names, row, strict=False)), int(row[-1] * 2**52)) for row in numpy.asarray(x).tolist()]
        return numpy.array(rows, dtype=float).reshape(len(x), len(names_out))

    def _one(values, key):
        made = maker(**values)
        denoiser, table = made if isinstance(made, tuple) else (model, made)
        found = numpy.ravel(quality(bd.sample(denoiser, table, n=n, rng=key, threads=threads).x))
        if len(found) != len(names_out):
            raise ValueError(f"quality_problem: quality must give a number for each of outputs {names_out}, got {len(found)}")
        return found

    problem = bf.Problem(evaluate, bf.Joint({**hyper, "seed": bf.Uniform(0.0, 1.0)}), outputs=names_out)
    made_by = "buffon.diffusion.quality_problem"
    return note(problem, made_by, model, maker, hyper, quality, n=n, outputs=names_out, threads=threads)
