"""Every solver on exact problems: its errors beside those of an independent implementation, its order beside what it declares.

VP(0.1, 20) from t = 1 to 1e-3 on equal steps in lambda. One Gaussian: root mean square over 64 starts; five modes in the plane
and eight in 16 dimensions: median over 128 starts of each one's root mean square, which shows the order where a mean is ruled by
the few starts beside a basin's boundary. Nothing is random. Orders are of Gaussian data, where errors are exact, as least-squares
slopes over the asymptotic numbers of steps up to 1,280: from the noise end, and from t = 0.3 to 0.02, where the first steps of a
multistep method count. The control is DDIM, of order 1.
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._exact_flows import errors, exact_end, g1, g2, g16, made, starts
from buffon.experiments._report import Table, new_figure, save, short

# Errors of an independent implementation: one Gaussian at 10, 40, 160 steps, five modes and eight modes at 10, 40.
KNOWN = {
    "ddim()": (6.105e-02, 1.665e-02, 4.256e-03, 1.360e-01, 3.060e-02, 9.190e-02, 2.220e-02),
    "deis(method=tab,order=1)": (3.754e-02, 3.717e-03, 2.628e-04, 4.170e-02, 3.840e-03, 3.810e-02, 3.810e-03),
    "deis(method=tab,order=2)": (2.785e-02, 1.169e-03, 2.333e-05, 1.580e-02, 9.500e-04, 3.000e-02, 1.180e-03),
    "deis(method=tab,order=3)": (2.207e-02, 4.430e-04, 2.559e-06, 2.060e-02, 5.420e-04, 2.570e-02, 4.810e-04),
    "deis(method=rhoab,order=1)": (4.236e-02, 4.277e-03, 3.065e-04, 7.910e-02, 7.150e-03, 5.570e-02, 5.650e-03),
    "deis(method=rhoab,order=2)": (3.720e-02, 1.717e-03, 3.644e-05, 6.650e-02, 3.050e-03, 4.810e-02, 2.430e-03),
    "deis(method=rhoab,order=3)": (3.543e-02, 8.938e-04, 6.012e-06, 6.250e-02, 1.660e-03, 4.560e-02, 1.360e-03),
    "deis(method=rhork,tableau=kutta)": (3.955e-04, 3.383e-05, 6.154e-07, 1.460e-02, 1.780e-04, 9.620e-03, 1.160e-04),
    "deis(method=rhork,tableau=rk4)": (2.100e-03, 8.379e-06, 3.224e-08, 5.710e-03, 1.820e-05, 3.050e-03, 1.140e-05),
    "dpm(method=singlestep,order=2)": (1.915e-02, 1.069e-03, 6.485e-05, 5.370e-02, 2.210e-03, 2.990e-02, 1.350e-03),
    "dpm(method=singlestep,order=3)": (5.692e-04, 5.639e-06, 7.599e-08, 7.650e-03, 3.230e-05, 6.530e-03, 1.640e-05),
    "dpmpp(method=singlestep,order=2)": (1.335e-02, 9.835e-04, 6.355e-05, 2.100e-02, 1.570e-03, 1.750e-02, 1.320e-03),
    "dpmpp(method=singlestep,order=3)": (6.798e-05, 3.563e-06, 6.734e-08, 2.910e-03, 2.350e-05, 3.090e-03, 2.610e-05),
    "dpmpp(order=2,lower_order_final=False)": (
        8.168e-03,
        9.984e-04,
        6.371e-05,
        7.450e-02,
        3.110e-03,
        4.390e-02,
        1.640e-03,
    ),
    "dpmpp(order=2,second=taylor,lower_order_final=False)": (
        2.365e-02,
        1.775e-03,
        1.078e-04,
        1.190e-01,
        4.380e-03,
        6.880e-02,
        2.490e-03,
    ),
    "dpmpp(order=3,third=legacy,lower_order_final=False)": (
        2.187e-02,
        4.043e-04,
        2.183e-05,
        1.910e-02,
        5.340e-04,
        3.870e-02,
        5.800e-04,
    ),
    "dpmpp(order=3,lower_order_final=False)": (
        2.119e-02,
        5.582e-05,
        2.506e-07,
        4.240e-02,
        9.800e-04,
        6.730e-02,
        8.610e-04,
    ),
    "dpm(order=2,lower_order_final=False)": (
        1.434e-02,
        1.018e-03,
        6.454e-05,
        1.260e-02,
        1.220e-03,
        1.490e-02,
        1.360e-03,
    ),
    "dpm(order=3,lower_order_final=False)": (
        5.629e-03,
        4.156e-05,
        1.690e-07,
        7.760e-03,
        4.710e-04,
        9.580e-03,
        5.610e-04,
    ),
    "unipc(order=1,lower_order_final=False)": (
        3.945e-02,
        3.047e-03,
        1.929e-04,
        6.790e-02,
        4.840e-03,
        4.870e-02,
        3.940e-03,
    ),
    "unipc(order=2,lower_order_final=False)": (
        1.285e-02,
        3.206e-04,
        5.142e-06,
        4.750e-02,
        4.850e-04,
        2.210e-02,
        5.540e-04,
    ),
    "unipc(order=3,lower_order_final=False)": (
        8.707e-03,
        2.034e-05,
        1.446e-07,
        6.710e-02,
        1.320e-04,
        6.490e-02,
        9.490e-05,
    ),
    "unipc(order=2,prediction=noise,lower_order_final=False)": (
        1.645e-02,
        3.248e-04,
        5.171e-06,
        1.590e-02,
        3.500e-04,
        2.130e-02,
        5.200e-04,
    ),
    "unipc(order=3,prediction=noise,lower_order_final=False)": (
        9.742e-03,
        5.359e-05,
        1.764e-07,
        1.280e-02,
        9.750e-05,
        2.020e-02,
        1.190e-04,
    ),
    "heun()": (4.275e-02, 2.188e-03, 1.305e-04, 1.030e-01, 4.250e-03, 6.380e-02, 2.660e-03),
    "pndm()": (1.434e-02, 1.018e-03, 6.453e-05, 1.250e-02, 1.220e-03, 1.490e-02, 1.360e-03),
    "fpndm()": (1.162e-02, 7.198e-04, 4.296e-05, 1.700e-02, 1.100e-03, 1.600e-02, 8.340e-04),
    "fpndm(warmup=multistep)": (1.152e-02, 7.197e-04, 4.296e-05, 1.510e-02, 1.100e-03, 1.560e-02, 8.340e-04),
}

# The other registered solvers, and options of them, by their orders alone: these have no such errors to compare with.
OTHERS = (
    "ancestral()",
    "dc(lower_order_final=False)",
    "ddpm(variance=posterior)",
    "ddpm(variance=large)",
    "dpm_v3(lower_order_final=False)",
    "dpmpp(sde=True,order=1)",
    "dpmpp(sde=True,order=2)",
    "euler()",
    "euler_maruyama()",
    "lms()",
    "mrs(order=1)",
    "mrs(order=2)",
    "mrs(order=3)",
    "posterior_mr()",
    "probability_flow()",
    "reverse_diffusion()",
    "unipc(order=4,lower_order_final=False)",
)

STEPS = {"one Gaussian": (10, 40, 160), "five modes": (10, 40), "eight modes": (10, 40)}
CASES = [f"{problem}, {n} steps" for problem, steps in STEPS.items() for n in steps]
CONTROL = "ddim()"

EXPECTED = (
    *(
        Claim(f"error of {solver}", solver, case, "error", at_least=0.99 * value, at_most=1.01 * value)
        for solver, values in KNOWN.items()
        for case, value in zip(CASES, values, strict=True)
    ),
    *(
        Claim(
            f"order of {solver} beside the declared one, from the {end}",
            solver,
            f"order from the {end}",
            "excess",
            at_least=-0.25,
        )
        for solver in (*KNOWN, *OTHERS)
        for end in ("noise end", "middle")
    ),
    Claim(
        "third order is far ahead of DDIM",
        "unipc(order=3,lower_order_final=False)",
        "eight modes, 40 steps",
        "gain",
        at_least=100,
    ),
)


@dataclass(frozen=True)
class Config:
    """``solvers`` of the table (0: all)."""

    solvers: int = 0

    @classmethod
    def small(cls):
        """All: it takes seconds."""
        return cls()


def run(config, progress=None):
    """One record per solver and case."""
    solvers = list(KNOWN)[: config.solvers or None]
    records, schedule, done = [], bd.VP(), 0
    for (problem, steps), model in zip(STEPS.items(), (g1(), g2(), g16()), strict=True):
        x = starts(64 if model.dim == 1 else 128, model.dim)
        exact = exact_end(model, schedule, x)
        for solver in solvers:
            for n in steps:
                table = made(solver, schedule, steps=n)
                each = errors(model, table, x, exact)
                error = float(np.sqrt((each**2).mean()) if model.dim == 1 else np.median(each))
                records.append(
                    {
                        "kind": "criterion",
                        "case": f"{problem}, {n} steps",
                        "arm": solver,
                        "role": _role(solver),
                        "error": error,
                        "evaluations": table.evaluations,
                    }
                )
            done += 1
            if progress:
                progress(done, 3 * len(solvers))
    for record in records:
        reference = next(r for r in records if (r["case"], r["arm"]) == (record["case"], CONTROL))
        record["gain"] = reference["error"] / record["error"]
    others = OTHERS if not config.solvers else ()
    return records + [_order(solver, end, schedule) for solver in (*solvers, *others) for end in ("noise end", "middle")]


def tables(records):
    """What `buffon run` prints."""
    arms = list(dict.fromkeys(r["arm"] for r in records))
    cell = {(r["arm"], r["case"]): r for r in records}
    rows = [[arm, *(short(cell[arm, case]["error"]) for case in CASES)] for arm in arms if (arm, CASES[0]) in cell]
    ends = [f"order from the {end}" for end in ("noise end", "middle")]
    orders = [[arm, *(text for end in ends for text in _measured(cell[arm, end]))] for arm in arms]
    return [
        Table("Errors", ["", *CASES], rows),
        Table("Orders", ["", *(text for end in ends for text in (end, "declared"))], orders),
    ]


def _measured(record):
    low, high = record["interval"]
    return f"{record['order']:.2f} ({low:.2f} ... {high:.2f})", f"{record['declared']:g}"


def picture(records, path):
    """Errors of the Gaussian over evaluations, the solvers whose errors span the rest."""
    figure, (ax,) = new_figure(1, (5.5, 4))
    shown = [
        CONTROL,
        *(s for s in dict.fromkeys(r["arm"] for r in records) if s.startswith(("unipc", "deis", "fpndm()", "heun"))),
    ][:12]
    for i, solver in enumerate(shown):
        rows = [r for r in records if r["arm"] == solver and r["case"].startswith("one Gaussian")]
        ax.loglog(
            [r["evaluations"] for r in rows],
            [r["error"] for r in rows],
            marker="o",
            markersize=3,
            lw=0.8,
            color=f"C{i % 10}",
            ls="-" if i < 10 else "--",
            label=solver.replace(",lower_order_final=False", ""),
        )
    ax.set_xlabel("evaluations")
    ax.set_ylabel("error, one Gaussian")
    ax.legend(frameon=False, fontsize=5)
    save(figure, path)


def _role(solver):
    return "control" if solver == CONTROL else "method"


def _order(solver, end, schedule):
    middle = {"t_start": 0.3, "t_end": 0.02} if end == "middle" else {}
    table = made(solver, schedule, steps=10, **middle)
    report = bd.order_report(table, steps=[40, 80, 160, 320, 640, 1280])
    return {"kind": "criterion", "case": f"order from the {end}", "arm": solver, "role": _role(solver), "order": report.order,
            "interval": report.interval, "declared": report.declared, "excess": report.order - report.declared}
