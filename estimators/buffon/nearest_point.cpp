#include <buffon/nearest_point.hpp>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include <Eigen/Dense>

namespace buffon {
namespace {

constexpr double rounding = 1e-9;   // relative: conditions and multipliers that are this close to 0 hold

}  // namespace

std::optional<std::vector<double>> nearest_point(const std::vector<std::vector<double>>& slopes,
                                                 const std::vector<double>& levels) {
    const auto k = static_cast<Eigen::Index>(slopes.size());
    Eigen::MatrixXd gram(k, k);
    for (Eigen::Index a = 0; a < k; ++a)
        for (Eigen::Index b = 0; b < k; ++b)
            gram(a, b) = std::inner_product(slopes[static_cast<std::size_t>(a)].begin(),
                                            slopes[static_cast<std::size_t>(a)].end(),
                                            slopes[static_cast<std::size_t>(b)].begin(), 0.0);
    const auto point = [&](const std::vector<Eigen::Index>& active, const Eigen::VectorXd& multiplier) {
        std::vector<double> u(slopes.front().size());
        for (std::size_t a = 0; a < active.size(); ++a)
            for (std::size_t i = 0; i < u.size(); ++i)
                u[i] += multiplier(static_cast<Eigen::Index>(a)) * slopes[static_cast<std::size_t>(active[a])][i];
        return u;
    };
    if (k == 1) return point({0}, Eigen::VectorXd::Constant(1, -levels.front() / gram(0, 0)));
    // Karush, Kuhn, Tucker: u = sum of multipliers >= 0 times slopes, active conditions are equalities, the others hold
    for (std::uint32_t set = 1; set < 1u << k; ++set) {
        std::vector<Eigen::Index> active;
        for (Eigen::Index a = 0; a < k; ++a)
            if (set >> a & 1) active.push_back(a);
        const auto size = static_cast<Eigen::Index>(active.size());
        Eigen::MatrixXd part(size, size);
        Eigen::VectorXd right(size);
        for (Eigen::Index a = 0; a < size; ++a) {
            right(a) = -levels[static_cast<std::size_t>(active[static_cast<std::size_t>(a)])];
            for (Eigen::Index b = 0; b < size; ++b)
                part(a, b) = gram(active[static_cast<std::size_t>(a)], active[static_cast<std::size_t>(b)]);
        }
        const Eigen::LDLT<Eigen::MatrixXd> solver(part);
        const auto pivots = solver.vectorD();
        if (!(pivots.minCoeff() > rounding * pivots.maxCoeff())) continue;   // nearly parallel
        const Eigen::VectorXd multiplier = solver.solve(right);
        if (multiplier.minCoeff() < 0) continue;
        std::vector<double> u = point(active, multiplier);
        bool holds = true;
        for (Eigen::Index a = 0; a < k && holds; ++a) {
            const auto& slope = slopes[static_cast<std::size_t>(a)];
            const double level = levels[static_cast<std::size_t>(a)];
            holds = std::inner_product(u.begin(), u.end(), slope.begin(), 0.0) + level >=
                    -rounding * (std::abs(level) + std::sqrt(gram(a, a)));
        }
        if (holds) return u;
    }
    return {};
}

}  // namespace buffon
