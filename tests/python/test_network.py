"""Networks of every parametrisation as denoisers, wrappers, and the check that finds a wrong one; oracle: an exact mixture."""
import numpy as np
import pytest

from buffon import diffusion as bd

MODEL = bd.GaussianMixture([0.4, 0.6], [[-1.0, 0.5], [0.8, -0.2]], [0.05 * np.eye(2), [[0.2, 0.1], [0.1, 0.1]]])
X = MODEL.forward(30, 0.5, rng=1)
SCHEDULES = [bd.VP(), bd.Cosine(), bd.SubVP(), bd.Discrete.linear(), bd.VE(), bd.EDM()]


def exact_net(schedule, prediction, time=lambda schedule, t: t):
    """What a perfect network with this parametrisation returns."""
    def net(x, t):
        assert x.shape == (len(t), 2)
        t = time(schedule, t.astype(float))
        alpha, sigma = schedule.alpha(t)[:, None], np.maximum(schedule.sigma(t), 1e-12)[:, None]
        data = MODEL.denoise(x / alpha, (sigma / alpha)[:, 0])
        noise = (x - alpha * data) / sigma
        return {
            "noise": noise,
            "data": data,
            "velocity": (alpha * noise - sigma * data) / np.hypot(alpha, sigma),
            "score": -noise / sigma,
        }[prediction]

    return net


def edm_net(x, t):
    sigma, sd = np.exp(4 * t)[:, None], 0.7
    root = np.hypot(sigma, sd)
    skip, out = sd**2 / root**2, sigma * sd / root
    return (MODEL.denoise(x * root, sigma[:, 0]) - skip * x * root) / out


@pytest.mark.parametrize("prediction", ["noise", "data", "velocity", "score"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_every_parametrisation_gives_the_denoiser_back(schedule, prediction):
    model = bd.Network(exact_net(schedule, prediction), schedule=schedule, shape=2, prediction=prediction, dtype="float64")
    for sigma in (0.05, 1.0, np.linspace(0.1, 8, 30)):
        np.testing.assert_allclose(model.denoise(X, sigma), MODEL.denoise(X, sigma), atol=1e-9)
    np.testing.assert_allclose(model.score(X, 0.5), MODEL.score(X, 0.5), atol=1e-7)


def test_edm_and_discrete_preconditioning():
    edm = bd.Network(edm_net, schedule=bd.EDM(), shape=2, preconditioning="edm", sigma_data=0.7, dtype="float64")
    np.testing.assert_allclose(edm.denoise(X, 0.9), MODEL.denoise(X, 0.9), atol=1e-12)
    schedule, seen = bd.Discrete.linear(), []

    def time(_, label):
        seen.append(label.copy())
        return (label + 1) / 1000

    model = bd.Network(
        exact_net(schedule, "noise", time), schedule=schedule, shape=2, preconditioning="discrete", dtype="float64"
    )
    level = float(schedule.sigma(0.5) / schedule.alpha(0.5))
    np.testing.assert_allclose(model.denoise(X, level), MODEL.denoise(X, level), atol=1e-9)
    np.testing.assert_allclose(seen[0], 499, rtol=1e-9)


def test_samples_are_those_of_the_exact_model():
    schedule = bd.VP()
    table = bd.dpmpp(schedule, steps=12)
    model = bd.Network(exact_net(schedule, "velocity"), schedule=schedule, shape=2, prediction="velocity", dtype="float64")
    np.testing.assert_allclose(bd.sample(model, table, n=50, rng=3).x, bd.sample(MODEL, table, n=50, rng=3).x, atol=1e-7)
    single = bd.Network(exact_net(schedule, "noise"), schedule=schedule, shape=(1, 2, 1), dtype="float32")
    assert "Network, d=2" in repr(single) and single.sigma_range[1] == pytest.approx(schedule.sigma(1) / schedule.alpha(1))


def test_a_network_sees_its_own_shape_and_type():
    seen = []

    def net(x, t):
        seen.append((x.shape, x.dtype, t.shape, t.dtype))
        return 0 * x
    model = bd.Network(net, schedule=bd.EDM(), shape=(1, 2, 3), prediction="data")
    np.testing.assert_array_equal(model.denoise(np.ones((4, 6)), 1.0), np.zeros((4, 6)))
    assert seen == [((4, 1, 2, 3), np.float32, (4,), np.float32)]


def test_conditions_reach_the_network_as_labels_or_as_entries():
    labels, vectors = [], []

    def by_label(x, t, label):
        labels.append(label.tolist())
        return x

    def by_entry(x, t, entry):
        vectors.append(entry.copy())
        return x
    x = np.zeros((3, 2))
    bd.Network(by_label, schedule=bd.EDM(), shape=2, prediction="data", classes=10, null=10).denoise(x, 1.0, [3, -1, 9])
    embedding = np.arange(8.0).reshape(4, 2)
    bd.Network(by_entry, schedule=bd.EDM(), shape=2, prediction="data", classes=embedding, null=np.zeros(2)).denoise(
        x, 1.0, [3, -1, 1]
    )
    assert labels == [[3, 10, 9]]
    np.testing.assert_array_equal(vectors[0], [[6, 7], [0, 0], [2, 3]])
    with pytest.raises(ValueError, match="needs null"):
        bd.Network(by_label, schedule=bd.EDM(), shape=2, classes=10).denoise(x, 1.0)


def failing(x, t):
    raise KeyError("weights")


@pytest.mark.parametrize("net, text", [
    (failing, r"network failed when called with x \(30, 2\), t from .*KeyError: 'weights'"),
    (lambda x, t: x[:, :1], r"must return the shape of x, \(30, 2\), got \(30, 1\)"),
    (lambda x, t: x * np.nan, "output must be finite, got nan in row 0 at sigma = 0.5"),
])
def test_errors_name_the_call(net, text):
    with pytest.raises(ValueError, match=text):
        bd.Network(net, schedule=bd.VP(), shape=2).denoise(X, 0.5)


def test_options_are_checked():
    with pytest.raises(TypeError, match="net must be callable"):
        bd.Network(3, schedule=bd.VP(), shape=2)
    with pytest.raises(ValueError, match="shape must hold positive integers"):
        bd.Network(failing, schedule=bd.VP(), shape=(2, 0))
    with pytest.raises(ValueError, match="prediction"):
        bd.Network(failing, schedule=bd.VP(), shape=2, prediction="eps")
    with pytest.raises(ValueError, match="table runs from level"):
        bd.sample(bd.Network(failing, schedule=bd.EDM(smax=10.0), shape=2), bd.ddim(bd.EDM(), steps=4), n=2, rng=0)
    with pytest.raises(TypeError, match="must return an array"):
        bd.Network(lambda x, t: None, schedule=bd.VP(), shape=2).denoise(X, 0.5)


def test_a_python_function_is_a_denoiser():
    model = bd.Denoiser(lambda x, sigma: MODEL.denoise(x, sigma), dim=2)
    table = bd.dpmpp(bd.VP(), steps=8)
    np.testing.assert_array_equal(bd.sample(model, table, n=20, rng=0).x, bd.sample(MODEL, table, n=20, rng=0).x)
    with pytest.raises(ValueError, match="finite numbers, got nan in row 0"):
        bd.Denoiser(lambda x, sigma: x * np.nan, dim=2).denoise(X, 1.0)
    with pytest.raises(ZeroDivisionError):
        bd.sample(bd.Denoiser(lambda x, sigma: 1 // 0, dim=2), table, n=2, rng=0)


# Guidance and thresholds

POINTS = np.random.default_rng(0).standard_normal((40, 3))
CONDITIONAL = bd.Empirical(POINTS, labels=np.arange(40) % 2)
Y = POINTS[:12] + 0.7 * np.random.default_rng(1).standard_normal((12, 3))


def test_guidance_is_a_step_from_the_unconditional_to_the_conditional():
    some = np.arange(12) % 3 - 1
    none, of_class = CONDITIONAL.denoise(Y, 0.7), CONDITIONAL.denoise(Y, 0.7, some)
    expected = none + 3.0 * (of_class - none)
    np.testing.assert_allclose(bd.guided(CONDITIONAL, 3.0).denoise(Y, 0.7, some), expected, atol=1e-13)
    np.testing.assert_array_equal(bd.guided(CONDITIONAL, 3.0).denoise(Y, 0.7), none)
    rescaled = bd.guided(CONDITIONAL, 3.0, rescale=0.6).denoise(Y, 0.7, 1)
    of_one = CONDITIONAL.denoise(Y, 0.7, 1)
    plain = none + 3.0 * (of_one - none)
    factor = 0.6 * of_one.std(1, keepdims=True) / plain.std(1, keepdims=True) + 0.4
    np.testing.assert_allclose(rescaled, plain * factor, atol=1e-13)


def test_guidance_keeps_to_its_interval_level_by_level():
    sigma = np.geomspace(0.1, 5, 12)
    inside = (sigma >= 0.5) & (sigma <= 2)
    answer = bd.guided(CONDITIONAL, 2.0, interval=[0.5, 2]).denoise(Y, sigma, 0)
    np.testing.assert_array_equal(answer[~inside], CONDITIONAL.denoise(Y, sigma, 0)[~inside])
    np.testing.assert_array_equal(answer[inside], bd.guided(CONDITIONAL, 2.0).denoise(Y, sigma, 0)[inside])


def test_draws_tell_what_guidance_costs():
    table = bd.dpmpp(bd.EDM(), steps=10)
    draws = bd.sample(bd.guided(CONDITIONAL, 2.0), table, n=7, rng=0, condition=1)
    assert draws.parts == {"denoise": 70, "guidance": 70} and draws.evaluations == 140
    inside = int(np.sum((table.levels[:-1] >= 0.5) & (table.levels[:-1] <= 5)))
    limited = bd.sample(bd.guided(CONDITIONAL, 2.0, interval=[0.5, 5]), table, n=7, rng=0, condition=1)
    assert 0 < inside < 10 and limited.parts == {"denoise": 70, "guidance": 7 * inside}
    assert bd.sample(bd.guided(CONDITIONAL, 2.0), table, n=7, rng=0).parts == {"denoise": 70}
    assert bd.sample(CONDITIONAL, table, n=7, rng=0, condition=1).parts == {"denoise": 70}


def test_thresholds_cut_each_sample_by_itself():
    base = bd.Denoiser(lambda x, sigma: 3 * x, dim=3)
    d = 3 * Y
    np.testing.assert_array_equal(bd.thresholded(base, kind="static", max=2.0).denoise(Y, 1.0), np.clip(d, -2, 2))
    q = np.maximum(np.quantile(np.abs(d), 0.8, axis=1, keepdims=True), 2.0)
    np.testing.assert_allclose(bd.thresholded(base, ratio=0.8, max=2.0).denoise(Y, 1.0), np.clip(d, -q, q) / q * 2, rtol=1e-14)


@pytest.mark.parametrize("call, text", [
    (lambda: bd.guided(MODEL, 2.0), "model must be conditional"),
    (lambda: bd.guided(CONDITIONAL, np.inf), "scale must be finite"),
    (lambda: bd.guided(CONDITIONAL, 2.0, interval=[2.0, 1.0]), "interval"),
    (lambda: bd.guided(CONDITIONAL, 2.0, rescale=1.5), "rescale"),
    (lambda: bd.thresholded(MODEL, ratio=0.0), "ratio"),
    (lambda: bd.thresholded(MODEL, max=-1.0), "max"),
])
def test_wrappers_refuse(call, text):
    with pytest.raises(ValueError, match=text):
        call()


# The check

DATA = MODEL.forward(300, 0.0, rng=5)


@pytest.mark.parametrize("schedule, prediction, wrong", [(bd.VP(), "velocity", "noise"), (bd.EDM(), "data", "score")], ids=str)
def test_the_check_finds_what_fits(schedule, prediction, wrong):
    net = exact_net(schedule, prediction)
    right = bd.check_denoiser(net, DATA, schedule=schedule, prediction=prediction, shape=2, dtype="float64")
    assert right.ok and "fits" in right.advice
    found = bd.check_denoiser(net, DATA, schedule=schedule, prediction=wrong, shape=2, dtype="float64")
    best = bd.Network(net, **found.best)
    np.testing.assert_allclose(best.denoise(X, 0.4), MODEL.denoise(X, 0.4), atol=1e-4)
    assert not found.ok and "What fits: " in found.advice, found.advice


def test_the_check_finds_another_schedule_and_edm():
    net = exact_net(bd.Cosine(), "noise")
    found = bd.check_denoiser(net, DATA, schedule=bd.VP(), shape=2, dtype="float64")
    assert not found.ok and "What fits: " in found.advice and "Cosine" in found.advice, str(found)
    np.testing.assert_allclose(bd.Network(net, **found.best).denoise(X, 0.4), MODEL.denoise(X, 0.4), atol=1e-2)
    found = bd.check_denoiser(edm_net, DATA, schedule=bd.VP(), shape=2, sigma_data=0.7, dtype="float64")
    assert not found.ok and found.best["preconditioning"] == "edm"


def test_the_check_of_a_denoiser_says_whether_it_is_right():
    assert bd.check_denoiser(MODEL, DATA).ok
    wrong = bd.check_denoiser(bd.Denoiser(lambda x, sigma: x, dim=2), DATA)
    assert not wrong.ok and "does not fit" in wrong.advice and wrong.best is None
    assert "error / best linear" in str(wrong) and wrong.error.shape == wrong.linear.shape == wrong.levels.shape


def test_the_check_names_schedules_that_print_alike_and_tries_them_all():
    net = exact_net(bd.Discrete.scaled_linear(), "noise")
    found = bd.check_denoiser(net, DATA, schedule=bd.Discrete.linear(), shape=2, dtype="float64")
    assert not found.ok and "What fits: Discrete.scaled_linear(), prediction='noise'" in found.advice, found.advice
    given = [bd.Discrete.linear(), bd.Discrete.scaled_linear(), bd.VE()]
    found = bd.check_denoiser(net, DATA, schedule=bd.VP(), schedules=given, shape=2, dtype="float64")
    assert "What fits: schedules[1], a Discrete(levels=1000" in found.advice, found.advice
    names = [row.name for row in found._others]
    assert len(set(names)) == len(names)


def test_the_check_is_quiet_about_what_it_tries_and_says_what_is_wrong_with_data(recwarn):
    def net(x, t):
        return x * np.log(t)[:, None]   # EDM's times are negative below sigma = 1
    bd.check_denoiser(net, DATA, schedule=bd.VP(), shape=2, dtype="float64")
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]
    for data, words in (
        (DATA[:, :1], "rows of data must have 2 numbers, as the model's, got 1"),
        (np.ones((9, 2)), "data must vary, but all 9 rows"),
        (DATA + np.inf, "data must be finite"),
    ):
        with pytest.raises(ValueError, match="check_denoiser: " + words):
            bd.check_denoiser(MODEL, data)


def test_torch_networks():
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(0.5))

        def forward(self, x, t):
            assert x.shape[1:] == (1, 2) and x.dtype == torch.float32 and not torch.is_grad_enabled()
            return self.scale * x + 0 * t[:, None, None]
    model = bd.Network(Net(), schedule=bd.EDM(), shape=(1, 2), prediction="data")
    np.testing.assert_allclose(model.denoise(X, 1.0), 0.5 * X, rtol=1e-6)
    with pytest.raises(ValueError, match="requires a gradient"):
        bd.Network(lambda x, t: x.requires_grad_(), schedule=bd.EDM(), shape=2, prediction="data", arrays="torch").denoise(X, 1.0)


def test_few_rows_are_judged_beside_a_linear_denoiser_of_other_rows():
    d = 256   # the covariance of 100 rows knows them by heart, and a right denoiser seems ten times worse
    right = bd.GaussianMixture([1.0], np.zeros((1, d)), np.ones((1, d)))
    data = right.forward(100, 0.0, rng=1)
    assert bd.check_denoiser(right, data).ok
    assert not bd.check_denoiser(bd.Denoiser(lambda x, sigma: 0.5 * x, dim=d), data).ok
