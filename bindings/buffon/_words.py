"""Numbers of things in words."""


def counted(n, noun):
    """"1 row", "20,000 rows"."""
    return f"{n:,} {noun}{'s' * (n != 1)}"


def spent(estimate):
    """What an estimate's ``n`` counts, with the number: evaluations of the model, or what its diagnostics name."""
    return counted(estimate.n, estimate.diagnostics.get("counted", "evaluations").removesuffix("s"))
