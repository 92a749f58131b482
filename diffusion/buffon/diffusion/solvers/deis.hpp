/// DEIS: the noise prediction is extrapolated by a polynomial in the time or in rho, or the flow in rho is solved by a
/// Runge-Kutta method. The weights are exact where the published code sums 10,000 terms.
/// Source: Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/runge_kutta.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

enum class DeisMethod { tab, rhoab, rhork };

struct DeisOptions {
    DeisMethod method = DeisMethod::tab;
    int order = 3;
    TableauName tableau = TableauName::heun;

    static constexpr auto fields() {
        return std::tuple{
            Field{"method", &DeisOptions::method,
                  "'tab': polynomial in the time, 'rhoab': in rho = sigma / alpha, 'rhork': Runge-Kutta steps in rho"},
            Field{"order", &DeisOptions::order,
                  "degree of the polynomial, 0 (DDIM) ... 3; it goes through order + 1 predictions"},
            Field{"tableau", &DeisOptions::tableau,
                  "which Runge-Kutta method, for 'rhork'; as many evaluations per step as it has stages"}};
    }
};

/// @throw std::invalid_argument for an order outside 0 ... 3.
Table deis(const Schedule& schedule, const Grid& grid, const DeisOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::DeisMethod> {
    static constexpr std::array<std::string_view, 3> names{"tab", "rhoab", "rhork"};
};
