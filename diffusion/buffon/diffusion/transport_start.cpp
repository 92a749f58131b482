#include <buffon/diffusion/transport_start.hpp>

#include <cmath>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::uint32_t source_stream = 0, noise_stream = 1;

double alpha_at(const std::optional<Schedule>& schedule, double level) {
    if (!schedule) return 1.0;
    require(!std::holds_alternative<MeanReverting>(schedule->law()), "transport_start: schedule must not revert to a mean");
    return schedule->alpha(schedule->t_of_lambda(-std::log(level)));
}

Matrix images(const TransportMap& map, const TransportStartOptions& options, TransportStart& start) {
    if (options.k == 1) {
        start.used.assign(start.cell.size(), 1);
        Matrix out(start.source.rows, start.source.cols);
        for (std::int64_t i = 0; i < out.rows; ++i)
            std::ranges::copy(ConstView(map.points).row(start.cell[static_cast<std::size_t>(i)]), View(out).row(i).begin());
        return out;
    }
    require(options.centroids.has_value(), "transport_start: k = ", options.k,
            " needs the centroids of the map's cells: map.centroids(n)");
    require(options.angle.has_value(), "transport_start: k = ", options.k,
            " needs the angle beyond which the map jumps; its method angle tells those of draws");
    TransportBetween found = map.between(start.source, *options.centroids, options.k, *options.angle, options.threads);
    start.used = std::move(found.used);
    return std::move(found.images);
}

}  // namespace

TransportStart transport_start(const TransportMap& map, std::int64_t n, double level, const TransportStartOptions& options) {
    require(n >= 1, "transport_start: n must be at least 1, got ", n);
    require(level > 0 && std::isfinite(level), "transport_start: level must be positive and finite, got ", level);
    require(options.k >= 1, "transport_start: k must be at least 1, got ", options.k);
    const double alpha = alpha_at(options.schedule, level);
    TransportStart start;
    start.level = level;
    start.rng_key = options.rng ? *options.rng : fresh_key();
    start.source = Matrix(n, map.points.cols);
    map.source->sample({start.rng_key, source_stream}, 0, start.source);
    start.cell = map.cell(start.source, options.threads);
    start.x = images(map, options, start);
    if (options.noise == StartNoise::fresh) {
        Matrix noise(n, map.points.cols);
        Stream{start.rng_key, noise_stream}.normal(0, noise);
        for (std::size_t i = 0; i < noise.data.size(); ++i) start.x.data[i] += level * noise.data[i];
    }
    for (double& v : start.x.data) v *= alpha;
    return start;
}

}  // namespace buffon::diffusion
