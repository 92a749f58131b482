#include <buffon/diffusion/sampler_on_device.hpp>

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>

#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/device_block.hpp>
#include <buffon/diffusion/executor.hpp>

namespace buffon::diffusion {
namespace {

struct Sampler {
    Denoiser model;
    std::vector<Table> tables;   // one, or those of the labels
    std::shared_ptr<const TimeShift> shift;
    Program program;
    std::int64_t latent_dim;
    SampleOptions options;

    DeviceValues operator()(const DeviceQueue& queue, const double* latent, std::int64_t rows) const {
        const std::int64_t d = model.dim(), at_once = rows_on_device(model, program);
        const auto draws = std::make_shared<DeviceBuffer>(queue, rows * d * size_of(Number::float64));
        const DeviceFunction there = model.traits().on_device(queue);
        Draws kept;
        std::atomic<std::int64_t> guidance{0};
        for (std::int64_t first = 0; first < rows; first += at_once) {
            const Job job{model,
                          tables,
                          {},
                          program,
                          options,
                          kept,
                          {},
                          guidance,
                          shift.get(),
                          {},
                          {latent + first * latent_dim, latent_dim}};
            run_block_there(job, queue, there, 0, std::min(at_once, rows - first),
                            static_cast<double*>(draws->data()) + first * d);
        }
        return {draws->as<double>(), d, draws};
    }
};

}  // namespace

std::shared_ptr<const DeviceModel> sampler_on_device(const Denoiser& model, const Table& table, Model look,
                                                     std::int64_t latent_dim, std::int64_t condition) {
    DeviceModel out;
    out.dim = latent_dim;
    try {
        check_on_device("sampler_problem", model, table);
    } catch (const std::invalid_argument& error) {
        out.functions = [error]() -> const DeviceFunctions* { throw error; };   // asked for where a device is, see device_queue
        return std::make_shared<const DeviceModel>(std::move(out));
    }
    const std::vector<Table> tables = table.shift ? table.shift->tables : std::vector<Table>{table};
    Sampler sampler{model, tables, table.shift, pack(tables), latent_dim, {}};
    if (condition >= 0) sampler.options.condition = condition;
    out.batch = [sampler = std::make_shared<const Sampler>(std::move(sampler))](
                    const DeviceQueue& queue, const double* latent, std::int64_t rows) {
        return (*sampler)(queue, latent, rows);
    };
    out.finish = [look = std::move(look)](ConstView, Outputs& draws) { draws = look(draws.y); };
    return std::make_shared<const DeviceModel>(std::move(out));
}

}  // namespace buffon::diffusion
