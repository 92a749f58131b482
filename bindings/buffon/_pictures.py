"""Pictures of estimates that are more than a list of values: curves of perturbed laws, bars of derivatives."""
import numpy as np


def perturbed_law(estimate, axes, level):
    """A curve over the perturbations for each input, with its band; one axes per output. Dashed where the sample says little."""
    facts = estimate.diagnostics
    delta, inputs, outputs = np.asarray(facts["delta"]), facts["inputs"], facts["outputs"]
    shape = (len(inputs), len(delta), len(outputs))
    low, high = (bound.reshape(shape) for bound in estimate._interval(level))
    value, doubtful = estimate.value.reshape(shape), np.asarray(facts["pareto_k"]).reshape(shape) > 0.7
    order = np.argsort(delta)
    for k, (output, ax) in enumerate(zip(outputs, axes, strict=True)):
        for i, name in enumerate(inputs):
            (line,) = ax.plot(delta[order], value[i, order, k], label=name)
            ax.fill_between(delta[order], low[i, order, k], high[i, order, k], alpha=0.25, color=line.get_color(), linewidth=0)
            told = doubtful[i, order, k]
            ax.plot(delta[order][told], value[i, order, k][told], "x", color=line.get_color())
        ax.axhline(0, color="0.6", linewidth=0.8)
        ax.set_xlabel(_AXIS.get(facts["perturb"], "number of the new law"))
        ax.set_ylabel(f"perturbed-law index of {output}")
    axes[0].legend(title="input")


_AXIS = {"mean": "shift of the mean", "variance": "change of the variance"}


def derivatives(estimate, axes, level):
    """Bars with intervals, the longest on top (a tornado); one axes per output."""
    facts = estimate.diagnostics
    parameters, outputs = facts["parameters"], facts["outputs"]
    shape = (len(outputs), len(parameters))
    low, high = (bound.reshape(shape) for bound in estimate._interval(level))
    value = estimate.value.reshape(shape)
    for k, (output, ax) in enumerate(zip(outputs, axes, strict=True)):
        order = np.argsort(np.abs(value[k]))
        rows = np.arange(len(order))
        errors = [(value[k] - low[k])[order], (high[k] - value[k])[order]]
        colours = ["tab:blue" if v >= 0 else "tab:red" for v in value[k][order]]
        ax.barh(rows, value[k][order], xerr=errors, capsize=3, color=colours)
        ax.set_yticks(rows, [parameters[p] for p in order])
        ax.axvline(0, color="0.4", linewidth=0.8)
        ax.set_xlabel(estimate.names[k * len(parameters)].partition(" / d ")[0].partition(" by ")[0])
        ax.set_title(output)


PICTURES = {"perturbed law": perturbed_law, "derivatives": derivatives}
