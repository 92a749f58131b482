#include <buffon/diffusion/exposure_profile.hpp>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iterator>
#include <set>
#include <sstream>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/diffusion/exposure_run.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/squared_interval.hpp>
#include <buffon/text.hpp>

namespace buffon::diffusion {
namespace {

using Place = ExposureProfile::Place;

const std::vector<double> levels_of_bounds{0.5, 0.8, 0.9, 0.95, 0.99, 0.999};

void check(const DenoiserOfData& model, const Samplers& samplers, const ExposureProfileOptions& options) {
    const std::string f = "exposure_profile";
    require(!samplers.all.empty(), f, ": tables must hold at least one table");
    require(options.n >= 8, f, ": n must be at least 8, got ", options.n);
    require(options.chain >= 0, f, ": chain must not be negative, got ", options.chain);
    require(!options.batch || *options.batch >= 1, f, ": batch must be at least 1, got ", options.batch.value_or(1));
    require(options.threads >= 0, f, ": threads must not be negative, got ", options.threads);
    for (const std::string& name : options.quantities)
        require(std::ranges::count(exposure_quantities(), name) == 1, f, ": there is no quantity '", name, "'",
                keyword_suggestion(name, exposure_quantities()));
    const std::int64_t d = model.denoiser.dim();
    require(!options.data || (options.data->cols == d && options.data->rows >= 2), f, ": data must have shape (m, ", d,
            "), m at least 2");
    require(!options.exact || options.exact->denoiser.dim() == d, f, ": exact must have the model's ", d, " coordinates, got ",
            options.exact ? options.exact->denoiser.dim() : d);
    require(options.data || (options.exact && options.exact->law) || model.law, f,
            ": data must be given, rows (m, d), or exact=bd.Empirical(rows): the model does not know its data");
    for (const Sampler& s : samplers.all) {
        require(!s.model || s.model->dim() == d, f, ": all denoisers must have the model's ", d, " coordinates");
        require(!s.table.adaptive, f, ": ", s.table.name,
                " chooses its steps by its tolerances, so that states of different rows belong to no common node");
        require(!s.table.pooled(), f, ": ", s.table.name, " takes norms over all samples, whose rows are not independent");
        require(!std::holds_alternative<MeanReverting>(s.table.schedule.law()), f, ": not of a mean-reverting schedule");
        require(!s.table.grid.reversed, f, ": tables must run from noise to data");
    }
}

std::vector<std::string> names_of(const Samplers& samplers) {
    std::vector<std::string> names;
    for (const Sampler& s : samplers.all) {
        const std::string name = s.name.empty() ? s.table.name : s.name;
        std::string own = name;
        for (int k = 2; std::ranges::count(names, own) > 0; ++k) own = name + " " + std::to_string(k);
        names.push_back(own);
    }
    return names;
}

std::string at_time(double t) {
    std::ostringstream out;
    out << std::setprecision(4) << "t=" << t;
    return out.str();
}

/// The estimate of figures from the same rows.
Estimate together(const std::vector<Figure>& figures) {
    const auto m = static_cast<std::int64_t>(figures.size());
    Estimate e;
    e.covariance = Matrix(m, m);
    for (std::int64_t i = 0; i < m; ++i) {
        const Figure& a = figures[static_cast<std::size_t>(i)];
        const auto n = static_cast<double>(a.rows.size());
        e.value.push_back(a.value);
        for (std::int64_t j = 0; j <= i; ++j) {
            const Figure& b = figures[static_cast<std::size_t>(j)];
            double sum = 0.0;
            for (std::size_t k = 0; k < a.rows.size(); ++k) sum += a.rows[k] * b.rows[k];
            e.covariance(i, j) = e.covariance(j, i) = sum / (n * (n - 1));
        }
    }
    if (m == 0 || !figures[0].squared) return e;
    const auto levels = static_cast<std::int64_t>(levels_of_bounds.size());
    e.bounds = {levels_of_bounds, Matrix(m, levels), Matrix(m, levels)};
    for (std::int64_t i = 0; i < m; ++i)
        for (std::int64_t l = 0; l < levels; ++l) {
            const Figure& a = figures[static_cast<std::size_t>(i)];
            const auto ends = squared_interval(a.raw, a.bias, a.variance(), levels_of_bounds[static_cast<std::size_t>(l)]);
            e.bounds.low(i, l) = ends.first;
            e.bounds.high(i, l) = ends.second;
        }
    return e;
}

/// Some values of an estimate.
Estimate selected(const Estimate& all, const std::vector<std::size_t>& which) {
    const auto m = static_cast<std::int64_t>(which.size());
    Estimate e;
    e.n = all.n;
    e.rng_key = all.rng_key;
    e.covariance = Matrix(m, m);
    e.bounds.levels = all.bounds.levels;
    const auto levels = static_cast<std::int64_t>(e.bounds.levels.size());
    e.bounds.low = e.bounds.high = Matrix(levels > 0 ? m : 0, levels);
    for (std::int64_t i = 0; i < m; ++i) {
        const std::size_t from = which[static_cast<std::size_t>(i)];
        const auto row = static_cast<std::int64_t>(from);
        e.value.push_back(all.value[from]);
        e.names.push_back(all.names[from]);
        for (std::int64_t j = 0; j < m; ++j)
            e.covariance(i, j) = all.covariance(row, static_cast<std::int64_t>(which[static_cast<std::size_t>(j)]));
        for (std::int64_t l = 0; l < levels; ++l) {
            e.bounds.low(i, l) = all.bounds.low(row, l);
            e.bounds.high(i, l) = all.bounds.high(row, l);
        }
    }
    return e;
}

}  // namespace

const std::vector<std::string>& exposure_quantities() {
    static const std::vector<std::string> names{"variance_ratio",   "moment_ratio",  "mean_shift",   "energy",
                                                "frechet",          "noise_ratio",   "delta_single", "delta_multi",
                                                "prediction_error", "forward_error", "time_offset"};
    return names;
}

ExposureProfile exposure_profile(const DenoiserOfData& model, const Samplers& samplers, const ExposureProfileOptions& options) {
    check(model, samplers, options);
    ExposureProfile out;
    out.samplers = names_of(samplers);
    out.rng_key = options.rng ? *options.rng : fresh_key();
    ExposureRun run(model, options, out.rng_key);
    std::int64_t done = 0, total = 0;
    for (const Sampler& s : samplers.all) total += s.table.steps();
    for (std::size_t s = 0; s < samplers.all.size(); ++s) {
        out.times.push_back(samplers.all[s].table.nodes.t);
        out.levels.push_back(samplers.all[s].table.nodes.rho);
        run.add(s, out.samplers[s], samplers.all[s], [&] {
            if (options.progress) options.progress(++done, total, {});
        });
    }
    out.notes = run.notes();
    out.evaluations = run.evaluations();
    for (const auto& [name, figures] : run.figures()) {
        ExposureProfile::Measured& measured = out.measured[name];
        measured.estimate = together(figures.figures);
        measured.places = figures.places;
        measured.estimate.n = out.evaluations;
        measured.estimate.rng_key = out.rng_key;
        for (const Place& p : figures.places)
            measured.estimate.names.push_back(out.samplers[p.sampler] + " " + at_time(out.times[p.sampler][p.node]));
    }
    return out;
}

const ExposureProfile::Measured& ExposureProfile::quantity(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& [other, all] : measured) known.push_back(other);
    require(measured.contains(name), "ExposureProfile: there is no quantity '", name, "'", keyword_suggestion(name, known));
    return measured.at(name);
}

std::size_t ExposureProfile::sampler(const std::string& name) const {
    const auto place = std::ranges::find(samplers, name);
    require(place != samplers.end(), "ExposureProfile: there is no sampler '", name, "'", keyword_suggestion(name, samplers));
    return static_cast<std::size_t>(place - samplers.begin());
}

Estimate ExposureProfile::of(const std::string& quantity, const std::string& sampler) const {
    const Measured& all = this->quantity(quantity);
    const std::size_t s = this->sampler(sampler);
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < all.places.size(); ++i)
        if (all.places[i].sampler == s) which.push_back(i);
    require(!which.empty(), "ExposureProfile: ", quantity, " was not measured of ", sampler);
    Estimate e = selected(all.estimate, which);
    for (std::size_t i = 0; i < which.size(); ++i) e.names[i] = at_time(times[s][all.places[which[i]].node]);
    return e;
}

Estimate ExposureProfile::compare(const std::string& quantity, const std::string& a, const std::string& b) const {
    const Measured& all = this->quantity(quantity);
    const std::size_t s = sampler(a), t = sampler(b);
    const auto level = [&](std::size_t i) { return levels[all.places[i].sampler][all.places[i].node]; };
    std::vector<std::size_t> of_a, of_b;
    for (std::size_t i = 0; i < all.places.size(); ++i)
        for (std::size_t j = 0; j < all.places.size() && all.places[i].sampler == s; ++j)
            if (all.places[j].sampler == t && std::abs(level(i) - level(j)) <= 1e-9 * level(i)) {
                of_a.push_back(i);
                of_b.push_back(j);
            }
    require(!of_a.empty(), "ExposureProfile: ", a, " and ", b, " have ", quantity, " at no common noise level");
    Estimate e = selected(all.estimate, of_a);
    e.bounds = {};
    const auto c = [&](std::size_t i, std::size_t j) {
        return all.estimate.covariance(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    };
    for (std::size_t i = 0; i < of_a.size(); ++i) {
        e.value[i] -= all.estimate.value[of_b[i]];
        e.names[i] = at_time(times[s][all.places[of_a[i]].node]);
        for (std::size_t j = 0; j < of_a.size(); ++j)
            e.covariance(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) =
                c(of_a[i], of_a[j]) - c(of_a[i], of_b[j]) - c(of_b[i], of_a[j]) + c(of_b[i], of_b[j]);
    }
    return e;
}

std::string ExposureProfile::text() const {
    std::ostringstream out;
    out << std::setprecision(4);
    for (std::size_t s = 0; s < samplers.size(); ++s) {
        out << (s > 0 ? "\n" : "") << samplers[s] << '\n' << std::setw(8) << "t";
        std::vector<std::string> shown;
        for (const std::string& name : exposure_quantities())
            if (measured.contains(name)) shown.push_back(name);
        for (const std::string& name : shown) out << "  " << std::setw(22) << name;
        for (std::size_t k = 1; k < times[s].size(); ++k) {
            out << '\n' << std::setw(8) << times[s][k];
            for (const std::string& name : shown) {
                const Measured& all = measured.at(name);
                const auto place = std::ranges::find(all.places, Place{s, k});
                const auto i = static_cast<std::size_t>(place - all.places.begin());
                const std::string cell =
                    place == all.places.end() ? "-" : with_error(all.estimate.value[i], all.estimate.std_error()[i]);
                // a width counts bytes, and ± has two
                out << "  " << std::string(cell.size() < 22 ? 22 - cell.size() + (cell == "-" ? 0 : 1) : 0, ' ') << cell;
            }
        }
        out << '\n';
    }
    for (const std::string& note : notes) out << note << '\n';
    out << counted(evaluations, "evaluation");
    return out.str();
}

}  // namespace buffon::diffusion
