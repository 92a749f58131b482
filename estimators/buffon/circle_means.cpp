#include <buffon/circle_means.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <utility>

#include <buffon/bootstrap_t.hpp>
#include <buffon/check.hpp>
#include <buffon/event_labels.hpp>
#include <buffon/finish.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr double one_circle = 0.2;     // of the squared shares
constexpr double much_unseen = 0.15;   // of a value

std::string text(double v) {
    std::ostringstream out;
    out.precision(3);
    out << v;
    return out.str();
}

/// Sums over the strata that have terms.
struct Sums {
    std::vector<double> value;
    Matrix covariance;
    std::int64_t terms = 0;
    double missing = 0;   // probability of strata without
};

Sums sums_of(const std::vector<CirclePart>& parts, std::int64_t columns) {
    Sums out{std::vector<double>(static_cast<std::size_t>(columns)), Matrix(columns, columns)};
    for (const CirclePart& part : parts) {
        const double w = part.shell.probability();
        out.terms += part.terms;
        if (!part.told()) {
            out.missing += w;
            continue;
        }
        const Matrix own = part.moments.covariance();
        for (std::int64_t a = 0; a < columns; ++a) {
            out.value[static_cast<std::size_t>(a)] += w * part.moments.mean[static_cast<std::size_t>(a)];
            for (std::int64_t b = 0; b < columns; ++b)
                out.covariance(a, b) += w * w * own(a, b) / static_cast<double>(part.terms);
        }
    }
    return out;
}

/// Rows whose mean is the value: of each part as many as it has, weighted by its probability.
Matrix terms_of(const std::vector<CirclePart>& parts, std::int64_t terms, const std::vector<std::int64_t>& told) {
    Matrix out(0, static_cast<std::int64_t>(told.size()));
    for (const CirclePart& part : parts) {
        if (!part.told()) continue;
        const Matrix& rows = part.first_rows.rows();
        const double weight = part.shell.probability() * static_cast<double>(terms) / static_cast<double>(part.terms);
        for (std::int64_t i = 0; i < rows.rows; ++i)
            for (const std::int64_t j : told) out.data.push_back(weight * rows(i, j));
        out.rows += rows.rows;
    }
    return out;
}

/// Of these columns, what circles may have missed.
std::vector<double> unseen_of(const std::vector<CirclePart>& parts, const std::vector<std::int64_t>& told) {
    std::vector<double> out(told.size());
    for (const CirclePart& part : parts)
        for (std::size_t k = 0; part.told() && k < told.size(); ++k)
            out[k] += part.shell.probability() * part.unseen[static_cast<std::size_t>(told[k])] /
                      static_cast<double>(part.terms);
    return out;
}

/// Of the sum of squared shares of column j, that of one circle.
double largest_share(const std::vector<CirclePart>& parts, std::int64_t j) {
    double most = 0, sum = 0;
    for (const CirclePart& part : parts) {
        if (!part.circles || !part.told()) continue;
        const Matrix& rows = part.first_rows.rows();
        const double weight = part.shell.probability() / static_cast<double>(part.terms);
        for (std::int64_t i = 0; i < rows.rows; ++i) {
            const double square = weight * weight * rows(i, j) * rows(i, j);
            most = std::max(most, square);
            sum += square;
        }
    }
    return sum > 0 ? most / sum : 0;
}

void warn_of_one_circle(const std::vector<CirclePart>& parts, const std::vector<std::int64_t>& told, Estimate& e) {
    if (std::ranges::none_of(parts, &CirclePart::circles)) return;
    std::vector<double> largest;
    for (const std::int64_t j : told) largest.push_back(largest_share(parts, j));
    const auto doubtful = std::ranges::find_if(largest, [](double share) { return share > one_circle; });
    if (doubtful != largest.end())
        e.warnings.push_back("'" + e.names[static_cast<std::size_t>(doubtful - largest.begin())] +
                             "': one circle carries more than " + text(one_circle) +
                             " of the squared shares: few wide arcs decide, spend more");
    e.diagnostics["largest_arc"] = std::move(largest);
}

/// Bounds by bootstrap-t. What circles may have missed is added to each where that makes the upper bounds higher.
Bounds bounds_of(const std::vector<CirclePart>& parts, const std::vector<std::int64_t>& told, bool unseen,
                 const Stream& stream, bool shares, int threads) {
    const auto of = [&](BinnedRows CirclePart::* rows) {
        std::vector<Stratum> strata;
        for (const CirclePart& part : parts) strata.push_back({part.shell.probability(), part.circles, part.*rows});
        return bootstrap_t(strata, told, stream, shares, threads);
    };
    Bounds bounds = of(&CirclePart::rows);
    if (!unseen) return bounds;
    const Bounds upper = of(&CirclePart::with_unseen);
    for (std::size_t i = 0; i < upper.high.data.size(); ++i)
        bounds.high.data[i] = std::max(bounds.high.data[i], upper.high.data[i]);
    return bounds;
}

/// Upper bounds where no term met an event: chances q of each part's n terms to meet one leave none with a probability of
/// prod (1 - q)^n, which is below the tail's unless sum n q < -log(tail), so that sum P q is below that times the largest P / n.
void allow_for_none(const std::vector<CirclePart>& parts, double missing, const std::vector<double>& value, Bounds& bounds) {
    double of_a_term = 0;
    for (const CirclePart& part : parts)
        if (part.told()) of_a_term = std::max(of_a_term, part.shell.probability() / static_cast<double>(part.terms));
    for (std::int64_t k = 0; k < bounds.high.rows; ++k)
        for (std::int64_t l = 0; value[static_cast<std::size_t>(k)] == 0 && l < bounds.high.cols; ++l) {
            const double tail = 0.5 * (1 - bounds.levels[static_cast<std::size_t>(l)]);
            bounds.high(k, l) = std::min(missing - of_a_term * std::log(tail), 1.0);
        }
}

/// Of each value, what circles may have missed: above `much_unseen` it warns.
void tell_unseen(std::vector<double> unseen, Estimate& e) {
    for (std::size_t k = 0; k < unseen.size(); ++k)
        unseen[k] = e.value[k] != 0 ? unseen[k] / std::abs(e.value[k]) : 0.0;
    const auto doubtful = std::ranges::find_if(unseen, [](double share) { return share > much_unseen; });
    if (doubtful != unseen.end())
        e.warnings.push_back("'" + e.names[static_cast<std::size_t>(doubtful - unseen.begin())] + "': " + text(100 * *doubtful) +
                             " % of it half of the grid would not have seen, as much may be missing: take a finer grid");
    e.diagnostics["unseen"] = std::move(unseen);
}

}  // namespace

Estimate finish_circles(const Evaluation& evaluate, const std::vector<CirclePart>& parts, const Events& events,
                        const Stream& stream) {
    Sums sums = sums_of(parts, evaluate.columns());
    require(!parts.empty() && sums.missing < 0.5, evaluate.function(), ": fewer than two independent terms were finished");
    std::vector<std::string> labels;
    std::vector<std::int64_t> told;   // columns of the values that are no labels
    for (std::int64_t j = 0; j < evaluate.outputs(); ++j) {
        const std::string& name = evaluate.names()[static_cast<std::size_t>(j)];
        if (!is_label(name)) {
            told.push_back(j);
            continue;
        }
        labels.push_back(name);
        sums.covariance(j, j) = 1;   // whatever it is: nobody asked
    }
    Estimate e = finish(evaluate, std::move(sums.value), std::move(sums.covariance), std::numeric_limits<double>::infinity());
    if (!labels.empty() && !told.empty()) e = e.without(labels);
    judge_mean(terms_of(parts, sums.terms, told), sums.terms, e);
    const std::vector<double> unseen = unseen_of(parts, told);
    if (!evaluate.discards() && !events.columns.empty()) {
        const bool shares = events.columns == told;
        e.bounds = bounds_of(parts, told, std::ranges::any_of(unseen, [](double v) { return v > 0; }), stream, shares,
                             evaluate.threads());
        if (shares) allow_for_none(parts, sums.missing, e.value, e.bounds);
    }
    if (std::ranges::any_of(parts, &CirclePart::circles)) tell_unseen(unseen, e);
    warn_of_one_circle(parts, told, e);
    if (sums.missing > 0)
        e.warnings.push_back("shells of the norm with probability " + text(sums.missing) +
                             " had too small a share of the budget: spend more");
    return e;
}

}  // namespace buffon
