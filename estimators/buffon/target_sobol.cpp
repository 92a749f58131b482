#include <buffon/target_sobol.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/joint_means.hpp>
#include <buffon/new_laws.hpp>
#include <buffon/parallel.hpp>
#include <buffon/ranks.hpp>

namespace buffon {
namespace {

constexpr std::size_t fewest_event_rows = 30;
constexpr double enough_event_rows = 50;   // of 36 rows intervals of a bent dependence cover in 86 %
constexpr double kernel_width = 2.2;   // half of its support, in the standard deviations that n^-0.4 is counted in
constexpr std::int64_t fewest_neighbours = 5;
constexpr double most_probability = 2;   // of an estimate: beyond it is chance, in a tail

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The draws where the event happened.
struct Event {
    std::vector<std::int64_t> draws;
    std::vector<double> weight;
    Matrix x;                  // (rows, d)
    double effective = 0;      // (sum w)^2 / sum w^2
};

Event event_of(const KeptRows& rows, const KeptRows& given, const NewLaws& law, const TargetSobolOptions& options) {
    Event out;
    const std::int64_t n = rows.draws();
    const std::vector<double> w = rows.weights(law.densities.front(), 0, n);
    const ConstView x = rows.points(0, n);
    out.x = Matrix(0, x.cols);
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const double y = given.y(i, 0);
        if (!(w[at(i)] > 0) || !rows.succeeded(i) || (options.above && !(y > *options.above)) ||
            (options.below && !(y < *options.below)))
            continue;
        out.draws.push_back(i);
        out.weight.push_back(w[at(i)]);
        out.x.data.insert(out.x.data.end(), x.row(i).begin(), x.row(i).end());
        ++out.x.rows;
        sum += w[at(i)];
        squares += w[at(i)] * w[at(i)];
    }
    require(out.draws.size() >= fewest_event_rows, "target_sobol: the event must have happened in at least ",
            fewest_event_rows, " rows of the sample, got ", out.draws.size(),
            ": rare events need a sample that goes there, from aiscv or importance with keep = 'sample'");
    out.effective = sum * sum / squares;
    return out;
}

/// x to the normal scores of the marginal laws, each by itself.
void marginal_scores(const Distribution& law, Matrix& x) {
    if (const auto* joint = std::get_if<Joint>(&law.law())) {
        for (std::size_t i = 0; i < joint->laws().size(); ++i)
            require(!is_discrete(joint->laws()[i]), "target_sobol: kind = 'target' needs inputs with densities, '",
                    joint->names()[i], "' has values with a probability");
        return Joint(joint->laws()).to_normal(x, x);
    }
    require(!std::holds_alternative<Mixture>(law.law()),
            "target_sobol: kind = 'target' needs marginal laws in closed form, a mixture has none");
    const auto* normal = std::get_if<MultivariateNormal>(&law.law());
    const auto* student = std::get_if<MultivariateT>(&law.law());
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t c = 0; c < x.cols; ++c) {
            if (normal) x(i, c) = (x(i, c) - normal->mean()[at(c)]) / std::sqrt(normal->covariance()(c, c));
            else
                x(i, c) = StudentT(student->df())
                              .to_normal((x(i, c) - student->location()[at(c)]) / std::sqrt(student->scale()(c, c)));
        }
}

/// Fourth order: its mean is blind to slope and curvature.
double kernel(double t) { return 15.0 / 32 * (3 - 10 * t * t + 7 * t * t * t * t); }
double inverse_density(double z) { return std::sqrt(2 * std::numbers::pi) * std::exp(0.5 * z * z); }

/// Distance from place a to the neighbours-th row on the further side, or on the one side that has so many.
double distance(const std::vector<double>& sorted, std::int64_t a) {
    const auto n = static_cast<std::int64_t>(sorted.size());
    const std::int64_t below = std::max<std::int64_t>(a - fewest_neighbours, 0), above = std::min(a + fewest_neighbours, n - 1);
    return std::max(sorted[at(a)] - sorted[at(below)], sorted[at(above)] - sorted[at(a)]);
}

/// (rows) P(event | z) in an input, from the other event rows of so many draws.
std::vector<double> probabilities(const Event& event, const Matrix& z, std::int64_t input, double draws) {
    const auto n = static_cast<std::int64_t>(event.draws.size());
    const RankOrder order = rank_order(z, input);
    std::vector<double> sorted, weight, out(at(n));
    double sum = 0, mean = 0, square = 0;
    for (const std::int64_t k : order.rows) {
        sorted.push_back(z(k, input));
        weight.push_back(event.weight[at(k)]);
        sum += weight.back();
        mean += weight.back() * sorted.back();
    }
    mean /= sum;
    for (std::int64_t a = 0; a < n; ++a) square += weight[at(a)] * (sorted[at(a)] - mean) * (sorted[at(a)] - mean);
    const double usual = kernel_width * std::sqrt(square / sum) * std::pow(event.effective, -0.4);
    for (std::int64_t a = 0; a < n; ++a) {
        const double width = std::max(usual, distance(sorted, a));   // wider in the tails: a pair or two would say anything
        double density = 0;
        const auto add = [&](std::int64_t b) {
            const double apart = std::abs(sorted[at(b)] - sorted[at(a)]);
            if (!(apart < width)) return false;
            density += weight[at(b)] * kernel(apart / width) * inverse_density(0.5 * (sorted[at(a)] + sorted[at(b)]));
            return true;
        };
        for (std::int64_t b = a + 1; b < n && add(b); ++b) {}
        for (std::int64_t b = a - 1; b >= 0 && add(b); --b) {}
        out[at(order.rows[at(a)])] = std::min(density / (width * (draws - 1)), most_probability);
    }
    return out;
}

/// Weights of the event's rows among draws first ... first + count, in each column: whether few rows carry an index is
/// theirs to say. Terms
/// themselves are differences that nearly cancel, and their few large ones are no sign of a bad interval (see
/// docs/given_data.md).
Matrix rows_of_event(const Event& event, std::int64_t first, std::int64_t count, std::int64_t columns) {
    Matrix out(count, columns);
    for (std::size_t k = 0; k < event.draws.size(); ++k)
        if (event.draws[k] >= first && event.draws[k] < first + count)
            std::ranges::fill(out.view().row(event.draws[k] - first), event.weight[k]);
    return out;
}

Estimate target(const KeptRows& rows, const NewLaws& law, const Event& event, const TargetSobolOptions& options) {
    const std::int64_t d = event.x.cols;
    const auto draws = static_cast<double>(rows.draws());
    Matrix z = event.x;
    marginal_scores(law.laws.front(), z);
    std::vector<std::vector<double>> probability(at(d));
    parallel::for_each(d, options.threads, [&](std::int64_t i) { probability[at(i)] = probabilities(event, z, i, draws); });
    std::vector<double> mean_square(at(d));   // E[P(event | x_i)^2]
    Matrix influence(rows.draws(), d + 1);
    for (std::size_t k = 0; k < event.draws.size(); ++k) {
        influence(event.draws[k], d) = event.weight[k];
        for (std::int64_t i = 0; i < d; ++i) {
            const double term = event.weight[k] * probability[at(i)][k];
            influence(event.draws[k], i) = 2 * term;
            mean_square[at(i)] += term / draws;
        }
    }
    std::vector<std::string> names = rows.sample().inputs;
    names.push_back("P");
    const Estimate joint = joint_means(rows, names, 1, [&](std::int64_t, std::int64_t first, std::int64_t count) {
        Terms terms{Matrix(count, d + 1), Matrix(count, 1), rows_of_event(event, first, count, d + 1)};
        std::copy_n(influence.view().row(first).data(), count * (d + 1), terms.t.data.data());
        const std::vector<double> w = rows.weights(law.densities.front(), first, count);
        for (std::int64_t i = 0; i < count; ++i) terms.controls(i, 0) = w[at(i)] - 1;
        return terms;
    }, options.controls, false);   // its edges would be those of the local means, not of the sample
    const double p = joint.value.back();
    require(p > 0 && p < 1, "target_sobol: an event of probability ", p, " has no variance to share");
    names.pop_back();
    Estimate e = joint.transform([&](const std::vector<double>& v) {
        std::vector<double> s;
        for (std::int64_t i = 0; i < d; ++i)
            s.push_back((v[at(i)] - mean_square[at(i)] - v.back() * v.back()) / (v.back() * (1 - v.back())));
        return s;
    }, names);
    e.diagnostics["probability"] = p;
    e.diagnostics["outputs"] = std::vector<std::string>{"event"};
    return e;
}

/// (rows) weighted means of y over the neighbours in the order of an input, the row itself left out.
std::vector<double> local_means(const RankOrder& order, const std::vector<double>& weight, const std::vector<double>& y,
                                std::int64_t reach) {
    const auto n = static_cast<std::int64_t>(y.size());
    std::vector<double> w(at(n + 1)), wy(at(n + 1)), out(at(n));   // sums before each place
    for (std::int64_t a = 0; a < n; ++a) {
        const std::int64_t k = order.rows[at(a)];
        w[at(a + 1)] = w[at(a)] + weight[at(k)];
        wy[at(a + 1)] = wy[at(a)] + weight[at(k)] * y[at(k)];
    }
    for (std::int64_t a = 0; a < n; ++a) {
        const std::int64_t k = order.rows[at(a)], begin = std::max<std::int64_t>(a - reach, 0), end = std::min(a + reach + 1, n);
        const double mass = w[at(a)] - w[at(begin)] + (w[at(end)] - w[at(a + 1)]);
        out[at(k)] = (wy[at(a)] - wy[at(begin)] + (wy[at(end)] - wy[at(a + 1)])) / mass;
    }
    return out;
}

/// Output k given the event, with mean 0 and variance 1.
std::vector<double> standardised(const KeptRows& rows, const Event& event, std::int64_t output) {
    double sum = 0, mean = 0, square = 0;
    std::vector<double> y;
    for (std::size_t k = 0; k < event.draws.size(); ++k) {
        y.push_back(rows.y(event.draws[k], output));
        sum += event.weight[k];
        mean += event.weight[k] * y.back();
    }
    mean /= sum;
    for (std::size_t k = 0; k < y.size(); ++k) square += event.weight[k] / sum * (y[k] - mean) * (y[k] - mean);
    if (!(square > 1e-26 * mean * mean)) {
        std::string others;
        for (std::int64_t j = 0; j < rows.outputs(); ++j)
            if (j != output) others += (others.empty() ? "'" : ", '") + rows.names()[at(j)] + "'";
        require(false, "target_sobol: output '", rows.names()[at(output)],
                "' is the same wherever the event happened: it has no variance to share",
                others.empty() ? "" : "; ask for others by outputs = [" + others + "]");
    }
    for (double& v : y) v = (v - mean) / std::sqrt(square);
    return y;
}

Estimate conditional(const KeptRows& rows, const NewLaws& law, const Event& event, const TargetSobolOptions& options) {
    const std::int64_t d = event.x.cols, m = rows.outputs();
    const auto reach = std::max<std::int64_t>(
        1, std::llround(std::cbrt(event.effective) / 3));   // neighbours further away are no longer alike
    double sum = 0;
    for (const double w : event.weight) sum += w;
    std::vector<double> value(at(d * m));
    std::vector<std::string> names;
    Matrix influence(rows.draws(), d * m);
    std::vector<std::vector<double>> y;
    for (std::int64_t j = 0; j < m; ++j) y.push_back(standardised(rows, event, j));
    for (std::int64_t i = 0; i < d; ++i) {
        const RankOrder order = rank_order(event.x, i);
        for (std::int64_t j = 0; j < m; ++j) {
            const std::vector<double> local = local_means(order, event.weight, y[at(j)], reach);
            double index = 1 / event.effective, mean = 0;   // of the centring
            for (std::size_t k = 0; k < local.size(); ++k) index += event.weight[k] / sum * y[at(j)][k] * local[k];
            for (int pass = 0; pass < 2; ++pass)
                for (std::size_t k = 0; k < local.size(); ++k) {
                    const double v = y[at(j)][k], term = 2 * local[k] * v - local[k] * local[k] - index * v * v;
                    if (pass == 0) mean += event.weight[k] / sum * term;
                    else
                        influence(event.draws[k], i * m + j) =
                            event.weight[k] / sum * static_cast<double>(rows.draws()) * (term - mean);
                }
            value[at(i * m + j)] = index;
            names.push_back(m == 1 ? rows.sample().inputs[at(i)] : rows.sample().inputs[at(i)] + ": " + rows.names()[at(j)]);
        }
    }
    Estimate e = joint_means(rows, names, 1, [&](std::int64_t, std::int64_t first, std::int64_t count) {
        Terms terms{Matrix(count, d * m), Matrix(count, 1), rows_of_event(event, first, count, d * m)};
        std::copy_n(influence.view().row(first).data(), count * d * m, terms.t.data.data());
        const std::vector<double> w = rows.weights(law.densities.front(), first, count);
        for (std::int64_t k = 0; k < count; ++k) terms.controls(k, 0) = w[at(k)] - 1;
        return terms;
    }, options.controls, false);   // its edges would be those of the local means, not of the sample
    for (std::size_t v = 0; v < value.size(); ++v) e.value[v] += value[v];
    e.diagnostics["outputs"] = rows.names();
    return e;
}

/// Inputs keep their law, whatever fails: a failed row is one without the event.
void say_failures_are_no_event(const KeptRows& rows, Estimate& e) {
    std::erase_if(e.warnings, [](const std::string& text) {
        return text.ends_with("evaluations of the sample failed: the values are conditional on success");
    });
    e.warnings.push_back(std::to_string(rows.n_failed()) + " of " + std::to_string(rows.sample().n()) +
                         " evaluations of the sample failed: the event is that a run succeeds and lies beyond the limit");
}

}  // namespace

Estimate target_sobol(const Sample& sample, const TargetSobolOptions& options) {
    require(options.above || options.below, "target_sobol: above or below is needed: the event that is asked of");
    require(options.threads >= 0, "target_sobol: threads must not be negative, got ", options.threads);
    require(!options.above || !options.below || *options.above < *options.below,
            "target_sobol: above must be smaller than below, got ", options.above.value_or(0), " and ",
            options.below.value_or(0));
    require(!options.given.empty() || sample.outputs.size() == 1, "target_sobol: given is needed: the sample has ",
            sample.outputs.size(), " outputs");
    require(options.outputs.empty() || options.kind == TargetKind::conditional,
            "target_sobol: outputs must be left out with kind = 'target': the event is the output");
    const KeptRows given("target_sobol", sample, {options.given.empty() ? sample.outputs.front() : options.given},
                         options.threads);
    const KeptRows rows("target_sobol", sample, options.outputs, options.threads);
    const NewLaws law = one_law(rows, options.law);
    const Event event = event_of(rows, given, law, options);
    Estimate e = options.kind == TargetKind::target ? target(rows, law, event, options) : conditional(rows, law, event, options);
    e.diagnostics["event_rows"] = event.effective;
    e.diagnostics["picture"] = std::string("shares");
    e.diagnostics["groups"] = sample.inputs;
    if (event.effective < enough_event_rows) {
        std::ostringstream text;
        text << "the event has " << std::llround(event.effective)
             << " rows, as if they were alike: intervals of its indices are rough below " << enough_event_rows;
        e.warnings.push_back(text.str());
    }
    judge(rows, law, options.doubtful, e);
    if (options.kind == TargetKind::target && rows.failures()) say_failures_are_no_event(rows, e);
    return e;
}

}  // namespace buffon
