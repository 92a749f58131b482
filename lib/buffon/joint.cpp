#include <buffon/joint.hpp>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>
#include <buffon/law_columns.hpp>
#include <buffon/laws/score_nodes.hpp>
#include <buffon/names.hpp>

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

/// As above, and the normal scores z. A copula gives no density to an infinite score (the support's end, or beyond): -inf.
void add_log_marginals(const std::vector<Univariate>& laws, ConstView x, View z, std::span<double> out) {
    to_scores(laws, x, z);
    add_log_densities(laws, x, out, [z](std::int64_t i, std::int64_t j, double log_density) {
        if (!std::isinf(z(i, j))) return log_density;
        z(i, j) = 0.0;
        return -std::numeric_limits<double>::infinity();
    });
}

/// Dependent scores to independent ones where some are infinite: the others must not become NaN, so infinity acts as 40,
/// a score beyond every double's, and is put back afterwards.
void decorrelate_infinite(const GaussianCopula& copula, std::span<double> scores) {
    std::vector<double> u(scores.begin(), scores.end());
    for (double& score : u)
        if (std::isinf(score)) score = std::copysign(40.0, score);
    copula.decorrelate({u.data(), 1, static_cast<std::int64_t>(u.size())});
    for (std::size_t j = 0; j < u.size(); ++j)
        if (!std::isinf(scores[j])) scores[j] = u[j];
}

void decorrelate(const GaussianCopula& copula, View z) {
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        if (std::any_of(row.begin(), row.end(), [](double score) { return std::isinf(score); }))
            decorrelate_infinite(copula, row);
        else
            copula.decorrelate(z.slice(i, 1));
    }
}

// Covariance of g(Z) and h(Z') for normal scores with correlation rho ------------------------------------------------

/// E[(g(Z) - g(0)) He_k(Z)] / sqrt(k!) for k = 0 ... 100: the covariance of two laws is sum over k >= 1 of rho^k a_k b_k.
/// Normalised Hermite functions, whose recurrence is stable.
constexpr int hermite_terms = 101;
using HermiteCoefficients = std::array<double, hermite_terms>;

void add_hermite_terms(double z, double weighted, HermiteCoefficients& a) {
    double before = 0;
    double now = std::exp(-0.25 * z * z);
    for (int k = 0; k < hermite_terms; ++k) {
        a[static_cast<std::size_t>(k)] += weighted * now;
        const double next = (z * now - std::sqrt(k) * before) / std::sqrt(k + 1);
        before = std::exchange(now, next);
    }
}

HermiteCoefficients hermite_coefficients(const Univariate& law) {
    const auto from_normal = [&](double z) { return std::visit([=](const auto& l) { return l.from_normal(z); }, law); };
    const double centre = from_normal(0);
    const ScoreNodes nodes = score_nodes(score_breaks(law));
    HermiteCoefficients a{};
    for (std::size_t i = 0; i < nodes.z.size(); ++i) {   // the functions hold half of the normal density
        const double z = nodes.z[i];
        add_hermite_terms(z, nodes.weight[i] * std::exp(0.25 * z * z) * (from_normal(z) - centre), a);
    }
    return a;
}

/// Where both laws are normal or log-normal.
struct ClosedCovariance {
    double rho;

    std::optional<double> operator()(const Normal& a, const Normal& b) const { return a.sd() * b.sd() * rho; }
    std::optional<double> operator()(const Normal& a, const LogNormal& b) const { return a.sd() * b.mean() * b.sigma() * rho; }
    std::optional<double> operator()(const LogNormal& a, const Normal& b) const { return (*this)(b, a); }
    std::optional<double> operator()(const LogNormal& a, const LogNormal& b) const {
        return a.mean() * b.mean() * std::expm1(a.sigma() * b.sigma() * rho);
    }
    template <class A, class B>
    std::optional<double> operator()(const A&, const B&) const { return std::nullopt; }
};

bool has_variance(const Univariate& law) {
    return std::isfinite(std::visit([](const auto& l) { return l.variance(); }, law));
}

/// Covariances of pairs of laws, NaN where one has no variance; the coefficients of a law are computed when a pair first needs them.
class PairCovariance {
public:
    explicit PairCovariance(const std::vector<Univariate>& laws) : laws_(laws), coefficients_(laws.size()) {}

    double operator()(std::size_t i, std::size_t j, double rho) {
        if (rho == 0) return 0;
        if (!has_variance(laws_[i]) || !has_variance(laws_[j])) return std::numeric_limits<double>::quiet_NaN();
        if (const auto closed = std::visit(ClosedCovariance{rho}, laws_[i], laws_[j])) return *closed;
        const HermiteCoefficients& a = coefficients(i);
        const HermiteCoefficients& b = coefficients(j);
        double sum = 0;
        for (std::size_t k = a.size() - 1; k >= 1; --k) sum = rho * (sum + a[k] * b[k]);
        return sum;
    }

private:
    const HermiteCoefficients& coefficients(std::size_t j) {
        auto& known = coefficients_[j];
        if (!known) known = hermite_coefficients(laws_[j]);
        return *known;
    }

    const std::vector<Univariate>& laws_;
    std::vector<std::optional<HermiteCoefficients>> coefficients_;
};

}  // namespace

Joint::Joint(std::vector<Univariate> laws, std::vector<std::string> names, std::optional<GaussianCopula> copula)
    : laws_(std::move(laws)), copula_(std::move(copula)) {
    require(!laws_.empty(), "Joint: laws must not be empty");
    names_ = checked_names("Joint", std::move(names), dim());
    if (copula_)
        require(copula_->dim() == dim(), "Joint: copula must have dimension ", dim(), " (one per law), got ", copula_->dim());
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
        for (std::int64_t j = 0; copula_ && j < row; ++j)
            covariance(row, j) = covariance(j, row) = pair(i, static_cast<std::size_t>(j), copula_->correlation()(row, j));
    }
    return covariance;
}

void Joint::log_density(ConstView x, std::span<double> out) const {
    assert(x.cols == dim() && out.size() == static_cast<std::size_t>(x.rows));
    std::fill(out.begin(), out.end(), 0.0);
    Matrix scores(copula_ ? std::min(slice_rows, x.rows) : 0, dim());
    for_slices(x.rows, [&](std::int64_t first, std::int64_t count) {
        const ConstView rows = x.slice(first, count);
        const auto densities = out.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        if (!copula_) return add_log_marginals(laws_, rows, densities);
        const View z = scores.view().slice(0, count);
        add_log_marginals(laws_, rows, z, densities);
        copula_->add_log_density(z, densities);
    });
}

void Joint::to_normal(ConstView x, View u) const {
    assert(x.cols == dim() && u.cols == dim() && u.rows == x.rows);
    for_slices(x.rows, [&](std::int64_t first, std::int64_t count) {
        const View scores = u.slice(first, count);
        to_scores(laws_, x.slice(first, count), scores);
        if (copula_) decorrelate(*copula_, scores);
    });
}

void Joint::from_normal(ConstView u, View x) const {
    assert(u.cols == dim() && x.cols == dim() && x.rows == u.rows);
    for_slices(u.rows, [&](std::int64_t first, std::int64_t count) {
        const View rows = x.slice(first, count);
        const ConstView scores = u.slice(first, count);
        if (scores.data != rows.data) std::copy_n(scores.data, scores.size(), rows.data);
        if (copula_) copula_->correlate(rows);
        from_scores(laws_, rows);
    });
}

void Joint::from_uniform(ConstView v, View x) const {
    assert(v.cols == dim() && x.cols == dim() && x.rows == v.rows);
    for_slices(v.rows, [&](std::int64_t first, std::int64_t count) {
        const ConstView uniforms = v.slice(first, count);
        const View rows = x.slice(first, count);
        if (!copula_) return map_columns(laws_, uniforms, rows, [](const auto& law, std::span<double> p) { columns::quantile(law, p); });
        if (uniforms.data != rows.data) std::copy_n(uniforms.data, uniforms.size(), rows.data);
        kernels().normal_quantiles(rows.data, rows.size());
        copula_->correlate(rows);
        from_scores(laws_, rows);
    });
}

void Joint::from_uniform(Columns v) const {
    assert(v.cols == dim() && !copula_);
    for (std::int64_t j = 0; j < v.cols; ++j)
        std::visit([&](const auto& law) { columns::quantile(law, {v[j], static_cast<std::size_t>(v.rows)}); },
                   laws_[static_cast<std::size_t>(j)]);
}

}  // namespace buffon
