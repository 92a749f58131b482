#include <buffon/pair_covariance.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <buffon/laws/score_nodes.hpp>

namespace buffon {
namespace {

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

// Any copula: a grid of scores ------------------------------------------------------------------------------------------

/// Far enough for the squares of log-normal variables with sigma = 4, and of Student's with 2.5 degrees of freedom; fine enough
/// for a conditional law of a score that is a twentieth wide.
constexpr double grid_reach = 16, grid_step = 1.0 / 32;

/// Scores with the quadrature weights of their law, and the centred variable there.
struct Nodes {
    std::vector<double> z, weight, value;

    explicit Nodes(const Univariate& law) {
        const ScoreNodes nodes = score_nodes(score_breaks(law), grid_reach, grid_step);
        z = nodes.z;
        weight = nodes.weight;
        std::visit([&](const auto& l) {
            for (const double score : z) value.push_back(l.from_normal(score) - l.mean());
        }, law);
    }
};

/// log c of a pair at all combinations of two lists of scores, row by row: next(log densities) is given one row at a time.
template <class C, class Next>
void grid_log_densities(const C& copula, const std::vector<double>& a, const std::vector<double>& b, const Next& next) {
    Matrix rows(static_cast<std::int64_t>(b.size()), 2);
    std::vector<double> out(b.size());
    for (const double first : a) {
        for (std::size_t k = 0; k < b.size(); ++k) {
            rows.data[2 * k] = first;
            rows.data[2 * k + 1] = b[k];
        }
        std::fill(out.begin(), out.end(), 0.0);
        copula.add_log_density(rows, out);
        next(out);
    }
}

/// Student scores are slow to find in far tails: once per node.
template <class Next>
void grid_log_densities(const StudentCopula& copula, std::vector<double> a, std::vector<double> b, const Next& next) {
    for (auto* scores : {&a, &b}) copula.to_t({scores->data(), static_cast<std::int64_t>(scores->size()), 1});
    std::vector<double> out(b.size());
    for (const double first : a) {
        for (std::size_t k = 0; k < b.size(); ++k) out[k] = copula.log_density_at_t(std::array{first, b[k]}.data());
        next(out);
    }
}

double grid_covariance(const Copula& copula, const Nodes& a, const Nodes& b) {
    double sum = 0;
    std::size_t i = 0;
    const auto add_row = [&](const std::vector<double>& log_density) {
        double row = 0;
        for (std::size_t k = 0; k < log_density.size(); ++k) row += std::exp(log_density[k]) * b.weight[k] * b.value[k];
        sum += row * a.weight[i] * a.value[i];
        ++i;
    };
    std::visit([&](const auto& c) { grid_log_densities(c, a.z, b.z, add_row); }, copula);
    return sum;
}

}  // namespace

struct PairCovariance::Known {
    std::optional<HermiteCoefficients> hermite;
    std::optional<Nodes> nodes;
};

PairCovariance::PairCovariance(const std::vector<Univariate>& laws) : laws_(laws), known_(laws.size()) {}
PairCovariance::~PairCovariance() = default;

double PairCovariance::operator()(std::size_t i, std::size_t j, const Copula& copula) {
    const auto* gaussian = std::get_if<GaussianCopula>(&copula);
    const double rho = gaussian ? gaussian->correlation()(0, 1) : 1;
    if (rho == 0) return 0;
    if (!has_variance(laws_[i]) || !has_variance(laws_[j])) return std::numeric_limits<double>::quiet_NaN();
    if (!gaussian) {
        for (const std::size_t k : {i, j})
            if (!known_[k].nodes) known_[k].nodes.emplace(laws_[k]);
        return grid_covariance(copula, *known_[i].nodes, *known_[j].nodes);
    }
    if (const auto closed = std::visit(ClosedCovariance{rho}, laws_[i], laws_[j])) return *closed;
    for (const std::size_t k : {i, j})
        if (!known_[k].hermite) known_[k].hermite = hermite_coefficients(laws_[k]);
    const HermiteCoefficients& a = *known_[i].hermite;
    const HermiteCoefficients& b = *known_[j].hermite;
    double sum = 0;
    for (std::size_t k = a.size() - 1; k >= 1; --k) sum = rho * (sum + a[k] * b[k]);
    return sum;
}

}  // namespace buffon
