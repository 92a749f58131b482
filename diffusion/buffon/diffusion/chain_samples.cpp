#include <buffon/diffusion/chain_samples.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/chains_on_device.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

/// Streams of the groups of equal tables but the first, below it.
constexpr std::uint32_t first_group_id = 0x3ffffffe;
/// A level that is the table's last one up to rounding.
constexpr double slack = 1 + 1e-9;

using Rows = std::vector<std::int64_t>;

double alpha_at(const Schedule& schedule, double level) { return schedule.alpha(schedule.t_of_lambda(-std::log(level))); }

/// What `sample` wants alike in the tables of all samples.
std::vector<int> shape_of(const Table& table) {
    std::vector<int> out;
    for (const Row& row : table.rows) {
        out.insert(out.end(), {row.at, row.node, row.noise > 0 ? 1 : 0, static_cast<int>(row.terms.size())});
        for (const Term& term : row.terms) out.push_back(term.value);
    }
    return out;
}

class Denoising {
public:
    Denoising(const Denoiser& model, const Table& table, const Matrix& states, std::span<const double> levels,
              const ChainSamplesOptions& options)
        : model_(model), table_(table), states_(states), levels_(levels), options_(options) {}

    ChainSamples operator()() {
        Rows above, below;
        for (std::int64_t i = 0; i < states_.rows; ++i) (level(i) > lowest_level(table_) * slack ? above : below).push_back(i);
        out_.x = Matrix(states_.rows, states_.cols);
        std::uint32_t group = 0;
        for (const auto& [shape, rows] : by_shape(above)) solve(rows, group++);
        const double end = table_.nodes.rho.back();
        if (options_.final && end > 0) finish(out_.x, above, std::vector<double>(above.size(), end), table_.nodes.alpha.back());
        std::vector<double> low;
        for (const std::int64_t i : below) low.push_back(level(i));
        finish(states_, below, low, 1.0);
        return std::move(out_);
    }

private:
    double level(std::int64_t i) const { return levels_[static_cast<std::size_t>(i)]; }

    /// Rows whose tables have the same rows but for weights, in the order in which shapes appear: churn between two levels adds
    /// rows.
    std::vector<std::pair<std::vector<int>, Rows>> by_shape(const Rows& rows) const {
        std::map<double, std::size_t> known;
        std::vector<std::pair<std::vector<int>, Rows>> out;
        for (const std::int64_t i : rows) {
            const auto [place, fresh] = known.try_emplace(level(i), 0);
            if (fresh) {
                const std::vector<int> shape = shape_of(table_.from_level(place->first));
                place->second = static_cast<std::size_t>(
                    std::ranges::find(out, shape, [](const auto& each) { return each.first; }) - out.begin());
                if (place->second == out.size()) out.push_back({shape, {}});
            }
            out[place->second].second.push_back(i);
        }
        return out;
    }

    void solve(const Rows& rows, std::uint32_t group) {
        Matrix x(static_cast<std::int64_t>(rows.size()), states_.cols);
        std::vector<double> levels;
        for (std::int64_t k = 0; k < x.rows; ++k) {
            const std::int64_t i = rows[static_cast<std::size_t>(k)];
            levels.push_back(level(i));
            const double alpha = alpha_at(table_.schedule, levels.back());
            for (std::int64_t j = 0; j < x.cols; ++j) x(k, j) = alpha * states_(i, j);
        }
        const Draws draws = sample(model_, table_,
                                   {.rng = group == 0 ? options_.key : Stream{options_.key, first_group_id - group}.word(0, 0),
                                    .condition = condition_of(options_.label),
                                    .x = std::move(x),
                                    .level = std::move(levels),
                                    .threads = options_.threads,
                                    .device = options_.device});
        for (std::int64_t k = 0; k < draws.x.rows; ++k)
            std::ranges::copy(draws.x.view().row(k), out_.x.view().row(rows[static_cast<std::size_t>(k)]).begin());
        out_.by_table += draws.evaluations();
    }

    /// E[x0 | x] of some rows of `from` = alpha (x0 + sigma eps), in the schedule's coordinates at the table's end.
    void finish(const Matrix& from, const Rows& rows, const std::vector<double>& sigma, double alpha) {
        if (rows.empty()) return;
        Matrix x(static_cast<std::int64_t>(rows.size()), from.cols), data(x.rows, x.cols);
        for (std::int64_t k = 0; k < x.rows; ++k)
            for (std::int64_t j = 0; j < x.cols; ++j) x(k, j) = from(rows[static_cast<std::size_t>(k)], j) / alpha;
        predict(x, sigma, data);
        for (std::int64_t k = 0; k < x.rows; ++k)
            for (std::int64_t j = 0; j < x.cols; ++j)
                out_.x(rows[static_cast<std::size_t>(k)], j) = table_.nodes.alpha.back() * data(k, j);
        const auto& cost = model_.traits().rows;
        for (const double s : sigma) out_.by_prediction += cost ? cost(s, options_.label >= 0) : 1;
    }

    void predict(const Matrix& x, const std::vector<double>& sigma, Matrix& data) const {
        const std::vector<std::int64_t> labels(options_.label < 0 ? 0 : sigma.size(), options_.label);
        const std::vector<DeviceQueue> queues = device_queues(options_.device);
        if (queues.empty()) model_.denoise({x, sigma, labels, options_.threads}, data);
        else denoise_there(model_, queues.front(), x, sigma, options_.label, data);
    }

    const Denoiser& model_;
    const Table& table_;
    const Matrix& states_;
    std::span<const double> levels_;
    const ChainSamplesOptions& options_;
    ChainSamples out_;
};

}  // namespace

OneOrMany<std::int64_t> condition_of(std::int64_t label) {
    return label < 0 ? OneOrMany<std::int64_t>() : OneOrMany<std::int64_t>(label);
}

double lowest_level(const Table& table) {
    return table.nodes.rho.back() > 0 ? table.nodes.rho.back() : table.nodes.rho[table.nodes.steps() - 1];
}

ChainSamples chain_samples(const Denoiser& model, const Table& table, const Matrix& states, std::span<const double> levels,
                           const ChainSamplesOptions& options) {
    return Denoising(model, table, states, levels, options)();
}

}  // namespace buffon::diffusion
