#include <buffon/diffusion/gaussian_law.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

void add(AffineValue& sum, double weight, const AffineValue& value) {
    sum.constant += weight * value.constant;
    sum.start += weight * value.start;
    sum.noise.resize(std::max(sum.noise.size(), value.noise.size()));
    for (std::size_t k = 0; k < value.noise.size(); ++k) sum.noise[k] += weight * value.noise[k];
}

/// E[x0 | x] = mean + sd^2 / (sd^2 + rho^2) (x - mean).
AffineValue denoised(const AffineValue& x, double rho, double mean, double sd) {
    const double share = rho == 0 ? 1.0 : sd * sd / (sd * sd + rho * rho);
    AffineValue D;
    add(D, share, x);
    D.constant += (1 - share) * mean;
    return D;
}

AffineValue marginal(double alpha, double rho, double mean, double sd) { return {alpha * mean, alpha * std::hypot(sd, rho), {}}; }

}  // namespace

double AffineValue::variance() const {
    double sum = start * start;
    for (const double w : noise) sum += w * w;
    return sum;
}

AffineValue result_on_gaussian(const Table& table, double mean, double sd) {
    require(sd >= 0, "result_on_gaussian: sd must not be negative, got ", sd);
    require(!table.adaptive, "result_on_gaussian: ", table.name, " makes its rows as it goes");
    require(!table.shift, "result_on_gaussian: ", table.name, " is not linear");
    for (const Row& row : table.rows)
        require(row.langevin == 0, "result_on_gaussian: ", table.name, " has Langevin steps, whose weights are random");
    require(table.coordinates.empty(), "result_on_gaussian: ", table.name, " has coefficients per coordinate");
    std::vector<AffineValue> values{marginal(1.0, table.rho_start(), mean, sd), {1.0, 0.0, {}}};
    std::vector<double> rho{table.rho_start(), 0.0};
    std::size_t draws = 0;
    for (const Row& row : table.rows) {
        AffineValue value;
        const auto at = static_cast<std::size_t>(std::max(row.at, 0));
        if (row.at >= 0) value = denoised(values[at], rho[at], mean, sd);
        for (const Term& term : row.terms) add(value, term.weight, values[static_cast<std::size_t>(term.value)]);
        if (row.noise != 0) {
            value.noise.resize(++draws);
            value.noise.back() = row.noise;
        }
        values.push_back(value);
        rho.push_back(row.rho);
    }
    AffineValue x;
    add(x, table.nodes.alpha.back(), values.back());
    return x;
}

AffineValue flow_on_gaussian(const Table& table, double mean, double sd) {
    return marginal(table.nodes.alpha.back(), table.nodes.rho.back(), mean, sd);
}

}  // namespace buffon::diffusion
