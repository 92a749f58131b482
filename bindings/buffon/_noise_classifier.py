"""The noise level of x as a trained network sees it: for chains on (x, sigma) of models without a density. Needs torch."""
import json
import os
from itertools import pairwise

import numpy

from buffon._buffon import diffusion as _native
from buffon._extras import needed

_VERSION = 1


class NoiseClassifier:
    """
    A trained p(sigma_j | x) over levels that were equally probable in training: what ``noise_classifier`` returns.

    Pass it as ``sigma=`` to ``langevin_gibbs``.
    """

    def __init__(self, net, levels, settings, loss, history) -> None:
        self._net, self._levels, self._settings = net, levels, settings
        self._loss, self._history = loss, history

    @property
    def dim(self) -> int:
        """Dimension d of the rows that it takes."""
        return int(numpy.prod(self._settings["shape"]))

    @property
    def levels(self) -> numpy.ndarray:
        """Noise levels, rising, equally far apart in log sigma, shape (m,)."""
        return self._levels

    @property
    def loss(self) -> float:
        """Cross-entropy on fresh noise of data kept from training, in nats per row; log(m) knows nothing of the level."""
        return self._loss

    @property
    def history(self) -> numpy.ndarray:
        """Step and mean training loss since the row before, shape (k, 2)."""
        return self._history

    def log_probabilities(self, x) -> numpy.ndarray:
        """log p(sigma_j | x) for rows x (n, d), shape (n, m). On several threads torch may change the last bits."""
        torch = needed("torch", "NoiseClassifier", "torch")
        x = numpy.asarray(x, dtype=float)
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"NoiseClassifier.log_probabilities: x must have shape (n, {self.dim}), got {x.shape}")
        with torch.no_grad():
            rows = torch.from_numpy(x.astype(numpy.float32))
            return torch.log_softmax(self._net(rows).double(), 1).numpy()

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Weights, levels and settings as a .npz file, no pickle in it; ``load`` reads it."""
        _check_suffix(path, "NoiseClassifier.save")
        head = {"version": _VERSION, "settings": self._settings, "loss": self.loss}
        weights = {f"weight {name}": value for name, value in self._weights().items()}
        numpy.savez(path, head=json.dumps(head), levels=self.levels, history=self.history, **weights)

    @staticmethod
    def load(path: "str | os.PathLike[str]") -> "NoiseClassifier":
        """The classifier that ``save`` wrote. ValueError for a file of anything else."""
        _check_suffix(path, "NoiseClassifier.load")
        with numpy.load(path, allow_pickle=False) as file:
            if "head" not in file or "levels" not in file:
                raise ValueError(f"NoiseClassifier.load: {os.fspath(path)} must be a file written by NoiseClassifier.save")
            head = json.loads(str(file["head"]))
            if head.get("version") != _VERSION:
                raise ValueError(
                    f"NoiseClassifier.load: {os.fspath(path)} has version {head.get('version')}, this Buffon reads {_VERSION}"
                )
            weights = {name.removeprefix("weight "): file[name] for name in file.files if name.startswith("weight ")}
            return _made(weights, file["levels"], head["settings"], head["loss"], file["history"])

    def __reduce__(self):
        return _made, (self._weights(), self.levels, self._settings, self.loss, self.history)

    def _weights(self):
        return {name: value.numpy() for name, value in self._net.state_dict().items()}

    def __repr__(self):
        return (
            f"NoiseClassifier(levels={len(self.levels)}, d={self.dim}): sigma from {self.levels[0]:g} to {self.levels[-1]:g}, "
            f"cross-entropy {self.loss:.3f} of log {len(self.levels)} = {numpy.log(len(self.levels)):.3f}"
        )


def _made(weights, levels, settings, loss, history):
    torch = needed("torch", "NoiseClassifier", "torch")
    net = _network(torch, len(levels), **settings)
    net.load_state_dict({name: torch.from_numpy(numpy.array(value)) for name, value in weights.items()})
    return NoiseClassifier(net.eval(), levels, settings, loss, history)


def noise_classifier(
    data,
    *,
    sigma_min,
    sigma_max,
    levels=1000,
    shape=None,
    width=256,
    steps=4000,
    batch=256,
    learning_rate=1e-3,
    rng=None,
):
    """
    Train a network to tell the noise level of x = x0 + sigma eps: sigma given x for ``langevin_gibbs`` on models without a
    density.

    Rows of the data get noise of levels that are equally probable and equally far apart in log sigma; the loss is the
    cross-entropy of the levels. With enough of data, network and steps this is p(sigma_j | x). Vectors go through three hidden
    layers of ``width``, images through four convolutions of 32, 64, 128 and 256 channels and an average over the picture, as
    published. Runs on the CPU.

    Parameters
    ----------
    data : array (n, d), or a model with ``forward``
        Clean samples, a tenth of which is kept to judge by; an exact model gives fresh ones.
    sigma_min, sigma_max : float
        Ends of the levels.
    levels : int
        Their number m.
    shape : tuple of int, optional
        (channels, height, width) of an image whose d numbers a row holds. None: rows are vectors.
    width : int
        Of the hidden layers for vectors.
    steps, batch : int
        Steps of Adam and rows in each.
    learning_rate : float
        Falls to 0 over the steps, along a cosine.
    rng : int, Generator, SeedSequence or None
        Same key, same classifier on one machine, up to torch.

    Returns
    -------
    NoiseClassifier

    Raises
    ------
    ValueError
        If a number is out of range or shapes do not fit.
    MissingExtra
        Without torch: ``pip install buffon[torch]``.

    References
    ----------
    Kim, Ye, "Denoising MCMC for accelerating diffusion-based generative models", ICML 2023, section 3.
    """
    torch = needed("torch", "noise_classifier", "torch")
    key = int(_native._rng_key(rng))
    grid = _levels(sigma_min, sigma_max, levels, steps, batch)
    draw, held_out, dim = _source(data, numpy.random.default_rng(key))
    settings = {"shape": list(shape) if shape is not None else [dim], "width": width, "scale": float(held_out.std())}
    if int(numpy.prod(settings["shape"])) != dim:
        raise ValueError(f"noise_classifier: shape must hold the {dim} numbers of a row, got {tuple(settings['shape'])}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key % 2**63)
        net = _network(torch, levels, **settings)
        history = _train(torch, net, draw, grid, steps, batch, learning_rate, numpy.random.default_rng([key % 2**63, 1]))
    classifier = NoiseClassifier(net.eval(), grid, settings, 0.0, history)
    classifier._loss = _loss(classifier, held_out, numpy.random.default_rng([key % 2**63, 2]))
    return classifier


def _levels(low, high, count, steps, batch):
    if not 0 < low < high < numpy.inf:
        raise ValueError(f"noise_classifier: sigma_min must be positive and below sigma_max, got {low} and {high}")
    for name, number, least in (("levels", count, 2), ("steps", steps, 1), ("batch", batch, 1)):
        if number < least:
            raise ValueError(f"noise_classifier: {name} must be at least {least}, got {number}")
    return numpy.geomspace(low, high, count)


def _source(data, rng):
    """rows -> clean samples, samples kept from training, and d."""
    if hasattr(data, "forward"):
        held_out = data.forward(4000, 0.0, rng=rng)
        return (lambda n, rng: data.forward(n, 0.0, rng=rng)), held_out, held_out.shape[1]
    data = numpy.asarray(data, dtype=float)
    if data.ndim != 2 or len(data) < 20 or not numpy.isfinite(data).all():
        raise ValueError(f"noise_classifier: data must be finite and have shape (n, d), n at least 20, got shape {data.shape}")
    order = rng.permutation(len(data))
    held_out, seen = data[order[: len(data) // 10]], data[order[len(data) // 10 :]]
    return (lambda n, rng: seen[rng.integers(len(seen), size=n)]), held_out, data.shape[1]


def _noisy(clean, levels, rng):
    label = rng.integers(len(levels), size=len(clean))
    return clean + levels[label, None] * rng.standard_normal(clean.shape), label


def _train(torch, net, draw, levels, steps, batch, learning_rate, rng):
    optimiser = torch.optim.Adam(net.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    told, history, every = [], [], max(1, steps // 50)
    for step in range(1, steps + 1):
        x, label = _noisy(draw(batch, rng), levels, rng)
        loss = torch.nn.functional.cross_entropy(net(torch.from_numpy(x.astype(numpy.float32))), torch.from_numpy(label))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        told.append(loss.item())
        if step % every == 0 or step == steps:
            history.append((step, sum(told) / len(told)))
            told = []
    return numpy.array(history)


def _loss(classifier, clean, rng):
    x, label = _noisy(clean, classifier.levels, rng)
    return float(-classifier.log_probabilities(x)[numpy.arange(len(x)), label].mean())


def _network(torch, levels, shape, width, scale):
    """Rows (n, d) -> logits (n, levels). The size of x, which says most of sigma, goes in as a logarithm."""
    nn = torch.nn

    class Vector(nn.Module):
        def __init__(self):
            super().__init__()
            d = int(numpy.prod(shape))
            self.layers = nn.Sequential(
                nn.Linear(2 * d + 1, width),
                nn.SiLU(),
                nn.Linear(width, width),
                nn.SiLU(),
                nn.Linear(width, width),
                nn.SiLU(),
                nn.Linear(width, levels),
            )

        def forward(self, x):
            size = (x.square().mean(1, keepdim=True) / scale**2 + 1).sqrt()
            return self.layers(torch.cat([torch.tanh(x / (2 * scale)), x / (scale * size), size.log()], 1))

    class Image(nn.Module):
        def __init__(self):
            super().__init__()
            channels = [shape[0] + 1, 32, 64, 128, 256]
            self.layers = nn.ModuleList([nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(channels)])
            self.last = nn.Linear(256, levels)

        def forward(self, x):
            size = (x.square().mean(1) / scale**2 + 1).sqrt()
            x = x.view(-1, *shape) / (scale * size[:, None, None, None])
            x = torch.cat([x, size.log()[:, None, None, None].expand(-1, 1, *shape[1:])], 1)
            for layer in self.layers:
                x = torch.relu(layer(x))
            return self.last(x.mean((2, 3)))

    if len(shape) not in (1, 3):
        raise ValueError(f"noise_classifier: shape must be (channels, height, width), got {tuple(shape)}")
    return Vector() if len(shape) == 1 else Image()


def _check_suffix(path, who):
    if not os.fspath(path).endswith(".npz"):
        raise ValueError(f"{who}: path must end in .npz, got {os.fspath(path)!r}")
