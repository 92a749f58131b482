#include <buffon/diffusion/brownian.hpp>

#include <cmath>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::int64_t end = std::int64_t{1} << 40;   // of the clock, in ticks

std::int64_t tick(double rho) { return std::llround(rho / (1 + rho) * static_cast<double>(end)); }

/// Numbers that belong to one dyadic point: its key is the stream's own word at the point.
void normal(const Stream& stream, std::int64_t point, std::int64_t first, View out) {
    Stream{stream.word(-1 - point, 0), stream.id}.normal(first, out);   // indices below 0 are no sample's
}

/// W at a tick, in units of W(end) having variance 1: each midpoint given the ends of its interval.
Matrix path(const Stream& stream, std::int64_t first, std::int64_t at, std::int64_t rows, std::int64_t cols) {
    Matrix left(rows, cols), right(rows, cols), z(rows, cols);
    if (at == 0) return left;
    normal(stream, end, first, right);
    std::int64_t low = 0, high = end;
    while (at != high) {
        const std::int64_t middle = low + (high - low) / 2;
        const double spread = std::sqrt(static_cast<double>(high - low) / static_cast<double>(end)) / 2;
        normal(stream, middle, first, z);
        Matrix& moved = at <= middle ? right : left;   // the end that becomes the midpoint
        for (std::size_t k = 0; k < z.data.size(); ++k) moved.data[k] = (left.data[k] + right.data[k]) / 2 + spread * z.data[k];
        (at <= middle ? high : low) = middle;
    }
    return right;
}

}  // namespace

void brownian_increment(const Stream& stream, std::int64_t first, double from, double to, View out) {
    const std::int64_t late = tick(from), early = tick(to);
    require(late > early, "brownian: steps from level ", from, " to ", to, " are closer than the clock can tell");
    const Matrix a = path(stream, first, late, out.rows, out.cols), b = path(stream, first, early, out.rows, out.cols);
    const double scale = 1 / std::sqrt(static_cast<double>(late - early) / static_cast<double>(end));
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = scale * (a(i, j) - b(i, j));
}

}  // namespace buffon::diffusion
