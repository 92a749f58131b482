"""The experiment given_csv on a user's table, and laws that are written as words."""
import json

import numpy as np
import pytest

import buffon as bf
from buffon import cli
from buffon._law_text import read_law

LAW = "a=Normal(1, 2), b=Uniform(0, 1)"


def write_table(path, n=2_000):
    x = read_law(LAW).sample(n, rng=1)
    lines = [f"{i},{a!r},{b!r},{a + 3 * b!r}" for i, (a, b) in enumerate(x.tolist())]
    lines[3], lines[5] = "3,n/a,0.5,1", "5,0.1,0.5,diverged"
    path.write_text("\n".join(["id,a,b,y", *lines]) + "\n")


def run(tmp_path, *settings):
    words = ["run", "given_csv", "--set", f"file={tmp_path / 'runs.csv'}", "--set", "outputs=y", "--set", "inputs=a,b"]
    status = cli.main([*words, *(word for setting in settings for word in ("--set", setting)), "--out", str(tmp_path / "out")])
    return status, json.loads((tmp_path / "out/given_csv.json").read_text())


def test_a_table_of_ones_own_gives_means_indices_and_its_holes(tmp_path, capsys):
    write_table(tmp_path / "runs.csv")
    status, result = run(tmp_path, f"law={LAW}", "laws=a=Normal(1.5, 2), b=Uniform(0, 1) | a=Normal(1, 1.5), b=Uniform(0, 0.5)")
    head, *values = result["records"]
    assert status == 0 and (head["rows"], head["left_out"], head["failed"]) == (2_000, 1, 1)
    assert head["missing"] == [[3, "a", "n/a"], [5, "y", "diverged"]] and len(head["warnings"]) >= 2
    found = {(r["arm"], r["name"]): r for r in values}
    exact = {
        ("as it is", "y"): 2.5,
        ("reweight", "law 1: y"): 3.0,
        ("reweight", "law 2: y"): 1.75,
        ("ranks", "a"): 4 / 4.75,
        ("ranks", "b"): 0.75 / 4.75,
    }
    assert {key for key in found if key[0] != "tilted"} == exact.keys()
    shifted = {name: r["value"] for (arm, name), r in found.items() if arm == "tilted"}
    assert (
        len(shifted) == 4 and abs(max(shifted.values()) - 1 / 2.5) < 0.1
    )  # a: half of its standard deviation 2, of a mean of 2.5
    for key, value in exact.items():
        assert abs(found[key]["value"] - value) < 4.5 * found[key]["std_error"], key
        assert found[key]["low"] < found[key]["value"] < found[key]["high"]
    said = capsys.readouterr().out
    assert "left out: an input is missing" in said and "diverged" in said and "law 2: y" in said
    assert cli.main(["report", str(tmp_path / "out")]) == 0
    assert "law 2: y" in (tmp_path / "out/report.html").read_text()


def test_without_a_law_there_are_indices_and_the_means_of_the_rows(tmp_path):
    write_table(tmp_path / "runs.csv")
    _, result = run(tmp_path)
    assert {r["arm"] for r in result["records"]} == {"table", "as it is", "ranks"}


def test_what_a_law_or_a_table_has_not_is_told_beside_the_rest(tmp_path):
    write_table(tmp_path / "runs.csv")
    _, result = run(tmp_path, "law=a=StudentT(1.5, 1, 2), b=Uniform(0, 1)")
    assert {r["arm"] for r in result["records"]} == {"table", "as it is", "tilted", "ranks"}
    assert all(r["name"].startswith("b mean") for r in result["records"] if r["arm"] == "tilted")   # a has no variance to tilt
    (tmp_path / "runs.csv").write_text("id,a,b,y\n" + "".join(f"{i},{i * i % 7},{i / 50},1\n" for i in range(50)))
    _, result = run(tmp_path)
    assert {r["arm"] for r in result["records"]} == {"table", "as it is"}
    assert any("the same in every row" in text for text in result["records"][0]["warnings"])


def test_new_laws_need_the_old_one(tmp_path, capsys):
    write_table(tmp_path / "runs.csv")
    words = [
        "run",
        "given_csv",
        "--set",
        f"file={tmp_path / 'runs.csv'}",
        "--set",
        "outputs=y",
        "--set",
        f"laws={LAW}",
        "--out",
        str(tmp_path / "out"),
    ]
    assert cli.main(words) == 2
    assert "laws need the law that made the table" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "law"), [
    (LAW, bf.Joint({"a": bf.Normal(1, 2), "b": bf.Uniform(0, 1)})),
    ("Q=Truncated(Gumbel(1013, 558), 500, inf), K=LogNormal.from_moments(mean=30, cv=0.1)",
     bf.Joint({"Q": bf.Truncated(bf.Gumbel(1013, 558), 500), "K": bf.LogNormal.from_moments(mean=30, cv=0.1)})),
    ("h=Histogram([0, 1, 3], [1, 2]), z=Normal(-1, +2), copula=GaussianCopula({('h', 'z'): 0.5})",
     bf.Joint({"h": bf.Histogram([0, 1, 3], [1, 2]), "z": bf.Normal(-1, 2)}, copula=bf.GaussianCopula({("h", "z"): 0.5}))),
])
def test_laws_are_read_from_words(text, law):
    assert repr(read_law(text)) == repr(law)
    np.testing.assert_array_equal(read_law(text).sample(10, rng=1), law.sample(10, rng=1))


@pytest.mark.parametrize(("text", "message"), [
    ("a=Nrmal(1, 2)", "no law 'Nrmal'; did you mean 'Normal'"),
    ("a=__import__('os').system('true')", "no law"),
    ("a=Normal.load('x')", "Normal has no 'load'"),
    ("a=Normal.__class__()", "Normal has no '__class__'"),
    ("a=Sample([1], [1])", "no law 'Sample'"),
    ("a=open('x')", "no law 'open'"),
    ("a=[1 for _ in (1,)]", "must be made of laws and numbers"),
    ("Normal(1, 2)", "must be written as name=Law"),
    ("**{'a': 1}", "must be written as name=Law"),
    ("a=Normal(1", "must be written as name=Law"),
    ("", "must be written as name=Law"),
])
def test_nothing_else_is_evaluated(text, message):
    with pytest.raises(ValueError, match=message):
        read_law(text)


def test_the_law_of_a_table_can_be_an_estimate(tmp_path):
    write_table(tmp_path / "runs.csv")
    _, result = run(tmp_path, "law=fit", "laws=a=Normal(1.5, 2), b=Uniform(0.1, 0.9)")
    head, *values = result["records"]
    found = {(r["arm"], r["name"]): r for r in values}
    assert abs(found["reweight", "law 1: y"]["value"] - 3.0) < 0.15 and any("is an estimate" in text for text in head["warnings"])
    assert sum(arm == "tilted" for arm, _ in found) == 4
