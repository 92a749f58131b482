/// The probability-flow ODE by Dormand and Prince's embedded pair of orders 5 and 4, in the schedule's time, for x / alpha.
/// Source: Dormand, Prince, J. Comput. Appl. Math. 6 (1980), 19-26; step control as in Hairer, Norsett, Wanner, "Solving ordinary
/// differential equations I", II.4; in samplers: Song et al., "Score-based generative modeling through stochastic differential
/// equations", ICLR 2021, who integrate x itself: the same for schedules with alpha = 1.
#pragma once

#include <tuple>

#include <buffon/diffusion/norms.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct Rk45Options {
    double rtol = 1e-5;
    double atol = 1e-5;
    Norms norms = Norms::sample;

    static constexpr auto fields() {
        return std::tuple{Field{"rtol", &Rk45Options::rtol,
                                "relative tolerance of a step's error in x, root mean square over the coordinates"},
                          Field{"atol", &Rk45Options::atol, "absolute tolerance, added to it"},
                          Field{"norms", &Rk45Options::norms,
                                "'sample' gives each sample steps of its own, so it is the same alone; 'batch', as "
                                "published, one step for all"}};
    }
};

/// Six evaluations a trial and one at the start. Steps end at the nodes of the grid; without `steps` these are its two ends.
/// @throw std::invalid_argument for a tolerance that is not positive, to_zero.
Table rk45(const Schedule& schedule, const Grid& grid, const Rk45Options& options = {});

}  // namespace buffon::diffusion
