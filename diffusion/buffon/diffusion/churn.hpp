/// Churn: before a step of an ODE solver the noise level is raised a little, and noise is added to match.
/// Source: Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022,
/// algorithm 2.
#pragma once

#include <limits>
#include <tuple>

#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct ChurnOptions {
    double s_churn = 0.0;
    double s_tmin = 0.0;
    double s_tmax = std::numeric_limits<double>::infinity();
    double s_noise = 1.0;

    static constexpr auto fields() {
        return std::tuple{
            Field{"s_churn", &ChurnOptions::s_churn,
                  "total churn: a step raises its noise level by the factor 1 + min(s_churn / steps, sqrt(2) - 1); 0 "
                  "none"},
            Field{"s_tmin", &ChurnOptions::s_tmin, "lowest noise level sigma / alpha at which noise is added"},
            Field{"s_tmax", &ChurnOptions::s_tmax, "highest such level"},
            Field{"s_noise", &ChurnOptions::s_noise,
                  "factor on the standard deviation of the added noise; 1 matches the level"}};
    }
};

/// A state and the level it claims.
struct Level {
    Combination x;
    double rho;
};

/// @throw std::invalid_argument naming the solver and the option.
void check_churn(const char* solver, const ChurnOptions& options);
/// x of step i with its noise raised; x itself where the options add none.
Level churned(Recorder& r, const Nodes& n, std::size_t i, const ChurnOptions& options, const Combination& x);
/// What the rows of a table with this churn promise.
Promise promise_of(const ChurnOptions& options);

}  // namespace buffon::diffusion
