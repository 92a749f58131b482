#include <buffon/diffusion/exponential.hpp>

#include <cmath>
#include <cstddef>

#include <Eigen/Dense>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/factorials.hpp>

namespace buffon::diffusion {
namespace {

double factorial(int k) { return boost::math::factorial<double>(static_cast<unsigned>(k)); }

}  // namespace

double phi(int k, double z) {
    if (std::abs(z) < 1) {   // the recursion cancels: phi_3 loses 8 digits at z = 1e-4
        double term = 1 / factorial(k), sum = term;
        for (int n = 1; std::abs(term) > 1e-17 * std::abs(sum); ++n) sum += term *= z / (n + k);
        return sum;
    }
    if (k == 0) return std::exp(z);
    double value = std::expm1(z) / z;
    for (int j = 2; j <= k; ++j) value = (value - 1 / factorial(j - 1)) / z;
    return value;
}

double lagrange(const std::vector<double>& nodes, std::size_t k, double x) {
    double product = 1.0;
    for (std::size_t j = 0; j < nodes.size(); ++j)
        if (j != k) product *= (x - nodes[j]) / (nodes[k] - nodes[j]);
    return product;
}

double ExponentialStep::keep() const { return prediction == Prediction::data ? std::exp(-h()) : 1.0; }

double ExponentialStep::moment(int j) const {
    const bool data = prediction == Prediction::data;
    if (j == 0) return data ? -std::expm1(-h()) : rho_to - rho_from;
    return factorial(j) * h() * (data ? phi(j + 1, -h()) : -rho_to * phi(j + 1, h()));
}

std::vector<double> ExponentialStep::weights(const std::vector<double>& nodes) const {
    if (nodes.size() == 1) return {moment(0)};
    const auto n = static_cast<Eigen::Index>(nodes.size());
    Eigen::MatrixXd powers(n, n);
    Eigen::VectorXd moments(n);
    for (Eigen::Index j = 0; j < n; ++j) {
        for (Eigen::Index k = 0; k < n; ++k) powers(j, k) = std::pow(place(nodes[static_cast<std::size_t>(k)]), j);
        moments(j) = moment(static_cast<int>(j));
    }
    const Eigen::VectorXd w = powers.fullPivLu().solve(moments);
    return {w.begin(), w.end()};
}

std::vector<double> ExponentialStep::weights(const std::vector<double>& nodes,
                                             const std::function<double(double)>& variable) const {
    if (nodes.size() == 1) return {moment(0)};
    std::vector<double> at, w;
    for (const double lambda : nodes) at.push_back(variable(lambda));
    for (std::size_t k = 0; k < nodes.size(); ++k) {
        const auto integrand = [&](double lambda) {
            const double kernel = prediction == Prediction::data ? std::exp(lambda - lambda_to) : -std::exp(-lambda);
            return kernel * lagrange(at, k, variable(lambda));
        };
        w.push_back(boost::math::quadrature::gauss<double, 48>::integrate(integrand, lambda_from, lambda_to));
    }
    return w;
}

}  // namespace buffon::diffusion
