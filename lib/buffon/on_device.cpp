#include <buffon/on_device.hpp>

#include <algorithm>
#include <stdexcept>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/device_library.hpp>
#include <buffon/parallel.hpp>

namespace buffon::on_device {
namespace {

void check(const char* problem, const std::string& device) {
    if (problem != nullptr) throw std::runtime_error(device + ": " + problem);
}

template <class Term>
Moments block_moments(const Term& term, std::int64_t first, std::int64_t count) {
    Matrix y(count, 1);
    for (std::int64_t i = 0; i < count; ++i) y(i, 0) = term(first + i);
    return Moments(y);
}

/// Blocks in their order, as parallel::reduce_blocks merges them.
Moments merged(std::int64_t n, const std::vector<double>& mean, const std::vector<double>& scatter) {
    Moments total;
    for (std::size_t b = 0; b < mean.size(); ++b) {
        Moments block;
        block.n = std::min(parallel::block_size, n - static_cast<std::int64_t>(b) * parallel::block_size);
        block.mean = {mean[b]};
        block.scatter = Matrix(1, 1, scatter[b]);
        total.merge(block);
    }
    return total;
}

}  // namespace

void uniforms(const std::string& device, const Stream& stream, std::int64_t first, View out) {
    const int number = device_number(device);
    if (out.size() == 0) return;
    if (number < 0)
        return parallel::for_blocks(out.rows, 0, [&](std::int64_t row, std::int64_t count) {
            stream.uniform(first + row, out.slice(row, count));
        });
    const UniformAt term{stream, first, out.cols};
    check(device_library().table->uniforms(number, &term, out.size(), out.data), device);
}

Moments moments(const std::string& device, const GFunctionAt& term, std::int64_t n) {
    require(n >= 0, "moments: n must not be negative, got ", n);
    const int number = device_number(device);
    Moments total;
    if (n == 0) return total;
    if (number < 0) {
        parallel::reduce_blocks(
            n, 0, total, [&](std::int64_t first, std::int64_t count) { return block_moments(term, first, count); });
        return total;
    }
    std::vector<double> mean(static_cast<std::size_t>((n + parallel::block_size - 1) / parallel::block_size)),
        scatter(mean.size());
    check(device_library().table->g_function_moments(number, &term, n, mean.data(), scatter.data()), device);
    return merged(n, mean, scatter);
}

}  // namespace buffon::on_device
