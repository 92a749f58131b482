#include <buffon/joint.hpp>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>
#include <buffon/law_columns.hpp>
#include <buffon/names.hpp>
#include <buffon/pair_covariance.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

namespace buffon {
namespace {

/// Rows that are taken through all columns before the next ones: few enough to stay in the first-level cache.
constexpr std::int64_t slice_rows = 128;

template <class F>
void for_slices(std::int64_t rows, const F& f) {
    for (std::int64_t first = 0; first < rows; first += slice_rows) f(first, std::min(slice_rows, rows - first));
}

/// out(i, j) = map of law j of in(i, j), a column at a time: map(law, column) works in place.
template <class Map>
void map_columns(const std::vector<Univariate>& laws, ConstView in, View out, const Map& map) {
    std::array<double, slice_rows> space;
    const std::span<double> column(space.data(), static_cast<std::size_t>(in.rows));
    for (std::int64_t j = 0; j < in.cols; ++j)
        std::visit([&](const auto& law) {
            for (std::int64_t i = 0; i < in.rows; ++i) column[static_cast<std::size_t>(i)] = in(i, j);
            map(law, column);
            for (std::int64_t i = 0; i < in.rows; ++i) out(i, j) = column[static_cast<std::size_t>(i)];
        }, laws[static_cast<std::size_t>(j)]);
}

void from_scores(const std::vector<Univariate>& laws, View x) {
    map_columns(laws, x, x, [](const auto& law, std::span<double> z) { columns::from_normal(law, z); });
}

void to_scores(const std::vector<Univariate>& laws, ConstView x, View z) {
    map_columns(laws, x, z, [](const auto& law, std::span<double> column) { columns::to_normal(law, column); });
}

/// out_i += sum over j of term(i, j, log density of law j at x(i, j)).
template <class Term>
void add_log_densities(const std::vector<Univariate>& laws, ConstView x, std::span<double> out, const Term& term) {
    std::array<double, slice_rows> space;
    const std::span<double> column(space.data(), out.size());
    for (std::int64_t j = 0; j < x.cols; ++j)
        std::visit([&](const auto& law) {
            for (std::size_t i = 0; i < out.size(); ++i) column[i] = x(static_cast<std::int64_t>(i), j);
            columns::log_density(law, column);
            for (std::size_t i = 0; i < out.size(); ++i) out[i] += term(static_cast<std::int64_t>(i), j, column[i]);
        }, laws[static_cast<std::size_t>(j)]);
}

void add_log_marginals(const std::vector<Univariate>& laws, ConstView x, std::span<double> out) {
    add_log_densities(laws, x, out, [](std::int64_t, std::int64_t, double log_density) { return log_density; });
}

/// As above, and the normal scores z. A copula gives no density to an infinite score (the support's end, or beyond) of an
/// input that depends on another: -inf. Of one that is `alone` the end is a point like any other.
void add_log_marginals(const std::vector<Univariate>& laws, const std::vector<bool>& alone, ConstView x, View z,
                       std::span<double> out) {
    to_scores(laws, x, z);
    add_log_densities(laws, x, out, [&](std::int64_t i, std::int64_t j, double log_density) {
        if (!std::isinf(z(i, j))) return log_density;
        z(i, j) = 0.0;
        return alone[static_cast<std::size_t>(j)] ? log_density : -std::numeric_limits<double>::infinity();
    });
}

}  // namespace

namespace {

bool independent_pair(const std::optional<Copula>& pair) {
    const auto* gaussian = pair ? std::get_if<GaussianCopula>(&*pair) : nullptr;
    return !pair || (gaussian && gaussian->correlation()(0, 1) == 0);
}

}  // namespace

Joint::Joint(std::vector<Univariate> laws, std::vector<std::string> names, Dependence dependence)
    : laws_(std::move(laws)), dependence_(std::move(dependence)) {
    require(!laws_.empty(), "Joint: laws must not be empty");
    names_ = checked_names("Joint", std::move(names), dim());
    dependence_.check(dim());
    for (std::int64_t j = 0; j < dim(); ++j)
        for (std::int64_t k = 0; k < dim() && is_discrete(laws_[static_cast<std::size_t>(j)]); ++k)
            require(k == j || independent_pair(dependence_.pair(j, k)), "Joint: copula must leave the discrete input '",
                    names_[static_cast<std::size_t>(j)], "' independent of '", names_[static_cast<std::size_t>(k)],
                    "': a probability given other inputs has no closed form");
    for (std::int64_t j = 0; j < dim(); ++j) {
        bool alone = true;
        for (std::int64_t k = 0; alone && k < dim(); ++k) alone = k == j || independent_pair(dependence_.pair(j, k));
        alone_.push_back(alone);
    }
}

Support Joint::support(std::int64_t j) const {
    return std::visit([](const auto& law) { return law.support(); }, laws_.at(static_cast<std::size_t>(j)));
}

std::vector<double> Joint::mean() const {
    std::vector<double> mean;
    for (const auto& law : laws_) mean.push_back(std::visit([](const auto& l) { return l.mean(); }, law));
    return mean;
}

Matrix Joint::covariance() const {
    Matrix covariance(dim(), dim());
    PairCovariance pair(laws_);
    for (std::size_t i = 0; i < laws_.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i);
        covariance(row, row) = std::visit([](const auto& law) { return law.variance(); }, laws_[i]);
        for (std::int64_t j = 0; j < row; ++j)
            if (const auto copula = dependence_.pair(row, j))
                covariance(row, j) = covariance(j, row) = pair(i, static_cast<std::size_t>(j), *copula);
    }
    return covariance;
}

void Joint::log_density(ConstView x, std::span<double> out) const {
    assert(x.cols == dim() && out.size() == static_cast<std::size_t>(x.rows));
    std::fill(out.begin(), out.end(), 0.0);
    Matrix scores(independent() ? 0 : std::min(slice_rows, x.rows), dim());
    for_slices(x.rows, [&](std::int64_t first, std::int64_t count) {
        const ConstView rows = x.slice(first, count);
        const auto densities = out.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        if (independent()) return add_log_marginals(laws_, rows, densities);
        const View z = scores.view().slice(0, count);
        add_log_marginals(laws_, alone_, rows, z, densities);
        dependence_.add_log_density(z, densities);
    });
}

void Joint::to_normal(ConstView x, View u) const {
    assert(x.cols == dim() && u.cols == dim() && u.rows == x.rows);
    for_slices(x.rows, [&](std::int64_t first, std::int64_t count) {
        const View scores = u.slice(first, count);
        to_scores(laws_, x.slice(first, count), scores);
        dependence_.decorrelate(scores);
    });
}

void Joint::from_normal(ConstView u, View x) const {
    assert(u.cols == dim() && x.cols == dim() && x.rows == u.rows);
    for_slices(u.rows, [&](std::int64_t first, std::int64_t count) {
        const View rows = x.slice(first, count);
        const ConstView scores = u.slice(first, count);
        if (scores.data != rows.data) std::copy_n(scores.data, scores.size(), rows.data);
        dependence_.correlate(rows);
        from_scores(laws_, rows);
    });
}

void Joint::from_uniform(ConstView v, View x) const {
    assert(v.cols == dim() && x.cols == dim() && x.rows == v.rows);
    for_slices(v.rows, [&](std::int64_t first, std::int64_t count) {
        const ConstView uniforms = v.slice(first, count);
        const View rows = x.slice(first, count);
        if (independent())
            return map_columns(laws_, uniforms, rows,
                               [](const auto& law, std::span<double> p) { columns::quantile(law, p); });
        if (uniforms.data != rows.data) std::copy_n(uniforms.data, uniforms.size(), rows.data);
        kernels().normal_quantiles(rows.data, rows.size());
        dependence_.correlate(rows);
        from_scores(laws_, rows);
    });
}

void Joint::from_uniform(Columns v) const {
    assert(v.cols == dim() && independent());
    for (std::int64_t j = 0; j < v.cols; ++j)
        std::visit([&](const auto& law) { columns::quantile(law, {v[j], static_cast<std::size_t>(v.rows)}); },
                   laws_[static_cast<std::size_t>(j)]);
}

}  // namespace buffon
