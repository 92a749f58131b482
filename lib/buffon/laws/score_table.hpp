/// A smooth function of the normal score, tabulated once: what makes slow quantiles fast. Not installed.
#pragma once

#include <cmath>
#include <functional>
#include <mutex>
#include <vector>

namespace buffon {

/// Polynomials of degree 12 in panels of equal width, through the Chebyshev points of each. Panels are halved until the worst
/// error between the points is that of rounding.
class ScoreTable {
public:
    /// Scores of all uniforms (k + 1/2) 2^-53 lie within.
    static constexpr double reach = 8.5;

    explicit ScoreTable(const std::function<double(double)>& f);

    /// Worst relative error |f(z) - table| / (1 + |f|) that was seen between the points; large only where f is not smooth.
    double error() const { return error_; }

    /// f(z) for |z| <= reach, to about 1e-15 (1 + |f|).
    double operator()(double z) const {
        const double place = (z + reach) * panels_per_unit_;
        const double panel = std::floor(place < last_ ? place : last_);
        const double t = 2 * (place - panel) - 1;
        const double* c = coefficients_.data() + static_cast<std::size_t>(panel) * terms;
        double sum = c[terms - 1];
        for (int k = terms - 2; k >= 0; --k) sum = sum * t + c[k];
        return sum;
    }

private:
    static constexpr int terms = 13;
    double panels_per_unit_ = 2;
    double last_ = 0;   // number of the last panel
    double error_ = 0;
    std::vector<double> coefficients_;
};

/// Made when it is first asked for; safe to share between threads.
class LazyScoreTable {
public:
    template <class F>
    const ScoreTable& get(const F& f) const {
        std::call_once(made_, [&] { table_.emplace_back(f); });
        return table_.front();
    }

private:
    mutable std::once_flag made_;
    mutable std::vector<ScoreTable> table_;
};

}  // namespace buffon
