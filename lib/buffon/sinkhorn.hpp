/// Entropic optimal transport between weighted point clouds: min over couplings P of <P, C> + epsilon KL(P | a b'),
/// with C = |x - y|^2
/// or |x - y|. Sinkhorn's iteration on the logarithms of the scalings; costs are made as they are needed, nothing of
/// size n x m is stored.
///
/// Cuturi, NeurIPS 2013; divergence: Feydy et al., AISTATS 2019; overrelaxation: Lehmann, von Renesse, Sambale,
/// Uschmajew, Optim. Lett. 16, 2022.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct SinkhornOptions {
    double epsilon = 0.05;
    bool relative = true;
    int order = 2;
    double tolerance = 1e-6;
    std::int64_t max_iterations = 10'000;
    int threads = 0;
    std::vector<double> a{}, b{};   // weights; empty: uniform
    std::vector<double> f{}, g{};   // potentials to start from; empty: from none, with falling epsilon
    static constexpr auto fields() {
        using O = SinkhornOptions;
        return std::tuple{
            Field{"epsilon", &O::epsilon, "strength of the entropy, > 0"},
            Field{"relative", &O::relative,
                  "epsilon is a fraction of the mean cost of independent pairs; False: it is a cost itself"},
            Field{"order", &O::order, "1 or 2: the cost is the Euclidean distance to this power"},
            Field{"tolerance", &O::tolerance,
                  "stop when the marginals of the plan are this close to the weights, sum of absolute errors"},
            Field{"max_iterations", &O::max_iterations, "updates of both potentials, falling epsilon included"},
            Field{"threads", &O::threads, "0: all. Same bits for any number"}};
    }
};

/// The plan is P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon).
struct Sinkhorn {
    double value = 0.0;            // <P, C> + epsilon KL(P | a b'), from the duals
    double cost = 0.0;             // <P, C>
    double epsilon = 0.0;          // as a cost
    std::vector<double> f, g;      // (n), (m): potentials
    double marginal_error = 0.0;   // sum_i |(P 1)_i - a_i| + sum_j |(P' 1)_j - b_j|
    std::int64_t iterations = 0;
    bool converged = false;
};

/// @param x (n, d), y (m, d)   @throw std::invalid_argument of shapes, weights or options that do not fit, of what is not finite.
/// Not converged within max_iterations is no error: `converged` says it.
Sinkhorn sinkhorn(ConstView x, ConstView y, const SinkhornOptions& options = {});

struct SinkhornDivergence {
    double value = 0.0;     // OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2 >= 0, and 0 for equal measures only
    double epsilon = 0.0;   // as a cost, the same for all three
    double marginal_error = 0.0;
    std::int64_t iterations = 0;
    bool converged = false;   // of all three; the sum of iterations, the largest error
};

/// The debiased cost: as a loss it has no entropic bias towards shrunken clouds. Potentials to start from are not used.
SinkhornDivergence sinkhorn_divergence(ConstView x, ConstView y, const SinkhornOptions& options = {});

}  // namespace buffon
