#include <buffon/diffusion/likelihood.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::uint32_t probe_stream = 0x20000;

/// Of the difference, relative to the noise level: D varies over lengths of the level at least.
constexpr double relative_step = 3e-4;

/// z' J z by central differences for rows of z, added to out.
void add_curvature(const Denoiser& model, const Query& query, const Matrix& x, const Matrix& z, std::span<double> out) {
    Matrix ahead = x, behind = x, D(x.rows, x.cols), E(x.rows, x.cols);
    const auto step = [&](std::int64_t i) {
        return relative_step * query.sigma[query.sigma.size() == 1 ? 0 : static_cast<std::size_t>(i)];
    };
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t j = 0; j < x.cols; ++j) {
            ahead(i, j) += step(i) * z(i, j);
            behind(i, j) -= step(i) * z(i, j);
        }
    model.denoise({ahead, query.sigma, query.labels, query.threads}, D);
    model.denoise({behind, query.sigma, query.labels, query.threads}, E);
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t j = 0; j < x.cols; ++j)
            out[static_cast<std::size_t>(i)] += z(i, j) * (D(i, j) - E(i, j)) / (2 * step(i));
}

Matrix columns(ConstView x, std::int64_t first, std::int64_t count) {
    Matrix out(x.rows, count);
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t j = 0; j < count; ++j) out(i, j) = x(i, first + j);
    return out;
}

/// The model on rows (x, l_1 ... l_K, z_1 ... z_K): where x moves as x - D, the log-density l_k moves as d - z_k' J z_k, and the
/// probes z_k stay. Any solver of the path then solves for all. Without probes: (x, l) and the trace itself.
Denoiser augmented(const Denoiser& model, std::int64_t probes) {
    const std::int64_t d = model.dim(), sums = std::max<std::int64_t>(probes, 1);
    Denoiser::Traits traits = model.traits();
    traits.draw = {};   // its data have no sums and probes
    traits.on_device = {};
    const auto function = [=](const Query& query, View out) {
        const Matrix x = columns(query.x, 0, d);
        Matrix D(x.rows, d);
        model.denoise({x, query.sigma, query.labels, query.threads}, D);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            std::copy_n(query.x.data + i * query.x.cols, query.x.cols, out.data + i * out.cols);
            std::copy_n(D.data.data() + i * d, d, out.data + i * out.cols);
        }
        for (std::int64_t k = 0; k < sums; ++k) {
            std::vector<double> trace(static_cast<std::size_t>(x.rows), 0.0);
            if (probes > 0) add_curvature(model, query, x, columns(query.x, d + sums + k * d, d), trace);
            for (std::int64_t j = 0; j < (probes > 0 ? 0 : d); ++j) {
                Matrix axis(x.rows, d);
                for (std::int64_t i = 0; i < x.rows; ++i) axis(i, j) = 1.0;
                add_curvature(model, query, x, axis, trace);
            }
            for (std::int64_t i = 0; i < x.rows; ++i)
                out(i, d + k) -= static_cast<double>(d) - trace[static_cast<std::size_t>(i)];
        }
    };
    return {d + sums + probes * d, function, traits};
}

/// Starts of the augmented path: x, sums of 0, probes of random signs, which the solver sees divided by alpha.
Matrix start_of(const Matrix& x, std::int64_t probes, double alpha, std::uint64_t key) {
    const std::int64_t d = x.cols, sums = std::max<std::int64_t>(probes, 1);
    Matrix start(x.rows, d + sums + probes * d);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        for (std::int64_t j = 0; j < d; ++j) start(i, j) = x(i, j);
        for (std::int64_t j = 0; j < probes * d; ++j)
            start(i, d + sums + j) = Stream{key, probe_stream}.uniform(i, j) < 0.5 ? -alpha : alpha;
    }
    return start;
}

}  // namespace

Likelihood log_likelihood(const Denoiser& model, const Table& table, const LikelihoodOptions& options) {
    require(options.x.has_value(), "log_likelihood: x, the samples, must be given");
    require(options.x->cols == model.dim(), "log_likelihood: x must have shape (n, ", model.dim(), "), got (",
            options.x->rows, ", ", options.x->cols, ")");
    require(options.probes == 0 || options.probes >= 2, "log_likelihood: probes must be 0 or at least 2, got ", options.probes);
    require(!std::holds_alternative<MeanReverting>(table.schedule.law()), "log_likelihood: not of a mean-reverting schedule");
    require(table.coordinates.empty(), "log_likelihood: ", table.name, " has coefficients per coordinate");
    require(!table.shift, "log_likelihood: ", table.name, " does not follow one equation");
    const std::int64_t d = model.dim(), n = options.x->rows, sums = std::max<std::int64_t>(options.probes, 1);
    Likelihood out;
    out.rng_key = options.rng ? *options.rng : fresh_key();
    const Nodes& nodes = table.nodes;
    SampleOptions path;
    path.x = start_of(*options.x, options.probes, nodes.alpha.back(), out.rng_key);
    path.rng = out.rng_key;
    path.condition = options.condition;
    path.batch = options.batch;
    path.threads = options.threads;
    const Draws end = invert(augmented(model, options.probes), table, path);
    out.evaluations = end.evaluations() * (1 + 2 * (options.probes > 0 ? options.probes : d));
    out.noise = columns(end.x, 0, d);
    const double scale = table.schedule.prior_scale(), dim = static_cast<double>(d);
    for (std::int64_t i = 0; i < n; ++i) {
        double square = 0.0, mean = 0.0, spread = 0.0;
        for (std::int64_t j = 0; j < d; ++j) square += out.noise(i, j) * out.noise(i, j) / (scale * scale);
        const auto sum = [&](std::int64_t k) { return end.x(i, d + k) / nodes.alpha.front(); };
        for (std::int64_t k = 0; k < sums; ++k) mean += sum(k) / static_cast<double>(sums);
        for (std::int64_t k = 0; k < sums; ++k) spread += (sum(k) - mean) * (sum(k) - mean);
        // densities of x, not of x / alpha, at both ends
        const double volume = dim * (std::log(nodes.alpha.front()) - std::log(nodes.alpha.back()));
        out.value.push_back(-0.5 * square - dim * (std::log(scale) + 0.5 * std::log(2 * std::numbers::pi)) + volume + mean);
        out.std_error.push_back(options.probes > 0 ? std::sqrt(spread / static_cast<double>(sums * (sums - 1))) : 0.0);
    }
    return out;
}

}  // namespace buffon::diffusion
