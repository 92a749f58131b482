"""One self-contained HTML page about samplers of a denoiser, made of what the functions of this package say of them."""
import struct
import zlib
from base64 import b64encode
from pathlib import Path

import numpy

from buffon import _html, _svg
from buffon._buffon import diffusion as _native

SECTIONS = ("Quality against evaluations", "Exposure profile", "Modes", "Failure probability", "Hyper-parameters", "Samples")
_SHOWN = 300   # points of a scatter
_SHEET = 10    # pictures of a row


def sampler_report(model, tables, path, *, data=None, exact=None, n=1000, thresholds=None, budget=20_000, hyper=None, maker=None,
                   hyper_budget=None, hyper_n=100, classifier=None, weights=None, shape=None, rng=None, threads=0, progress=None):
    """
    Write one HTML page about samplers: quality, exposure bias, modes, rare failures, hyper-parameters, samples.

    Every figure is what the function named beside it gives for the same arguments, with key ``rng``; the page shows the calls.

    Parameters
    ----------
    model : denoiser
        An exact one, one of ``Network`` or ``Denoiser``.
    tables : dict name -> Table
        Samplers; in place of a table a pair (denoiser, table) has a denoiser of its own. Those of one solver make a curve.
    path : path
        Of the page.
    data : array (m, d), optional
        What samples are compared with. None: m = 2 n draws of ``exact`` or the model.
    exact : GaussianMixture or Empirical, optional
        The exact denoiser of the data, where ``model`` is not it. Failures need a GaussianMixture, and so do modes without a
        classifier.
    n : int
        Samples of each table.
    thresholds : list of float, optional
        Of the squared Mahalanobis distance to every mode. None: the one that 1e-4 of the draws near one mode exceed.
    budget : int
        Runs of each sampler for its failures; 0 leaves them out.
    hyper : dict name -> law, optional
        Hyper-parameters. None: the factor of the noise prediction of the first sampler, uniform between 0.95 and 1.02.
    maker : callable, optional
        Their values, as keywords, -> Table or (denoiser, Table); needed with ``hyper``.
    hyper_budget : int, optional
        Samplers made and run for the indices, with ``hyper_n`` samples each; 0 leaves them out. None: 2,048 with ``hyper`` or of
        an exact model, else 0, as each costs a network ``hyper_n`` samples.
    hyper_n : int
        Samples of each of them, at least 4.
    classifier : callable, optional
        Rows (n, d) -> probabilities (n, c) of classes, which are the modes then.
    weights : array (c,), optional
        The right shares of the classes. None: the classifier's means over the reference.
    shape : tuple of int, optional
        Of samples that are pictures: (height, width), or (3, height, width).
    rng : int, Generator, SeedSequence or None
        The key, or what gives one. None: a fresh one. It is told on the page.
    threads : int
        Threads, 0 for all; changes no result.
    progress : callable, optional
        Called as progress(done, sections) after the samples and after each section.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    ValueError
        If nobody knows the data, these are no rows of the model's coordinates or not finite, or ``hyper`` comes without
        ``maker``.
    TypeError
        If ``model`` is no denoiser.
    FileNotFoundError
        If the folder of ``path`` does not exist: before anything is computed.

    References
    ----------
    Those of ``energy``, ``frechet``, ``exposure_profile``, ``mode_masses``, ``off_mode``, ``mode_mixture``, ``memorised``,
    ``arcs`` and ``sobol``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [[[0.04, 0.0], [0.0, 0.04]]] * 2)
    >>> tables = {f"ddim {k}": bd.ddim(bd.VP(), steps=k) for k in (4, 8)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "page.html"
    ...     page = bd.sampler_report(model, tables, path, n=200, budget=1_000, hyper_budget=0, rng=1)
    ...     "Exposure profile" in page.read_text(encoding="utf-8")
    True
    """
    if (hyper is None) != (maker is None):
        raise ValueError("sampler_report: hyper and maker belong together, the laws and what makes a sampler of values")
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"sampler_report: there is no folder {path.parent}")
    subject = _Subject(model, tables, data, exact, n, rng, threads)
    if hyper_budget is None:
        hyper_budget = 2_048 if hyper is not None or subject.exact is model else 0
    told = progress or (lambda done, total: None)
    parts = [
        _html.paragraph(
            f"{len(subject.samplers)} samplers, {n:,} samples each; key {subject.key}. {subject.origin} Intervals are 95 %."
        ),
        _html.element("nav", *(_html.element("a", title, href=f"#{_anchor(title)}") for title in SECTIONS)),
    ]
    makers = (
        lambda: _quality(subject),
        lambda: _exposure(subject),
        lambda: _modes(subject, classifier, weights),
        lambda: _failures(subject, thresholds, budget),
        lambda: _indices(subject, hyper, maker, hyper_budget, hyper_n),
        lambda: _samples(subject, shape),
    )
    for k, (title, make) in enumerate(zip(SECTIONS, makers, strict=True)):
        told(k, len(SECTIONS))
        parts.append(_html.section(title, *make(), anchor=_anchor(title)))
    told(len(SECTIONS), len(SECTIONS))
    return _html.write(path, "Samplers", parts)


def _anchor(title):
    return title.lower().replace(" ", "-")


class _Subject:
    """Samplers, their draws, and what these are compared with."""

    def __init__(self, model, tables, data, exact, n, rng, threads):
        from buffon import diffusion as bd

        self.bd, self.model, self.n, self.threads = bd, model, n, threads
        self.key = int(_native._rng_key(rng))
        known = (bd.GaussianMixture, bd.Empirical)
        if not hasattr(model, "denoise"):
            raise TypeError(
                f"sampler_report: model must be a denoiser, got {type(model).__name__}: bd.Network(module, ...) makes "
                "one of a torch module"
            )
        self.exact = exact if exact is not None else model if isinstance(model, known) else None
        if self.exact is None and data is None:
            raise ValueError("sampler_report: data must be given, rows (m, d), or exact, their exact denoiser")
        listed = [tables] if isinstance(tables, bd.Table) else tables
        self.tables = dict(tables) if isinstance(tables, dict) else {f"sampler {k + 1}": t for k, t in enumerate(listed)}
        self.samplers = {name: t if isinstance(t, tuple) else (model, t) for name, t in self.tables.items()}
        self.data = data
        self.reference = self.exact.forward(2 * n, 0.0, rng=self.key) if data is None else numpy.asarray(data, dtype=float)
        if self.reference.ndim != 2 or self.reference.shape[1] != model.dim:
            raise ValueError(f"sampler_report: data must have shape (m, {model.dim}), got {self.reference.shape}")
        if not numpy.isfinite(self.reference).all():
            raise ValueError("sampler_report: data must be finite")
        self.origin = f"The reference is {len(self.reference):,} rows " + (
            "that were given." if data is not None else f"of {type(self.exact).__name__}.forward(n, 0, rng={self.key})."
        )
        self.draws = {name: bd.sample(d, t, n=n, rng=self.key, threads=threads) for name, (d, t) in self.samplers.items()}

    def evaluations(self, name):
        return self.draws[name].evaluations / self.n


def _quality(s):
    """Energy and Frechet distances with their joint errors: a curve for each solver, and what each is ahead of the first."""
    x = {name: d.x for name, d in s.draws.items()}
    e, frechet = s.bd.energy(x, s.reference, threads=s.threads), s.bd.frechet(x, s.reference, threads=s.threads)
    low, high = e.confidence_interval()
    rows, lines = [], {}
    for i, name in enumerate(e.names):
        rows.append(
            [
                name,
                f"{s.evaluations(name):.0f}",
                _interval(e.value[i], low[i], high[i]),
                f"{e.diagnostics['floor'][i]:.2g}",
                "-" if i == 0 else _of(e.contrast(i, 0), 0),
                _of(frechet, i),
                f"{frechet.diagnostics['floor'][i]:.2g}",
            ]
        )
        own = not isinstance(s.tables[name], tuple)
        lines.setdefault(s.samplers[name][1].name if own else name, []).append((s.evaluations(name), e.value[i], low[i], high[i]))
    series = [
        {
            "label": label,
            **{
                key: list(column)
                for key, column in zip(("n", "value", "low", "high"), zip(*sorted(points), strict=True), strict=True)
            },
        }
        for label, points in lines.items()
    ]
    picture = _svg.curves(series, "Energy distance against evaluations", "evaluations of the denoiser for a sample")
    header = ["", "evaluations", "energy distance", "floor", f"less that of {e.names[0]}", "Fréchet distance", "its floor"]
    return [
        _html.figure(_html.Markup(picture), "Energy distance to the data; 0 where the laws are equal."),
        _html.table(header, rows),
        _html.paragraph(
            "The floor is what samples of the data themselves have: of the energy distance its standard error, of the "
            "Fréchet distance, which is biased upward, its mean."
        ),
        *(_html.notice(text, "", doubt=True) for text in frechet.warnings),
        _html.code(
            "bd.energy(samples, reference), bd.frechet(samples, reference)   # samples: bd.sample(model, table, "
            f"n={s.n}, rng={s.key}).x"
        ),
    ]


def _exposure(s):
    """Every quantity of every sampler whose nodes are known beforehand."""
    whole = {name: s.tables[name] for name, (_, t) in s.samplers.items() if t.evaluations > 0}
    if not whole:
        return [_html.paragraph("Every table chooses its steps as it goes: its samples meet at no common node.")]
    given = {"data": s.data} if s.data is not None and s.exact is None else {}
    p = s.bd.exposure_profile(
        s.model, whole, exact=None if s.exact is s.model else s.exact, n=s.n, rng=s.key, threads=s.threads, **given
    )
    parts = [
        _html.figure(
            _html.Markup(_over_nodes(p, quantity, title)),
            title + ", by sampler, over the noise level; noise on the right.",
        )
        for quantity, title in (
            ("variance_ratio", "Variance to that of noised data"),
            ("energy", "Energy distance to noised data"),
        )
    ]
    for name in p.samplers:
        rows = [[f"{t:.4g}", *(_at(p, quantity, name, k) for quantity in p.quantities)] for k, t in enumerate(p.times(name)[1:])]
        parts.append(_html.folded(name, _html.table(["time", *(q.replace("_", " ") for q in p.quantities)], rows)))
    left_out = [name for name in s.samplers if name not in whole]
    notes = [*p.notes, *([f"{', '.join(left_out)}: steps are chosen as they go, there are no common nodes"] if left_out else [])]
    return [
        *parts,
        *(_html.paragraph(note) for note in notes),
        _html.code(f"bd.exposure_profile(model, tables, n={s.n}, rng={s.key})"),
    ]


def _over_nodes(p, quantity, title):
    series = []
    for name in p.samplers:
        e = p.of(quantity, name)
        low, high = e.confidence_interval()
        levels = p.levels(name)[1:]
        keep = [k for k in range(len(e.value)) if levels[k] > 0][::-1]
        if len(keep) > 1:
            series.append({"label": name, "n": [levels[k] for k in keep], "value": [e.value[k] for k in keep],
                           "low": [low[k] for k in keep], "high": [high[k] for k in keep]})
    return _svg.curves(series, title, "sigma / alpha") if series else ""


def _at(p, quantity, name, k):
    try:
        e = p.of(quantity, name)
    except ValueError:   # not of this sampler
        return "-"
    return _of(e, k) if k < len(e.value) else "-"


def _mixture(s):
    return s.exact if isinstance(s.exact, s.bd.GaussianMixture) else None


def _modes(s, classifier, weights):
    """Masses of modes or classes, draws off all of them and between two, copies: with their intervals, beside what exact draws
    have."""
    mixture, x = _mixture(s), {name: d.x for name, d in s.draws.items()}
    if mixture is None and classifier is None:
        return [
            _html.paragraph(
                "Only an exact mixture or a classifier knows modes: give exact=bd.GaussianMixture(...), or classifier=...."
            ),
            *_copies(s, x),
        ]
    told = {}
    if classifier is not None:
        right = numpy.mean(numpy.asarray(classifier(s.reference), dtype=float), axis=0) if weights is None else weights
        told["weights"] = (numpy.asarray(right, dtype=float) / numpy.sum(right)).tolist()
    judge = mixture if classifier is None else classifier
    masses, between = s.bd.mode_masses(x, judge, threads=s.threads, **told), s.bd.mode_mixture(x, judge, threads=s.threads)
    q, names = len(masses) // len(x), list(x)
    floor = masses.diagnostics["floor"][0]
    exact = [*(f"{w:.4g}" for w in masses.diagnostics["weights"]), f"{floor:.2g} by chance"]
    rows = [
        [masses.names[j].removeprefix(names[0] + "."), exact[j], *(_of(masses, k * q + j) for k in range(len(x)))]
        for j in range(q)
    ]
    own = f"{between.diagnostics['floor'][0]:.2g}" if "floor" in between.diagnostics else "-"
    rows.append(["between modes", own, *(_of(between, k) for k in range(len(x)))])
    words = [
        "Between: two modes have a probability of 0.1 or more"
        + (f" at the noise level {between.diagnostics['sigma']:.3g}." if "sigma" in between.diagnostics else ".")
    ]
    if classifier is None:
        off = s.bd.off_mode(x, mixture, threads=s.threads)
        rows.append(["off every mode", f"{off.diagnostics['floor'][0]:.2g}", *(_of(off, k) for k in range(len(x)))])
        words.append(f"Off: a squared Mahalanobis distance above {off.diagnostics['threshold']:.5g} to every mode.")
    elif weights is None:
        words.append(f"The right masses are those of the {len(s.reference):,} rows of the reference.")
    calls = "bd.mode_masses(samples, {0}), bd.mode_mixture(samples, {0})".format(
        "mixture" if classifier is None else "classifier"
    )
    return [_html.table(["", "exact", *names], rows), *(_html.paragraph(text) for text in words),
            _html.code(calls + (", bd.off_mode(samples, mixture)" if classifier is None else "")), *_copies(s, x)]


def _copies(s, x):
    """Of a finite data set: samples that are points of it."""
    if not isinstance(s.exact, s.bd.Empirical):
        return []
    e = s.bd.memorised(x, s.exact.points, threads=s.threads)
    return [
        _html.table(["", *e.names], [["copies of points", *(_of(e, k) for k in range(len(e)))]]),
        _html.paragraph("A copy is nearer to a point of the data than a third of the way to the next one."),
        _html.code("bd.memorised(samples, exact.points)"),
    ]


def _far(mixture, share):
    import buffon as bf

    return float(bf.Gamma(mixture.dim / 2, 2.0).quantile(1 - share))


def _failures(s, thresholds, budget):
    """Rare failures by great circles, of every sampler whose draws are functions of their own noise."""
    import buffon as bf

    mixture = _mixture(s)
    if mixture is None or budget == 0:
        return [
            _html.paragraph(
                "Left out: "
                + ("no runs were asked for." if budget == 0 else "failures need the modes of an exact mixture.")
            )
        ]
    limits = [_far(mixture, 1e-4)] if thresholds is None else list(thresholds)
    rows, doubts = [], []
    for name, (denoiser, table) in s.samplers.items():
        try:
            problem = s.bd.sampler_problem(denoiser, table, score=mixture.off_mode, labels=mixture.mode)
        except ValueError as error:
            rows.append([name, *("-" for _ in limits), str(error)])
            continue
        e = bf.arcs(problem, thresholds=limits, budget=budget, rng=s.key, threads=s.threads)
        rows.append([name, *(_of(e, j) for j in range(len(limits))), f"{e.n:,} runs"])
        doubts += [_html.notice(f"{name}: {text}", "", doubt=True) for text in e.warnings]
    header = ["", *(f"further than {t:.5g}" for t in limits), ""]
    words = ("arcs(sampler_problem(model, table, score=mixture.off_mode, labels=mixture.mode), "
             f"thresholds={limits}, budget={budget}, rng={s.key})")
    return [
        _html.paragraph("The chance that a draw is further from every mode, in squared Mahalanobis distance."),
        _html.table(header, rows),
        *doubts,
        _html.code(words),
    ]


def _indices(s, hyper, maker, budget, rows):
    """Sobol' indices of the mean energy distance over its seed, which has its own; a dummy that nothing depends on has none."""
    import buffon as bf

    if budget == 0:
        return [_html.paragraph("Left out: no samplers were asked for (hyper_budget).")]
    first = next(iter(s.samplers))
    given = hyper is not None
    if not given:
        denoiser, table = s.samplers[first]
        hyper = {"noise factor": bf.Uniform(0.95, 1.02)}

        def maker(**values):
            return s.bd.noise_scaled(denoiser, values["noise factor"]), table

    reference = s.reference[:min(len(s.reference), 4 * rows)]
    problem = s.bd.quality_problem(s.model, lambda dummy, **values: maker(**values), {**hyper, "dummy": bf.Uniform(0.0, 1.0)},
                                   lambda x: s.bd.energy(x, reference, threads=1).value[0], n=rows, outputs=["energy"])
    found = bf.sobol(problem, budget=budget, noise="seed", rng=s.key)
    table = [[name, _of(found.first_order, j), _of(found.total_order, j)] for j, name in enumerate(problem.inputs.names)]
    told = "" if given else f" of {first}"
    return [
        _html.paragraph(
            f"Shares of the variance that the mean energy distance{told} over seeds has over the hyper-parameters; a "
            f"dummy has none. The row of the seed is about one evaluation, of {rows} samples: what is chance in it."
        ),
        _html.table(["", "alone", "with all others"], table),
        *(_html.notice(text, "", doubt=True) for text in found.warnings),
        _html.paragraph(f"{found.n:,} samplers, {rows} samples each."),
        _html.code(
            f'bf.sobol(bd.quality_problem(model, maker, hyper, energy, n={rows}), budget={budget}, noise="seed", rng={s.key})'
        ),
    ]


def _samples(s, shape):
    """Pictures, or points in the plane in which the reference varies most."""
    if shape is not None:
        low, high = s.reference.min(), s.reference.max()
        return [_html.figure(_sheet(x[:_SHEET].reshape(-1, *shape), low, high, name), name) for name, x in
                [("data", s.reference), *((name, d.x) for name, d in s.draws.items())]]
    mean = s.reference.mean(axis=0)
    axes = numpy.linalg.svd(s.reference - mean, full_matrices=False)[2][:2]
    axes = axes if len(axes) == 2 else numpy.vstack([axes, 0 * axes])
    seen = (s.reference[:_SHOWN] - mean) @ axes.T
    return [
        _html.figure(
            _html.Markup(_scatter(seen, (d.x[:_SHOWN] - mean) @ axes.T, name)),
            f"{name} (coloured) over the reference (grey)",
        )
        for name, d in s.draws.items()
    ]


def _scatter(back, front, title):
    both = numpy.vstack([back, front])
    xs, ys = _svg.Axis(both[:, 0], 8, 352), _svg.Axis(both[:, 1], 272, 8)
    dots = [f'<circle cx="{xs(a)}" cy="{ys(b)}" r="2" fill="{colour}" fill-opacity="0.5"/>'
            for points, colour in ((back, "#888888"), (front, _svg.COLOURS[0])) for a, b in points.tolist()]
    return _svg.picture(360, 280, title, dots)


def _sheet(pictures, low, high, name):
    """Side by side, as a PNG inside the page."""
    colour = pictures.ndim == 4
    planes = numpy.moveaxis(pictures, 1, -1) if colour else pictures
    row = numpy.concatenate(list(numpy.pad(planes, [(0, 0), (0, 0), (0, 1)] + [(0, 0)] * colour, constant_values=high)), axis=1)
    pixels = numpy.uint8(numpy.clip((row - low) / ((high - low) or 1), 0, 1) * 255).repeat(4, axis=0).repeat(4, axis=1)
    data = b64encode(_png(pixels)).decode()
    return _html.Markup(f'<img alt="samples" style="image-rendering: pixelated" src="data:image/png;base64,{data}">')


def _png(pixels):
    """Bytes of a picture: (height, width) grey, or (height, width, 3)."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")


def _of(e, j):
    low, high = e._interval()   # doubts stand on the page
    return _interval(e.value[j], low[j], high[j])


def _interval(value, low, high):
    return f"{value:.3g} ({low:.3g} ... {high:.3g})"
