/// Functions of the sample index, written once and compiled for the processor and for CUDA devices. Not installed.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// Entry k of the table uniform(first + i, j) with `cols` columns, row by row.
struct UniformAt {
    Stream stream;
    std::int64_t first = 0;
    std::int64_t cols = 1;

    BUFFON_HD double operator()(std::int64_t k) const { return stream.uniform(first + k / cols, k % cols); }
};

/// prod_j (|4 u_j - 2| + a_j) / (1 + a_j) of the uniforms u at index first + i.
struct GFunctionAt {
    static constexpr int max_dim = 16;

    Stream stream;
    std::int64_t first = 0;
    int dim = 1;
    double a[max_dim] = {};

    BUFFON_HD double operator()(std::int64_t i) const {
        double product = 1.0;
        for (int j = 0; j < dim; ++j) {
            const double v = 4 * stream.uniform(first + i, j) - 2;
            product *= ((v < 0 ? -v : v) + a[j]) / (1 + a[j]);
        }
        return product;
    }
};

}  // namespace buffon
