#include <buffon/uncovered.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace buffon {
namespace {

constexpr double alone =
    0.5;   // least share of q_0 in the density of a row that no component covers: wide ones are everywhere
constexpr double few_terms = 10;       // as in tails.cpp: from ten on, intervals cover
constexpr double most_of_error = 0.5;  // of the squared error
constexpr double notable = 0.01;       // of the value

}  // namespace

void Uncovered::add(ConstView t, ConstView controls, double share) {
    sum.resize(static_cast<std::size_t>(t.cols));
    squares.resize(sum.size());
    for (std::int64_t i = 0; i < t.rows; ++i) {
        if (share * (1 + controls(i, 0)) < alone) continue;
        const double* row = t.row(i).data();
        for (std::size_t e = 0; e < sum.size(); ++e) {
            sum[e] += std::abs(row[e]);
            squares[e] += row[e] * row[e];
        }
    }
}

void Uncovered::merge(const Uncovered& later) {
    sum.resize(std::max(sum.size(), later.sum.size()));
    squares.resize(sum.size());
    for (std::size_t e = 0; e < later.sum.size(); ++e) {
        sum[e] += later.sum[e];
        squares[e] += later.squares[e];
    }
}

double Uncovered::terms(std::int64_t e) const {
    const auto at = static_cast<std::size_t>(e);
    return squares[at] > 0 ? sum[at] * sum[at] / squares[at] : 0.0;
}

void warn_of_uncovered(const Uncovered& uncovered, const std::vector<std::int64_t>& columns, std::int64_t n, Estimate& estimate) {
    const std::vector<double> error = estimate.std_error();
    std::vector<double> parts;
    std::ostringstream text;
    text.precision(2);
    std::int64_t doubtful = 0;
    for (std::size_t j = 0; j < columns.size(); ++j) {
        const auto at = static_cast<std::size_t>(columns[j]);
        const double part = uncovered.sum[at] / static_cast<double>(n), size = std::abs(estimate.value[j]);
        parts.push_back(part > 0 ? part / size : 0.0);
        const double square = uncovered.squares[at] / (static_cast<double>(n) * static_cast<double>(n));
        const double terms = uncovered.terms(columns[j]);
        if (!(terms > 0 && terms < few_terms && parts.back() > notable && square > most_of_error * error[j] * error[j])) continue;
        if (++doubtful == 1)
            text << "'" << estimate.names[j] << "': a part " << std::min(parts.back(), 1.0)
                 << " of the value comes from about " << std::ceil(terms) << " points where no component is";
    }
    estimate.diagnostics["uncovered"] = parts;
    if (doubtful == 0) return;
    if (doubtful > 1) text << " (and " << doubtful - 1 << " more of " << columns.size() << " values)";
    text << ", so a region may be missed: spend more, or compare with a run of another key";
    estimate.warnings.push_back(text.str());
}

}  // namespace buffon
