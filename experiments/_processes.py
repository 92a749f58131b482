"""Parts of an experiment on several processes: the same records, as every part has its own keys."""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def mapped(function, jobs, processes):
    """function(*job) of each job, in their order, as soon as it is there; all in this process if ``processes`` is 1.

    Processes are spawned: a fork copies the threads of OpenMP as locks that nobody opens. What they get must be picklable.
    """
    if processes == 1:
        yield from (function(*job) for job in jobs)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from (part.result() for part in [pool.submit(function, *job) for job in jobs])


__all__ = ["mapped"]
