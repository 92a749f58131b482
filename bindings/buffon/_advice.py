"""What the diagnostics of an estimate mean in plain words, and what to do about them."""
import math
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One diagnostic: what it is, what was seen, what it means, what to do; a doubt is something to act on."""

    key: str
    seen: str
    meaning: str
    advice: str = ""
    doubt: bool = False


def findings(estimate):
    """Of everything in ``estimate.diagnostics``, doubts first; what has no words here is shown as it is."""
    found = [_finding(key, value, estimate) for key, value in estimate.diagnostics.items()]
    return sorted(found, key=lambda f: not f.doubt)


def of_warning(text):
    """What to do about a warning of an estimate or a sample."""
    return next((advice for words, advice in _WARNINGS.items() if words in text), "")


def doubts(estimate):
    """Every warning with what to do about it, a sentence or two each: what makes the intervals doubtful."""
    return [". ".join(filter(None, (text, of_warning(text)))) for text in estimate.warnings]


def doubtful_rows(estimate):
    """Value by value: whether a warning names it, or its output; one that names none, or "and 2 more", is about all."""
    doubtful = [False] * len(estimate.names)
    for text in estimate.warnings:
        found = re.match(r"(?:output )?'(.*?)'(?! and \d+ more)", text)
        meant = [
            bool(found) and (name == found[1] or name.endswith((f": {found[1]}", f" of {found[1]}")))
            for name in estimate.names
        ]
        doubtful = [d or m for d, m in zip(doubtful, meant if any(meant) else [True] * len(meant), strict=True)]
    return doubtful


def interval_title(estimate, level):
    """How an interval is called where it is shown: "95 %", "95 %, doubtful"."""
    return f"{100 * level:g} %{', doubtful' * bool(estimate.warnings)}"


# What to do about a warning that does not say it itself.
_WARNINGS = {
    "no variance to share": "Look at the output: indices say where variation comes from, and there is none.",
    "rows it has not seen": "More rows let it have more terms; a model with steps or bends has no polynomial: trust "
                            "first orders, and take bf.sobol for totals.",
    "take a finer grid": "bf.arcs(..., grid=48) looks at twice as many phases of each circle, for a quarter more "
                         "evaluations a circle where labels are searched.",
    "failed": "The values describe the runs that succeeded. If failure goes together with what is asked for (the model diverges "
    "in the flood that matters), they are biased: find out why runs fail before you trust them.",
    "an input is missing": "If inputs are missing for a reason that has to do with their values, the rest is no sample "
                           "of the law.",
    "not distributed as the law says": "Means under new laws weigh rows by this density. Say the law that made the "
                                       "runs, or estimate it.",
    "dependence that the law does not have": "Give the law a copula with these correlations, or weights and means "
                                             "under new laws are wrong.",
    "no density": "Such rows cannot come from this law: a wrong unit, a wrong column, or truncation that the law "
                  "should not have.",
    "scrambled nets": "It tends to be too wide here.",
    "the mean weight is": "The sample misses a part of the new law: take one of a wider law, or give up the laws that "
                          "are far away.",
    "has mass where the sample's has none": "No weight makes up for rows that cannot occur: take a sample of a law "
                                            "that covers the new one.",
    "no row of the sample contributes": "The sample says nothing of this value: take a larger one, or one that goes there.",
    "is an estimate from the table": "Say the law that made the runs, if you know it; else compare the answers of "
                                     "several fits (bf.fit_joint).",
    "the interval ends where the sample does": "A larger sample, or one that goes further out, closes the interval.",
    "the given mean of": "Leave it out and compare.",
    "the controls were not used": "Find out why evaluations fail, or do without the controls.",
    "is about 0 (": "Ask for absolute ones: means under two laws (bf.reweight with laws) and their contrast.",
}

# What to do about a diagnostic.
_HEAVY = (
    'A few evaluations decide the value, and the next one might change it. Spend more, choose a proposal with heavier tails '
    '(aiscv: family="student"), or ask for a bounded quantity, such as a quantile or a probability.'
)
_FEW = ("The event was hit only a few times. Spend more, or use aiscv with a score (bf.exceedance has one), "
        "which goes where the event is.")
_ONE_ROW = "Draw a sample for this question: give the run the tail as an output of its own, or take one of plain or quasi."


def worst(values, names, largest=True):
    """(number, name) of the worst of the values that are numbers; None where there is none."""
    pairs = [(v, n) for v, n in zip(values, names, strict=False) if v is not None and not math.isnan(v)]
    return (max if largest else min)(pairs, key=lambda pair: pair[0]) if pairs else None


def _pareto_k(value, e, names=None):
    found = worst(value, names or e.names)
    meaning = (
        "Tail of what is averaged: below 0.5 its variance is finite and the interval is good, above 0.7 it cannot be trusted."
    )
    if found is None:
        return "no tail to judge", meaning, "", False
    k, name = found
    left = dict(zip(e.names, e.diagnostics.get("pareto_k_residual", []), strict=False)) if names is None else {}
    heavy = [n for n, v in zip(names or e.names, value, strict=False) if v is not None and v > 0.7]
    if heavy and all(left.get(n, math.inf) <= 0.7 for n in heavy):
        return f"largest {k:.2f} ('{name}')", f"{meaning} Here the controls leave no heavy tail: pareto_k_residual.", "", False
    if k > 0.7:
        return f"largest {k:.2f} ('{name}')", meaning, _HEAVY, True
    return (
        f"largest {k:.2f} ('{name}')",
        meaning,
        "Larger than comfortable: compare with a run of another key." if k > 0.5 else "",
        False,
    )


def _effective_terms(value, e):
    found = worst(value, e.names, largest=False)
    meaning = "As if an event had been hit so often: what the interval rests on. Below ten it is rough."
    if found is None or math.isinf(found[0]):
        return "many for every value", meaning, "", False
    if "held_out" in e.diagnostics:  # polynomial chaos: its errors hold more rows
        return (
            f"fewest {found[0]:,.3g} ('{found[1]}')",
            "Rows alike that would make the error; the interval holds more like the largest.",
            "",
            False,
        )
    few = found[0] < 10
    return f"fewest {found[0]:,.3g} ('{found[1]}')", meaning, _FEW if few else "", few


def _one_row_more(value, e):
    found = worst(value, e.names)
    meaning = (
        "Standard errors that one row more could move a value by where the sample is thin; the interval holds half "
        "such a row. Above four it may still be far too short."
    )
    if found is None:
        return "none", meaning, "", False
    much = found[0] > 4
    return f"most {found[0]:.2g} ('{found[1]}')", meaning, _ONE_ROW if much else "", much


def _flag(yes, no, advice):
    return lambda value, e: ("yes" if value else "no", yes if value else no, advice if value else "", bool(value))


def _fallback(value, e):
    return (
        "yes" if value else "no",
        "The final sample is from the input law itself: no adapted proposal was better."
        if value
        else "The final sample is from an adapted proposal.",
        "Nothing is lost but the gain. For rare events give a score." if value else "",
        False,
    )


def _beyond(value, e):
    much = value > 0.01
    return (
        f"{value:.2g} of the value",
        "Bound, by the scores, on what regions hold that no component leads to.",
        "A region may be missed: spend more, and compare with a run of another key." if much else "",
        much,
    )


def _control_check(value, e):
    wrong = value > 10
    advice = "A density is wrong: check the input law (a truncation, a unit) and report it if it is right." if wrong else ""
    return (
        f"{value:.2g} standard errors",
        "Means that are known exactly, against the sample's: up to about four by chance.",
        advice,
        wrong,
    )


def _control_z(value, e):
    found = worst([abs(v) for v in value], e.diagnostics.get("controls", [""] * len(value)))
    wrong = found is not None and found[0] > 6
    advice = "A mean that you gave is probably wrong." if wrong else ""
    return (
        f"largest {found[0]:.2g} ('{found[1]}')" if found else "none",
        "Means of controls as given, against the sample's.",
        advice,
        wrong,
    )


def _mean_weight(value, e):
    off = max((abs(v - 1) for v in value), default=0.0)
    return (
        f"furthest from 1 by {off:.2g}",
        "The weights of a law must have mean 1; less says that the sample misses a part of it.",
        "",
        False,
    )


def _effective_size(value, e):
    values = value if isinstance(value, list) else [value]
    return (
        f"{min(values):,.0f}",
        "How many equally weighted draws the weighted ones are worth, at least for the weights themselves.",
        "",
        False,
    )


_TAIL_OF_VARIANCE = (
    'A few evaluations make the variance, and the next one might change all shares. Spend more, use method="aiscv", or '
    'ask for indices of a logarithm, a rank, or of a probability: outputs={"P": lambda y: y > limit}.'
)


def _worst_output(value):
    known = [v for v in value if v is not None and not math.isnan(v)]
    return f"largest {max(known):.2f}" if known else "no tail to judge"


def _tied(value, e):
    most = max(value, default=0.0)
    return (
        f"at most {most:.0%} of the rows",
        "Rows that another one equals in an input; ties count in all of their orders.",
        "",
        False,
    )


def _number(meaning):
    return lambda value, e: (
        f"{value:,}" if isinstance(value, int) else f"{value:,.6g}" if isinstance(value, float) else str(value),
        meaning,
        "",
        False,
    )


def _list(meaning):
    return lambda value, e: (_numbers(value), meaning, "", False)


def _numbers(value):
    shown = ", ".join(v if isinstance(v, str) else f"{v:.3g}" for v in value[:8])
    return shown + (f" and {len(value) - 8:,} more" if len(value) > 8 else "")


_KNOWN = {
    "pareto_k": _pareto_k,
    "pareto_k_weights": lambda value, e: _pareto_k(value, e, [f"law {j}" for j in range(1, len(value) + 1)]),
    "pareto_k_residual": lambda value, e: (
        _pareto_k(value, e)[0],
        "The same tail, of what the control variates leave.",
        "",
        False,
    ),
    "effective_terms": _effective_terms,
    "one_row_more": _one_row_more,
    "fallback": _fallback,
    "provisional": _flag(
        "No proposal saw every integrand clearly before the final sample: a part of one may be missed.",
        "Every integrand was seen before the final sample.",
        "Spend more, or give the problem a score if it has none; compare with a run of another key.",
    ),
    "uncovered": _list("Shares of the values from points where no component of the proposal is."),
    "beyond": _beyond,
    "explored": lambda value, e: (
        "yes" if value else "no",
        "Whether a batch of a wide law searched for an event that the first one hardly saw.",
        "",
        False,
    ),
    "control_check": _control_check,
    "control_z": _control_z,
    "mean_weight": _mean_weight,
    "effective_size": _effective_size,
    "tied": _tied,
    "stop": _number("Why the adaptation ended."),
    "batches": _number("Batches of the adaptation."),
    "recycled_n": _number("Evaluations of the adaptation that count in the means, too."),
    "perturb": _number("What is changed in the law of one input at a time."),
    "delta": _list("By how much."),
    "inputs": _list("Inputs whose laws are perturbed."),
    "skipped": _list("Inputs whose laws cannot be perturbed so: they have no values."),
    "outputs": _list("Outputs that are asked for."),
    "unperturbed": _list("Their values under the law as it is."),
    "without_score": _list("Parameters that move an end of the support: nothing is known of a derivative by them."),
    "picture": _number("What plot() draws."),
    "leave_one_out": _list(
        "Share of the variance that the polynomial leaves at rows left out one by one, output by output; its terms "
        "have seen them."
    ),
    "held_out": _list(
        "Share of the variance that the polynomial leaves at rows that neither its fit nor the choice of its terms has seen."
    ),
    "queries": _number("Rows that looked for their neighbours in every subset of the inputs."),
    "left": _list(
        "Share of the variance that neighbours had to find, in the mean over subsets of the inputs; the polynomial has the rest."
    ),
    "terms": _list("Terms of the polynomial, output by output."),
    "probability": _number("Of the event."),
    "event_rows": _number("How many rows of equal weight those of the event are worth."),
    "groups": _list("Inputs, or groups of them, that the variance is shared out to."),
    "parameters": _list("Parameters of the laws."),
    "parameter_values": _list("Their values."),
    "adaptation_n": _number("Evaluations spent on the adaptation; no part of the final mean."),
    "components": _number("Components of the proposal."),
    "alpha": _list("Shares of the proposal's components, the input law first."),
    "replicates": _number("Independent nets behind the interval: Student's law with one degree of freedom less."),
    "points": _number("Points of each net."),
    "surrogate_share": _list(
        "Share of the variance that the polynomial takes, output by output; the rest is estimated."
    ),
    "surrogate_terms": _list("Terms of the polynomial, on average over its four fits."),
    "weights": _list("Of the plain estimator and of two with the polynomial, index by index."),
    "constant": _list("Outputs that do not vary."),
    "pareto_k_squares": lambda value, e: (
        _worst_output(value),
        "Tail of the squared outputs, whose means the indices are ratios of: above 0.7 their intervals cannot be trusted.",
        _TAIL_OF_VARIANCE if max((v for v in value if v is not None and not math.isnan(v)), default=0) > 0.7 else "",
        max((v for v in value if v is not None and not math.isnan(v)), default=0) > 0.7,
    ),
    "effective_rows": lambda value, e: (
        f"fewest {min(value):,.3g}" if min(value) < math.inf else "nothing varies",
        "As if the variance came from so many rows alike: below ten the intervals are rough.",
        "",
        False,
    ),
    "effective_rows_left": _list(
        "The same of what the polynomial leaves; below ten the intervals hold several rows more like the largest."
    ),
    "centre": _list("What products of two outputs are centred at."),
    "r_squared": _list("Share of the variance that the controls take away."),
    "variance_ratio": _list("Variance with the controls over that without."),
    "controls": _list("Functions with known means."),
    "coefficients": _list("Of the controls, control by control."),
    "controls_dropped": _number("Directions of the controls that the others already hold."),
}


def _finding(key, value, estimate):
    if key in _KNOWN:
        return Finding(key, *_KNOWN[key](value, estimate))
    return Finding(key, _numbers(value) if isinstance(value, list) else str(value), "")
