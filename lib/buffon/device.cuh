/// From a functor to a problem that runs on a CUDA device. For nvcc 13 or later, with -std=c++20 --expt-relaxed-constexpr; link
/// with libbuffon.
///
///     struct Beam {
///         static constexpr int inputs = 3;                  // and `outputs`, of a functor f(x, y) that fills in several
///         double load;
///         __host__ __device__ double operator()(const double* x) const { return load * x[0] / (x[1] * x[2]); }
///     };
///     const buffon::Problem problem = buffon::device_problem(Beam{2.0}, law);
///     const buffon::Estimate e = buffon::plain(problem, {.budget = 10'000'000'000, .rng = 1, .device = "cuda"});
///
/// On "cpu" it is a problem as any other. On a device, `plain`, `quasi` and `sobol` draw, evaluate and accumulate in one kernel
/// where the inputs are independent or joined by Gaussian copulas, with laws of device_law.hpp; everything else evaluates
/// batches there. The random integers are those of the processor, the values agree to rounding.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include <buffon/device_call.cuh>
#include <buffon/device_moments.cuh>
#include <buffon/device_pick_freeze.cuh>
#include <buffon/problem.hpp>

namespace buffon {
namespace device {

/// launch(kernel of the rows and laws of these draws).
template <int width, class Launch>
void for_draws(const DeviceDraws& draws, const Launch& launch) {
    const bool nets = draws.nets != nullptr;
    if (draws.uniform)
        nets ? launch.template operator()<NetRows<width>, true>()
             : launch.template operator()<StreamRows<width>, true>();
    else nets ? launch.template operator()<NetRows<width>, false>() : launch.template operator()<StreamRows<width>, false>();
}

template <class F>
const char* evaluate_on(const DeviceQueue* queue, const void* model, const double* x, std::int64_t rows, double* y) {
    return in_words([&] {
        if (rows == 0) return;
        const Use use(queue->device);
        evaluate_rows<F><<<blocks_for(rows, block_threads, 1 << 16), block_threads, 0, stream_of(*queue)>>>(
            *static_cast<const F*>(model), x, rows, y);
        check_launch("evaluate_rows");
    });
}

template <class F>
const char* moments_on(const DeviceQueue* queue, const void* model, const DeviceDraws* draws, const DeviceRange* range) {
    return in_words([&] {
        const auto blocks = static_cast<unsigned>(blocks_of(range->first, range->rows, draws->points, device_block));
        if (blocks == 0) return;
        const Use use(queue->device);
        const F& f = *static_cast<const F*>(model);
        for_draws<F::inputs>(*draws, [&]<class Rows, bool uniform>() {
            moments_of_rows<F, Rows, uniform>
                <<<blocks, block_threads, 0, stream_of(*queue)>>>(f, *draws, *range, RoundKeys(draws->stream.key));
        });
        check_launch("moments_of_rows");
    });
}

template <class F, int part = 0>
void queue_pick_freeze(const DeviceQueue& queue, const F& f, const DeviceDraws& draws, double centre,
                       const DeviceRange& range, unsigned blocks) {
    if constexpr (part * inputs_at_once < F::inputs) {
        for_draws<2 * F::inputs>(draws, [&]<class Rows, bool uniform>() {
            pick_freeze_rows<F, Rows, uniform, part>
                <<<blocks, block_threads, 0, stream_of(queue)>>>(f, draws, centre, range, RoundKeys(draws.stream.key));
        });
        check_launch("pick_freeze_rows");
        queue_pick_freeze<F, part + 1>(queue, f, draws, centre, range, blocks);
    }
}

template <class F>
const char* pick_freeze_on(const DeviceQueue* queue, const void* model, const DeviceDraws* draws, double centre,
                           const DeviceRange* range) {
    return in_words([&] {
        const PickFreezeBlocks blocks(range->first, range->rows, draws->points);
        if (blocks.count == 0) return;
        const Use use(queue->device);
        queue_pick_freeze(*queue, *static_cast<const F*>(model), *draws, centre, *range, static_cast<unsigned>(blocks.count));
        constexpr auto numbers = static_cast<unsigned>(pick_freeze_numbers(F::inputs));
        sum_pick_freeze<<<static_cast<unsigned>(blocks.nets), numbers, 0, stream_of(*queue)>>>(range->records, blocks, numbers);
        check_launch("sum_pick_freeze");
    });
}

/// What estimators call for models of type F.
template <class F>
const DeviceFunctions* functions_of() {
    static_assert(std::is_trivially_copyable_v<F>, "a functor goes to the device as its bytes: it must be trivially copyable");
    static constexpr DeviceFunctions functions = [] {
        DeviceFunctions all{.evaluate = evaluate_on<F>, .moments = moments_on<F>};
        if constexpr (!requires { F::outputs; }) all.pick_freeze = pick_freeze_on<F>;
        return all;
    }();
    return &functions;
}

/// The functor on the processor.
template <class F>
ColumnModel on_processor(F f) {
    using Model = ModelOf<F>;
    return {[f](ConstColumns x, Columns y) {
                double point[Model::inputs], value[Model::outputs];
                for (std::int64_t i = 0; i < x.rows; ++i) {
                    for (int j = 0; j < Model::inputs; ++j) point[j] = x[j][i];
                    Model::at(f, point, value);
                    for (int k = 0; k < Model::outputs; ++k) y[k][i] = value[k];
                }
            },
            Model::outputs};
}

}  // namespace device

/// @param f  trivially copyable, callable on host and device from several threads; F::inputs says how many inputs it has.
/// @throw std::invalid_argument unless `inputs` has as many coordinates, and `outputs` as many names (or none).
template <class F>
Problem device_problem(F f, Distribution inputs, std::vector<std::string> outputs = {}) {
    require(inputs.dim() == F::inputs, "device_problem: inputs must have ", F::inputs, " coordinates, got ", inputs.dim());
    const DeviceModel compiled{F::inputs, device::ModelOf<F>::outputs, [] { return device::functions_of<F>(); },
                               std::make_shared<const F>(f)};
    return Problem(device::on_processor(f), std::move(inputs), std::move(outputs))
        .with_device(std::make_shared<const DeviceModel>(compiled));
}

}  // namespace buffon
