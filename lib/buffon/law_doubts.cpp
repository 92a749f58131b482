#include <buffon/law_doubts.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <variant>

#include <boost/math/distributions/kolmogorov_smirnov.hpp>

#include <buffon/laws/univariate.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/sums.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr double false_alarms = 1e-3;   // of a right law, over all tests of a table
constexpr double noticeable = 0.01;     // distance or correlation that matters to an answer
constexpr std::int64_t few = 20;        // rows that show nothing

std::vector<double> column(ConstView u, std::int64_t j) {
    std::vector<double> out(static_cast<std::size_t>(u.rows));
    for (std::int64_t i = 0; i < u.rows; ++i) out[static_cast<std::size_t>(i)] = u(i, j);
    return out;
}

std::vector<double> centred(std::vector<double> a) {
    const auto n = static_cast<std::int64_t>(a.size());
    const double mean = sum_of(n, [&](std::int64_t i) { return a[static_cast<std::size_t>(i)]; }) / static_cast<double>(n);
    for (double& v : a) v -= mean;
    return a;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {   // of centred numbers
    const auto n = static_cast<std::int64_t>(a.size());
    return dot(a.data(), b.data(), n) / std::sqrt(dot(a.data(), a.data(), n) * dot(b.data(), b.data(), n));
}

/// A value that has a probability owns an interval of scores: one of it by chance (of row and input) is normal again.
void spread_values(const Distribution& law, ConstView x, View u) {
    const auto* joint = std::get_if<Joint>(&law.law());
    if (!joint) return;
    const Stream stream{0, 0};
    for (std::int64_t j = 0; j < x.cols; ++j) {
        const Univariate& one = joint->laws()[static_cast<std::size_t>(j)];
        const auto* values = std::get_if<Discrete>(&one);
        if (!values && !std::holds_alternative<Constant>(one)) continue;
        for (std::int64_t i = 0; i < x.rows; ++i) {
            if (!std::isfinite(u(i, j))) continue;
            const double v = stream.uniform(i, j);
            const std::size_t which = values ? values->find(x(i, j)) : 0;
            if (!values) u(i, j) = normal_quantile(v);
            else if (which < values->values().size()) u(i, j) = values->score_within(which, v);
        }
    }
}

/// (n, d) normal coordinates, without the rows where the law says that there are none.
Matrix finite_scores(const Distribution& law, ConstView x) {
    Matrix all(x.rows, x.cols);
    law.to_normal(x, all);
    spread_values(law, x, all);
    const ConstView scores = all;
    Matrix out(0, x.cols);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto row = scores.row(i);
        if (!std::ranges::all_of(row, [](double u) { return std::isfinite(u); })) continue;
        out.data.insert(out.data.end(), row.begin(), row.end());
        ++out.rows;
    }
    return out;
}

std::string about_distances(const std::vector<std::vector<double>>& u, const std::vector<std::string>& names, double limit) {
    const auto n = static_cast<double>(u[0].size());
    std::ostringstream out;
    std::int64_t count = 0;
    out.precision(2);
    for (std::size_t j = 0; j < u.size(); ++j) {
        const double distance = normal_distance(u[j]);
        const boost::math::kolmogorov_smirnov_distribution<> law(n);
        if (distance < noticeable || boost::math::cdf(boost::math::complement(law, distance)) > limit) continue;
        out << (count++ ? ", '" : "'") << names[j] << "' (distance " << distance << ")";
    }
    return count == 0 ? ""
                      : out.str() + (count == 1 ? " is" : " are") + " not distributed as the law says" +
                            (u.size() > 1 ? ", given the inputs before it" : "");
}

std::string about_pairs(const std::vector<std::vector<double>>& u, const std::vector<std::string>& names, double limit) {
    const double bound = std::max(noticeable, -normal_quantile(0.5 * limit) / std::sqrt(static_cast<double>(u[0].size())));
    std::vector<std::vector<double>> c;
    for (const auto& column : u) c.push_back(centred(column));
    std::ostringstream out;
    std::int64_t count = 0;
    out.precision(2);
    for (std::size_t i = 0; i < u.size(); ++i)
        for (std::size_t j = i + 1; j < u.size(); ++j) {
            const double r = correlation(c[i], c[j]);
            if (!(std::abs(r) > bound) || ++count > 5) continue;
            out << (count > 1 ? ", '" : "'") << names[i] << "' and '" << names[j] << "' (" << r << ")";
        }
    return count == 0 ? ""
                      : "a dependence that the law does not have is in the table: " + out.str() +
                            (count > 5 ? " and " + std::to_string(count - 5) + " more pairs" : "");
}

}  // namespace

double normal_distance(std::span<const double> u) {
    std::vector<double> sorted(u.begin(), u.end());
    std::ranges::sort(sorted);
    const auto n = static_cast<double>(sorted.size());
    double distance = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const double p = normal_cdf(sorted[i]);
        distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
    }
    return distance;
}

std::vector<std::string> doubts_about(const Distribution& law, ConstView x, std::span<const double> log_density, bool draws) {
    std::vector<std::string> doubts;
    const auto outside = std::ranges::count(log_density, -std::numeric_limits<double>::infinity());
    if (outside > 0)
        doubts.push_back(with_commas(outside) + " of " + with_commas(x.rows) +
                         " rows lie where the law has no density: it cannot have made them");
    if (!draws || x.rows < few) return doubts;
    const Matrix scores = finite_scores(law, x);
    if (scores.rows < few) return doubts;
    std::vector<std::vector<double>> u;
    for (std::int64_t j = 0; j < x.cols; ++j) u.push_back(column(scores, j));
    const double limit = false_alarms / (0.5 * static_cast<double>(x.cols * (x.cols + 1)));
    for (auto& doubt : {about_distances(u, law.names(), limit), about_pairs(u, law.names(), limit)})
        if (!doubt.empty()) doubts.push_back(doubt);
    return doubts;
}

}  // namespace buffon
