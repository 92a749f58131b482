"""The 1,797 handwritten digits of scikit-learn, 8 x 8 pixels, and how far samples are from them."""
import numpy as np

from buffon._extras import needed

SIDE = 8


def images(who, rng):
    """Grey values from -1 to 1 in the order of this key, (1797, 64); ``who`` asks, should scikit-learn be missing."""
    pixels = needed("sklearn.datasets", who, "pictures").load_digits().data / 8 - 1
    return pixels[np.random.default_rng(rng).permutation(len(pixels))]


def classes(who, rng):
    """The digit that each of these images shows, (1797,)."""
    digits = needed("sklearn.datasets", who, "pictures").load_digits().target
    return digits[np.random.default_rng(rng).permutation(len(digits))]


def distances(x, y):
    """Euclidean distances of all pairs of rows, (n, m)."""
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))


class Energy:
    """Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of the laws of two samples, unbiased: 0 where they are equal.

    ``of_x`` (n,) and ``of_y`` (m,) are the rows' first-order parts: the standard error is that of their means. Where the laws are
    equal these parts vanish, and the error is too large rather than too small. Two distances from one y are paired by row.
    """

    def __init__(self, x, y):
        across, n, m = distances(x, y), len(x), len(y)
        self.of_x = 2 * (across.mean(axis=1) - distances(x, x).sum(axis=1) / (n - 1))
        self.of_y = 2 * (across.mean(axis=0) - distances(y, y).sum(axis=1) / (m - 1))
        self.value = float(self.of_x.mean() / 2 + self.of_y.mean() / 2)
        self.error = _error(self.of_x, self.of_y)

    def beyond(self, other):
        """By how much it is larger than that of another sample with the same y and paired rows: value and standard error."""
        return self.value - other.value, _error(self.of_x - other.of_x, self.of_y - other.of_y)


def _error(*parts):
    return float(np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts)))
