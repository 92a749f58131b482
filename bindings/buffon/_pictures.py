"""Pictures of estimates that are more than a list of values: curves of perturbed laws, bars of derivatives and shares."""
import numpy as np

from buffon import _words

_CURVES, _BARS = 12, 24   # a legend and a column of labels that can be read
_COLOURS = 10             # before they come again


def perturbed_law(estimate, axes, level):
    """A curve over the perturbations for each input, with its band, and a cross where the sample says little; one axes per
    output.

    Of many inputs those that matter most, by the largest index relative to that of the others; the rest are thin and grey.
    """
    facts = estimate.diagnostics
    delta, inputs, outputs = np.asarray(facts["delta"]), facts["inputs"], facts["outputs"]
    shape = (len(inputs), len(delta), len(outputs))
    low, high = (bound.reshape(shape) for bound in estimate._interval(level))
    value, doubtful = estimate.value.reshape(shape), np.asarray(facts["pareto_k"]).reshape(shape) > 0.7
    order = np.argsort(delta)
    sizes = np.abs(value).max(axis=1)
    by_size = np.argsort(-(sizes / np.maximum(sizes.max(axis=0), np.finfo(float).tiny)).max(axis=1), kind="stable")
    shown = sorted(by_size[:_CURVES])
    others = [i for i in range(len(inputs)) if i not in shown]
    for k, (output, ax) in enumerate(zip(outputs, axes, strict=True)):
        for i in others:
            ax.plot(
                delta[order],
                value[i, order, k],
                color="0.8",
                linewidth=0.8,
                label=f"{len(others)} more" if i == others[-1] else None,
            )
        for place, i in enumerate(shown):
            (line,) = ax.plot(delta[order], value[i, order, k], "--" if place >= _COLOURS else "-", label=inputs[i])
            ax.fill_between(delta[order], low[i, order, k], high[i, order, k], alpha=0.25, color=line.get_color(), linewidth=0)
            told = doubtful[i, order, k]
            ax.plot(delta[order][told], value[i, order, k][told], "x", color=line.get_color())
        ax.axhline(0, color="0.6", linewidth=0.8)
        ax.set_xlabel(_AXIS.get(facts["perturb"], "number of the new law"))
        ax.set_ylabel(f"perturbed-law index of {output}")
    handles, names = axes[0].get_legend_handles_labels()
    rest = 1 if others else 0  # drawn first, named last
    axes[0].legend(
        handles[rest:] + handles[:rest],
        names[rest:] + names[:rest],
        title="input",
        fontsize="small" if len(names) > 6 else None,
    )


_AXIS = {"mean": "shift of the mean", "variance": "change of the variance"}


def derivatives(estimate, axes, level):
    """Bars with intervals, the longest on top (a tornado), of many parameters the first; one axes per output."""
    facts = estimate.diagnostics
    parameters, outputs = facts["parameters"], facts["outputs"]
    shape = (len(outputs), len(parameters))
    low, high = (bound.reshape(shape) for bound in estimate._interval(level))
    value = estimate.value.reshape(shape)
    for k, (output, ax) in enumerate(zip(outputs, axes, strict=True)):
        order = np.argsort(np.abs(value[k]))[-_BARS:]
        rows = np.arange(len(order))
        errors = [(value[k] - low[k])[order], (high[k] - value[k])[order]]
        colours = ["tab:blue" if v >= 0 else "tab:red" for v in value[k][order]]
        ax.barh(rows, value[k][order], xerr=errors, capsize=3, color=colours)
        more = len(parameters) - len(order)
        ax.set_yticks([-1, *rows] if more else rows, [f"{more} more"] * bool(more) + [parameters[p] for p in order])
        ax.axvline(0, color="0.4", linewidth=0.8)
        ax.set_xlabel(estimate.names[k * len(parameters)].partition(" / d ")[0].partition(" by ")[0])
        ax.set_title(output)


def shares(estimate, axes, level):
    """Bars with intervals, input by input; one axes per output."""
    facts = estimate.diagnostics
    groups, outputs = facts["groups"], facts["outputs"]
    low, high = (bound.reshape(len(groups), len(outputs)) for bound in estimate._interval(level))
    value = estimate.value.reshape(len(groups), len(outputs))
    for k, (output, ax) in enumerate(zip(outputs, axes, strict=True)):
        ax.bar(range(len(groups)), value[:, k], yerr=[value[:, k] - low[:, k], high[:, k] - value[:, k]], capsize=3)
        ax.set_xticks(range(len(groups)), groups, rotation=90 if len(groups) > _CURVES else 0)
        ax.axhline(0, color="0.4", linewidth=0.8)
        ax.set_xlabel(f"{output}, {_words.spent(estimate)}")
    axes[0].set_ylabel("share of the variance")


PICTURES = {"perturbed law": perturbed_law, "derivatives": derivatives, "shares": shares}
