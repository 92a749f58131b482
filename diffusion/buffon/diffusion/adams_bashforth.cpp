#include <buffon/diffusion/adams_bashforth.hpp>

#include <cstddef>
#include <vector>

#include <buffon/diffusion/exponential.hpp>

namespace buffon::diffusion {

void adams_bashforth(Recorder& r, const Nodes& n, int outputs, const std::function<double(double)>& variable) {
    Combination x = r.start();
    std::vector<Combination> eps;
    for (std::size_t i = 0; i < n.steps(); ++i) {
        const Combination D = r.denoise(x);
        if (n.rho[i + 1] == 0) {
            r.node(D, i + 1, 0);
            return;
        }
        eps.push_back((x - D) / n.rho[i]);
        const auto used = static_cast<std::size_t>(order_at(n, i, outputs, false));
        std::vector<double> lambda;
        for (std::size_t k = 0; k < used; ++k) lambda.push_back(n.lambda[i - k]);
        const auto w = ExponentialStep{Prediction::noise, n.lambda[i], n.lambda[i + 1], n.rho[i], n.rho[i + 1]}.weights(
            lambda, variable);
        for (std::size_t k = 0; k < used; ++k) x = x + w[k] * eps[i - k];
        x = r.node(x, i + 1, n.rho[i + 1]);
    }
}

}  // namespace buffon::diffusion
