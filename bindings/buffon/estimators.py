"""The estimators: summary, Returns, References and Examples of each; keywords are described in C++, once."""
from buffon._surface import function

_DOCS = {
    "plain": (
        """
        Plain Monte Carlo: the mean over independent draws of the inputs.
        """,
        """
        Returns
        -------
        Estimate
            ``value`` (m,), ``covariance`` (m, m) of the estimates: sample covariance / n. Unbiased.

        Raises
        ------
        ValueError
            If ``budget`` is smaller than 2.
        ModelError
            If the model fails; ``error.partial`` is the estimate from the finished batches.

        References
        ----------
        Metropolis, Ulam, "The Monte Carlo method", J. Am. Stat. Assoc. 44 (1949).

        Examples
        --------
        >>> import buffon as bf
        >>> problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal())
        >>> bf.plain(problem, budget=100_000, rng=1)
        """,
    ),
}

for _name, (_summary, _rest) in _DOCS.items():
    globals()[_name] = function(_name, _summary, _rest)

__all__ = sorted(_DOCS)
