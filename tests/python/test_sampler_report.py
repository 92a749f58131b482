"""The page about samplers: whole, self-contained, and its figures are those of the functions it names."""
import base64
import html
import re
import struct
import zlib

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd
from buffon._sampler_report import SECTIONS

N, KEY = 200, 7


def words(value, low, high):
    return f"{value:.3g} ({low:.3g} ... {high:.3g})"


@pytest.fixture(scope="module")
def model():
    return bd.GaussianMixture([0.3, 0.7], [[-1.0, 0.0], [1.0, 0.5]], [0.02 * np.eye(2)] * 2)


@pytest.fixture(scope="module")
def tables(model):
    return {"ddim 4": bd.ddim(bd.VP(), steps=4), "ddim 8": bd.ddim(bd.VP(), steps=8),
            "scaled": (bd.noise_scaled(model, 1 / 1.03), bd.ddim(bd.VP(), steps=8)), "rk45": bd.rk45(bd.VP())}


@pytest.fixture(scope="module")
def page(model, tables, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "samplers.html"
    assert (
        bd.sampler_report(
            model, tables, path, n=N, thresholds=[30.0], budget=1_500, hyper_budget=256, hyper_n=40, rng=KEY, threads=1
        )
        == path
    )
    return html.unescape(path.read_text(encoding="utf-8"))


def test_it_holds_every_section_and_nothing_from_elsewhere(page):
    assert re.findall(r"<h2>(.*?)</h2>", page) == list(SECTIONS)
    assert not re.search(r'<script|<link|src="http|@import|url\(http', page) and "nan" not in re.sub(r"<[^>]*>", "", page)


def test_quality_is_that_of_energy(page, model, tables):
    x = {name: bd.sample(*(t if isinstance(t, tuple) else (model, t)), n=N, rng=KEY).x for name, t in tables.items()}
    e = bd.energy(x, model.forward(2 * N, 0.0, rng=KEY))
    low, high = e.confidence_interval()
    for i in range(4):
        assert words(e.value[i], low[i], high[i]) in page
    frechet = bd.frechet(x, model.forward(2 * N, 0.0, rng=KEY))
    low, high = frechet.confidence_interval()
    assert words(frechet.value[2], low[2], high[2]) in page
    gap = e.contrast(1, 0)
    assert words(gap.value[0], *(end[0] for end in gap.confidence_interval())) in page


def test_the_profile_is_that_of_exposure_profile(page, model, tables):
    p = bd.exposure_profile(model, {name: t for name, t in tables.items() if name != "rk45"}, n=N, rng=KEY)
    for name in p.samplers:
        for quantity in p.quantities:
            if quantity.endswith("_error") and name != "scaled":
                continue
            e = p.of(quantity, name)
            low, high = e.confidence_interval()
            assert words(e.value[-1], low[-1], high[-1]) in page
    assert "rk45: steps are chosen as they go" in page


def test_modes_and_failures_are_those_of_the_mixture_and_of_arcs(page, model, tables):
    x = bd.sample(model, tables["ddim 4"], n=N, rng=KEY).x
    part = page.partition("Modes</h2>")[2].partition("</section>")[0]
    for e in (bd.mode_masses(x, model), bd.mode_mixture(x, model), bd.off_mode(x, model)):
        low, high = e.confidence_interval()
        assert all(words(*each) in part for each in zip(e.value, low, high, strict=True))
    e = bf.arcs(
        bd.sampler_problem(model, tables["ddim 4"], score=model.off_mode, labels=model.mode),
        thresholds=[30.0],
        budget=1_500,
        rng=KEY,
    )
    low, high = e._interval()
    assert words(e.value[0], low[0], high[0]) in page


def test_a_hyper_parameter_matters_and_a_dummy_does_not(model, tables, tmp_path):
    wide = {"noise factor": bf.Uniform(0.8, 1.1)}
    path = bd.sampler_report(
        model,
        {"ddim 8": tables["ddim 8"]},
        tmp_path / "page.html",
        n=50,
        budget=0,
        hyper=wide,
        hyper_budget=2048,
        hyper_n=100,
        rng=3,
        maker=lambda **v: (bd.noise_scaled(model, v["noise factor"]), tables["ddim 8"]),
    )
    part = path.read_text(encoding="utf-8").partition("Hyper-parameters</h2>")[2].partition("</section>")[0]
    numbers = {name: [tuple(map(float, m)) for m in re.findall(r">([^\s<>]+) \((\S+) \.\.\. (\S+)\)<", row)]
               for name, row in re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', part)}
    assert numbers["noise factor"][0][0] > 0.5
    assert numbers["dummy"] == [(0.0, 0.0, 0.0)] * 2 and "seed" in numbers


def test_a_network_with_data_gets_the_page_without_modes(tmp_path):
    data = np.random.default_rng(1).normal(size=(300, 4))
    net = bd.Denoiser(lambda x, sigma: x / (1 + np.reshape(sigma, (-1, 1)) ** 2), dim=4)
    seen = []
    text = bd.sampler_report(net, bd.ddim(bd.VP(), steps=5), tmp_path / "page.html", data=data, n=100, shape=(2, 2), rng=1,
                             progress=lambda done, total: seen.append((done, total))).read_text(encoding="utf-8")
    assert seen == [(k, 6) for k in range(7)] and "Left out: no samplers were asked for" in text   # each costs a network
    assert text.count("<section") == 6 and text.count("data:image/png;base64") == 2
    picture = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", text)[1])
    assert struct.unpack(">II", picture[16:24]) == (10 * 3 * 4, 2 * 4)   # ten pictures of 2 x 2 with an edge, four times as large
    assert len(zlib.decompress(picture[41:-16])) == 2 * 4 * (1 + 10 * 3 * 4)
    assert "Only an exact mixture or a classifier knows modes" in text and "failures need the modes" in text
    with pytest.raises(ValueError, match="sampler_report: data must be given"):
        bd.sampler_report(net, bd.ddim(bd.VP(), steps=5), tmp_path / "page.html")
    with pytest.raises(ValueError, match="hyper and maker belong together"):
        bd.sampler_report(net, bd.ddim(bd.VP(), steps=5), tmp_path / "page.html", data=data, hyper={"a": bf.Normal()})


def test_what_cannot_be_is_said_before_anything_is_computed(tmp_path):
    def never(x, sigma):
        raise AssertionError("computed")

    net, table, data = bd.Denoiser(never, dim=2), bd.ddim(bd.VP(), steps=5), np.zeros((30, 2))
    with pytest.raises(FileNotFoundError, match="sampler_report: there is no folder"):
        bd.sampler_report(net, table, tmp_path / "nowhere/page.html", data=data)
    with pytest.raises(ValueError, match=r"sampler_report: data must have shape \(m, 2\), got \(30, 1\)"):
        bd.sampler_report(net, table, tmp_path / "page.html", data=data[:, :1])
    with pytest.raises(ValueError, match="sampler_report: data must be finite"):
        bd.sampler_report(net, table, tmp_path / "page.html", data=data + np.nan)
    with pytest.raises(TypeError, match=r"sampler_report: model must be a denoiser, got function: bd.Network"):
        bd.sampler_report(never, table, tmp_path / "page.html", data=data)


def test_classes_and_copies_stand_in_for_modes(tmp_path):
    points = np.random.default_rng(3).normal(size=(60, 4))
    data = bd.Empirical(points)

    def sign(x):
        p = 1 / (1 + np.exp(-4 * x[:, 0]))
        return np.column_stack([p, 1 - p])
    tables = {"ddim 5": bd.ddim(bd.VP(), steps=5), "ddim 9": bd.ddim(bd.VP(), steps=9)}
    text = bd.sampler_report(
        data, tables, tmp_path / "page.html", n=150, hyper_budget=0, classifier=sign, rng=1
    ).read_text(encoding="utf-8")
    part = html.unescape(text).partition("Modes</h2>")[2].partition("</section>")[0]
    x = {name: bd.sample(data, t, n=150, rng=1) for name, t in tables.items()}
    for e in (
        bd.mode_masses(x, sign, weights=sign(data.forward(300, 0.0, rng=1)).mean(axis=0)),
        bd.mode_mixture(x, sign),
        bd.memorised(x, points),
    ):
        low, high = e.confidence_interval()
        assert all(words(*each) in part for each in zip(e.value, low, high, strict=True))
    assert "off every mode" not in part


def test_a_module_of_torch_gets_it_too(tmp_path):
    torch = pytest.importorskip("torch")
    schedule = bd.VP()

    class Net(torch.nn.Module):
        def forward(self, x, t):
            return x * 0.7

    net = bd.Network(Net(), schedule=schedule, prediction="noise", shape=3)
    data = np.random.default_rng(2).normal(size=(200, 3))
    text = bd.sampler_report(
        net, bd.ddim(schedule, steps=4), tmp_path / "page.html", data=data, n=60, hyper_budget=0, rng=1
    ).read_text(encoding="utf-8")
    assert text.count("<section") == 6
