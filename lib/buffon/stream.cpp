#include <buffon/stream.hpp>

#include <algorithm>

#include <buffon/kernels.hpp>

namespace buffon {

void Stream::uniform(std::int64_t first, View out) const { kernels().uniform_rows(key, id, first, out.rows, out.cols, out.data); }

void Stream::normal(std::int64_t first, View out) const {
    // slices of 16 KB: their quantiles are taken in the first-level cache
    const std::int64_t slice = std::max<std::int64_t>(2048 / std::max<std::int64_t>(out.cols, 1), 1);
    for (std::int64_t row = 0; row < out.rows; row += slice) {
        const View part = out.slice(row, std::min(slice, out.rows - row));
        uniform(first + row, part);
        kernels().normal_quantiles(part.data, part.size());
    }
}

}  // namespace buffon
