#include <buffon/diffusion/denoising_loss.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/loss_levels.hpp>
#include <buffon/parallel.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::int64_t fewest_batches = 4;
constexpr std::uint32_t level_stream = 0, noise_stream = 1, row_stream = 2, data_stream = 1'000;   // data: one a batch

struct Batch {
    std::vector<double> sigma, term;   // without weights
    double mean = 0, square = 0;       // of weighted terms, and of the squares of uniform levels
};

class Loss {
public:
    Loss(const Denoiser& model, const DenoisingLossOptions& options, std::uint64_t key)
        : model_(model), options_(options), key_(key) {}

    /// Rows x0 of a batch.
    Matrix data(std::int64_t batch) const {
        Matrix x0(options_.batch, model_.dim());
        if (!options_.data) {
            model_.traits().draw(Stream{key_, data_stream + static_cast<std::uint32_t>(batch)}, -1, x0);
            return x0;
        }
        const Stream rows{key_, row_stream};
        const ConstView from = options_.data->view();
        for (std::int64_t i = 0; i < x0.rows; ++i) {
            const auto r = static_cast<std::int64_t>(rows.uniform(batch, i) * static_cast<double>(from.rows));
            std::ranges::copy(from.row(std::min(r, from.rows - 1)), x0.view().row(i).begin());
        }
        return x0;
    }

    Batch operator()(std::int64_t batch, const LossLevels& levels) const {
        const std::int64_t n = options_.batch, d = model_.dim();
        const Matrix x0 = data(batch);
        LossLevels::Draws at = levels.draw(n, {key_, level_stream}, batch, !options_.lattice);
        Matrix x(n, d), found(n, d);
        Stream{key_, noise_stream}.normal(batch * n, x);
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t c = 0; c < d; ++c) x(i, c) = x0(i, c) + at.sigma[static_cast<std::size_t>(i)] * x(i, c);
        model_.denoise({x, at.sigma, {}}, found);
        Batch out{std::move(at.sigma), {}};
        for (std::int64_t i = 0; i < n; ++i) {
            const double sigma = out.sigma[static_cast<std::size_t>(i)], weight = at.weight[static_cast<std::size_t>(i)];
            double error = 0;
            for (std::int64_t c = 0; c < d; ++c) error += (found(i, c) - x0(i, c)) * (found(i, c) - x0(i, c));
            error /= static_cast<double>(d) * (options_.weight == LossWeight::noise ? sigma * sigma : 1.0);
            require(std::isfinite(error), "denoising_loss: the denoiser must give finite numbers, its loss is ", error,
                    " at level ", sigma);
            out.term.push_back(error);
            out.mean += weight * error / static_cast<double>(n);
            out.square += weight * error * error / static_cast<double>(n);
        }
        return out;
    }

private:
    const Denoiser& model_;
    const DenoisingLossOptions& options_;
    std::uint64_t key_;
};

void check(const Denoiser& model, const DenoisingLossOptions& o) {
    require(o.batch >= 1, "denoising_loss: batch must be at least 1, got ", o.batch);
    require(o.budget / o.batch >= fewest_batches, "denoising_loss: budget must be at least ", fewest_batches * o.batch,
            ", ", fewest_batches, " batches, got ", o.budget);
    require(o.pilot > 0 && o.pilot < 1, "denoising_loss: pilot must lie between 0 and 1, got ", o.pilot);
    require(o.data || model.traits().draw, "denoising_loss: data must be given, rows (m, d): the model does not know them");
    require(!o.data || (o.data->rows >= 1 && o.data->cols == model.dim()), "denoising_loss: data must have shape (m, ",
            model.dim(), "), got (", o.data ? o.data->rows : 0, ", ", o.data ? o.data->cols : 0, ")");
}

Estimate conclude(const std::vector<Batch>& batches, const LossLevels& levels, std::int64_t n) {
    const auto r = static_cast<double>(batches.size());
    double mean = 0, square = 0, spread = 0;
    for (const Batch& b : batches) mean += b.mean / r, square += b.square / r;
    for (const Batch& b : batches) spread += (b.mean - mean) * (b.mean - mean) / (r - 1);
    Estimate e;
    e.value = {mean}, e.names = {"loss"}, e.n = n;
    e.covariance = Matrix(1, 1);
    e.covariance(0, 0) = spread / r;
    e.degrees_of_freedom = r - 1;
    const auto each = static_cast<double>(batches.front().sigma.size());
    e.diagnostics["batches"] = static_cast<std::int64_t>(batches.size());
    e.diagnostics["gain"] = spread > 0 ? (square - mean * mean) / each / spread : 1.0;
    std::vector<double> edges;
    for (std::int64_t b = 0; b <= levels.bins(); ++b)
        edges.push_back(levels.low() * std::pow(levels.high() / levels.low(),
                                                static_cast<double>(b) / static_cast<double>(levels.bins())));
    e.diagnostics["edges"] = std::move(edges);
    e.diagnostics["mass"] = levels.mass();
    return e;
}

}  // namespace

Estimate denoising_loss(const Denoiser& model, const DenoisingLossOptions& options) {
    check(model, options);
    LossLevels levels(options.low, options.high, options.bins, options.floor);
    model.check(std::vector<double>{options.low}, {}, 1);
    model.check(std::vector<double>{options.high}, {}, 1);
    const std::uint64_t key = options.rng ? *options.rng : fresh_key();
    const Loss loss(model, options, key);
    const std::int64_t all = options.budget / options.batch,
                       wanted = static_cast<std::int64_t>(options.pilot * static_cast<double>(all));
    const std::int64_t pilot = options.importance ? std::clamp<std::int64_t>(wanted, 1, all - 2) : 0;
    constexpr std::int64_t most_together = 64;   // batches between two moments at which a run may be ended
    const auto tell = [&](std::int64_t done) {
        if (options.progress) options.progress(done * options.batch, all * options.batch, {});
    };
    for (std::int64_t b = 0; b < pilot; ++b) {
        const Batch batch = loss(b, levels);
        levels.learn(batch.sigma, batch.term);
        if ((b + 1) % most_together == 0) tell(b + 1);
    }
    std::vector<Batch> batches(static_cast<std::size_t>(all - pilot));
    const auto one = [&](std::int64_t b) {
        Batch batch = loss(pilot + b, levels);
        if (b > 0) batch.sigma.clear(), batch.term.clear();
        batches[static_cast<std::size_t>(b)] = std::move(batch);
    };
    const std::int64_t together = model.traits().concurrent ? most_together : 1;
    for (std::int64_t first = 0; first < all - pilot; first += together) {
        const std::int64_t count = std::min(together, all - pilot - first);
        parallel::for_each(count, options.threads, [&](std::int64_t b) { one(first + b); });
        tell(pilot + first + count);
    }
    Estimate e = conclude(batches, levels, all * options.batch);
    e.rng_key = key;
    e.diagnostics["adaptation_n"] = pilot * options.batch;
    return e;
}

}  // namespace buffon::diffusion
