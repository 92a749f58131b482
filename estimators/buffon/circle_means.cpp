#include <buffon/circle_means.hpp>

#include <algorithm>
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

constexpr double one_circle = 0.2;   // of the squared shares

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
    if (!evaluate.discards() && !events.columns.empty()) {
        std::vector<Stratum> strata;
        for (const CirclePart& part : parts) strata.push_back(part.stratum);
        e.bounds = bootstrap_t(strata, told, stream, events.columns == told, evaluate.threads());
    }
    warn_of_one_circle(parts, told, e);
    if (sums.missing > 0)
        e.warnings.push_back("shells of the norm with probability " + text(sums.missing) +
                             " had too small a share of the budget: spend more");
    return e;
}

}  // namespace buffon
