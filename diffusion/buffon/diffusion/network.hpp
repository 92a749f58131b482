/// A denoiser from a trained network, whatever it predicts and however its input is scaled. At x = x0 + sigma eps the network is
/// asked at in * x and at its own label of the level, and E[x0 | x] = skip * x + factor * output.
/// Source: Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022,
/// table 1 (edm); Ho, Jain, Abbeel, NeurIPS 2020 (noise); Salimans, Ho, "Progressive distillation", ICLR 2022 (velocity).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <buffon/diffusion/convert.hpp>
#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/schedule.hpp>
#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// How the network sees x and the level. none: x_t and the time t. discrete: x_t and the level's number, (t - t_0) / (t_1 - t_0)
/// of a Discrete schedule, not rounded. edm: c_in x and log(sigma) / 4; the output is then that of table 1 (no `prediction`).
enum class Preconditioning { none, edm, discrete };

struct NetworkOptions {
    Prediction prediction = Prediction::noise;   // what the output is, of x_t = alpha x0 + sigma_t eps
    Preconditioning preconditioning = Preconditioning::none;
    double sigma_data = 0.5;                  // of edm
    std::int64_t levels = 1000;               // of discrete, with a schedule that is not Discrete
    std::int64_t classes = 0;                 // labels 0 ... classes - 1
    std::string name = "Network";
};

/// Of one noise level.
struct Parametrisation {
    double in, time, skip, factor;
};

/// @throw std::invalid_argument for sigma outside the schedule, a sigma_data that is not positive.
Parametrisation parametrisation(const Schedule& schedule, const NetworkOptions& options, double sigma);

/// Rows as the network sees them, with its labels of their level (one, or one per row) and their classes (none, or one per row).
struct NetworkInput {
    ConstView x;
    std::span<const double> time;
    std::span<const std::int64_t> labels;
};
using NetworkFunction = std::function<void(const NetworkInput&, View out)>;

/// The network where rows lie on a CUDA device: x (rows, d), float32 where `single` and float64 otherwise, is memory of
/// it, and so is
/// what comes back, (rows, d) of the same kind, alive as long as `owner`.
struct NetworkOnDevice {
    struct Input {
        const DeviceQueue& queue;
        const void* x;
        std::int64_t rows;
        std::span<const double> time;            // one, or one per row; on the host, like labels
        std::span<const std::int64_t> labels;
    };
    struct Output {
        const void* y = nullptr;
        std::shared_ptr<const void> owner;
    };

    bool single = false;
    std::function<Output(const Input&)> call = {};   // empty: it runs on the processor only
};

/// Knows the levels between the schedule's t_start and t_end; is called by one thread at a time.
/// @throw std::invalid_argument for options without sense; the denoiser: for an output that is not finite, on the processor.
Denoiser network(std::int64_t dim, NetworkFunction net, const Schedule& schedule, const NetworkOptions& options = {},
                 NetworkOnDevice there = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::Preconditioning> {
    static constexpr std::array<std::string_view, 3> names{"none", "edm", "discrete"};
};
