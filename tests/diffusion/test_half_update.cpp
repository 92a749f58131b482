#include <buffon/diffusion/half_update.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include <doctest/doctest.h>

#include <buffon/device.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/solvers/ancestral.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>
#include <buffon/stream.hpp>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::DeviceBuffer;
using buffon::DeviceCombine;
using buffon::DeviceQueue;
using buffon::Matrix;
using buffon::Number;

namespace {

template <class T>
std::vector<T> normal(std::int64_t n, std::uint32_t stream) {
    Matrix x(n, 1);
    buffon::Stream{6, stream}.normal(0, x.view());
    std::vector<T> out;
    for (const double v : x.data) out.push_back(static_cast<T>(v));
    return out;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return std::ranges::equal(a, b, [](T u, T v) {
        return Eigen::numext::bit_cast<std::uint16_t>(u) == Eigen::numext::bit_cast<std::uint16_t>(v);
    });
}

/// Updates of K operands, with noise and without, one set of coefficients and one for each column, on the device of `queue`.
template <class T>
void check_device(Number number, const DeviceQueue& queue) {
    constexpr std::int64_t rows = 37, cols = 41, n = rows * cols;
    for (const std::int64_t terms : {1, 3, 6, 8})
        for (const bool noisy : {false, true})
            for (const bool by_column : {false, true}) {
                CAPTURE(terms);
                const std::int64_t width = by_column ? cols : 1;
                std::vector<std::vector<T>> in;
                for (std::int64_t k = 0; k < terms; ++k) in.push_back(normal<T>(n, static_cast<std::uint32_t>(k)));
                const std::vector<double> weights = normal<double>(terms * width, 90),
                                          offset = normal<double>(width, 91), of_noise = normal<double>(width, 92),
                                          xi = normal<double>(n, 93);
                std::vector<const T*> from;
                for (const auto& operand : in) from.push_back(operand.data());
                std::vector<T> here(static_cast<std::size_t>(n)), there(here);
                update_half(here.data(), from.data(),
                            {weights.data(), offset.data(), of_noise.data(), terms, by_column ? cols : 0},
                            noisy ? xi.data() : nullptr, rows, cols);

                DeviceCombine c;
                c.out_number = c.in_number = number;
                c.terms = static_cast<std::int32_t>(terms);
                std::vector<DeviceBuffer> operands;
                for (std::int64_t k = 0; k < terms; ++k) {
                    operands.push_back(DeviceBuffer::of(queue, std::span<const T>(in[static_cast<std::size_t>(k)])));
                    c.in[k] = operands.back().data();
                    c.weight[k] = weights[static_cast<std::size_t>(k * width)];
                }
                std::vector<double> all(weights);
                all.insert(all.end(), offset.begin(), offset.end());
                all.insert(all.end(), of_noise.begin(), of_noise.end());
                const DeviceBuffer out(queue, n * 2),
                    coefficients = DeviceBuffer::of(queue, std::span<const double>(all)),
                    numbers = DeviceBuffer::of(queue, std::span<const double>(xi));
                c.out = out.data();
                c.offset = offset[0];
                c.random = noisy;
                c.noise_weight = of_noise[0];
                c.given = numbers.as<double>();
                c.given_stride = cols;
                c.rows = rows;
                c.cols = cols;
                if (by_column) {
                    c.axis = DeviceCombine::Axis::column;
                    c.groups = cols;
                    c.coefficients = coefficients.as<double>();
                }
                buffon::device_check(queue, buffon::device_library().table->combine(&queue, &c));
                out.download(there.data());
                CHECK(same_bits(there, here));
            }
}

/// Root mean square difference from states in double, relative to that of the numbers; single samples between modes may
/// take other ways.
double rounding(const Table& table, SampleOptions options) {
    const GaussianMixture model = problems::g16();
    options.n = 200;
    options.rng = 4;
    const Draws exact = sample(model, table,
                               [&] {
                                   SampleOptions o = options;
                                   o.dtype = StateType::float64;
                                   o.device = "cpu";
                                   return o;
                               }()),
                halves = sample(model, table, options);
    CHECK(halves.single);
    double gap = 0.0, scale = 0.0;
    for (std::size_t i = 0; i < exact.x.data.size(); ++i) {
        gap += std::pow(halves.x.data[i] - exact.x.data[i], 2);
        scale += std::pow(exact.x.data[i], 2);
    }
    return std::sqrt(gap / scale);
}

constexpr double half_unit = 0x1p-11, brain_unit = 0x1p-8;

}  // namespace

TEST_CASE("half states: an update is the sum in double, rounded to float and then to the half") {
    const Eigen::half a(0.1f), b(3.0f);
    const Eigen::half* in[] = {&a, &b};
    const double weights[] = {0.3, -0.7}, offset = 0.25, noise = 2.0, xi = 1.5;
    Eigen::half out;
    update_half(&out, in, {weights, &offset, &noise, 2, 0}, &xi, 1, 1);
    CHECK(static_cast<float>(out) == static_cast<float>(Eigen::half(static_cast<float>(
                                         0.25 + 0.3 * static_cast<double>(a) - 0.7 * 3.0 + 2.0 * 1.5))));
    const Eigen::half pair[] = {a, b};
    const Eigen::half* one[] = {pair};
    const double own[] = {2.0, 3.0}, none[] = {0.0, 1.0};
    Eigen::half both[2];
    update_half(both, one, {own, none, none, 1, 2}, static_cast<const double*>(nullptr), 1, 2);
    CHECK(static_cast<float>(both[0]) == 2 * static_cast<float>(a));
    CHECK(static_cast<float>(both[1]) == 10.0f);
}

TEST_CASE("half states: samples are those of double states to a few roundings, of every kind of row") {
    for (const std::string& device : buffon::available_devices())
        for (const auto& [type, unit] : {std::pair{StateType::float16, half_unit}, std::pair{StateType::bfloat16, brain_unit}}) {
            CAPTURE(device);
            SampleOptions options;
            options.dtype = type;
            options.device = device;
            for (const Table& table : {dpmpp(VP(), {.steps = 8}), unipc(VP(), {.steps = 8}), ancestral(VE(), {.steps = 6})}) {
                CAPTURE(table.name);
                const double error = rounding(table, options);
                CHECK(error < 8 * unit);
                CHECK(error > unit / 8);   // they are stored in halves
            }
            options.noise = NoiseKind::brownian;
            CHECK(rounding(ancestral(VP(), {.steps = 6}), options) < 8 * unit);
        }
}

TEST_CASE("half states: batches and threads change no bit") {
    SampleOptions options;
    options.n = 100;
    options.rng = 2;
    options.dtype = StateType::float16;
    const Table table = ancestral(VP(), {.steps = 4});
    const Matrix whole = sample(problems::g2(), table, options).x;
    options.batch = 7;
    options.threads = 3;
    CHECK(sample(problems::g2(), table, options).x.data == whole.data);
}

TEST_CASE("half states: updates on a device are the processor's to the bit") {
    for (int k = 0; k + 1 < static_cast<int>(buffon::available_devices().size()); ++k) {
        check_device<Eigen::half>(Number::float16, {.device = k});
        check_device<Eigen::bfloat16>(Number::bfloat16, {.device = k});
    }
}
