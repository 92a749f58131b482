"""Reports: pages that stand alone, are well formed, and say what is doubtful and what to do; the record that they are made of."""
import html
import html.parser
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import buffon as bf
from buffon import _advice, _html, _svg, cli, report
from buffon.experiments import gaussian_moments

PAGE = Path(__file__).parents[2] / "docs" / "report.md"
VOID = {"meta", "img", "br", "link", "input", "hr"}   # HTML without an end
NASTY = "<script>&\"'"


class Checker(html.parser.HTMLParser):
    """Tags balance, identifiers differ, links lead inside, nothing comes from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open
        assert len(self.ids) == len(set(self.ids))
        assert set(self.links) <= set(self.ids)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        assert tag not in ("script", "link", "iframe"), tag
        for key, value in attributes.items():
            assert key in ("xmlns",) or not re.match(r"\s*(https?:)?//", value or ""), (tag, key, value)
            assert key not in ("src", "href", "action") or value.startswith(("data:", "#")), (tag, key, value)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"][1:]] if "href" in attributes else []
        self.links += re.findall(r"url\(#(\w+)\)", attributes.get("clip-path", ""))
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(path):
    text = Path(path).read_text(encoding="utf-8")
    assert "url(" not in re.sub(r"url\(#\w+\)", "", text) and "@import" not in text
    return text, Checker(text)


def watched(**options):
    inputs = bf.Joint({"force": bf.LogNormal.from_moments(mean=556.8, cv=0.08), "width": bf.Normal(0.062, 0.0062)})
    problem = bf.Problem(lambda x: x[:, 0] / x[:, 1] ** 2, inputs, outputs={"mean": lambda y: y, "P": lambda y: y > 300_000})
    return bf.aiscv(problem, budget=8_000, rng=1, progress=bf.History(), **options)


# The page of an estimate


def test_the_page_of_an_estimate_says_all_of_it_and_needs_nothing_else(tmp_path):
    e = watched()
    path = tmp_path / "one.html"
    e.report(path)
    text, page = checked(path)
    assert [p.name for p in tmp_path.iterdir()] == ["one.html"]
    for words in (
        "8,0",
        f"{e['mean']:.6g}",
        f"{e.confidence_interval()[0][1]:.6g}",
        "LogNormal(mu=",
        "Normal(mean=0.062, sd=0.0062)",
        "exp(-(x - mean)² / (2 sd²))",
        "Convergence of",
        "pareto_k",
        "bf.aiscv(problem, budget=8000, rng=1)",
        bf.__version__,
    ):
        assert words in text, words
    assert page.tags.count("svg") == 1 + 2 + 2   # values, convergence of two, densities of two


def test_it_can_be_made_from_the_saved_estimate_as_well(tmp_path):
    e = watched()
    e.save(tmp_path / "beam.json")
    again = bf.Estimate.load(tmp_path / "beam.json")
    assert again.history == e.history and again.value.tolist() == e.value.tolist()
    page = report.folder(tmp_path)
    text, _ = checked(page)
    assert page == tmp_path / "report.html" and "bf.aiscv(problem, budget=8000, rng=1)" in text and "Convergence of mean" in text
    again.save(tmp_path / "again.json")
    assert (
        json.loads((tmp_path / "again.json").read_text())["record"]
        == json.loads((tmp_path / "beam.json").read_text())["record"]
    )


def test_names_cannot_break_the_page(tmp_path):
    inputs = bf.Joint({NASTY: bf.Normal(), "b": bf.Uniform()})
    e = bf.plain(bf.Problem(lambda x: x, inputs, outputs=[NASTY, "y"]), budget=1_000, rng=1, progress=bf.History())
    e.report(tmp_path / "nasty.html")
    text, _ = checked(tmp_path / "nasty.html")
    assert NASTY not in text and "&lt;script&gt;&amp;" in text


def test_many_outputs_are_folded_and_the_page_stays_small(tmp_path):
    inputs = bf.Joint([bf.Normal()] * 100)
    names = [f"output {j}" for j in range(100)]
    e = bf.plain(bf.Problem(lambda x: x, inputs, outputs=names), budget=2_000, rng=1, progress=bf.History())
    e.report(tmp_path / "many.html")
    text, page = checked(tmp_path / "many.html")
    outside = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    assert "output 99" in text and "output 99" not in outside and "output 0" in outside
    assert len(text) < 500_000 and page.tags.count("details") >= 4


def test_doubts_come_with_what_to_do():
    problem = bf.Problem(lambda x: x[:, 0], bf.Normal(), outputs={"heavy": lambda y: np.exp(2 * y**2), "never": lambda y: y > 50})
    e = bf.plain(problem, budget=2_000, rng=1)
    text = _html.page("t", report.estimate_parts(e))
    Checker(text)
    assert text.count("Doubt: ") >= 2 and "heavier tails" in text and "use aiscv with a score" in text
    calm = _html.page("t", report.estimate_parts(bf.plain(bf.Problem(lambda x: x, bf.Normal()), budget=2_000, rng=1)))
    assert "Doubt: " not in calm and "Nothing makes the intervals doubtful" in calm


def runs_of_all_estimators():
    problem = bf.Problem(lambda x: x[:, 0] ** 2 + x[:, 1] ** 2, bf.Joint({"a": bf.Normal(), "b": bf.Uniform()}), outputs=["y"])
    wide = bf.Joint({"a": bf.Normal(0, 2), "b": bf.Uniform()})
    yield bf.plain(problem, budget=500, rng=1)
    yield bf.importance(problem, proposal=wide, budget=500, rng=1)
    yield bf.control(problem, controls={"x": (lambda x: x[:, 0], 0.0)}, budget=500, rng=1)
    yield bf.aiscv(problem, budget=4_000, rng=1, variant="published")
    yield from (bf.amis(problem, budget=4_000, rng=1, use=use) for use in ("all", "final"))
    for estimator, budget in ((bf.quasi, 500), (bf.aiscv, 4_000)):
        e = estimator(problem, budget=budget, rng=1, keep="sample")
        yield e
        yield bf.reweight(e.sample, laws=[problem.inputs] * 2, doubtful="warn")
        yield bf.perturbed_law(e.sample, delta=[0.1])
        yield from (bf.law_derivatives(e.sample, quantity=q, doubtful="warn") for q in ("mean", "quantile"))
        yield from (f(e.sample, [0.5], doubtful="warn") for f in (bf.quantile, bf.superquantile))
        yield bf.conditional_mean(e.sample, above=0.5, doubtful="warn")
    yield bf.sobol_given_data(runs := bf.Sample(x := problem.inputs.sample(200, rng=1), problem(x), problem.inputs))
    yield bf.sobol_given_data(runs, method="polynomial_chaos")
    yield bf.shapley_given_data(runs)
    yield from (
        bf.target_sobol(runs, above=float(np.median(runs.y[:, 0])), given=runs.outputs[0], kind=kind, doubtful="warn")
        for kind in ("target", "conditional")
    )
    yield bf.shapley(problem, budget=500, rng=1)


def test_every_diagnostic_and_warning_of_the_estimators_has_words():
    for e in runs_of_all_estimators():
        for finding in _advice.findings(e):
            assert finding.seen and finding.meaning, finding.key
        for text in e.warnings:
            assert _advice.of_warning(text) or re.search(r"[:;] (spend|draw|give|compare|it is good|a larger table)", text), text


def test_a_remedy_is_said_once():
    """Those that stand in the warning itself have no further advice."""
    problem = bf.Problem(
        lambda x: x[:, 0], bf.Normal(), outputs={"heavy": lambda y: np.exp(2 * y**2), "seldom": lambda y: y > 3.2}
    )
    runs = (
        bf.plain(problem, budget=2_000, rng=1),
        bf.aiscv(bf.exceedance(lambda x: 0 * x[:, 0], bf.Normal(), 1.0), budget=2_000, rng=1),
    )
    texts = [doubt for e in runs for doubt in _advice.doubts(e)]
    assert {"heavy tail", "few terms", "0 in the whole"} <= {
        words for words in ("heavy tail", "few terms", "0 in the whole") for t in texts if words in t
    }
    for text in texts:
        assert len(re.findall("[Ss]pend more", text)) == 1 and len(text) < 240, text
    assert not any("same in every evaluation" in text for text in runs[1].warnings)   # of what was never hit


def test_advice_is_for_warnings_that_exist():
    """Each key stands in the source of a warning; where the text goes on in a variable, its constant part."""
    root = Path(__file__).parents[2]
    folders = ("lib/buffon/*.cpp", "estimators/buffon/*.cpp", "bindings/*.cpp", "bindings/buffon/_table.py")
    files = [file for folder in folders for file in root.glob(folder)]
    sources = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert [words for words in _advice._WARNINGS if words not in sources] == []


def test_a_control_that_is_far_off_is_a_doubt():
    problem = bf.Problem(lambda x: x[:, 0], bf.Normal(), outputs=["y"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        e = bf.control(problem, controls={"x": (lambda x: x[:, 0] + 1.0, 0.0)}, budget=500, rng=1)
    assert any(f.key == "control_z" and f.doubt for f in _advice.findings(e))


def test_the_page_names_copulas_with_their_parameters_and_marks_doubtful_intervals(tmp_path):
    three = {name: bf.Normal() for name in ("a", "b", "c")}
    correlation = [[1, 0.5, 0.25], [0.5, 1, 0.125], [0.25, 0.125, 1]]
    inputs = bf.Joint({**three, "d": bf.Uniform(), "e": bf.Uniform()},
                      [bf.StudentCopula(correlation, 4.5, names=list(three)), bf.ClaytonCopula(2.5, names=["d", "e"])])
    bf.plain(bf.Problem(lambda x: x[:, 0] > 3, inputs), budget=2_000, rng=1).report(tmp_path / "one.html")
    text = html.unescape(checked(tmp_path / "one.html")[0])
    assert f"a, b and c depend on each other: {bf.StudentCopula(correlation, 4.5, names=list(three))!r}" in text
    assert "d and e depend on each other: ClaytonCopula(theta=2.5, names=['d', 'e'])" in text
    assert "<td>0.125</td>" in text and "high (95 %, doubtful)" in text and "Values with intervals (95 %, doubtful)" in text


# The record of a run


def test_history_changes_no_bit_and_ends_with_the_result():
    for name in ("plain", "quasi", "aiscv"):
        problem = bf.Problem(lambda x: x[:, 0] * x[:, 0], bf.Normal(), outputs=["y"])
        history = bf.History()
        e, alone = (getattr(bf, name)(problem, budget=20_000, rng=3, progress=p) for p in (history, None))
        assert repr(e._state()) == repr(alone._state())
        (series,) = e.history
        assert series == history.records[0] and series["names"] == ["y"] and series["n"] == sorted(set(series["n"]))
        assert series["n"][-1] == e.n and series["value"][-1] == e.value.tolist() and 3 <= len(series["n"]) <= 40
        assert series["low"][-1] == e._interval()[0].tolist() and series["high"][0][0] >= series["value"][0][0]
        assert alone.history == []


def test_history_passes_on_to_another_progress_function():
    seen = []
    problem = bf.Problem(lambda x: x[:, 0], bf.Normal())
    bf.plain(problem, budget=6_400, rng=1, progress=bf.History(progress=lambda n, budget: seen.append((n, budget))))
    assert seen == [(n, 6_400) for n in range(100, 6_401, 100)]


def test_a_given_batch_is_kept():
    sizes = []
    problem = bf.Problem(lambda x: sizes.append(len(x)) or x[:, 0], bf.Normal(), outputs=["y"])
    e = bf.plain(problem, budget=6_000, batch=3_000, rng=1, progress=bf.History())
    assert sizes == [3_000, 3_000] and e.history[0]["n"] == [3_000, 6_000]


# The page of an experiment, and of a folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("results")
    cli.main(["run", "gaussian_moments", "--small", "--set", "budget=2_000", "--set", "repetitions=3", "--out", str(path)])
    watched().save(path / "beam.json")
    bf.sobol(bf.testing.ishigami().problem, budget=1_000, rng=1).save(path / "indices.json")
    (path / "other.json").write_text('{"a": 1}')
    (path / "no.json").write_text("no JSON")
    return path


def test_buffon_report_makes_one_page_of_a_folder(folder, capsys):
    assert cli.main(["report", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == f"written: {folder / 'report.html'}"
    text, page = checked(folder / "report.html")
    for words in (
        "beam",
        "gaussian_moments",
        "first order of x2",
        "buffon run gaussian_moments --small",
        "x^20",
        "data:image/png;base64,",
        "Convergence of x^2",
        "times less than plain",
        "bf.aiscv(problem",
        "repetitions",
    ):
        assert words in text, words
    assert text.count("<section") == 3 and len(page.links) >= 2 and len(text) < 800_000


def test_an_experiment_records_how_each_arm_converged(folder):
    result = json.loads((folder / "gaussian_moments.json").read_text())
    labels = [series["label"] for series in result["history"]]
    assert labels == list(dict.fromkeys(r["arm"] for r in result["records"]))
    assert all(series["n"] == sorted(series["n"]) and len(series["names"]) == 10 for series in result["history"])


def test_results_without_history_pictures_or_their_experiment_still_have_a_page(tmp_path):
    config = gaussian_moments.Config(budget=1000, repetitions=2)
    result = {"experiment": "gone", "date": "2026-01-01", "seconds": 1.0, "config": {"budget": 1000}, "claims": [],
              "environment": {"buffon": "0"}, "records": gaussian_moments.run(config)}
    (tmp_path / "gone.json").write_text(json.dumps(result))
    text, _ = checked(report.folder(tmp_path))
    assert "buffon run gone" in text and "x^20" in text


def test_claims_that_fail_are_doubts(tmp_path):
    claim = {
        "case": "c",
        "arm": "a",
        "claim": "it wins",
        "measured": 0.5,
        "low": 0.4,
        "high": 0.6,
        "at_least": 1,
        "at_most": None,
        "holds": False,
    }
    result = {"experiment": "gone", "date": "2026-01-01", "seconds": 1.0, "config": {}, "claims": [claim], "records": []}
    text = _html.page("t", report.experiment_parts(result))
    Checker(text)
    assert "0 of 1 claims hold" in text and "Doubt: c: it wins" in text


@pytest.mark.parametrize(("make", "message"), [
    (lambda path: None, "must hold files written by `buffon run`, Estimate.save or Indices.save"),
    (lambda path: path.rmdir(), "must be a folder"),
    (lambda path: (path / "e.json").write_text('{"kind": "buffon.Estimate", "version": 99}'), "must be of format version"),
])
def test_folders_without_results_are_refused(tmp_path, make, message, capsys):
    path = tmp_path / "results"
    path.mkdir()
    make(path)
    assert cli.main(["report", str(path)]) == 2
    assert message in capsys.readouterr().err


# Pictures


@pytest.mark.parametrize(
    ("low", "high", "log"),
    [(0, 1, False), (-3, 7, False), (1e-9, 1e-3, True), (5, 5, False), (1e5, 1.00001e5, False), (3, 8, True)],
)
def test_ticks_are_round_and_inside(low, high, log):
    axis = _svg.Axis([low, high], 0, 100, log)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 12
    assert all(-1 <= axis(t) <= 101 for t in ticks)
    assert axis(low) < axis(high) or low == high


def test_pictures_hold_no_infinity():
    text = _svg.intervals(["a", "b"], [1.0, 2.0], [-np.inf, 1.5], [np.inf, 2.5], "t", [None, 2.1])
    assert "inf" not in text and "nan" not in text
    Checker(text)
    Checker(_svg.curves([{"label": "", "n": [1, 2], "value": [1, 1], "low": [0, 0.5], "high": [2, 1.5]}], NASTY, "n"))


@pytest.mark.parametrize(
    ("x", "text"),
    [(0, "0"), (0.05, "0.05"), (2000, "2,000"), (1e-6, "1e-6"), (2.5e-7, "2.5e-7"), (1e6, "1e6"), (123456, "1.23e5")],
)
def test_numbers_on_an_axis(x, text):
    assert _svg.number(x) == text


def test_every_univariate_law_has_its_formula():
    laws = {name for name in bf.__all__ if hasattr(getattr(bf, name), "upper_quantile")}
    assert laws and laws <= set(report.FORMULAS)


def test_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, {})
    checked(tmp_path / "runs" / "report.html")
    Checker((PAGE.parent / "report.svg").read_text(encoding="utf-8"))
