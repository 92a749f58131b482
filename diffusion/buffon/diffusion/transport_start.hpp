/// Starts of samplers from optimal transport: draws of the map's source go to its points, noise of one level is added,
/// and any solver goes on from
/// there. No evaluation of a denoiser; n N d multiplications.
/// The start of x has the law sum_i w_i N(y_i, level^2 I), w the masses of the cells, whatever the map: what its choice
/// decides is which draw of the
/// source goes where. A level far below the points' distances copies them.
/// Source: Li, Li, Zheng, Lei, Luo, Gu, "DPM-OT: a new diffusion probabilistic model based on optimal transport", ICCV 2023.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/diffusion/schedule.hpp>
#include <buffon/transport_map.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// `fresh`: each start has noise of its own, the points are data. `points`, as published: the points are data with
/// noise of the level.
enum class StartNoise { fresh, points };

struct TransportStartOptions {
    StartNoise noise = StartNoise::fresh;
    std::optional<Schedule> schedule = {};     // whose coordinates x has; none: x0 + level eps, those of VE and EDM
    std::optional<Matrix> centroids = {};      // of the map's cells, for k > 1
    std::int64_t k = 1;                        // cells whose points an image is the mean of
    std::optional<double> angle = {};          // largest one between their facets, for k > 1
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
};

struct TransportStart {
    Matrix x;                         // (n, d)
    double level = 0.0;
    Matrix source;                    // (n, d) draws of the map's source
    std::vector<std::int64_t> cell;   // (n) where they fell
    std::vector<std::int64_t> used;   // (n) points that the image of each is the mean of
    std::uint64_t rng_key = 0;
};

/// Row i depends on the key and i only.
/// @throw std::invalid_argument for n < 1, a level that is not positive and finite, k > 1 without centroids or angle, a
/// schedule that
/// reverts to a mean or does not know the level.
TransportStart transport_start(const TransportMap& map, std::int64_t n, double level, const TransportStartOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::StartNoise> {
    static constexpr std::array<std::string_view, 2> names{"fresh", "points"};
};
