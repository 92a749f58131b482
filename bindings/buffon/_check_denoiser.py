"""Which parametrisation and schedule a network was trained with; the errors are measured in C++ (denoiser_errors.hpp)."""
import warnings

import numpy

from buffon import _network
from buffon._buffon import diffusion as _native

_PREDICTIONS = ("noise", "data", "velocity", "score")
_LEVELS = numpy.geomspace(0.05, 10.0, 8)   # of the data's standard deviation
_SLACK = 1.25                              # times the best linear denoiser's error: what a trained network may miss
_ENOUGH = 4  # rows per coordinate from which a linear denoiser may be judged on the rows it was fitted to
_ROWS, _FOLDS = 1000, 5                    # of the others: rows that are used, and parts that are held out in turn
_SHRINKAGES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)   # of the fitted covariance to a multiple of the identity


def check_denoiser(model, data, *, condition=None, levels=None, schedules=None, rng=0, **options):
    """
    Whether a denoiser is right about data, and which parametrisation of a network fits them.

    At each noise level x = x0 + sigma eps is made from the data, and the mean of |D(x) - x0|^2 / d is compared with the error of
    the best linear denoiser (of fewer than four rows per coordinate: fitted to the rows that it is not judged on). A right
    denoiser is below it at every level, tends to x for a small sigma and to the data's mean for a large one; a wrong
    parametrisation or schedule is above. A network is tried with every prediction, preconditioning and schedule, too.

    Parameters
    ----------
    model : denoiser or callable
        A denoiser, one made by ``Network``, or the network itself with the options of ``Network`` as keywords.
    data : array (n, d)
        Some of the data it was trained on, or like them; 100 rows are enough to tell.
    condition : int, array of int (n,) or None
        Class, of all rows or of each.
    levels : array, optional
        Noise levels. None: eight from 0.05 to 10 times the data's standard deviation.
    schedules : list of schedules, optional
        Those to try. None: the usual ones.
    rng : int, Generator, SeedSequence or None
        Of the noise; the same for all that are compared.
    **options
        Of ``Network``, where ``model`` is a callable.

    Returns
    -------
    DenoiserCheck
        ``ok``, ``advice``, ``best`` (keywords of ``Network``); prints as a table.

    Raises
    ------
    ValueError
        If ``data`` or ``levels`` have a wrong shape or hold too few numbers, a level is not positive, or all rows of ``data`` are
        equal.

    Examples
    --------
    >>> import numpy as np
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([1.0], [[0.0]], [[[1.0]]])
    >>> bd.check_denoiser(model, model.forward(200, 0.0, rng=1)).ok
    True
    """
    data = numpy.ascontiguousarray(data, dtype=float)
    if data.ndim < 2 or len(data) < 2:
        raise ValueError(f"check_denoiser: data must have shape (n, d) with n at least 2, got {data.shape}")
    data = data.reshape(len(data), -1)
    if not numpy.isfinite(data).all():
        raise ValueError("check_denoiser: data must be finite")
    if not data.std(axis=0).any():
        raise ValueError(f"check_denoiser: data must vary, but all {len(data)} rows are equal")
    if levels is None:
        levels = _LEVELS * data.std()
    levels = numpy.atleast_1d(numpy.asarray(levels, dtype=float))
    if levels.ndim != 1 or not numpy.all((levels > 0) & (levels < numpy.inf)):
        raise ValueError(f"check_denoiser: levels must be positive noise levels, got {levels.tolist()}")
    net = None
    if callable(model) and not hasattr(model, "denoise"):
        model = _network.Network(model, **{"schedule": _native.VP(), "shape": data.shape[1], **options})
    elif options:
        raise TypeError(f"check_denoiser: unknown keyword {next(iter(options))!r}")
    if getattr(model, "dim", data.shape[1]) != data.shape[1]:
        raise ValueError(f"check_denoiser: rows of data must have {model.dim} numbers, as the model's, got {data.shape[1]}")
    path, made_of, given = getattr(model, "_made_by", ("", (), {}))
    if path == "buffon.diffusion.Network":
        (net,) = made_of
    rows = [_measured("as given", {}, model, data, levels, condition, rng)]
    if net is not None:
        rows[0] = rows[0]._replace(name=_name(given), options=given)
        rows += _alternatives(net, given, schedules, data, levels, condition, rng)
    if len(data) < _ENOUGH * data.shape[1]:
        linear = dict(zip(levels, _held_out(data, levels), strict=True))
        rows = [row.beside(numpy.array([linear[level] for level in row.levels])) for row in rows]
    return DenoiserCheck(rows)


class DenoiserCheck:
    """What ``check_denoiser`` found: one row for what was given, then every alternative that could run, the best first."""

    def __init__(self, rows) -> None:
        self._given, others = rows[0], rows[1:]
        self._others = sorted((row for row in others if row.ratio is not None), key=lambda row: row.mean)

    @property
    def ok(self):
        """Whether the given denoiser is below its bound at every level, and no alternative is clearly better."""
        return self._fits(self._given) and not self._better()

    @property
    def best(self):
        """Keywords of ``Network`` that fit best; None for a denoiser that is no network."""
        if not self._given.options:
            return None
        return (self._better() or [self._given])[0].options

    @property
    def levels(self):
        """Noise levels (k,) at which the given denoiser was measured."""
        return self._given.levels

    @property
    def error(self):
        """Mean of |D - x0|^2 / d of the given denoiser, (k,)."""
        return self._given.error

    @property
    def linear(self):
        """The same of the best linear denoiser, (k,): a right denoiser is not above."""
        return self._given.linear

    @property
    def advice(self):
        """What to do, in a sentence."""
        given, better = self._given, self._better()
        if given.ratio is None:
            start = f"{given.name} does not run on these levels: {given.failure}"
        elif self.ok:
            most = given.ratio.max()
            return f"{given.name} fits: at every level its error is at most {most:.2f} times that of the best linear denoiser."
        else:
            worst = given.ratio.argmax()
            start = (
                f"{given.name} does not fit: at sigma = {given.levels[worst]:.3g} its error is {given.ratio[worst]:.3g} times "
                "that of the best linear denoiser"
            )
            if self._fits(given):
                start = f"{given.name} is possible, but others have smaller errors"
        fitting = [row for row in better if self._fits(row)]
        if fitting:
            first = fitting[0]
            alike = [row.name for row in fitting[1:] if row.mean < first.mean + numpy.log(1.02)]
            also = f" (or, as well: {'; '.join(alike[:3])})" if alike else ""
            return f"{start}. What fits: {first.name}{also}."
        trend = ""
        if given.ratio is not None and numpy.any(numpy.diff(given.error) < -3 * given.std_error[1:]):
            trend = " Its error does not grow with sigma."
        found = f" The nearest is {better[0].name}." if better else ""
        look = "Look at the scale and centre of the data, and at the network's state."
        return f"{start}. None of what was tried fits.{found}{trend} {look}"

    def __repr__(self):
        return f"DenoiserCheck(ok={self.ok}): {self.advice}"

    def __str__(self):
        rows = [self._given, *self._others[:5]]
        measured = next((row for row in rows if row.ratio is not None), None)
        if measured is None:
            return self.advice
        width = max(len(row.name) for row in rows)
        head = f"{'error / best linear at sigma =':<{width}} " + " ".join(f"{s:>9.3g}" for s in measured.levels)
        lines = [head] + [
            f"{row.name:<{width}} "
            + (" ".join(f"{r:>9.3g}" for r in row.ratio) if row.ratio is not None else row.failure)
            for row in rows
        ]
        return "\n".join([*lines, self.advice])

    def _better(self):
        """Alternatives with errors clearly below those of what was given."""
        limit = numpy.inf if self._given.ratio is None else self._given.mean - numpy.log(1.05)
        return [row for row in self._others if row.mean < limit]

    @staticmethod
    def _fits(row):
        return row.ratio is not None and bool(numpy.all(row.ratio < _SLACK + 3 * row.std_error / row.linear))


class _Row:
    """Errors of one denoiser; ratio is None where it does not run."""

    def __init__(self, name, options, levels, error, std_error, linear, failure=""):
        self.name, self.options, self.levels, self.failure = name, options, levels, failure
        self.error, self.std_error, self.linear = error, std_error, linear
        self.ratio = None if error is None else error / linear
        self.mean = numpy.inf if error is None else float(numpy.log(numpy.maximum(self.ratio, 1e-300)).mean())

    def _replace(self, name, options):
        return _Row(name, options, self.levels, self.error, self.std_error, self.linear, self.failure)

    def beside(self, linear):
        """The same row beside another linear denoiser."""
        return self if self.error is None else _Row(self.name, self.options, self.levels, self.error, self.std_error, linear)


def _measured(name, options, model, data, levels, condition, rng):
    low, high = model.sigma_range if hasattr(model, "sigma_range") else (0.0, numpy.inf)
    known = numpy.asarray(levels, dtype=float)
    known = known[(known >= low) & (known <= high)]
    if len(known) < min(3, len(levels)):
        return _Row(name, options, known, None, None, None, f"it knows sigma from {low:.3g} to {high:.3g} only")
    try:
        found = _native._denoiser_errors(model, data, known, condition, rng)
    except ValueError as error:
        return _Row(name, options, known, None, None, None, str(error))
    return _Row(name, options, known, found["error"], found["std_error"], found["linear"])


def _held_out(data, levels):
    """Error of the best linear denoiser on rows that it was not fitted to: the covariance of few rows knows those rows by
    heart."""
    rows = data[::-(-len(data) // _ROWS)]
    d, folds = rows.shape[1], min(len(rows), _FOLDS)
    total = numpy.zeros((len(_SHRINKAGES), len(levels)))
    for fold in range(folds):
        held_out = numpy.arange(len(rows)) % folds == fold
        fitted, others = rows[~held_out], rows[held_out]
        fitted, others = fitted - fitted.mean(axis=0), others - fitted.mean(axis=0)
        variances, axes = numpy.linalg.eigh(fitted @ fitted.T / len(fitted))
        kept = variances > 1e-10 * max(variances[-1], 1e-300)
        mean, variances = variances.sum() / d, variances[kept]
        along = (((others @ fitted.T @ axes[:, kept]) ** 2) / (variances * len(fitted))).sum(
            axis=0
        )  # squares, summed over the rows
        across = max((others ** 2).sum() - along.sum(), 0.0)
        for i, shrinkage in enumerate(_SHRINKAGES):
            for j, noise in enumerate(numpy.square(levels)):
                gain = (v := (1 - shrinkage) * variances + shrinkage * mean) / (v + noise)
                rest = shrinkage * mean / (shrinkage * mean + noise)
                total[i, j] += ((1 - gain) ** 2 * along).sum() + (1 - rest) ** 2 * across
                total[i, j] += len(others) * noise * ((gain ** 2).sum() + rest ** 2 * (d - len(variances)))
    return total.min(axis=0) / (len(rows) * d)


def _alternatives(net, given, schedules, data, levels, condition, rng):
    if schedules is None:
        schedules = {
            "VP()": _native.VP(),
            "Cosine()": _native.Cosine(),
            "SubVP()": _native.SubVP(),
            "Discrete.linear()": _native.Discrete.linear(),
            "Discrete.scaled_linear()": _native.Discrete.scaled_linear(),
            "Discrete.cosine()": _native.Discrete.cosine(),
            "VE()": _native.VE(),
            "EDM()": _native.EDM(),
        }
    else:
        schedules = _labelled(schedules)
    schedules = {"": given["schedule"], **{name: s for name, s in schedules.items() if _key(s) != _key(given["schedule"])}}
    tried = [dict(schedule=s, prediction=p, preconditioning=c, label=name) for name, s in schedules.items()
             for c in ("none", "discrete") for p in _PREDICTIONS]
    tried.append(dict(schedule=_native.EDM(), preconditioning="edm", sigma_data=float(data.std())))
    if given["preconditioning"] == "edm":
        tried.append(dict(schedule=_native.EDM(), preconditioning="edm", sigma_data=given["sigma_data"]))
    rows = []
    for changes in tried:
        label = changes.pop("label", "")
        options = {**given, **changes}
        if _same(options, given):
            continue
        name = _name(options, label)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)   # of a network at times that are not its own
            rows.append(_measured(name, options, _network.Network(net, **options), data, levels, condition, rng))
    return rows


def _labelled(schedules):
    """By what they print; by their number, too, where two print alike."""
    texts = [repr(s).partition(":")[0] for s in schedules]
    return {
        text if texts.count(text) == 1 else f"schedules[{i}], a {text}": s
        for i, (text, s) in enumerate(zip(texts, schedules, strict=True))
    }


def _key(schedule):
    return type(schedule).__name__, repr(schedule.__getstate__())


def _same(options, other):
    if options["preconditioning"] == "edm" == other["preconditioning"]:
        return options["sigma_data"] == other["sigma_data"]
    return (_key(options["schedule"]), options["prediction"], options["preconditioning"]) == (
        _key(other["schedule"]),
        other["prediction"],
        other["preconditioning"],
    )


def _name(options, label=""):
    """As `Network` is told; of several schedules that print alike the label says which."""
    if options["preconditioning"] == "edm":
        return f"preconditioning='edm', sigma_data={options['sigma_data']:.3g}"
    schedule = label or repr(options["schedule"]).partition(":")[0]
    extra = "" if options["preconditioning"] == "none" else f", preconditioning={options['preconditioning']!r}"
    return f"{schedule}, prediction={options['prediction']!r}{extra}"
