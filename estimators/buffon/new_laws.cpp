#include <buffon/new_laws.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

#include <buffon/check.hpp>
#include <buffon/joint_means.hpp>
#include <buffon/parallel.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr double few = 10;             // effective weights that say next to nothing
constexpr double four_errors = 6.3e-5;   // probability beyond four standard errors of a normal law

std::vector<std::string> output_names(const KeptRows& rows, const NewLaws& laws) {
    std::vector<std::string> names;
    for (std::int64_t j = 0; j < laws.size(); ++j)
        for (const auto& output : rows.names()) names.push_back(laws.prefix(j) + output);
    return names;
}

/// Rows (w y_1, ..., w y_m); the control w - 1.
TermsOf weighted_outputs(const KeptRows& rows, const NewLaws& laws) {
    return [&rows, &laws](std::int64_t j, std::int64_t first, std::int64_t count) {
        const std::vector<double> w = rows.weights(laws.densities[static_cast<std::size_t>(j)], first, count);
        Terms out{Matrix(count, rows.outputs()), Matrix(count, 1), {}};
        for (std::int64_t i = 0; i < count; ++i) {
            const double weight = w[static_cast<std::size_t>(i)];
            for (std::int64_t k = 0; k < rows.outputs(); ++k) out.t(i, k) = weight * rows.y(first + i, k);
            out.controls(i, 0) = weight - 1;
        }
        return out;
    };
}

/// The same of pairs: rows (w a_1, w b_1, w a_2, ...).
TermsOf weighted_pairs(const KeptRows& rows, const NewLaws& laws, std::int64_t count, const PairOf& pair) {
    return [&rows, &laws, count, &pair](std::int64_t j, std::int64_t first, std::int64_t draws) {
        const std::vector<double> w = rows.weights(laws.densities[static_cast<std::size_t>(j)], first, draws);
        Terms out{Matrix(draws, 2 * count), Matrix(draws, 1), {}};
        for (std::int64_t i = 0; i < draws; ++i) {
            const double weight = w[static_cast<std::size_t>(i)];
            out.controls(i, 0) = weight - 1;
            for (std::int64_t v = 0; v < count && weight > 0 && rows.succeeded(first + i); ++v) {
                const auto [a, b] = pair(first + i, v);
                out.t(i, 2 * v) = weight * a;
                out.t(i, 2 * v + 1) = weight * b;
            }
        }
        return out;
    };
}

template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    out.precision(2);
    (out << ... << parts);
    return out.str();
}

const std::vector<double>& numbers(const Estimate& e, const char* name) {
    return std::get<std::vector<double>>(e.diagnostics.at(name));
}

}  // namespace

Estimate means_under(const KeptRows& rows, const NewLaws& laws, bool normalised, bool controls) {
    if (!normalised && !rows.failures())
        return joint_means(rows, output_names(rows, laws), laws.size(), weighted_outputs(rows, laws), controls);
    return ratio_means(rows, output_names(rows, laws), laws, rows.outputs(),
                       [&](std::int64_t i, std::int64_t k) { return std::pair(rows.y(i, k), 1.0); },
                       controls && !normalised);   // a control w - 1 would turn the mean weight into 1
}

Estimate ratio_means(const KeptRows& rows, std::vector<std::string> names, const NewLaws& laws, std::int64_t count,
                     const PairOf& pair, bool controls) {
    const TermsOf terms = weighted_pairs(rows, laws, count, pair);
    std::vector<std::string> parts;
    for (const auto& name : names) parts.insert(parts.end(), {name, name});
    const Estimate raw = joint_means(rows, parts, laws.size(), terms, controls);
    std::vector<double> ratio, below;
    for (std::size_t v = 0; v < names.size(); ++v) {
        below.push_back(raw.value[2 * v + 1]);
        require(below[v] > 0, rows.function(), ": no row of the sample tells '", names[v], "'");
        ratio.push_back(raw.value[2 * v] / below[v]);
    }
    // linear terms (w a - ratio w b) / E[w b]: their tails are those of the error
    Estimate e = joint_means(rows, names, laws.size(), [&](std::int64_t j, std::int64_t first, std::int64_t draws) {
        Terms out = terms(j, first, draws);
        out.judged = Matrix(draws, count);   // an indicator less its mean has no tail to speak of
        Matrix t(draws, count);
        for (std::int64_t v = 0; v < count; ++v) {
            const auto at = static_cast<std::size_t>(j * count + v);
            for (std::int64_t i = 0; i < draws; ++i) {
                t(i, v) = (out.t(i, 2 * v) - ratio[at] * out.t(i, 2 * v + 1)) / below[at];
                out.judged(i, v) = out.t(i, 2 * v);
            }
        }
        out.t = std::move(t);
        return out;
    }, controls);
    for (std::size_t v = 0; v < names.size(); ++v) e.value[v] += ratio[v];
    return e;
}

namespace {

/// What the sample itself says of its rows.
void repeat_doubts(const KeptRows& rows, Estimate& e) {
    const Sample& sample = rows.sample();
    if (rows.failures() && sample.missing.empty())   // a table tells of its own
        e.warnings.push_back(std::to_string(rows.n_failed()) + " of " + std::to_string(sample.n()) +
                             " evaluations of the sample failed: the values are conditional on success");
    e.warnings.insert(e.warnings.begin(), sample.warnings.begin(), sample.warnings.end());
}

/// Diagnostics of the weights, and a warning where a mean weight is not 1.
void judge_weights(const KeptRows& rows, const NewLaws& laws, Estimate& e) {
    repeat_doubts(rows, e);
    std::vector<std::string> names;
    for (std::int64_t j = 0; j < laws.size(); ++j)
        for (const char* part : {"w", "w^2"}) names.push_back(laws.prefix(j) + part);
    const Estimate w = joint_means(rows, names, laws.size(), [&](std::int64_t j, std::int64_t first, std::int64_t count) {
        Terms terms{Matrix(count, 2), Matrix(count, 0), {}};
        const std::vector<double> weight = rows.weights(laws.densities[static_cast<std::size_t>(j)], first, count);
        for (std::int64_t i = 0; i < count; ++i) {
            terms.t(i, 0) = weight[static_cast<std::size_t>(i)];
            terms.t(i, 1) = weight[static_cast<std::size_t>(i)] * weight[static_cast<std::size_t>(i)];
        }
        return terms;
    }, false);
    const auto [low, high] = w.confidence_interval(1 - four_errors / static_cast<double>(laws.size()));
    std::vector<double> mean, size, k_hat;
    for (std::int64_t j = 0; j < laws.size(); ++j) {
        const auto a = static_cast<std::size_t>(2 * j);
        mean.push_back(w.value[a]);
        size.push_back(w.value[a + 1] > 0 ? static_cast<double>(rows.draws()) * w.value[a] * w.value[a] / w.value[a + 1] : 0.0);
        k_hat.push_back(numbers(w, "pareto_k")[a]);
        if (low[a] <= 1 + 1e-9 && 1 - 1e-9 <= high[a]) continue;
        e.warnings.push_back(laws.prefix(j) +
                             text("the mean weight is ", w.value[a], " +- ", w.std_error()[a],
                                  ", not 1: the sample misses a part of this law, and what the outputs are there"));
    }
    e.diagnostics["mean_weight"] = std::move(mean);
    e.diagnostics["effective_size"] = std::move(size);
    e.diagnostics["pareto_k_weights"] = std::move(k_hat);
}

void judge_supports(const KeptRows& rows, const NewLaws& laws, Estimate& e) {
    const auto& from = rows.sample().law;
    if (!from || !rows.drawn_from(*from)) return;
    for (std::size_t j = 0; j < laws.laws.size(); ++j)
        for (std::int64_t i = 0; i < from->dim(); ++i) {
            const Support wide = laws.laws[j].support(i), narrow = from->support(i);
            if (wide.lower >= narrow.lower && wide.upper <= narrow.upper) continue;
            e.warnings.push_back(laws.prefix(static_cast<std::int64_t>(j)) +
                                 "this law has mass where the sample's has none: '" +
                                 from->names()[static_cast<std::size_t>(i)] + "' outside [" +
                                 text(narrow.lower, ", ", narrow.upper, "]"));
        }
}

void refuse(const KeptRows& rows, Doubtful doubtful, const Estimate& e) {
    if (doubtful == Doubtful::warn) return;
    const auto& k_hat = numbers(e, "pareto_k");
    const auto& terms = numbers(e, "effective_terms");
    const std::vector<double> one_row =
        e.diagnostics.contains("one_row_more") ? numbers(e, "one_row_more") : std::vector<double>(k_hat.size());
    const auto& size = numbers(e, "effective_size");
    const auto& mean = numbers(e, "mean_weight");
    const auto m = k_hat.size() / size.size();
    const bool strict = doubtful == Doubtful::raise;
    const double limit = strict ? std::min(1 - 1 / std::log10(std::max(static_cast<double>(rows.draws()), 20.0)), 0.7) : 1.0;
    for (std::size_t v = 0; v < k_hat.size(); ++v) {
        const std::size_t j = v / m;
        const auto say = [&](const auto&... why) {
            require(false, rows.function(), ": the sample does not tell '", e.names[v], "': ", why...,
                    "; draw a sample nearer to that law, or see the numbers with doubtful = 'warn'");
        };
        if (k_hat[v] > limit && (strict || terms[v] < few / 2)) say("its terms have a heavy tail (k-hat ", k_hat[v], ")");
        if (strict && one_row[v] > most_of_one_row) say("one row more could move it by ", one_row[v], " standard errors");
        if (size[j] < few && (strict || terms[v] < few)) say("no more than ", size[j], " rows have weight");
        if (strict && mean[j] < 0.9) say("it covers ", mean[j], " of the mass");
    }
}

}  // namespace

NewLaws one_law(const KeptRows& rows, const std::optional<Distribution>& law) {
    const Distribution base = rows.base(law);
    return {{log_density_of(base)}, {""}, {base}};
}

void warn_of_zero(const std::string& name, double value, double error, const std::string& relative, Estimate& e) {
    constexpr double told_from_zero = 4;
    if (std::abs(value) < told_from_zero * error)
        e.warnings.push_back("'" + name + "' is about 0 (" + with_error(value, error) + "): " + relative + " of it say little");
}

void judge(const KeptRows& rows, const NewLaws& laws, Doubtful doubtful, Estimate& e) {
    judge_weights(rows, laws, e);
    judge_supports(rows, laws, e);
    refuse(rows, doubtful, e);
}

}  // namespace buffon
