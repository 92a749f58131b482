/// S-PNDM: a pseudo linear multistep method of second order in the noise prediction; `fpndm` is that of fourth.
/// Source: Liu, Ren, Lin, Zhao, "Pseudo numerical methods for diffusion models on manifolds", ICLR 2022, algorithm 2 and
/// section 3.3; multistep warm-up: Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// How a multistep method makes its first steps: by a one-step method of its order, or by multistep methods of lower order.
enum class Warmup { runge_kutta, multistep };

struct PndmOptions {
    Warmup warmup = Warmup::runge_kutta;

    static constexpr auto fields() {
        return std::tuple{
            Field{"warmup", &PndmOptions::warmup,
                  "first steps: 'runge_kutta' as published, at further evaluations, or 'multistep', which is iPNDM"}};
    }
};

/// steps + 1 evaluations, or steps with the multistep warm-up. The weights are those of equal steps in the noise level.
Table pndm(const Schedule& schedule, const Grid& grid, const PndmOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::Warmup> {
    static constexpr std::array<std::string_view, 2> names{"runge_kutta", "multistep"};
};
