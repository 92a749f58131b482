/// Denoising MCMC in Python: the sampler, what its chains tell, and one step of them.
#include "diffusion.hpp"
#include "path.hpp"
#include "pickled.hpp"

#include <buffon/counted.hpp>
#include <buffon/diffusion/langevin_gibbs.hpp>
#include <buffon/evaluation.hpp>

#include <pybind11/stl.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace py = pybind11;
using namespace buffon::diffusion;

namespace binder {

template <>
inline constexpr const char* argument_name<ChainModel> = "model";

template <>
struct Converter<ChainModel> {
    static ChainModel from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<GaussianMixture>(v)) return v.cast<const GaussianMixture&>();
        if (py::isinstance<Empirical>(v)) return v.cast<const Empirical&>();
        return to_denoiser(v, f + ": " + n);
    }
};

template <>
struct Converter<std::optional<Table>> {
    static std::string name() { return "Table or None"; }
    static py::object to(const std::optional<Table>&) { return py::none(); }
    static std::optional<Table> from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return {};
        return Converter<Table>::from(v, f, n);
    }
};

/// A word, or anything with `levels` and `log_probabilities(x)`.
template <>
struct Converter<SigmaLaw> {
    using Rule = Converter<SigmaRule>;
    static std::string name() { return Rule::name() + " or a noise classifier"; }
    static py::object to(const SigmaLaw& v) { return Rule::to(std::get<SigmaRule>(v)); }
    static SigmaLaw from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<py::str>(v)) return Rule::from(v, f, n);
        if (!py::hasattr(v, "levels") || !py::hasattr(v, "log_probabilities")) wrong_type(f, n, name(), v);
        NoiseClassifier out;
        out.levels = to_vector(v.attr("levels"), f + ": " + n + ".levels");
        bool rising = out.levels.size() >= 2 && out.levels.front() > 0;
        for (std::size_t j = 1; j < out.levels.size(); ++j) rising = rising && out.levels[j - 1] < out.levels[j];
        if (!rising) throw py::value_error(f + ": " + n + ".levels must be at least two positive numbers that rise");
        out.log_probabilities = [call = Callable(v.attr("log_probabilities")), f](buffon::ConstView x, buffon::View to) {
            const py::gil_scoped_acquire gil;
            const Array answer = to_array((*call)(from_view(x)), f + ": the classifier's answer");
            if (answer.ndim() != 2 || answer.shape(0) != to.rows || answer.shape(1) != to.cols)
                throw py::value_error(f + ": the classifier must return (n, levels) = (" + std::to_string(to.rows) +
                                      ", " + std::to_string(to.cols) + "), got " + shape_text(answer));
            std::copy_n(answer.data(), answer.size(), to.data);
        };
        return out;
    }

private:
    static py::array_t<double> from_view(buffon::ConstView x) { return py::array_t<double>({x.rows, x.cols}, x.data); }
};

template <>
struct Kept<SigmaPrior> : OfMembers<SigmaPrior, &SigmaPrior::levels, &SigmaPrior::weights> {};
template <>
struct Kept<ChainTraces> : OfMembers<ChainTraces, &ChainTraces::log_sigma, &ChainTraces::first, &ChainTraces::log_density,
                                     &ChainTraces::modes, &ChainTraces::prior> {};

}  // namespace binder

namespace buffon::diffusion {

void prepare(LangevinGibbsOptions& options) { options.progress = interruptible(options.progress); }

}  // namespace buffon::diffusion

namespace {

py::dict summary_of(const ChainTraces& traces) {
    py::dict out;
    for (const auto& [name, s] : summarise(traces)) {
        py::dict row;
        row["mean"] = s.mean;
        row["sd"] = s.sd;
        row["std_error"] = s.std_error;
        row["ess_bulk"] = s.ess_bulk;
        row["ess_tail"] = s.ess_tail;
        row["r_hat"] = s.r_hat;
        out[py::str(name)] = row;
    }
    return out;
}

py::dict traces_of(const ChainTraces& t) {
    py::dict out;
    out["log sigma"] = binder::from_matrix(t.log_sigma);
    out["x1"] = binder::from_matrix(t.first);
    if (t.log_density.rows > 0) out["log density"] = binder::from_matrix(t.log_density);
    if (t.modes.cols > 0) out["modes"] = py::array_t<double>({t.chains(), t.steps(), t.modes.cols}, t.modes.data.data());
    return out;
}

py::dict info_of(const ChainStep& step) {
    py::dict out;
    out["evaluations"] = step.evaluations;
    out["proposed"] = step.proposed;
    out["accepted"] = step.accepted;
    out["restarted"] = step.restarted;
    return out;
}

void bind_draws(py::module_& m) {
    py::class_<LangevinGibbsDraws, Draws> c(
        m, "LangevinGibbsDraws",
        R"(Samples of a Denoising MCMC run and the chains that they come from: what ``langevin_gibbs`` returns.

It is Draws, too: ``parts`` counts the evaluations of start (with burn-in), chain, denoise and final. ``save`` writes Draws, the samples
without the chains; a pickle has all.)");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly(
        "levels", [](const LangevinGibbsDraws& d) { return binder::from_vector(d.levels); },
        "Noise level from which each sample was denoised, shape (n,).");
    c.def_property_readonly(
        "grid", [](const LangevinGibbsDraws& d) { return binder::from_vector(d.prior.levels); },
        "Levels of sigma between which the chains moved, rising.");
    c.def_property_readonly(
        "prior", [](const LangevinGibbsDraws& d) { return binder::from_vector(d.prior.weights); },
        "Weights of these levels by which sigma was drawn: those of ``prior``, or what ``adapt`` made of them. Pass "
        "them as ``prior`` to go on.");
    c.def_property_readonly(
        "traces", [](const LangevinGibbsDraws& d) { return traces_of(d.traces); },
        "Traces of every step after burn-in, a dict: 'log sigma', 'x1' and, of exact models, 'log density' (chains, "
        "steps), 'modes' (chains, steps, modes): P(mode | x).");
    c.def_property_readonly(
        "state", [](const LangevinGibbsDraws& d) { return d.state; },
        "Where the chains stand, a ChainState: pass its x and sigma as x and level, with burn_in=0, to go on.");
    c.def_property_readonly("acceptance", &LangevinGibbsDraws::acceptance,
                            "Share of the Langevin steps that were accepted; 1 without metropolis.");
    c.def_readonly("restarted", &LangevinGibbsDraws::restarted,
                   "Times that a chain was no longer finite and went back to its start.");
    c.def_property_readonly(
        "round_trips", [](const LangevinGibbsDraws& d) { return round_trips(d.traces); },
        "Times that chains went from the lowest quarter of sigma's law to the highest and back, all together.");
    c.def_property_readonly(
        "mode_switches", [](const LangevinGibbsDraws& d) { return mode_switches(d.traces); },
        "Share of the steps after which another mode is the most probable one.");
    c.def("summary", [](const LangevinGibbsDraws& d) { return summary_of(d.traces); },
          R"(Mean, sd, std_error (MCSE), ess_bulk, ess_tail and r_hat of each trace and mode, a dict of dicts.

R-hat is the rank-normalised, folded split one of Vehtari et al. (2021); below 1.01 chains may be taken for mixed.)");
    c.def(
        "mode_masses", [](const LangevinGibbsDraws& d) { return mode_masses(d.traces); },
        R"(Masses of the modes from every state of the chains, without denoising.

P(mode | x) has the mode's mass for mean at every noise level, so the mean over all states estimates it without an evaluation.

Returns
-------
Estimate
    One value per component of a mixture, or class of a data set; joint covariance from means of whole chains (of parts, where there
    are fewer than 30). It warns where chains disagree, or have made less than a round trip each.

Raises
------
ValueError
    If the model knows no modes.)");
    c.def(
        "flatness", [](const LangevinGibbsDraws& d, std::int64_t bins) { return flatness(d.traces, bins); },
        py::arg("bins") = 10,
        R"(How often chains visit ranges of sigma that are equally probable in the law that was asked for, less that probability.

Returns
-------
Estimate
    ``bins`` values around 0. Many errors away from it, sigma has another law: steps are too large, or sigma given x is not exact.)");
    c.def("__repr__", [](const LangevinGibbsDraws& d) {
        return "LangevinGibbsDraws(n=" + std::to_string(d.x.rows) + ", d=" + std::to_string(d.x.cols) +
               ", chains=" + std::to_string(d.traces.chains()) + "): " + buffon::counted(d.evaluations(), "evaluation") + ", " +
               std::to_string(d.evaluations() / d.x.rows) + " per sample; samples in .x, chains in .summary()";
    });
    using D = LangevinGibbsDraws;
    binder::def_pickle<&D::x, &D::parts, &D::trajectory, &D::times, &D::rng_key, &D::single, &D::traces, &D::levels, &D::prior,
                       &D::state, &D::proposed, &D::accepted, &D::restarted>(c);
}

void bind_kernel(py::module_& m) {
    py::class_<ChainState> state(m, "ChainState", "Chains on (x, sigma), side by side. Immutable; a step returns a new one.");
    state.attr("__module__") = "buffon.diffusion";
    state.def_property_readonly(
        "x", [](const ChainState& s) { return binder::from_matrix(s.x); }, "x0 + sigma eps, shape (chains, d).");
    state.def_property_readonly(
        "sigma", [](const ChainState& s) { return binder::from_vector(s.sigma); },
        "Noise level of each chain, shape (chains,).");
    state.def_readonly("steps", &ChainState::steps,
                       "Steps since the start: what a step draws depends on the key and this number.");
    using S = ChainState;
    binder::def_pickle<&S::x, &S::sigma, &S::steps, &S::first_x, &S::first_sigma>(state);

    py::class_<ChainKernel> c(
        m, "ChainKernel", py::dynamic_attr(), "One step of Denoising MCMC, with its options: what ``chain_kernel`` returns. Immutable.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly(
        "levels", [](const ChainKernel& k) { return binder::from_vector(k.prior().levels); },
        "Levels of sigma, rising.");
    c.def(
        "init",
        [](const ChainKernel& k, const py::object& x, const py::object& level) {
            return k.start(binder::to_points(x, "ChainKernel.init: x"),
                           binder::Converter<OneOrMany<double>>::from(level, "ChainKernel.init", "level").values);
        },
        py::arg("x"), py::arg("level"),
        "ChainState of chains at x (chains, d), with their level, one or one per chain.");
    c.def(
        "step",
        [](const ChainKernel& k, const ChainState& from, const py::object& rng) {
            const auto key = binder::Converter<std::optional<std::uint64_t>>::from(rng, "ChainKernel.step", "rng");
            ChainState to = from;
            ChainStep info;
            {
                const py::gil_scoped_release release;
                info = k.step(to, key ? *key : buffon::fresh_key());
            }
            return py::make_tuple(std::move(to), info_of(info));
        },
        py::arg("state"), py::arg("rng") = py::none(),
        R"(The state a step later, and a dict of what happened: evaluations, proposed, accepted, restarted.

Same key, same numbers; steps of one chain take numbers of their own from one key.)");
}

}  // namespace

void bind_langevin_gibbs(py::module_& m) {
    bind_kernel(m);
    bind_draws(m);
    binder::bind(m, "chain_kernel", &chain_kernel);
    binder::bind(m, "langevin_gibbs", &langevin_gibbs);
    m.def("_rng_key", [](const py::object& rng) {   // of functions that are written in Python
        const auto key = binder::Converter<std::optional<std::uint64_t>>::from(rng, "rng", "rng");
        return key ? *key : buffon::fresh_key();
    });
}
