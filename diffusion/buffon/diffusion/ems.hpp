/// Empirical model statistics (EMS) of DPM-Solver-v3: coefficients l, s, b per coordinate and lambda that make the solver's
/// integrand f = (1 - l) v - D as constant as possible along the probability flow, v = x / alpha.
/// Source: Zheng, Lu, Chen, Zhu, "DPM-Solver-v3: improved diffusion ODE solver with empirical model statistics",
/// NeurIPS 2023, sections 3.1 and 3.2.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/schedule.hpp>
#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// Tables over uniform nodes of lambda, (nodes, d); standard errors from groups of the pairs (x0, eps).
struct Ems {
    std::vector<double> lambda;
    Matrix l, s, b;
    Matrix l_error, s_error, b_error;
    std::int64_t pairs = 0;
    std::int64_t evaluations = 0;   // of the denoiser, all together

    std::int64_t dim() const { return l.cols; }
    /// The same l, s and b from one lambda to another, for all coordinates: (1, 0, 0) is data prediction, (0, -1, 0)
    /// noise prediction.
    static Ems constant(double first, double last, double l, double s, double b, std::int64_t nodes = 1280);
};

struct EmsOptions {
    std::optional<Matrix> data = {};
    std::int64_t n = 1024;
    std::int64_t nodes = 1200;
    std::int64_t probes = 1;
    std::optional<double> t_end = {};
    OneOrMany<std::int64_t> condition = {};
    std::optional<std::uint64_t> rng = {};
    int threads = 0;

    static constexpr auto fields() {
        return std::tuple{
            Field{"data", &EmsOptions::data, "samples x0 (n, d) of the data; None draws n of them from an exact model"},
            Field{"n", &EmsOptions::n, "number of pairs (x0, eps), the same at every node"},
            Field{"nodes", &EmsOptions::nodes,
                  "intervals of the table in lambda: its rounding falls with their square"},
            Field{"probes", &EmsOptions::probes,
                  "random directions per pair for the diagonal of the Jacobian, 0 for every coordinate by itself"},
            Field{"t_end", &EmsOptions::t_end, "last time, None for the schedule's t_end"},
            Field{"condition", &EmsOptions::condition,
                  "class of each pair, or one of all; -1 for none; None: unconditional"},
            Field{"rng", &EmsOptions::rng, "key of the random numbers: same key, same bits"},
            Field{"threads", &EmsOptions::threads, "threads, 0 for all; changes no result"}};
    }
};

/// 3 + 2 probes evaluations per pair and node: the output, two for the derivative along the flow, two for each probe of the
/// diagonal of the Jacobian (Rademacher, unbiased); with probes = 0 3 + 2 d, and nothing random in the diagonal.
/// @throw std::invalid_argument for n < 64, nodes < 2, data of another width, or none where the model cannot draw them,
///     classes of another number than the pairs or that the model does not know.
Ems ems(const Denoiser& model, const Schedule& schedule, const EmsOptions& options = {});

}  // namespace buffon::diffusion
