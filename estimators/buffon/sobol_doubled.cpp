#include <buffon/sobol_doubled.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/check.hpp>
#include <buffon/stream.hpp>

namespace buffon {
namespace {

constexpr std::int64_t least_pilot = 64, most_pilot = 4'096, pilot_share = 50;   // a fiftieth of the budget
constexpr std::int64_t least_pairs = 200;
constexpr std::uint32_t pilot_stream = 0x534f424f;   // none of those of an adaptive run
constexpr double no_effect = 1e-13;                  // of the largest output

std::vector<std::string> twice(const std::vector<std::string>& names) {
    std::vector<std::string> out = names;
    for (const auto& name : names) out.push_back(name + "'");
    return out;
}

Joint doubled(const Joint& law) {
    std::vector<Univariate> laws = law.laws();
    laws.insert(laws.end(), law.laws().begin(), law.laws().end());
    std::vector<CopulaGroup> groups;
    for (const std::int64_t copy : {0, 1})
        for (CopulaGroup group : law.dependence().groups()) {
            if (group.coordinates.empty())
                for (std::int64_t c = 0; c < law.dim(); ++c) group.coordinates.push_back(c);
            for (std::int64_t& c : group.coordinates) c += copy * law.dim();
            groups.push_back(std::move(group));
        }
    return Joint(std::move(laws), twice(law.names()), groups.empty() ? Dependence() : Dependence(std::move(groups)));
}

MultivariateNormal doubled(const MultivariateNormal& law) {
    const std::int64_t d = law.dim();
    std::vector<double> mean = law.mean();
    mean.insert(mean.end(), law.mean().begin(), law.mean().end());
    Matrix covariance(2 * d, 2 * d);
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < d; ++j) covariance(i, j) = covariance(d + i, d + j) = law.covariance()(i, j);
    return MultivariateNormal(std::move(mean), std::move(covariance), twice(Distribution(law).names()));
}

/// What the products are of, and what they showed.
struct Products {
    Evaluation* evaluate;
    const Groups* groups;
    std::vector<double> centre;                      // (m)
    bool scored = false;
    std::vector<double> largest = {};                // (m) absolute value of the outputs
    std::vector<std::vector<double>> step = {};      // (m, G) of what a change in a group alone did

    std::int64_t outputs() const { return static_cast<std::int64_t>(centre.size()); }
    std::int64_t size() const { return groups->size(); }
    std::int64_t sets() const { return 2 * size() + 1; }
    std::int64_t each() const { return 2 * size() + 2; }   // expectations of an output: Y, Y^2, Y Y_i, Y Y_~i
};

/// Rows of x, then of each group from x and all else from x', then of each from x' and all else from x.
Matrix rows_of(ConstView pairs, const Groups& groups) {
    const std::int64_t n = pairs.rows, d = pairs.cols / 2, g = groups.size();
    Matrix x((2 * g + 1) * n, d);
    for (std::int64_t k = 0; k < 2 * g + 1; ++k)
        for (std::int64_t c = 0; c < d; ++c) {
            const bool own = groups.of[static_cast<std::size_t>(c)] == (k == 0 ? -1 : (k - 1) % g),
                       other = k > 0 && (k <= g ? !own : own);
            for (std::int64_t i = 0; i < n; ++i) x(k * n + i, c) = pairs(i, other ? d + c : c);
        }
    return x;
}

void look(const Outputs& out, std::int64_t i, std::int64_t n, Products& p) {
    const std::int64_t g = p.size();
    for (std::int64_t j = 0; j < p.outputs(); ++j) {
        const auto k = static_cast<std::size_t>(j);
        p.largest[k] = std::max(p.largest[k], std::abs(out.y(i, j)));
        for (std::int64_t s = 0; s < g; ++s) {
            double& step = p.step[k][static_cast<std::size_t>(s)];
            step = std::max(step, std::abs(out.y((1 + g + s) * n + i, j) - out.y(i, j)));
        }
    }
}

/// One row of expectations, output by output.
void multiply(const Outputs& out, std::int64_t i, std::int64_t n, const Products& p, Outputs& to) {
    const std::int64_t each = p.each();
    for (std::int64_t j = 0; j < p.outputs(); ++j) {
        const double c = p.centre[static_cast<std::size_t>(j)], y = out.y(i, j) - c;
        to.y(i, j * each) = y;
        to.y(i, j * each + 1) = y * y;
        for (std::int64_t k = 1; k < p.sets(); ++k) to.y(i, j * each + 1 + k) = y * (out.y(k * n + i, j) - c);
        if (!p.scored) continue;
        const double s = out.score(i, j);
        to.score(i, j * each) = to.score(i, j * each + 1) = s;
        for (std::int64_t k = 1; k < p.sets(); ++k) to.score(i, j * each + 1 + k) = std::min(s, out.score(k * n + i, j));
    }
}

/// The expectations' terms at pairs (n, 2 d). A pair of which an evaluation failed is NaN.
Outputs products(ConstView pairs, Products& p) {
    const std::int64_t n = pairs.rows, m = p.outputs();
    const Matrix x = rows_of(pairs, *p.groups);
    const View room = p.evaluate->room(x.rows);
    std::ranges::copy(x.data, room.data);
    const Outputs out = (*p.evaluate)(room);
    Outputs to{Matrix(n, m * p.each()), p.scored ? Matrix(n, m * p.each()) : Matrix()};
    for (std::int64_t i = 0; i < n; ++i) {
        bool whole = true;
        for (std::int64_t k = 0; p.evaluate->discards() && k < p.sets(); ++k) whole &= out.y(k * n + i, m) != 0;
        if (whole) look(out, i, n, p);
        multiply(out, i, n, p, to);
        if (!whole) std::ranges::fill(to.y.view().row(i), std::numeric_limits<double>::quiet_NaN());
    }
    return to;
}

/// Where outputs are centred, and their standard deviation about it.
struct Pilot {
    std::vector<double> centre, spread;   // (m)
    bool scored = false;
    std::int64_t rows = 0;
};

Pilot pilot_of(Evaluation& evaluate, std::int64_t rows) {
    const View x = evaluate.room(rows);
    evaluate.problem().inputs().sample(Stream{evaluate.key(), pilot_stream}, 0, x);
    const Outputs out = evaluate(x);
    Pilot pilot{{}, {}, out.score.rows > 0, rows};
    for (std::int64_t j = 0; j < evaluate.outputs(); ++j) {
        double n = 0, mean = 0, squares = 0;
        for (std::int64_t i = 0; i < rows; ++i) {
            if (evaluate.discards() && out.y(i, evaluate.outputs()) == 0) continue;
            const double step = out.y(i, j) - mean;
            mean += step / ++n;
            squares += step * (out.y(i, j) - mean);
        }
        const double deviation = n > 0 ? std::sqrt(squares / n) : 0.0;
        pilot.centre.push_back(!pilot.scored && std::abs(mean) > deviation ? mean : 0.0);
        pilot.spread.push_back(deviation);
    }
    return pilot;
}

std::vector<std::string> names_of(const Evaluation& evaluate, const Groups& groups) {
    std::vector<std::string> names;
    for (const auto& y : evaluate.names()) {
        names.push_back("mean of " + y);
        names.push_back("mean square of " + y);
        for (const auto& group : groups.names) names.push_back("mean product of " + y + " with the same " + group);
        for (const auto& group : groups.names) names.push_back("mean product of " + y + " with another " + group);
    }
    return names;
}

/// Relative errors count where all is positive; where some outputs are centred, whose means are about 0, errors of the
/// indices do.
std::vector<double> weights_of(const Pilot& pilot, std::int64_t each) {
    if (std::ranges::all_of(pilot.centre, [](double c) { return c == 0; })) return {};
    std::vector<double> weights;
    for (std::size_t j = 0; j < pilot.centre.size(); ++j) {
        const double v = pilot.spread[j] > 0 ? pilot.spread[j] * pilot.spread[j] : 1.0;
        weights.push_back(1e-2 / v);   // of the mean, which hardly matters
        weights.insert(weights.end(), static_cast<std::size_t>(each) - 1, 1 / (v * v));
    }
    return weights;
}

/// First orders, total orders, index by index, output by output; then those of all outputs together.
std::vector<double> indices_from(const std::vector<double>& means, const Products& p, bool scale) {
    const auto m = static_cast<std::size_t>(p.outputs()), g = static_cast<std::size_t>(p.size()),
               each = static_cast<std::size_t>(p.each());
    const auto inactive = [&](std::size_t i, std::size_t j) { return p.step[j][i] <= no_effect * p.largest[j]; };
    const auto variance = [&](std::size_t j) { return means[j * each + 1] - means[j * each] * means[j * each]; };
    const auto part = [&](std::size_t k, std::size_t j) {   // of the variance
        if (inactive(k % g, j)) return 0.0;
        const double covariance = means[j * each + 2 + k] - means[j * each] * means[j * each];
        return k < g ? covariance : variance(j) - covariance;
    };
    std::vector<double> values;
    for (std::size_t k = 0; k < 2 * g; ++k)
        for (std::size_t j = 0; j < m; ++j) values.push_back(part(k, j) / variance(j));
    for (std::size_t k = 0; m > 1 && k < 2 * g; ++k) {
        double above = 0, below = 0;
        for (std::size_t j = 0; j < m; ++j) {
            if (!(variance(j) != 0)) continue;   // it does not vary
            above += scale ? part(k, j) / variance(j) : part(k, j);
            below += scale ? 1.0 : variance(j);
        }
        values.push_back(above / below);
    }
    return values;
}

AiscvOptions options_of(const SobolOptions& given, const Pilot& pilot, std::int64_t each) {
    AiscvOptions options;
    options.points = given.points;
    if (given.replicates > 0) options.replicates = given.replicates;
    options.weights = weights_of(pilot, each);
    return options;
}

}  // namespace

Distribution doubled(const Distribution& inputs) {
    if (const auto* joint = std::get_if<Joint>(&inputs.law())) return doubled(*joint);
    const auto* normal = std::get_if<MultivariateNormal>(&inputs.law());
    require(normal != nullptr, "sobol: the inputs must be a Joint or a MultivariateNormal for method = 'aiscv'");
    return doubled(*normal);
}

std::int64_t least_doubled_budget(const Groups& groups) { return least_pilot + least_pairs * (2 * groups.size() + 1); }

Estimate doubled_indices(Evaluation& evaluate, const Groups& groups, const SobolOptions& options) {
    const Run& run = evaluate.run();
    const std::int64_t sets = 2 * groups.size() + 1, least = least_doubled_budget(groups);
    require(run.budget >= least, "sobol: budget must be at least ", least, " for method = 'aiscv' (", least_pairs,
            " pairs of ", sets, " evaluations, and a pilot), got ", run.budget);
    const std::int64_t pilot_rows =
        std::min(std::clamp(run.budget / pilot_share, least_pilot, most_pilot), run.budget - least_pairs * sets);
    const std::int64_t pairs = (run.budget - pilot_rows) / sets;
    const Distribution law = doubled(evaluate.problem().inputs());
    const Pilot pilot = pilot_of(evaluate, pilot_rows);
    Products p{&evaluate, &groups, pilot.centre, pilot.scored};
    p.largest.resize(pilot.centre.size());
    p.step.assign(pilot.centre.size(), std::vector<double>(static_cast<std::size_t>(groups.size())));
    const Problem problem(Model([&p](ConstView z) { return products(z, p); }), law, names_of(evaluate, groups), false);
    const Run inner{.budget = pairs,
                    .rng = evaluate.key(),
                    .batch = std::max<std::int64_t>(run.batch / sets, 1),
                    .threads = run.threads,
                    .on_error = run.on_error};
    Estimate means;
    try {
        means = aiscv(problem, inner, options_of(options, pilot, p.each()));
    } catch (Unfinished& stopped) {   // of pairs; the rows are those of this run
        stopped.sample = evaluate.sample();
        throw;
    }
    Estimate e = means.transform([&](const std::vector<double>& v) { return indices_from(v, p, options.scale); });
    e.n = evaluate.n();
    e.n_failed = evaluate.n_failed();
    e.diagnostics["centre"] = pilot.centre;
    for (std::size_t j = 0; j < pilot.centre.size(); ++j)
        if (!(p.largest[j] > 0) || std::ranges::all_of(p.step[j], [&](double s) { return s <= no_effect * p.largest[j]; }))
            e.warnings.push_back("output '" + evaluate.names()[j] +
                                 "' is the same at every point: it has no variance to share, its indices are NaN");
    return e;
}

}  // namespace buffon
