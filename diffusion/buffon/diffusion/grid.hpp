/// Where a sampler stops on its way from noise to data: the nodes of a time grid.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <buffon/diffusion/schedule.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// What is equidistant, or the times themselves.
struct Spacing {
    GridKind kind = GridKind::logsnr;
    std::vector<double> times = {};   // steps + 1 decreasing times, the terminal one included; empty: by kind

    Spacing() = default;
    Spacing(GridKind kind) : kind(kind) {}
    Spacing(std::vector<double> times) : times(std::move(times)) {}
};

struct Grid {
    std::optional<std::int64_t> steps = {};
    Spacing grid = {};
    bool to_zero = false;
    std::optional<double> t_end = {};
    std::optional<double> t_start = {};
    double power = 7.0;
    bool reversed = false;   // from data to noise; of Table::reversed, no keyword

    static constexpr auto fields() {
        return std::tuple{Field{"steps", &Grid::steps, "number of steps; may be left out where grid is an array"},
                          Field{"grid", &Grid::grid,
                                "what is equidistant between the steps, or an array of steps + 1 decreasing times of "
                                "the schedule, the last included"},
                          Field{"to_zero", &Grid::to_zero,
                                "whether the last step goes from the grid's last time to the data prediction, sigma = "
                                "0; it is one of the steps"},
                          Field{"t_end", &Grid::t_end, "last time, None for the schedule's t_end"},
                          Field{"t_start", &Grid::t_start, "first time, None for the schedule's t_start"},
                          Field{"power", &Grid::power,
                                "p of the grids 'rho' and 'power', which are equidistant in (sigma / alpha)^(1/p) and "
                                "t^(1/p); positive"}};
    }
};

/// The steps + 1 nodes of a grid, from noise to data, or back where it is reversed. rho = sigma / alpha = exp(-lambda)
/// is the noise level; at the last
/// node it may be 0, with lambda = +inf.
struct Nodes {
    std::vector<double> t, alpha, lambda, rho;

    std::size_t steps() const { return t.size() - 1; }
};

/// @throw std::invalid_argument for steps < 1, times that do not decrease or leave the schedule's range, fewer than
/// two, a reversed
/// grid with a node at sigma = 0.
Nodes nodes(const Schedule& schedule, const Grid& grid);

}  // namespace buffon::diffusion
