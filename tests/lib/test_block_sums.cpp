#include <buffon/block_sums.hpp>

#include <algorithm>

#include <doctest/doctest.h>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix table(std::int64_t rows, std::int64_t cols) {
    const Stream stream{3, 1};
    Matrix r(rows, cols);
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < cols; ++j) r(i, j) = stream.uniform(i, j) - 0.3;
    return r;
}

}  // namespace

TEST_CASE(
    "signed sums of many rows are those of blocks in their order: one block's bits up to 4,096 rows, and any number of "
    "threads gives the same") {
    const std::int64_t block = parallel::block_size;
    for (const std::int64_t rows : {std::int64_t{0}, std::int64_t{77}, block, 3 * block + 5}) {
        CAPTURE(rows);
        const Matrix r = table(rows, 11);
        Matrix expected(4, 11);
        for (std::int64_t first = 0; first < rows; first += block) {
            const Matrix part = signed_sums(r.view().slice(first, std::min(block, rows - first)));
            for (std::size_t k = 0; k < part.data.size(); ++k) expected.data[k] += part.data[k];
        }
        for (const int threads : {1, 3}) CHECK(signed_sums(r, threads).data == expected.data);
    }
}

TEST_CASE("signed sums agree with long sums of the plain loops") {
    const Matrix r = table(10'000, 3);
    const Matrix sums = signed_sums(r, 2);
    for (std::int64_t j = 0; j < 3; ++j) {
        long double up = 0, squares = 0, down = 0;
        for (std::int64_t i = 0; i < r.rows; ++i) {
            up += std::max(r(i, j), 0.0);
            down += std::max(-r(i, j), 0.0);
            squares += static_cast<long double>(std::max(-r(i, j), 0.0)) * std::max(-r(i, j), 0.0);
        }
        CHECK(sums(0, j) == doctest::Approx(static_cast<double>(up)).epsilon(1e-13));
        CHECK(sums(2, j) == doctest::Approx(static_cast<double>(down)).epsilon(1e-13));
        CHECK(sums(3, j) == doctest::Approx(static_cast<double>(squares)).epsilon(1e-13));
    }
}
