#include <buffon/diffusion/device_levels.hpp>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <span>

namespace buffon::diffusion {

void combine_levels(const DeviceQuery& query, std::int64_t cols, const LevelSum& sum) {
    const std::int64_t rows = query.rows.rows;
    assert(sum.in.size() == sum.weights.size() && sum.in.size() <= DeviceCombine::max_terms);
    DeviceCombine c;
    c.out = sum.out;
    c.out_number = sum.out_number;
    c.in_number = sum.in_number;
    c.terms = static_cast<std::int32_t>(sum.in.size());
    c.rows = rows;
    c.cols = cols;
    std::ranges::copy(sum.in, c.in);
    DeviceBuffer coefficients, group_of;
    if (std::ranges::all_of(sum.weights, [](const auto& w) { return w.size() == 1; })) {
        for (std::size_t k = 0; k < sum.weights.size(); ++k) c.weight[k] = sum.weights[k][0];
    } else {
        std::vector<double> numbers;   // (terms + 2, rows), no offset and no noise
        for (const auto& w : sum.weights)
            w.size() == 1 ? numbers.insert(numbers.end(), static_cast<std::size_t>(rows), w[0])
                          : numbers.insert(numbers.end(), w.begin(), w.end());
        numbers.resize(numbers.size() + static_cast<std::size_t>(2 * rows), 0.0);
        std::vector<std::int32_t> groups(static_cast<std::size_t>(rows));
        std::iota(groups.begin(), groups.end(), 0);
        coefficients = DeviceBuffer::of(query.queue, std::span<const double>(numbers));
        group_of = DeviceBuffer::of(query.queue, std::span<const std::int32_t>(groups));
        c.axis = DeviceCombine::Axis::row;
        c.groups = rows;
        c.coefficients = coefficients.as<double>();
        c.group_of = group_of.as<std::int32_t>();
    }
    device_check(query.queue, device_library().table->combine(&query.queue, &c));
}

}  // namespace buffon::diffusion
