"""Experiments: what Buffon's methods are worth, measured beside what anyone would do without them.

Each is one module with ``Config`` (its ``small()`` runs in seconds), ``run(config, progress=None) -> records`` (a list of
dicts; ``progress`` is that of an estimator and may be handed on to one), ``EXPECTED``, the claims that its records must meet,
``tables(records)`` and ``picture(records, path)``.
``buffon run NAME`` runs one.
"""

EXPERIMENTS = {
    "cantilever": "eight expectations of a beam's displacement from one sample, and first-order Sobol' indices from them",
    "gaussian_moments": "ten moments of a normal variable, up to the twentieth, from one sample",
    "cantilever_laws": "the beam's mean displacement under a hundred input laws, from one sample",
    "flood": "a river under six laws of its inputs: overflow, cost and rare floods from one sample",
    "input_law": "a beam whose input law is in doubt: twelve elasticities and perturbed-law curves from one kept sample",
    "given_csv": "a table of past runs, yours or made here: means under new laws, perturbed laws, indices; no model is called",
    "criterion": "weighted mean squared error of aiscv and its variants on three published problems, against their thresholds",
    "dc_search": "DC-Solver's ratios: searched without gradients, fitted over guidances, beside a random search",
    "safety": "where adaptive importance sampling could hurt: aiscv beside plain and quasi on ten awkward problems",
    "held_out": "twenty-one problems beside those of safety: aiscv, plain and quasi, value by value",
    "rare": "probabilities down to 1e-6 with a score, one region of failure and two, in 2 to 50 inputs",
    "rare_events": "rare events of the literature, down to 1.5e-8 and in 2 to 200 inputs: five methods side by side",
    "rare_coverage": "do 95 % intervals of rare events cover, on nine events with known probabilities; and do lost "
                     "regions go unsaid",
    "failure_probability": "how often few-step diffusion samplers end between the modes: arcs beside six other ways",
    "multilevel": "means of a diffusion sampler from cheaper ones at the same noise: levels, and a fine solver as a control",
    "surrogate": "means of a dear denoiser's sampler with a mixture fitted to its data as a control: points, a network, digits",
    "high_dimensions": "rare events in 20 to 200 inputs: Gaussian components beside von Mises-Fisher-Nakagami ones",
    "sobol_benchmarks": "Sobol' indices of nine functions with known answers: the default beside the plain estimator "
                        "and Saltelli's",
    "sobol_held_out": "Sobol' indices of six functions on which nothing was tuned, beside the centred estimator of "
                      "Saltelli et al.",
    "sobol_tails": "Sobol' indices of outputs whose variance comes from a tail or a rare event: aiscv beside the default",
    "hyper_indices": "what the quality of a sampler depends on: indices of its hyper-parameters with the noise of the "
                     "seed taken out",
    "loss_levels": "the denoising loss of a model: levels drawn where it is large and as a lattice, beside uniform ones",
    "restoration": "six restoration tasks on pictures: evaluations of MRS that equal 100 steps of posterior sampling",
    "dpm_ot": "samplers that start from optimal transport: quality, modes and copies of the data, beside plain solvers",
    "semidiscrete_square": "twenty points in the unit square: their power diagram, exactly and from draws",
    "map_scaling": "what transport maps cost: number of targets and dimension, beside the loop that users write",
    "mode_mixture": "samples between two points of the data: at which angle between them they belong to neither",
    "digits": "handwritten digits from ideal denoisers: solvers beside the exact flow, memorised images, distance to unseen ones",
    "probing": "a linear classifier of digits on frozen random features: their mean, and covariances over the tokens beside it",
    "solver_orders": "diffusion solvers on exact problems: errors beside an independent implementation, orders beside "
                     "the declared ones",
    "solver_race": "diffusion solvers after 5 to 80 evaluations, three schedules, two mixtures with a known flow",
    "solver_search": "solvers searched for one model by evolution, beside the best fixed ones and a random search",
    "ems": "statistics of a model for DPM-Solver-v3: few pairs, many, and none",
    "guided": "classifier-free guidance 1 to 8 at 10 to 20 evaluations: solvers that leave the data, and those that keep to them",
    "dmcmc": "Denoising MCMC beside the solver alone: six integrators at 10, 20 and 50 evaluations, two mixtures, "
             "equal total cost",
    "dmcmc_held_out": "Denoising MCMC on mixtures it was not settled on, beside the best solvers alone at equal total; "
                      "its settings one by one",
    "time_shift": "Time-Shift by three rules and epsilon scaling after ten steps, on exact denoisers and on one of too "
                  "few images",
    "stopping": "do 95 % intervals cover where target_error= decides when a run ends: every estimator, and the naive rule",
    "exposure_bias": "states of ten-step samplers beside noised data, node by node, and what corrections and controls "
                     "make of the samples",
    "sampler_report": "pages about samplers of two mixtures, of digits and of a network: quality, exposure, modes, "
                      "failures, hyper-parameters",
    "coverage": "do 95 % intervals cover in 95 % of the runs, for every estimator on every problem with a known answer",
}
