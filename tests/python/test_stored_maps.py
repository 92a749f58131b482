"""Transport maps as files and pickles: the same bits, and never pickle inside."""
import copy
import json
import pickle

import numpy as np
import pytest

import buffon as bf
from buffon import _law_words
from buffon import diffusion as bd
from buffon.estimate import _number, _portable

POINTS = np.random.default_rng(1).normal(size=(12, 2))
BUDGET = {"target_error": 0, "budget": 405_000, "rng": 5}
LAWS = {
    "normal": None,
    "slanted": bf.MultivariateNormal([0.1, 0.7], [[1.0, 0.1 + 0.2], [0.1 + 0.2, 2.0]]),
    "student": bf.MultivariateT([0.0, 1.0], np.eye(2), 7.3),
    "square": bf.Joint({"a": bf.Uniform(0, 1), "b": bf.Uniform(-1, 1 / 3)}),
    "copula": bf.Joint(
        {"a": bf.Gamma(2.0, 1.0), "b": bf.Truncated(bf.Normal(0, 1), lower=-1.0)}, copula=bf.GaussianCopula({("a", "b"): 0.3})
    ),
}
SLOW = {   # whose draws are
    "mixture": bf.Mixture([1.0, 2.0], [bf.MultivariateNormal(m, 0.1 * np.eye(2)) for m in ([-1.0, 0.0], [1.0, 1.0 / 3])]),
    "student copula": bf.Joint([bf.Normal(), bf.LogNormal(0, 0.3)], copula=bf.StudentCopula([[1.0, -0.4], [-0.4, 1.0]], 5.0)),
    "clayton": bf.Joint([bf.Histogram([0, 1, 2.5], [0.3, 0.7]), bf.Exponential(1.5)], copula=bf.ClaytonCopula(1.2)),
    "two copulas": bf.Joint(
        {name: bf.Weibull(2.0, 1.0 / 3) for name in "abcd"},
        copula=[bf.GaussianCopula({("a", "b"): 0.3}), bf.GumbelCopula(1.4, names=["c", "d"])],
    ),
    "ends": bf.Joint([bf.Truncated(bf.StudentT(3.0, 0.0, 1.0), upper=2.0), bf.Discrete([1.0, 4.0], [0.25, 0.75])]),
}


def copies(found, folder):
    found.save(folder / "map.npz")
    return [bd.TransportMap.load(folder / "map.npz"), pickle.loads(pickle.dumps(found)), copy.deepcopy(found)]


def same(a, b):
    for name in ("points", "heights", "wanted", "masses", "mass_std_error"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("n", "draws", "steps", "empty", "converged", "rng_key", "epsilon"):
        assert getattr(a, name) == getattr(b, name)
    for name in ("mass_error", "w2_squared", "w2", "entropic_value"):
        x, y = getattr(a, name), getattr(b, name)
        assert x.to_dict() == y.to_dict() and np.array_equal(x.confidence_interval(0.9), y.confidence_interval(0.9))
    assert repr(a) == repr(b)
    x = np.random.default_rng(2).normal(size=(50, a.points.shape[1]))
    for use in (a.__class__.__call__, a.__class__.weights, a.__class__.potential, a.__class__.angle):
        np.testing.assert_array_equal(use(a, x), use(b, x))
    one, two = (found.check(2_000, rng=3) for found in (a, b))
    np.testing.assert_array_equal(one.masses, two.masses)
    assert one.w2_squared.value == two.w2_squared.value


@pytest.mark.filterwarnings("ignore:.*budget ended")
@pytest.mark.parametrize("name", LAWS)
def test_a_map_of_every_source_comes_back_to_the_last_bit(name, tmp_path):
    found = bd.transport_map(POINTS, source=LAWS[name], **BUDGET)
    for other in copies(found, tmp_path):
        same(other, found)
        assert type(other.source) is type(found.source)
        np.testing.assert_array_equal(other.source.sample(20, 1), found.source.sample(20, 1))


@pytest.mark.parametrize("name", SLOW)
def test_laws_in_words_are_the_same_laws(name):
    law = SLOW[name]
    words = json.loads(json.dumps(_portable(_law_words.in_words(law)), allow_nan=False), object_hook=_number)
    other = _law_words.from_words(words)
    assert repr(other) == repr(law) and type(other) is type(law)
    np.testing.assert_array_equal(other.sample(50, 1), law.sample(50, 1))


@pytest.mark.filterwarnings("ignore:.*budget ended")
@pytest.mark.parametrize(
    "options",
    [
        {"method": "newton"},
        {"method": "entropic", "epsilon": 0.3, **BUDGET},
        {"masses": [0.0, *range(1, 12)], **BUDGET},
    ],
)
def test_maps_of_every_method_and_without_some_masses(options, tmp_path):
    found = bd.transport_map(POINTS, **options)
    for other in copies(found, tmp_path):
        same(other, found)


def test_a_map_of_a_line_and_a_search_that_goes_on(tmp_path):
    found = bd.transport_map([[0.1], [0.4], [0.9]], masses=[0.2, 0.5, 0.3], source=bf.Uniform(0, 1), method="newton")
    for other in copies(found, tmp_path):
        same(other, found)
        assert repr(other.source) == repr(found.source)
        on = [bd.transport_map(m.points, masses=m.wanted, source=m.source, heights=m.heights, rng=1) for m in (found, other)]
        assert on[0].steps == 0 and np.array_equal(on[0].masses, on[1].masses)
        starts = [bd.transport_start(m, 30, 0.1, rng=2).x for m in (found, other)]
        np.testing.assert_array_equal(*starts)


def test_files_that_are_no_maps_are_refused_in_words(tmp_path):
    found = bd.transport_map(POINTS, method="newton")
    with pytest.raises(ValueError, match=r"TransportMap\.save: path must end in \.npz"):
        found.save(tmp_path / "map.json")
    path = tmp_path / "map.npz"
    found.save(path)
    with np.load(path) as archive:
        whole = dict(archive)
    head = json.loads(str(whole["head"]))

    def refused(match, **changed):
        np.savez(path, **{**whole, **changed})
        with pytest.raises(ValueError, match=match):
            bd.TransportMap.load(path)

    refused("must be a file written by TransportMap.save", kind="buffon.diffusion.Draws")
    refused("must be of format version 1, got 7", version=7)
    refused(r"is damaged: TransportMap: heights must have shape", heights=np.zeros(3))
    refused("is damaged: there is no law 'Nothing'", head=json.dumps({**head, "source": {"law": "Nothing", "state": []}}))
    refused("is damaged", head=json.dumps({key: value for key, value in head.items() if key != "w2_squared"}))
    line = _law_words.in_words(bf.Uniform(0, 1))
    refused(
        "is damaged: TransportMap: source must have the points' dimension 2, got 1", head=json.dumps({**head, "source": line})
    )
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"must be a file written by TransportMap\.save"):
        bd.TransportMap.load(path)
    state = found._state()
    with pytest.raises(ValueError, match="of a version this Buffon reads"):
        bd.TransportMap._from_state({**state, "version": 2})
