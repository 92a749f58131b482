/// DC-Solver: UniPC whose outputs are compensated, each by a ratio of its own, for the misalignment that the corrector causes.
/// Source: Zhao, Wang, Zhou, Lu, "DC-Solver: improving predictor-corrector diffusion sampler via dynamic compensation",
/// ECCV 2024, arXiv:2409.03755.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct DcOptions {
    std::vector<double> ratios = {};
    int order = 2;
    int dc_order = 2;
    bool corrector = true;
    bool lower_order_final = true;

    static constexpr auto fields() {
        return std::tuple{
            Field{"ratios", &DcOptions::ratios,
                  "one number per step, what dc_search finds: the output at step i is replaced by the polynomial "
                  "through it and "
                  "those before, at ratios[i] of the way from the time before to its own; 1, as all are where the list "
                  "is "
                  "empty, changes nothing; the first two must be 1"},
            Field{"order", &DcOptions::order, "of the predictor, at least 1; the corrector has one more"},
            Field{"dc_order", &DcOptions::dc_order,
                  "degree of the polynomial, at least 1; steps with fewer outputs behind them must have ratio 1"},
            Field{"corrector", &DcOptions::corrector,
                  "whether states from the second on are corrected by the evaluation at them; without it and with "
                  "order 2 this is "
                  "a compensated DPM-Solver++"},
            Field{"lower_order_final", &DcOptions::lower_order_final,
                  "whether the order falls to 1 in the last steps"}};
    }
};

/// The first step that may have a ratio other than 1.
std::int64_t first_compensated(const DcOptions& options);

/// Data prediction, bh2. The polynomial is one in the schedule's own time; outputs stay replaced for all later steps, but the
/// corrector takes its newest output as the denoiser gave it.
/// @throw std::invalid_argument for an order below 1, ratios of another number than the steps, not finite, or not 1 where
///     they must be.
Table dc(const Schedule& schedule, const Grid& grid, const DcOptions& options = {});

}  // namespace buffon::diffusion
