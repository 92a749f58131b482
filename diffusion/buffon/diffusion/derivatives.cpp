#include <buffon/diffusion/derivatives.hpp>

namespace buffon::diffusion {
namespace {

/// Coefficients in powers of r of the Lagrange polynomial that is 1 at node j.
std::vector<double> lagrange(const std::vector<double>& nodes, std::size_t j) {
    std::vector<double> c{1.0};
    for (std::size_t m = 0; m < nodes.size(); ++m) {
        if (m == j) continue;
        const double scale = nodes[j] - nodes[m];
        c.push_back(0.0);
        for (std::size_t k = c.size(); k-- > 0;) c[k] = ((k > 0 ? c[k - 1] : 0.0) - nodes[m] * c[k]) / scale;
    }
    return c;
}

double factorial(std::size_t k) {
    double f = 1;
    for (std::size_t i = 2; i <= k; ++i) f *= static_cast<double>(i);
    return f;
}

}  // namespace

std::vector<double> derivative(const std::vector<double>& nodes, std::size_t k) {
    std::vector<double> weights(nodes.size());
    for (std::size_t j = 0; j < nodes.size(); ++j) weights[j] = factorial(k) * lagrange(nodes, j)[k];
    return weights;
}

std::vector<double> divided_difference(const std::vector<double>& nodes, std::size_t k) {
    std::vector<double> weights(nodes.size(), 0.0);
    for (std::size_t j = 0; j <= k; ++j) {
        double product = 1;
        for (std::size_t m = 0; m <= k; ++m)
            if (m != j) product *= nodes[j] - nodes[m];
        weights[j] = factorial(k) / product;
    }
    return weights;
}

}  // namespace buffon::diffusion
