"""Tables and draws as files and pickles: the same bits, and never pickle inside."""
import copy
import json
import pickle

import numpy as np
import pytest

from buffon import diffusion as bd

ADAPTIVE = ("dpm_adaptive", "rk45")
SOLVERS = sorted(set(bd._solvers.SOLVERS) - set(ADAPTIVE))


def mixture():
    return bd.GaussianMixture([0.5, 0.3, 0.2], [[-1.0, 0.5], [1.5, -0.5], [0.2, 2.0]], [0.04 * np.eye(2)] * 3)


def copies(table, folder):
    table.save(folder / "table.json")
    return [bd.Table.load(folder / "table.json"), pickle.loads(pickle.dumps(table)), copy.deepcopy(table)]


@pytest.mark.parametrize("name", SOLVERS)
def test_every_table_comes_back_to_the_last_bit_and_keeps_its_maker(name, tmp_path):
    table = getattr(bd, name)(bd.VP(b0=0.1 + 0.2), steps=6, to_zero=name not in ("ancestral",))
    wanted = bd.sample(mixture(), table, n=5, rng=3).x if name != "mrs" and "posterior" not in name else None
    for other in copies(table, tmp_path):
        assert other.rows == table.rows and repr(other) == repr(table) and other.order == table.order
        np.testing.assert_array_equal(other.times, table.times)
        np.testing.assert_array_equal(other.levels, table.levels)
        assert other.from_level(1.7).rows == table.from_level(1.7).rows
        if wanted is not None:
            np.testing.assert_array_equal(bd.sample(mixture(), other, n=5, rng=3).x, wanted)


@pytest.mark.parametrize(
    "schedule",
    [bd.VE(), bd.EDM(), bd.Cosine(), bd.SubVP(), bd.Discrete.linear(50), bd.MeanReverting(0.5, theta="constant")],
    ids=repr,
)
def test_tables_of_every_schedule_and_of_arrays_of_times(schedule, tmp_path):
    for grid in (
        {"steps": 5, "grid": "rho", "power": 3.3},
        {"grid": schedule.grid(5, "time")},
        {"steps": 4, "t_end": schedule.t_start / 7},
    ):
        table = bd.dpmpp(schedule, order=3, **grid)
        for other in copies(table, tmp_path):
            assert other.rows == table.rows and repr(other) == repr(table)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_a_rule_is_made_again_from_its_options(name, tmp_path):
    table = getattr(bd, name)(bd.VP(), rtol=0.1 / 3, atol=1e-3)
    x = bd.sample(mixture(), table, n=4, rng=0).x
    for other in copies(table, tmp_path):
        assert repr(other) == repr(table)
        np.testing.assert_array_equal(bd.sample(mixture(), other, n=4, rng=0).x, x)


def test_tables_without_a_maker_in_words_keep_their_rows(tmp_path):
    found = bd.solver_search(mixture(), bd.VP(), evaluations=4, budget=30, points=20, population=5, children=5, rng=0)
    statistics = bd.ems(mixture(), bd.VP(), n=64, nodes=60, rng=0)
    for table in (found, bd.dpm_v3(bd.VP(), steps=5, statistics=statistics)):
        x = bd.sample(mixture(), table, n=6, rng=1).x
        for other in copies(table, tmp_path):
            assert other.rows == table.rows and other.evaluations == table.evaluations
            np.testing.assert_array_equal(bd.sample(mixture(), other, n=6, rng=1).x, x)
            with pytest.raises(ValueError, match=r"came from a file without its maker's options|an array of times"):
                other.from_level(1.0)


def test_a_table_from_data_to_noise_and_searched_ratios_come_back(tmp_path):
    for table in (bd.heun(bd.VP(), steps=6).reversed(), bd.dc(bd.VP(), steps=4, ratios=[1.0, 1.0, 1.0 / 3, 1.1])):
        for other in copies(table, tmp_path):
            assert other.rows == table.rows and repr(other) == repr(table)
    table = bd.heun(bd.VP(), steps=6)
    assert all(bd.order_report(other).order == bd.order_report(table).order for other in copies(table, tmp_path))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_draws_come_back_to_the_last_bit(dtype, tmp_path):
    for record in (0, 2):
        draws = bd.sample(mixture(), bd.ddpm(bd.VP(), steps=5), n=7, rng=2**63 + 5, dtype=dtype, record=record)
        draws.save(tmp_path / "draws.npz")
        for other in (bd.Draws.load(tmp_path / "draws.npz"), pickle.loads(pickle.dumps(draws)), copy.copy(draws)):
            np.testing.assert_array_equal(other.x, draws.x)
            assert (
                other.x.dtype == draws.x.dtype
                and other.rng_key == 2**63 + 5
                and other.parts == draws.parts
                and repr(other) == repr(draws)
            )
            np.testing.assert_array_equal(other.times, draws.times)
            assert (other.trajectory is None) == (record == 0)
            if record:
                np.testing.assert_array_equal(other.trajectory, draws.trajectory)


def test_files_hold_no_pickle(tmp_path):
    table = bd.unipc(bd.VP(), steps=5, to_zero=True)
    table.save(tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text(), parse_constant=pytest.fail)["name"] == "unipc"
    bd.sample(mixture(), table, n=2, rng=0, record=1).save(tmp_path / "d.npz")
    with np.load(tmp_path / "d.npz", allow_pickle=False) as archive:
        assert {key: archive[key].dtype.kind for key in archive.files}["x"] == "f"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "other"}, "must be a file written by Table.save"),
        ({"version": 99}, "must be of format version 1, got 99"),
        ({"schedule": ["object"]}, "is damaged: there is no schedule 'object'"),
        ({"rows": []}, "is damaged: Table: rows are missing"),
        ({"rows": [[0, 99, 1, 0.0, 0.0, 0.0, False, [], []]]}, "is damaged: Table: row 0 reads a later value or writes outside"),
        ({"rows": [[-1, 0, 1, 0.0, 0.0, 0.0, False, [7], [1.0]]]}, "is damaged: Table: row 0 reads a later value"),
        ({"nodes": [[1.0, 0.5], [1.0, 0.5], [0.0], [1.0, 0.5]]}, "is damaged: Table: nodes must be equally many"),
    ],
)
def test_another_file_is_refused(change, words, tmp_path):
    path = tmp_path / "t.json"
    bd.ddim(bd.VP(), steps=3).save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match="^Table.load: .*" + words):
        bd.Table.load(path)


def test_refusals_of_draws(tmp_path):
    draws = bd.sample(mixture(), bd.ddim(bd.VP(), steps=2), n=2, rng=0)
    with pytest.raises(ValueError, match=r"Draws.save: path must end in .npz"):
        draws.save(tmp_path / "draws.json")
    (tmp_path / "x.npz").write_bytes(b"no archive")
    np.savez(tmp_path / "y.npz", kind="other")
    for name in ("x", "y"):
        with pytest.raises(ValueError, match=r"must be a file written by Draws.save"):
            bd.Draws.load(tmp_path / f"{name}.npz")
