"""What an experiment is expected to show, checked on its records."""
from dataclasses import asdict, dataclass

from buffon.experiments._comparison import best_known, ratio


@dataclass(frozen=True)
class Claim:
    """A bound on a measured figure, or on the ratio C(against) / C(arm) of two criteria.

    The figure comes with a 95 % interval. A claim fails when the whole interval is beyond the bound; one that is ``sure``
    already when part of it is.
    """

    text: str
    arm: str
    case: str | None = None      # None: every case
    measure: str = "criterion"   # a figure of the records; those without it are passed over
    against: str | None = None
    at_least: float = -float("inf")
    at_most: float = float("inf")
    sure: bool = False
    small: bool = True           # holds at other budgets than the default, too


def check(claims, records, config):
    """Records of kind "claim": text, measured figure with interval, bounds, and whether it holds.

    Those that are about the default size are left out for a config of another, and those against an arm that was not run.
    """
    small = _size(config) != _size(type(config)())
    criteria = {(r["case"], r["arm"]): r for r in records if r["kind"] in ("criterion", "coverage")}
    return [_check(claim, case, criteria) for claim in claims if claim.small or not small
            for (case, arm), record in criteria.items()
            if arm == claim.arm and claim.case in (None, case)
            and ((case, claim.against) in criteria if claim.against else record.get(claim.measure) is not None)]


def _size(config):
    free = ("rng", "threads", "estimators", "cases", "processes", "device")
    return {key: value for key, value in asdict(config).items() if key not in free and "repetitions" not in key}


def _check(claim, case, criteria):
    value, low, high = _measured(claim, case, criteria)
    near, far = (low, high) if claim.sure else (high, low)
    return {"kind": "claim", "case": case, "arm": claim.arm, "claim": claim.text, "measured": value, "low": low, "high": high,
            "at_least": None if claim.at_least == -float("inf") else claim.at_least,
            "at_most": None if claim.at_most == float("inf") else claim.at_most,
            "holds": bool(near >= claim.at_least and far <= claim.at_most)}


def _measured(claim, case, criteria):
    record = criteria[case, claim.arm]
    if claim.against:
        return ratio(best_known(criteria[case, claim.against]), best_known(record))
    value, error = record[claim.measure], record.get(f"{claim.measure}_se", 0.0)
    low, high = (record.get(f"{claim.measure}_{end}") for end in ("low", "high"))
    return (value, value - 2 * error, value + 2 * error) if low is None else (value, low, high)
