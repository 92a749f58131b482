"""The solvers' documents: summary, Returns, References and Examples of each; keywords are described in C++, once."""

_TABLE = """
    Returns
    -------
    Table
        {evaluations}

    Raises
    ------
    ValueError
        If the grid is not one of decreasing noise, or {errors}.

    References
    ----------
    {reference}

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> bd.{example}
    """

SOLVERS = {
    "ancestral": (
        """
        Ancestral sampling in the noise level: a step down past the next level, then noise up to it.
        """,
        dict(
            evaluations="``steps`` evaluations, random for eta > 0; weak order 1. ``ddim`` with the same eta, but that "
                        "the last step adds noise, too.",
            errors="``eta`` or ``s_noise`` is negative",
            reference='Song et al., "Score-based generative modeling through stochastic differential equations", ICLR '
                      '2021, appendix F.',
            example="ancestral(bd.EDM(), steps=10, grid='rho', to_zero=True).evaluations\n    10",
        ),
    ),
    "annealed_langevin": (
        """
        Annealed Langevin dynamics: steps at each level, none between the levels. From the last levels it refines a start, as
        DPM-OT does.
        """,
        dict(
            evaluations="``each`` for each of the levels, and one for a step to sigma = 0; random. Its law is wrong by "
                        "O(step) however many levels: order 0.",
            errors="``each`` is below 1 or ``step`` outside (0, 1)",
            reference='Song, Ermon, "Generative modeling by estimating gradients of the data distribution", NeurIPS '
                      '2019, algorithm 1.',
            example="annealed_langevin(bd.VE(), steps=2, to_zero=True, t_start=0.2).evaluations\n    11",
        ),
    ),
    "dc": (
        """
        DC-Solver: UniPC whose outputs are compensated for the corrector's misalignment, by ratios that ``dc_search`` finds.
        """,
        dict(
            evaluations="``steps`` evaluations; order as ``unipc`` where all ratios are 1 (from the middle at most 2: "
                        "the first step is not corrected), else 1: ratios are made for one number of steps.",
            errors="``ratios`` are not one per step, or the first two not 1",
            reference='Zhao, Wang, Zhou, Lu, "DC-Solver: improving predictor-corrector diffusion sampler via dynamic '
                      'compensation", ECCV 2024.',
            example="dc(bd.VP(), steps=5, ratios=[1, 1, 0.8, 0.9, 1.2]).evaluations\n    5",
        ),
    ),
    "ddim": (
        """
        DDIM, and with eta = 1 the ancestral sampler of DDPM: one exponential-Euler step per evaluation.
        """,
        dict(
            evaluations="``steps`` evaluations; order 1. With eta > 0 a random table, weak order 1; the last step adds no noise.",
            errors="``eta`` negative",
            reference="""Song, Meng, Ermon, "Denoising diffusion implicit models", ICLR 2021, eq. (12).""",
            example="ddim(bd.VP(), steps=10).evaluations\n    10",
        ),
    ),
    "ddpm": (
        """
        DDPM's ancestral sampler: a draw from the law of the next state given the data prediction.
        """,
        dict(
            evaluations="``steps`` evaluations, random; weak order 1. The last step adds no noise.",
            errors="``variance`` is neither word",
            reference='Ho, Jain, Abbeel, "Denoising diffusion probabilistic models", NeurIPS 2020, algorithm 2 and '
                      'section 3.2.',
            example="ddpm(bd.VP(), steps=100, variance='large').evaluations\n    100",
        ),
    ),
    "deis": (
        """
        DEIS: a polynomial of the noise prediction in the time or in rho, or Runge-Kutta steps in rho.

        ``method="tab"`` of degree 0 is DDIM; ``rhoab`` is ``lms`` of ``order`` + 1; ``rhork`` has order of its tableau from any
        start.
        """,
        dict(
            evaluations="``steps`` evaluations, with 'rhork' times the stages; order ``order`` + 1 from the noise end, "
                        "at most 2 from the middle (it starts with order 1).",
            errors="``order`` is not 0, 1, 2 or 3",
            reference="""Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023. The integrals
    are exact
    here, sums of 10,000 terms in the published code.""",
            example='deis(bd.VP(), steps=10, method="rhork", tableau="kutta").evaluations\n    30',
        ),
    ),
    "dpm": (
        """
        DPM-Solver: the noise prediction is extrapolated by a polynomial in lambda.
        """,
        dict(
            evaluations="``steps`` evaluations, with 'singlestep' times ``order``. Order ``order`` from the noise end; "
                        "from the middle too where it is 'singlestep', else at most 2. With ``sde`` a random table.",
            errors="``order`` is not 1, 2 or 3, or options exclude each other",
            reference='Lu et al., "DPM-Solver: a fast ODE solver for diffusion probabilistic model sampling in around '
                      '10 steps", NeurIPS 2022.',
            example='dpm(bd.VP(), steps=10, order=3, method="fast").evaluations\n    10',
        ),
    ),
    "dpm_adaptive": (
        """
        DPM-Solver with step control: its singlestep orders as an embedded pair in lambda.
        """,
        dict(
            evaluations="No rows before sampling: as many evaluations as the tolerances ask for, counted in the draws. "
                        "Each sample has steps of its own unless norms='batch'; steps end at the grid's nodes, of "
                        "which there are two without ``steps``.",
            errors="``order`` is not 2 or 3, a tolerance is not positive, or ``to_zero``",
            reference="""Lu et al., "DPM-Solver", NeurIPS 2022, appendix C.""",
            example="dpm_adaptive(bd.VP(), order=3).steps\n    1",
        ),
    ),
    "dpm_v3": (
        """
        DPM-Solver-v3: a multistep predictor and corrector around the linear map that empirical model statistics choose.
        """,
        dict(
            evaluations="``steps`` evaluations; order ``order`` from the noise end. With statistics of d coordinates "
                        "its rows hold those of the first; all run.",
            errors="``order`` is not 1 to 4, or the grid leaves the statistics' range",
            reference="""Zheng, Lu, Chen, Zhu, "DPM-Solver-v3", NeurIPS 2023, algorithms 1 and 2.""",
            example="dpm_v3(bd.VP(), steps=10).evaluations\n    10",
        ),
    ),
    "dpmpp": (
        """
        DPM-Solver++: the data prediction is extrapolated by a polynomial in lambda.
        """,
        dict(
            evaluations="``steps`` evaluations, with 'singlestep' times ``order``. Order ``order`` from the noise end; "
                        "from the middle too where it is 'singlestep', else at most 2 (it starts with order 1). With "
                        "``sde`` a random table of weak order ``order``.",
            errors="``order`` is not 1, 2 or 3, or options exclude each other",
            reference="""Lu et al., "DPM-Solver++", arXiv:2211.01095.""",
            example="dpmpp(bd.VP(), steps=10, order=3).evaluations\n    10",
        ),
    ),
    "euler": (
        """
        Euler's method in the noise level, EDM's sampler without its correction; without churn the same as DDIM.
        """,
        dict(
            evaluations="``steps`` evaluations; order 1. With ``s_churn`` > 0 random.",
            errors="a churn option is negative",
            reference='Karras et al., "Elucidating the design space of diffusion-based generative models", NeurIPS '
                      '2022, algorithm 2.',
            example="euler(bd.EDM(), steps=18, grid='rho', to_zero=True).evaluations\n    18",
        ),
    ),
    "euler_maruyama": (
        """
        Euler and Maruyama's method for the reverse SDE.
        """,
        dict(
            evaluations="``steps`` evaluations, random; weak order 1. A step to sigma = 0 returns the data prediction.",
            errors="a keyword has the wrong value",
            reference='Song et al., "Score-based generative modeling through stochastic differential equations", ICLR '
                      '2021, eq. (6).',
            example="euler_maruyama(bd.VP(), steps=1000, grid='time').evaluations\n    1000",
        ),
    ),
    "fpndm": (
        """
        F-PNDM: pseudo Runge-Kutta steps, then four-step Adams-Bashforth in the noise prediction; iPNDM by its warm-up.
        """,
        dict(
            evaluations="``steps`` + 9 evaluations, or ``steps`` with warmup='multistep' (iPNDM); order 2, and 4 where "
                        "steps in the noise level are equal.",
            errors="``warmup`` is neither word",
            reference='Liu, Ren, Lin, Zhao, "Pseudo numerical methods for diffusion models on manifolds", ICLR 2022; '
                      'iPNDM: Zhang, Chen, ICLR 2023.',
            example="fpndm(bd.VP(), steps=10).evaluations\n    19",
        ),
    ),
    "heun": (
        """
        Heun's method in the noise level: EDM's sampler, with churn its stochastic form.
        """,
        dict(
            evaluations="2 ``steps`` evaluations, one less in a step to sigma = 0; order 2. With ``s_churn`` > 0 random.",
            errors="a churn option is negative",
            reference='Karras et al., "Elucidating the design space of diffusion-based generative models", NeurIPS '
                      '2022, algorithms 1 and 2.',
            example="heun(bd.EDM(), steps=18, grid='rho', to_zero=True).evaluations\n    35",
        ),
    ),
    "lms": (
        """
        The linear multistep method in sigma: Adams-Bashforth with exact weights on any grid; ``deis`` with ``method="rhoab"``.
        """,
        dict(
            evaluations="``steps`` evaluations; order ``order`` from the noise end, min(order, 2) from the middle (it "
                        "starts with order 1).",
            errors="``order`` is not 1, 2, 3 or 4",
            reference="""Liu et al., "Pseudo numerical methods for diffusion models on manifolds", ICLR 2022; weights: Zhang,
    Chen, "Fast
    sampling of diffusion models with exponential integrator", ICLR 2023.""",
            example="lms(bd.EDM(), steps=10).evaluations\n    10",
        ),
    ),
    "mrs": (
        """
        MRS for mean-reverting diffusion: DPM-Solver or DPM-Solver++ with exact weights in (x - (1 - alpha) mu) / alpha.

        The degraded data mu are given to ``sample`` as ``mean``.
        """,
        dict(
            evaluations="``steps`` evaluations; order ``order`` from the noise end, at most 2 from the middle (it "
                        "starts with order 1). With ``sde`` a random table of weak order ``order``.",
            errors="``order`` is not 1, 2 or 3, or 3 with ``sde``",
            reference="""Li et al., "MaRS: a fast sampler for mean reverting diffusion based on ODE and SDE solvers", ICLR 2025
    (arXiv:2502.07856). Its code's third order lacks a factor 2.""",
            example="mrs(bd.MeanReverting(0.2), steps=10, order=3, prediction='noise').evaluations\n    10",
        ),
    ),
    "pndm": (
        """
        S-PNDM: two-step Adams-Bashforth in the noise prediction.
        """,
        dict(
            evaluations="``steps`` + 1 evaluations, or ``steps`` with warmup='multistep'; order 2.",
            errors="``warmup`` is neither word",
            reference="""Liu, Ren, Lin, Zhao, "Pseudo numerical methods for diffusion models on manifolds", ICLR 2022.""",
            example="pndm(bd.VP(), steps=10).evaluations\n    11",
        ),
    ),
    "posterior_mr": (
        """
        Posterior sampling of mean-reverting diffusion: a draw from the law of the next state given the data prediction.

        The degraded data mu are given to ``sample`` as ``mean``. It is ``mrs`` with ``sde=True`` of order 1.
        """,
        dict(
            evaluations="``steps`` evaluations, random; weak order 1. Every step adds noise, but one to sigma = 0.",
            errors="a keyword is unknown",
            reference="""Luo et al., "Photo-realistic image restoration in the wild with controlled vision-language models",
    CVPR Workshops 2024, section 3.1.""",
            example="posterior_mr(bd.MeanReverting(0.2), steps=100, grid='time', to_zero=True).evaluations\n    100",
        ),
    ),
    "probability_flow": (
        """
        The probability-flow ODE by the increments of the forward chain: half of the score, no noise.
        """,
        dict(
            evaluations="``steps`` evaluations; order 1. A step to sigma = 0 returns the data prediction.",
            errors="a keyword is unknown",
            reference='Song et al., "Score-based generative modeling through stochastic differential equations", ICLR '
                      '2021, appendix D.',
            example="probability_flow(bd.VE(), steps=100).evaluations\n    100",
        ),
    ),
    "reverse_diffusion": (
        """
        Reverse diffusion: the reverse SDE with the increments of the forward chain; with corrections the predictor-corrector
        sampler.
        """,
        dict(
            evaluations="``steps`` (1 + ``corrections``) evaluations, random; weak order 1. The last step returns the "
                        "mean; one to sigma = 0 the data prediction.",
            errors="``corrections`` is negative or ``snr`` not positive",
            reference='Song et al., "Score-based generative modeling through stochastic differential equations", ICLR '
                      '2021, appendix E.',
            example="reverse_diffusion(bd.VE(), steps=100).evaluations\n    100",
        ),
    ),
    "rk45": (
        """
        The probability-flow ODE by Dormand and Prince's embedded pair of orders 5 and 4, with step control.
        """,
        dict(
            evaluations="No rows before sampling: as many evaluations as the tolerances ask for, counted in the draws. "
                        "Each sample has steps of its own unless norms='batch'; steps end at the grid's nodes, of "
                        "which there are two without ``steps``.",
            errors="a tolerance is not positive, or ``to_zero``",
            reference="""Dormand, Prince, J. Comput. Appl. Math. 6 (1980), 19-26; Song et al., ICLR 2021.""",
            example="rk45(bd.VP(), rtol=1e-6, atol=1e-6).steps\n    1",
        ),
    ),
    "unipc": (
        """
        UniPC: a multistep predictor of any order, and a corrector of one order more that spends no evaluation of its own.
        """,
        dict(
            evaluations="``steps`` evaluations; order ``order`` + 1 (at most 4) from the noise end, at "
                        "most 3 from the middle (2 with ``lower_order_final``); without the corrector one less.",
            errors="``order`` is below 1, or ``uncorrected`` names a step that does not exist",
            reference='Zhao et al., "UniPC: a unified predictor-corrector framework for fast sampling of diffusion '
                      'models", NeurIPS 2023.',
            example="unipc(bd.VP(), steps=10, order=3).evaluations\n    10",
        ),
    ),
}


def document(name):
    """(summary, rest) of a solver."""
    summary, parts = SOLVERS[name]
    return summary, _TABLE.format(**parts)
