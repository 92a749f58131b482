#include <buffon/level_plan.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace buffon {
namespace {

constexpr double least_share = 0.02;   // divided among the levels: what was not seen to vary may do so

class Planner {
public:
    Planner(const Matrix& covariance, std::int64_t n, const std::vector<double>& costs, bool regressed)
        : covariance_(covariance), n_(static_cast<double>(n)), costs_(costs), regressed_(regressed),
          levels_(static_cast<std::int64_t>(costs.size())), outputs_(covariance.rows / levels_) {
        for (std::int64_t j = 0; j < outputs_; ++j)
            if (at(0, 0, j) > 0) varying_.push_back(j);
    }

    bool anything_varies() const { return !varying_.empty(); }

    /// Shares of least mean over the outputs of variance / plain variance, and the gain of the output that gains least.
    LevelPlan of(std::vector<std::int64_t> kept) const {
        LevelPlan plan{std::move(kept), {}, {}, 1};
        plan.coefficients = coefficients(plan.kept);
        double sum = 0;
        for (std::size_t i = 0; i < plan.kept.size(); ++i) {
            double variance = 0;   // relative to plain's, mean over the outputs
            for (const std::int64_t j : varying_)
                variance += term(plan, i, j) / at(0, 0, j) / static_cast<double>(varying_.size());
            plan.shares.push_back(std::sqrt(variance * cost(plan.kept, i)));
            sum += plan.shares.back();
        }
        for (double& share : plan.shares)
            share = (1 - least_share) * share / sum + least_share / static_cast<double>(plan.kept.size());
        plan.gain = std::numeric_limits<double>::infinity();
        for (const std::int64_t j : varying_) {
            double variance = 0;   // at a total cost of 1
            for (std::size_t i = 0; i < plan.kept.size(); ++i)
                if (const double v = term(plan, i, j); v > 0) variance += v * cost(plan.kept, i) / plan.shares[i];
            plan.gain = std::min(plan.gain, at(0, 0, j) * costs_[0] / variance);
        }
        return plan;
    }

private:
    /// Covariance of output j at two levels.
    double at(std::int64_t a, std::int64_t b, std::int64_t j) const { return covariance_(a * outputs_ + j, b * outputs_ + j); }
    double cost(const std::vector<std::int64_t>& kept, std::size_t i) const {
        const double own = costs_[static_cast<std::size_t>(kept[i])];
        return i + 1 < kept.size() ? own + costs_[static_cast<std::size_t>(kept[i + 1])] : own;
    }
    Matrix coefficients(const std::vector<std::int64_t>& kept) const {
        Matrix out(static_cast<std::int64_t>(kept.size()) - 1, outputs_);
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::int64_t j = 0; j < outputs_; ++j) {
                const std::int64_t a = kept[static_cast<std::size_t>(i)], b = kept[static_cast<std::size_t>(i) + 1];
                out(i, j) = !regressed_ ? 1.0 : at(b, b, j) > 0 ? at(a, b, j) / at(b, b, j) : 0.0;
            }
        return out;
    }
    double term(const LevelPlan& plan, std::size_t i, std::int64_t j) const {
        const std::int64_t a = plan.kept[i];
        double scale = 1;
        for (std::size_t before = 0; before < i; ++before)
            scale *= plan.coefficients(static_cast<std::int64_t>(before), j);
        if (i + 1 == plan.kept.size()) return scale * scale * at(a, a, j);
        const std::int64_t b = plan.kept[i + 1];
        const double c = plan.coefficients(static_cast<std::int64_t>(i), j), ends = at(a, a, j) + c * c * at(b, b, j);
        return scale * scale * (std::max(ends - 2 * c * at(a, b, j), 0.0) + ends / (n_ + 1));
    }

    const Matrix& covariance_;
    double n_;
    const std::vector<double>& costs_;
    bool regressed_;
    std::int64_t levels_, outputs_;
    std::vector<std::int64_t> varying_;
};

}  // namespace

LevelPlan plan_levels(const Matrix& covariance, std::int64_t n, const std::vector<double>& costs, bool regressed) {
    const Planner planner(covariance, n, costs, regressed);
    LevelPlan best;
    if (!planner.anything_varies()) return best;
    const std::size_t others = costs.size() - 1;
    for (std::uint64_t subset = 1; subset < std::uint64_t{1} << others; ++subset) {
        std::vector<std::int64_t> kept{0};
        for (std::size_t k = 0; k < others; ++k)
            if ((subset >> k & 1) != 0) kept.push_back(static_cast<std::int64_t>(k) + 1);
        LevelPlan plan = planner.of(std::move(kept));
        if (plan.gain > best.gain) best = std::move(plan);
    }
    return best;
}

}  // namespace buffon
