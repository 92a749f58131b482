#include <buffon/kernels.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace {

double number(std::int64_t i, std::int64_t k) {
    return std::sin(1.0 + 0.7 * static_cast<double>(i) + 2.3 * static_cast<double>(k));
}

/// The same sum written plainly, in the promised order.
double plain(std::int64_t i, std::int64_t count, double offset, double noise_weight) {
    double sum = offset;
    for (std::int64_t k = 0; k < count; ++k) sum += (0.3 - static_cast<double>(k)) * number(i, k);
    return noise_weight == 0 ? sum : sum + noise_weight * number(i, 99);
}

template <class T>
std::vector<std::vector<T>> operands(std::int64_t count, std::int64_t n) {
    std::vector<std::vector<T>> all;
    for (std::int64_t k = 0; k < count; ++k) {
        all.emplace_back();
        for (std::int64_t i = 0; i < n; ++i) all.back().push_back(static_cast<T>(number(i, k)));
    }
    return all;
}

}  // namespace

TEST_CASE("combine: every number of operands and odd length, on every instruction set, to the bit; out may be an operand") {
    for (const auto* use : buffon::available_kernels())
        for (const std::int64_t count : {1, 2, 3, 5, 8, 9, 10, 13})
            for (const std::int64_t n : {1, 7, 64, 1037})
                for (const double noise_weight : {0.0, 0.4}) {
                    auto in = operands<double>(count, n);
                    std::vector<const double*> pointers;
                    for (const auto& v : in) pointers.push_back(v.data());
                    std::vector<double> weights, noise, out(static_cast<std::size_t>(n));
                    for (std::int64_t k = 0; k < count; ++k) weights.push_back(0.3 - static_cast<double>(k));
                    for (std::int64_t i = 0; i < n; ++i) noise.push_back(number(i, 99));
                    const double* z = noise_weight == 0 ? nullptr : noise.data();
                    use->combine(out.data(), pointers.data(), count, weights.data(), 0.25, z, noise_weight, n);
                    CAPTURE(use->level);
                    for (std::int64_t i = 0; i < n; ++i)
                        CHECK(out[static_cast<std::size_t>(i)] == plain(i, count, 0.25, noise_weight));
                    use->combine(in.back().data(), pointers.data(), count, weights.data(), 0.25, z, noise_weight, n);
                    CHECK(in.back() == out);
                }
}

TEST_CASE("combine: float states, sums in double") {
    constexpr std::int64_t n = 100;
    for (const auto* use : buffon::available_kernels()) {
        const auto in = operands<float>(3, n);
        const float* pointers[] = {in[0].data(), in[1].data(), in[2].data()};
        const double weights[] = {1e8, -1e8, 0.5};
        std::vector<float> out(n);
        use->combine_single(out.data(), pointers, 3, weights, 0.125, nullptr, 0.0, n);
        for (std::size_t i = 0; i < n; ++i)
            CHECK(out[i] ==
                  static_cast<float>(0.125 + 1e8 * static_cast<double>(in[0][i]) +
                                     -1e8 * static_cast<double>(in[1][i]) + 0.5 * static_cast<double>(in[2][i])));
    }
}

TEST_CASE("combine: coefficients per column") {
    constexpr std::int64_t rows = 5, cols = 700, count = 2;
    const auto in = operands<double>(count, rows * cols);
    const double* pointers[] = {in[0].data(), in[1].data()};
    std::vector<double> weights, offset, noise_weight, noise(rows * cols, 0.5);
    for (std::int64_t j = 0; j < count * cols; ++j) weights.push_back(number(j, 7));
    for (std::int64_t j = 0; j < cols; ++j) offset.push_back(number(j, 8)), noise_weight.push_back(number(j, 9));
    for (const auto* use : buffon::available_kernels()) {
        std::vector<double> out(rows * cols);
        use->combine_columns(out.data(), pointers, count, weights.data(), offset.data(), noise.data(),
                             noise_weight.data(), rows, cols);
        std::vector<float> single(rows * cols);
        const auto small = operands<float>(count, rows * cols);
        const float* small_pointers[] = {small[0].data(), small[1].data()};
        use->combine_columns_single(single.data(), small_pointers, count, weights.data(), offset.data(), noise.data(),
                                    noise_weight.data(), rows, cols);
        for (std::size_t i = 0; i < rows * cols; ++i) {
            const std::size_t j = i % cols;
            CHECK(out[i] == offset[j] + weights[j] * in[0][i] + weights[cols + j] * in[1][i] + noise_weight[j] * 0.5);
            CHECK(single[i] == doctest::Approx(out[i]).epsilon(1e-5).scale(1));
        }
    }
}
