"""Times of jobs on one GPU, taken in turns, so that what the machine does meanwhile meets all alike."""
import subprocess
import time

import numpy as np
import torch

import buffon


def by_the_clock(job):
    """Seconds of a whole call, the device at rest before and after."""
    torch.cuda.synchronize()
    begin = time.perf_counter()
    job()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


def on_device(job, cycles=4_000_000):
    """Seconds of the device alone: behind a pause of so many cycles all is queued before it begins, and no launch is timed."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    torch.cuda._sleep(cycles)
    start.record()
    job()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1e3


def in_turns(jobs, repeats, clock=by_the_clock, warm=2):
    """Name -> seconds of each job, after ``warm`` calls that are not counted."""
    times = {name: [] for name in jobs}
    for job in jobs.values():
        for _ in range(warm):
            job()
    for _ in range(repeats):
        for name, job in jobs.items():
            times[name].append(clock(job))
    return {name: np.array(t) for name, t in times.items()}


def place():
    """Device, driver and versions, for the head of a page."""
    driver = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True
    ).stdout.strip()
    return f"{torch.cuda.get_device_name()}, driver {driver}, torch {torch.__version__}, buffon {buffon.__version__}"
