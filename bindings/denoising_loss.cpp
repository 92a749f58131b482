/// The denoising loss in Python, and levels for training loops. No arithmetic.
#include <buffon/diffusion/denoising_loss.hpp>
#include <buffon/diffusion/loss_levels.hpp>

#include "diffusion.hpp"
#include "pickled.hpp"
#include "rng.hpp"

namespace py = pybind11;
using namespace buffon::diffusion;

namespace buffon::diffusion {

void prepare(DenoisingLossOptions& options) { options.progress = interruptible(options.progress); }

}  // namespace buffon::diffusion

namespace {

py::tuple draw(const LossLevels& levels, std::int64_t n, py::object rng, std::int64_t index, bool independent) {
    const auto found = levels.draw(n, {rng_key(rng, "LossLevels.draw: "), 0}, index, independent);
    return py::make_tuple(binder::from_vector(found.sigma), binder::from_vector(found.weight));
}

}  // namespace

void bind_denoising_loss(py::module_& m) {
    py::class_<LossLevels> c(
        m, "LossLevels",
        R"doc(Noise levels for a denoising loss, drawn where squares of its terms are large: for training loops.

The loss is a mean over log sigma, uniform between two levels. ``draw`` gives levels with weights, whose weighted mean is that loss
whatever the density; ``learn`` is told the terms and moves the density to the root of their mean squares, bin by bin.

Parameters
----------
low, high : float
    Lowest and highest level.
bins : int
    Equal bins of log sigma in which the density is constant.
floor : float
    Share of the levels that is spread evenly: no weight is above 1 / floor.
memory : float
    What is kept of a bin's mean square when it is told new terms.

Examples
--------
>>> from buffon import diffusion as bd
>>> levels = bd.LossLevels(0.01, 20)
>>> for step in range(20):
...     sigma, weight = levels.draw(256, rng=1, index=step)
...     loss = 1 / (1 + sigma**2)            # of each row: what a training step would find
...     levels.learn(sigma, loss)
>>> bool(levels.mass[0] > 3 * levels.mass[-1])   # high levels tell little
True
)doc");
    c.attr("__module__") = "buffon.diffusion";
    c.def(py::init<double, double, std::int64_t, double, double>(), py::arg("low"), py::arg("high"), py::kw_only(),
          py::arg("bins") = 40, py::arg("floor") = 0.1, py::arg("memory") = 0.9);
    c.def("draw", &draw, py::arg("n"), py::kw_only(), py::arg("rng") = py::none(), py::arg("index") = 0,
          py::arg("independent") = false,
          "(sigma, weight), each (n,): one lattice in the cumulative density, shifted at random, or independent "
          "levels. ``index``: number of the draw "
          "under one key, as that of a training step. rng None draws a fresh key.");
    c.def("learn", [](LossLevels& levels, py::handle sigma, py::handle loss) {
        levels.learn(binder::to_vector(sigma, "LossLevels.learn: sigma"), binder::to_vector(loss, "LossLevels.learn: loss"));
    }, py::arg("sigma"), py::arg("loss"), "Terms (n,) at levels (n,), without their weights.");
    c.def_property_readonly(
        "mass", [](const LossLevels& l) { return binder::from_vector(l.mass()); },
        "Probability of each bin, shape (bins,).");
    c.def_property_readonly(
        "mean_square", [](const LossLevels& l) { return binder::from_vector(l.mean_square()); },
        "Mean squares of the terms, shape (bins,).");
    using Learnt = binder::OfMembers<LossLevels::Learnt, &LossLevels::Learnt::mass, &LossLevels::Learnt::mean_square,
                                     &LossLevels::Learnt::seen>;
    c.def(py::pickle(
        [](const LossLevels& l) {
            return py::make_tuple(l.low(), l.high(), l.bins(), l.floor(), l.memory(), Learnt::to(l.learnt()));
        },
        [](const py::tuple& s) {
            LossLevels levels(s[0].cast<double>(), s[1].cast<double>(), s[2].cast<std::int64_t>(), s[3].cast<double>(),
                              s[4].cast<double>());
            levels.go_on_from(Learnt::from(s[5]));
            return levels;
        }));
    binder::bind(m, "denoising_loss", &denoising_loss);
}
