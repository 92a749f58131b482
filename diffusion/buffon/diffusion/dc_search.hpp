/// Compensation ratios of DC-Solver, searched without gradients: step after step, the ratio whose next state comes closest to
/// that of an accurate solution.
/// Source: Zhao, Wang, Zhou, Lu, "DC-Solver: improving predictor-corrector diffusion sampler via dynamic compensation",
/// ECCV 2024, arXiv:2409.03755 (which descends a gradient, on 10 points); the minimiser is Brent's, of Boost.Math.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/solvers/dc.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct DcSearchOptions {
    std::int64_t n = 64;
    std::optional<std::uint64_t> rng = {};
    std::optional<Matrix> x = {};
    OneOrMany<std::int64_t> condition = {};
    double lowest = 0.3;
    double highest = 1.7;
    int trials = 15;
    std::int64_t reference_steps = 200;
    int order = 2;
    int dc_order = 2;
    bool corrector = true;
    bool lower_order_final = true;
    int threads = 0;

    static constexpr auto fields() {
        return std::tuple{
            Field{"n", &DcSearchOptions::n,
                  "number of search points, a Sobol' net of the prior; published: 10, with which the ratios fit those "
                  "points"},
            Field{"rng", &DcSearchOptions::rng,
                  "key of the random numbers: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"x", &DcSearchOptions::x,
                  "search points (n, d) in the schedule's coordinates, in place of drawn ones"},
            Field{"condition", &DcSearchOptions::condition,
                  "class of each search point, or one of all; -1 for none; None: unconditional"},
            Field{"lowest", &DcSearchOptions::lowest, "smallest ratio tried, below 1"},
            Field{"highest", &DcSearchOptions::highest, "largest ratio tried, above 1"},
            Field{"trials", &DcSearchOptions::trials,
                  "ratios tried for each step beside 1, at least 2; each costs one evaluation per point, at the last "
                  "step none"},
            Field{"reference_steps", &DcSearchOptions::reference_steps,
                  "steps, and evaluations per point, of the reference: UniPC of order 3 through the same nodes, "
                  "at least one step between two nodes"},
            Field{"order", &DcSearchOptions::order, "of the predictor, as in dc"},
            Field{"dc_order", &DcSearchOptions::dc_order, "degree of the polynomial, as in dc"},
            Field{"corrector", &DcSearchOptions::corrector, "as in dc; without it a trial costs no evaluation"},
            Field{"lower_order_final", &DcSearchOptions::lower_order_final, "as in dc"},
            Field{"threads", &DcSearchOptions::threads, "threads, 0 for all; changes no result"}};
    }
};

/// What a search found. Errors are root mean squares over the search points' coordinates, of x / alpha against the reference.
struct DcSearch {
    Table table;                            // dc with these ratios
    std::vector<double> ratios;             // one per step
    std::vector<double> errors_before;      // at the node after each step, all ratios from this step on being 1
    std::vector<double> errors;             // the same with the step's own ratio
    std::int64_t evaluations = 0;           // of the denoiser, all together; those that guidance adds counted
    std::uint64_t rng_key = 0;
};

/// A ratio stays 1 unless another one is better in the mean square and in the mean distance. The errors are those of the search
/// points: judge the table on others.
/// @throw std::invalid_argument for options outside their ranges, points of another width, and as `dc` and `sample` do.
DcSearch dc_search(const Denoiser& model, const Schedule& schedule, const Grid& grid, const DcSearchOptions& options = {});

}  // namespace buffon::diffusion
