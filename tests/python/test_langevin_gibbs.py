"""Denoising MCMC from Python: what it returns, what classifiers are, and how chains reach ArviZ."""
import pickle

import numpy as np
import pytest

from buffon import diffusion as bd

MODEL = bd.GaussianMixture([0.3, 0.7], [[-1.0, 0.0], [1.0, 0.5]], [0.04 * np.eye(2)] * 2)
TABLE = bd.ddim(bd.EDM(0.02, 5), steps=5, grid="rho", to_zero=True)
SMALL = dict(n=600, chains=60, levels=40, rng=3)


class Levels:
    """The exact law as somebody else's classifier."""

    levels = np.geomspace(0.02, 5, 30)

    @staticmethod
    def log_probabilities(x):
        with np.errstate(divide="ignore"):
            return np.log(MODEL.sigma_posterior(x, Levels.levels))


def test_draws_tell_of_their_chains():
    draws = bd.langevin_gibbs(MODEL, TABLE, step=1.0, metropolis=True, **SMALL)
    assert draws.x.shape == (600, 2) and draws.levels.shape == (600,) and isinstance(draws, bd.Draws)
    assert draws.parts == {
        "start": 60 * (39 + 2 * 20),
        "chain": 60 * 30 * 2,
        "denoise": draws.parts["denoise"],
        "final": draws.parts["final"],
    }
    assert draws.parts["denoise"] + 5 * draws.parts["final"] == 600 * 5
    assert draws.traces["modes"].shape == (60, 30, 2) and draws.traces["log sigma"].shape == (60, 30)
    masses = draws.mode_masses()
    assert abs(masses.value[0] - 0.3) < 5 * masses.std_error[0] and masses.names == ["mode 0", "mode 1"]
    assert abs(draws.flatness(4).value).max() < 5 * draws.flatness(4).std_error.max()
    assert (
        set(draws.summary()) == {"log sigma", "x1", "log density", "mode 0", "mode 1"}
        and draws.summary()["x1"]["r_hat"] >= 0.9
    )
    assert 0.3 < draws.acceptance < 1 and draws.restarted == 0 and 0 < draws.mode_switches < 1 and draws.round_trips >= 0
    again = pickle.loads(pickle.dumps(draws))
    assert np.array_equal(again.x, draws.x) and again.summary() == draws.summary()
    assert repr(again) == repr(draws) and repr(draws).startswith(f"LangevinGibbsDraws(n={draws.n}, d=2, chains=")


def test_chains_go_on_from_their_state_and_from_a_kernel():
    first = bd.langevin_gibbs(MODEL, TABLE, **SMALL)
    more = bd.langevin_gibbs(MODEL, TABLE, n=60, burn_in=0, x=first.state.x, level=first.state.sigma, levels=40, rng=4)
    assert more.parts["start"] == 0 and more.n == 60
    kernel = bd.chain_kernel(MODEL, sigma_min=0.02, sigma_max=5, levels=40)
    state = kernel.init(first.state.x, first.state.sigma)
    for _ in range(3):
        state, info = kernel.step(state, rng=4)
    assert info == {"evaluations": 60, "proposed": 0, "accepted": 0, "restarted": 0} and state.steps == 3
    assert np.array_equal(state.x, more.state.x) and np.array_equal(state.sigma, more.state.sigma)


def test_an_adapted_prior_makes_large_uncorrected_steps_visit_all_levels():
    options = dict(n=9000, chains=60, burn_in=400, levels=30, step=1.5, rng=12)
    before, after = (bd.langevin_gibbs(MODEL, TABLE, adapt=adapt, **options) for adapt in (None, "flat"))
    worst = [abs(d.flatness(6).value / d.flatness(6).std_error).max() for d in (before, after)]
    assert worst[0] > 10 and worst[1] < 5
    assert (
        np.array_equal(before.prior, np.ones(30))
        and after.prior[-1] < 0.5 * after.prior[0]
        and np.allclose(after.grid, np.geomspace(0.02, 5, 30))
    )
    assert after.parts["start"] == before.parts["start"]
    with pytest.raises(ValueError, match="adapt needs steps of burn_in, got 0"):
        bd.langevin_gibbs(MODEL, TABLE, adapt="flat", burn_in=0)
    with pytest.raises(ValueError, match="adapt must be one of 'flat'"):
        bd.langevin_gibbs(MODEL, TABLE, adapt="steep")


def test_a_checkpoint_goes_on_after_an_interrupt_and_to_more_samples(tmp_path):
    options = dict(SMALL, adapt="flat", burn_in=10)
    whole = bd.langevin_gibbs(MODEL, TABLE, **options)

    def stop(n, total):
        if n > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bd.langevin_gibbs(MODEL, TABLE, checkpoint=tmp_path / "chains", progress=stop, **options)
    told = []
    again = bd.langevin_gibbs(
        MODEL, TABLE, checkpoint=str(tmp_path / "chains"), progress=lambda n, total: told.append(n / total), **options
    )
    assert (
        np.array_equal(again.x, whole.x)
        and np.array_equal(again.traces["modes"], whole.traces["modes"])
        and again.parts == whole.parts
    )
    assert min(told) > 0.4
    more = bd.langevin_gibbs(MODEL, TABLE, checkpoint=tmp_path / "chains", **{**options, "n": 900})
    assert np.array_equal(more.x[:600], whole.x) and more.rng_key == 3
    with pytest.raises(ValueError, match=r"is of another run, by its settings: .*skip=3.*, not .*skip=4"):
        bd.langevin_gibbs(MODEL, TABLE, checkpoint=tmp_path / "chains", skip=4, **options)
    with pytest.raises(TypeError, match="checkpoint must be a path, got int 3"):
        bd.langevin_gibbs(MODEL, TABLE, checkpoint=3, **options)


def test_anything_with_levels_and_log_probabilities_is_a_classifier():
    network = bd.thresholded(MODEL, kind="static", max=5.0)   # a denoiser without a density
    options = dict(n=60, chains=60, burn_in=5, rng=5)
    by_it = bd.langevin_gibbs(network, TABLE, sigma=Levels(), **options)
    exact = bd.langevin_gibbs(MODEL, TABLE, levels=30, **options)
    assert np.allclose(by_it.state.sigma, exact.state.sigma) and np.allclose(by_it.x, exact.x, atol=1e-9)
    with pytest.raises(ValueError, match="sigma = 'exact' needs a model with a density"):
        bd.langevin_gibbs(network, TABLE, **options)
    with pytest.raises(TypeError, match="sigma must be 'exact', 'plug-in', 'data' or a noise classifier, got int 3"):
        bd.langevin_gibbs(MODEL, TABLE, sigma=3)
    with pytest.raises(ValueError, match="levels must be at least two positive numbers that rise"):
        bd.langevin_gibbs(MODEL, TABLE, sigma=type("Falling", (Levels,), {"levels": [2.0, 1.0]})())
    with pytest.raises(ValueError, match=r"must return \(n, levels\) = \(60, 30\), got \(60, 1\)"):
        bd.langevin_gibbs(
            MODEL,
            TABLE,
            sigma=type("Narrow", (Levels,), {"log_probabilities": staticmethod(lambda x: x[:, :1])})(),
            **options,
        )


def test_chains_reach_arviz():
    pytest.importorskip("xarray")
    draws = bd.langevin_gibbs(MODEL, TABLE, **SMALL)
    tree = draws.to_arviz()
    assert tree["posterior"]["log_sigma"].dims == ("chain", "draw") and tree["posterior"]["modes"].shape == (60, 30, 2)
    assert np.array_equal(tree["sample_stats"]["lp"], draws.traces["log density"])


@pytest.mark.filterwarnings("ignore")   # ArviZ's own
def test_arviz_finds_the_same_errors_effective_sizes_and_r_hat():
    arviz = pytest.importorskip("arviz")
    draws = bd.langevin_gibbs(MODEL, TABLE, **SMALL)
    theirs, ours = arviz.summary(draws.to_arviz(), round_to="none"), draws.summary()
    for row, name in (("log_sigma", "log sigma"), ("x1", "x1"), ("modes[0]", "mode 0"), ("modes[1]", "mode 1")):
        for theirs_name, name_here in (
            ("mean", "mean"),
            ("sd", "sd"),
            ("mcse_mean", "std_error"),
            ("ess_bulk", "ess_bulk"),
            ("ess_tail", "ess_tail"),
            ("r_hat", "r_hat"),
        ):
            assert float(theirs.loc[row, theirs_name]) == pytest.approx(ours[name][name_here], rel=1e-6)


def test_a_trained_classifier_is_near_the_exact_law(tmp_path):
    pytest.importorskip("torch")
    found = bd.noise_classifier(MODEL, sigma_min=0.02, sigma_max=5, levels=30, width=64, steps=1500, rng=6)
    level = np.random.default_rng(7).integers(30, size=4000)
    x = MODEL.forward(4000, found.levels[level], rng=8)
    exact = np.log(MODEL.sigma_posterior(x, found.levels))
    gap = (exact - found.log_probabilities(x))[np.arange(4000), level]   # its mean is the divergence from the exact law
    assert -3 * gap.std() / 4000**0.5 < gap.mean() < 0.1
    assert abs(found.loss + exact[np.arange(4000), level].mean()) < 0.2
    found.save(tmp_path / "noise.npz")
    again = bd.NoiseClassifier.load(tmp_path / "noise.npz")
    assert np.array_equal(again.log_probabilities(x[:5]), found.log_probabilities(x[:5])) and repr(again) == repr(found)
    draws = bd.langevin_gibbs(bd.thresholded(MODEL, kind="static", max=5.0), TABLE, sigma=again, n=200, chains=50, rng=9)
    assert np.isfinite(draws.x).all()
    with pytest.raises(ValueError, match=r"must end in .npz"):
        found.save(tmp_path / "noise.pt")


def test_classifiers_of_images_and_nonsense():
    pytest.importorskip("torch")
    images = np.random.default_rng(1).normal(size=(60, 2 * 4 * 4))
    found = bd.noise_classifier(images, sigma_min=0.1, sigma_max=10, levels=8, shape=(2, 4, 4), steps=3, batch=16, rng=2)
    assert found.log_probabilities(images[:3]).shape == (3, 8) and found.history[-1, 0] == 3
    for bad, message in (
        ({"sigma_min": 3.0, "sigma_max": 2.0}, "sigma_min must be positive and below sigma_max"),
        ({"levels": 1}, "levels must be at least 2"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"shape": (2, 3, 3)}, "shape must hold the 32 numbers"),
        ({"shape": (4, 8)}, "shape must be"),
    ):
        with pytest.raises(ValueError, match=message):
            bd.noise_classifier(images, **{"sigma_min": 0.1, "sigma_max": 10, **bad})
    with pytest.raises(ValueError, match="data must be finite and have shape"):
        bd.noise_classifier(images[0], sigma_min=0.1, sigma_max=10)
