"""Python functions from registered C++ ones: signature and Parameters section come from the options' own description."""
import inspect

from buffon import _buffon
from buffon._progress import Line
from buffon._record import History, Record

_POSITIONAL = {
    "problem": "problem : Problem\n    Model and law of its inputs; d inputs, m outputs.",
    "estimate": "estimate : Estimate\n"
    '    Of a run with ``keep="state"`` (or ``"sample"``), fresh, loaded from a file or pickled; or its Indices.',
    "sample": "sample : Sample\n"
    "    Rows with their outputs and densities: "
    '``estimate.sample`` of a run with ``keep="sample"``, or ``bf.Sample``.',
    "hierarchy": "hierarchy : list of (Problem, float)\n"
    "    Models of the same outputs at the same inputs with the cost of an evaluation in any "
    "unit; the first is the one that is asked for.",
    "levels": "levels : list of float, or one\n    Levels between 0 and 1.",
    "schedule": "schedule : VP, VE, EDM, ...\n    How data become noise; the solver runs from ``t_start`` to ``t_end`` "
                "unless its grid says else.",
    "model": "model : denoiser\n    An exact one (``GaussianMixture``), or any other.",
    "scale": "scale : float\n    1 is the conditional denoiser, 0 the unconditional one; above 1 it goes beyond.",
    "x": "x : array (n, d), list of arrays, or dict name -> array\n    Samples that are compared: rows are independent "
         "draws of one law.",
    "y": "y : array (m, d)\n    Reference sample.",
    "reference": "reference : GaussianMixture or array (m, d)\n    What they are compared with: a law that is known "
                 "exactly, or a sample.",
    "mixture": "mixture : GaussianMixture\n    Whose modes they are.",
    "classifier": "classifier : GaussianMixture or callable\n"
    "    A mixture attributes rows to its modes by posterior probabilities; a function of rows "
    "(n, d) gives those of classes, (n, c).",
    "table": "table : Table\n    What a solver makes: ``ddim(schedule, steps=10)``.",
    "tables": "tables : Table, list or dict name -> Table\n    Samplers. In place of a table a pair (denoiser, table) "
              "has a denoiser of its own, as one of ``noise_scaled``.",
    "points": "points : array (n, d)\n    Targets.",
    "data": "data : array (n, d)\n    Rows are independent draws of one law.",
    "law": "law : law or None\n    Law of the inputs, in the order of the sample.",
}
_OPTIONAL = {"law"}   # positional arguments that may be left out

_ESTIMATOR = "name of an estimator"   # whose own options are keywords of the call, too


def _parameters(positional, keywords):
    lines = ["Parameters", "----------"]
    lines += [_POSITIONAL[name] for name in positional]
    lines += [f"{name} : {kind}\n    {text[0].upper()}{text[1:]}." for name, kind, _, text in keywords]
    return "\n".join(lines)


def function(name, summary, rest, module=_buffon):
    """The Python function of the registered word `name`; `summary` and `rest` frame its Parameters section."""
    positional, keywords = module.registry[name]
    core = getattr(module, name)

    def run(args, options):
        progress = options.get("progress")
        if progress is True:
            with Line(name) as line:
                result = core(*args, **{**options, "progress": line})
                if isinstance(result, (_buffon.Estimate, _buffon.Indices)):
                    line.finish(getattr(result, "joint", result))
                return result
        if progress is False:
            options = {**options, "progress": None}
        if hasattr(options.get("thresholds"), "__float__") and not hasattr(options["thresholds"], "__len__"):
            options = {**options, "thresholds": [options["thresholds"]]}   # one, as exceedance takes it
        if isinstance(progress, History):
            options = progress._prepared(options)
        return core(*args, **options)

    def call(*args, **options):
        if module is not _buffon:
            return run(args, options)
        subject = args[0] if args else options.get(positional[0])
        if isinstance(subject, _buffon.testing.KnownProblem):
            raise TypeError(f"{name}: {positional[0]} must be a Problem, got a KnownProblem: give its .problem")
        record = Record(name, subject, options)
        if isinstance(subject, _buffon.Indices):   # of which an estimate is asked: what goes on is their joint one
            args, options = (subject.joint, *args[1:]), {key: value for key, value in options.items() if key != positional[0]}
        result = run(args, options)
        if isinstance(subject, _buffon.Indices):
            result = subject._with_joint(result)
        elif isinstance(subject, _buffon.Problem):
            kept = options.get("keep") and isinstance(result, _buffon.Estimate)   # else it cannot go on, and lets the model go
            if kept or isinstance(result, _buffon.Indices):
                result._problem = subject   # for more()
        result._record = record.finish(result, options.get("progress"))
        return result

    parameters = [
        inspect.Parameter(p, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None if p in _OPTIONAL else inspect.Parameter.empty)
        for p in positional
    ]
    parameters += [inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, default=default) for k, _, default, _ in keywords]
    if any(kind == _ESTIMATOR for _, kind, _, _ in keywords):
        parameters.append(inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD))
    call.__name__ = call.__qualname__ = name
    call.__module__ = module.__name__.replace("._buffon", "")
    call.__signature__ = inspect.Signature(parameters)
    call.__doc__ = "\n\n".join([inspect.cleandoc(summary), _parameters(positional, keywords), inspect.cleandoc(rest)]) + "\n"
    return call
