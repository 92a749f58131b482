#include <cmath>

#include <buffon/check.hpp>
#include <buffon/joint.hpp>

namespace buffon {
namespace {

/// Pearson's correlation of two coordinates whose normal scores have correlation rho.
double pearson(const Univariate& a, const Univariate& b, double rho) {
    Matrix r(2, 2, 1.0);
    r(0, 1) = r(1, 0) = rho;
    const Matrix c = Joint({a, b}, {}, GaussianCopula(std::move(r))).covariance();
    return c(0, 1) / std::sqrt(c(0, 0) * c(1, 1));
}

/// The inverse of pearson in rho: it grows with rho, so halving the interval always works.
double normal_correlation(const Univariate& a, const Univariate& b, double target) {
    for (const auto& law : {a, b}) {
        const double variance = std::visit([](const auto& l) { return l.variance(); }, law);
        require(std::isfinite(variance), "GaussianCopula: from_pearson needs laws with a finite variance, got ", variance);
    }
    if (target == 0) return 0;
    double low = -1 + 1e-12, high = 1 - 1e-12;
    const double least = pearson(a, b, low), most = pearson(a, b, high);
    require(target >= least && target <= most, "GaussianCopula: from_pearson reaches correlations in ", least, " ... ", most,
            " for such a pair of laws, got ", target);
    for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (pearson(a, b, middle) < target ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

}  // namespace

GaussianCopula gaussian_copula_from_pearson(const std::vector<Univariate>& laws, const Matrix& correlation) {
    const auto d = static_cast<std::int64_t>(laws.size());
    require(correlation.rows == d && correlation.cols == d, "GaussianCopula: correlation must have shape (", d, ", ", d,
            "), got (", correlation.rows, ", ", correlation.cols, ")");
    Matrix normal = correlation;
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < d; ++j)
            if (i != j)
                normal(i, j) = normal_correlation(laws[static_cast<std::size_t>(i)], laws[static_cast<std::size_t>(j)],
                                                  correlation(i, j));
    return GaussianCopula(std::move(normal));
}

}  // namespace buffon
