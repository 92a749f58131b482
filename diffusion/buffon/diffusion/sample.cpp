#include <buffon/diffusion/sample.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <functional>
#include <numeric>
#include <utility>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/for_devices.hpp>
#include <buffon/diffusion/adaptive.hpp>
#include <buffon/diffusion/device_block.hpp>
#include <buffon/diffusion/executor.hpp>
#include <buffon/diffusion/sample_given.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/parallel.hpp>

namespace buffon::diffusion {
namespace {

/// The tables that run side by side, and which of them each sample uses.
struct Plan {
    std::vector<Table> tables;
    std::vector<std::int64_t> table_of;   // empty: all use the first
    std::shared_ptr<const TimeShift> shift = {};
};

Plan plan_of(const Table& table) {
    if (!table.shift) return {{table}, {}};
    return {table.shift->tables, {}, table.shift};
}

/// One table per distinct start level.
Plan plan(const Table& table, const SampleOptions& options, std::int64_t n) {
    if (options.level.values.empty()) return plan_of(table);
    require(options.x.has_value(), "sample: level belongs to starts x, which are missing");
    const std::vector<double>& level = options.level.values;
    require(level.size() == 1 || static_cast<std::int64_t>(level.size()) == n,
            "sample: level must be one number or one per sample (", n, "), got ", level.size(), " numbers");
    if (level.size() == 1) return plan_of(level[0] == table.rho_start() ? table : table.from_level(level[0]));
    require(!table.shift, "sample: ", table.name, " needs one level for all samples, got ", level.size());
    std::map<double, std::int64_t> known;
    Plan out;
    for (const double rho : level) {
        const auto [place, fresh] = known.try_emplace(rho, static_cast<std::int64_t>(out.tables.size()));
        if (fresh) out.tables.push_back(rho == table.rho_start() ? table : table.from_level(rho));
        out.table_of.push_back(place->second);
    }
    return out;
}

std::int64_t count_of(const Denoiser& model, const SampleOptions& options) {
    require(options.n || options.x, "sample: n must be given, or the starts x");
    if (!options.x) {
        require(*options.n >= 1, "sample: n must be at least 1, got ", *options.n);
        return *options.n;
    }
    require(options.x->cols == model.dim(), "sample: x must have shape (n, ", model.dim(), "), got (", options.x->rows,
            ", ", options.x->cols, ")");
    require(options.x->rows >= 1, "sample: x must hold at least one row");
    require(!options.n || *options.n == options.x->rows, "sample: n must be the number of rows of x, ", options.x->rows,
            ", got ", *options.n);
    for (const double v : options.x->data) require(std::isfinite(v), "sample: x must be finite, got ", v);
    return options.x->rows;
}

/// mu belongs to each sample of a mean-reverting process, and to no other.
void check_mean(const Denoiser& model, const Table& table, const SampleOptions& options, std::int64_t n) {
    const bool reverting = std::holds_alternative<MeanReverting>(table.schedule.law());
    require(reverting == options.mean.has_value(), "sample: mean ",
            reverting ? "must be given with a mean-reverting schedule: the degraded data mu"
                      : "belongs to a mean-reverting schedule");
    if (!reverting) return;
    const Matrix& mean = *options.mean;
    require((mean.rows == 1 || mean.rows == n) && mean.cols == model.dim(), "sample: mean must have shape (", n, ", ",
            model.dim(), ") or (1, ", model.dim(), "), got (", mean.rows, ", ", mean.cols, ")");
    for (const double v : mean.data) require(std::isfinite(v), "sample: mean must be finite, got ", v);
}

void check(const Denoiser& model, const Table& table, const SampleOptions& options, std::int64_t n) {
    const auto& traits = model.traits();
    constexpr double slack = 1e-9;
    const double last = table.nodes.rho.back() > 0 ? table.nodes.rho.back() : table.nodes.rho[table.nodes.steps() - 1];
    const auto [lowest, highest] = std::minmax({last, table.rho_start()});   // values: of two references one would end here
    require(highest <= traits.sigma_max * (1 + slack) && lowest >= traits.sigma_min * (1 - slack),
            "sample: the table runs from level ", table.rho_start(), " to ", last, ", but ", traits.name, " knows [",
            traits.sigma_min, ", ", traits.sigma_max, "]");
    const auto labels = static_cast<std::int64_t>(options.condition.values.size());
    require(labels <= 1 || labels == n, "sample: condition must be one label or one per sample (", n, "), got ", labels);
    require(!options.batch || *options.batch >= 1, "sample: batch must be at least 1, got ", options.batch.value_or(1));
    require(options.threads >= 0, "sample: threads must not be negative, got ", options.threads);
    require(options.record >= 0, "sample: record must not be negative, got ", options.record);
    require(!table.grid.reversed || options.x, "sample: a table from data to noise starts from samples x, which are missing");
    require(!table.pooled() || !options.batch || *options.batch >= n, "sample: ", table.name,
            " takes norms over all samples at once; batch must be left out, got ", options.batch.value_or(n));
    require(table.coordinates.empty() || static_cast<std::int64_t>(table.coordinates.size()) == model.dim(),
            "sample: ", table.name, " was made for ", table.coordinates.size(), " coordinates, the model has ",
            model.dim());
    require(!table.shift || model.dim() >= 2, "sample: ", table.name,
            " compares variances over a sample's coordinates, the model has one");
}

/// Paths are followed towards less noise only: one row with noise ends where the next begins, or before.
void check_paths(const Table& table, const Program& program, const SampleOptions& options) {
    if (options.noise == NoiseKind::independent) return;
    for (const Operation& op : program.operations)
        for (std::size_t g = 0; g < op.before.size(); ++g)
            require(op.rho[g] < op.before[g], "sample: noise='brownian' needs rows that lower the noise level, ",
                    table.name, " has one from level ", op.before[g], " to ", op.rho[g]);
}

/// Rows that go through the table together. A concurrent denoiser gets blocks that stay in the cache, one per thread;
/// another one, which may be a network, as much as fits.
std::int64_t rows_at_once(const Denoiser& model, const Table& table, const SampleOptions& options, std::int64_t n) {
    if (table.pooled()) return n;
    const std::int64_t d = model.dim();
    const bool small = model.traits().concurrent && !options.callback;
    const std::int64_t room = small ? std::int64_t{1} << 15 : (std::int64_t{1} << 26) / std::max(1, table.slots);
    return std::clamp<std::int64_t>(std::min(options.batch.value_or(n), room / d), 1, small ? 1024 : n);
}

std::int64_t recorded(const Table& table, std::int64_t stride) {
    if (stride == 0) return 0;
    return (table.steps() - 1) / stride + 1;   // nodes stride, 2 stride, ..., and the last
}

/// All samples on devices, as many at once as their memory may hold.   @return evaluations spent
std::int64_t run_on_devices(const Job& job, const Table& table, const std::vector<DeviceQueue>& queues, std::int64_t n) {
    check_on_device("sample", job.model, table);
    const auto devices = table.pooled() ? 1 : std::min(static_cast<std::int64_t>(queues.size()), n);
    require(devices == 1 || !job.options.callback, "sample: a callback follows one device, device='",
            job.options.device, "' names several");
    const std::int64_t most = table.pooled() ? n : rows_on_device(job.model, job.program);
    const std::int64_t rows = std::clamp<std::int64_t>(std::min(job.options.batch.value_or(n), most), 1, n);
    std::atomic<std::int64_t> spent{0};
    for_devices(devices, [&](std::int64_t k) {
        const DeviceQueue& queue = queues[static_cast<std::size_t>(k)];
        const DeviceFunction model = job.model.traits().on_device(queue);
        const std::int64_t end = n * (k + 1) / devices;
        for (std::int64_t first = n * k / devices; first < end; first += rows)
            spent += run_block_on_device(job, queue, model, first, std::min(rows, end - first));
    });
    return spent;
}

Draws finished(Draws draws, std::int64_t denoised, std::int64_t guidance) {
    draws.parts["denoise"] = denoised;
    if (guidance > 0) draws.parts["guidance"] = guidance;
    return draws;
}

}  // namespace

std::int64_t Draws::evaluations() const {
    return std::accumulate(parts.begin(), parts.end(), std::int64_t{0},
                           [](std::int64_t sum, const auto& part) { return sum + part.second; });
}

Draws sample(const Denoiser& model, const Table& table, const SampleOptions& options) {
    return sample_given(model, table, options, {});
}

Draws sample_given(const Denoiser& model, const Table& table, const SampleOptions& options, ConstView noises) {
    const std::int64_t n = count_of(model, options);
    check(model, table, options, n);
    check_mean(model, table, options, n);
    const Plan tables = plan(table, options, n);
    const Program program = table.adaptive ? Program{} : pack(tables.tables);
    check_paths(table, program, options);
    const std::int64_t rows = rows_at_once(model, table, options, n);

    Draws draws;
    draws.rng_key = options.rng ? *options.rng : fresh_key();
    draws.single = options.dtype != StateType::float64;
    draws.x = Matrix(n, model.dim());
    for (std::int64_t k = 1; k <= recorded(table, options.record); ++k) {
        draws.trajectory.emplace_back(n, model.dim());
        draws.times.push_back(table.nodes.t[static_cast<std::size_t>(std::min(k * options.record, table.steps()))]);
    }
    std::atomic<std::int64_t> spent{0}, guidance{0};
    std::mutex telling;
    std::int64_t told = 0;
    const auto progress = [&](std::int64_t more) {
        const std::lock_guard lock(telling);
        told += more;
        options.progress(told, std::max(told, n * program.evaluations), {});
    };
    const Job job{model,
                  tables.tables,
                  tables.table_of,
                  program,
                  options,
                  draws,
                  options.progress ? progress : std::function<void(std::int64_t)>{},
                  guidance,
                  tables.shift.get(),
                  noises};
    if (const std::vector<DeviceQueue> queues = device_queues(options.device); !queues.empty()) {
        spent = run_on_devices(job, table, queues, n);
        return finished(std::move(draws), spent, guidance);
    }
    const bool side_by_side = model.traits().concurrent && !options.callback;
    parallel::for_each((n + rows - 1) / rows, side_by_side ? options.threads : 1, [&](std::int64_t block) {
        const std::int64_t first = block * rows;
        spent += (table.adaptive ? run_adaptive : run_block)(job, first, std::min(rows, n - first),
                                                             side_by_side ? 1 : options.threads);
    });
    return finished(std::move(draws), spent, guidance);
}

Draws invert(const Denoiser& model, const Table& table, const SampleOptions& options) {
    require(options.x.has_value(), "invert: x, the samples to invert, must be given");
    require(options.level.values.empty(), "invert: level has no meaning, x stands at the table's last level ",
            table.nodes.rho.back());
    return sample(model, table.reversed(), options);
}

}  // namespace buffon::diffusion
