#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>
#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr double infinity = __builtin_huge_val();

/// Largest of x + offset; NaN does not count.
double largest(const double* x, const double* offset, std::int64_t n) {
    Lanes top = Lanes::all(-infinity);
    std::int64_t j = 0;
    for (; j + 8 <= n; j += 8) {
        Lanes v = Lanes::load(x + j);
        v += Lanes::load(offset + j);
        top = larger(v, top);
    }
    if (j < n) {
        Lanes v = load_part(x + j, n - j, -infinity);
        v += load_part(offset + j, n - j);
        top = larger(v, top);
    }
    double t[8];
    top.store(t);
    for (int half = 4; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) t[l] = t[l + half] > t[l] ? t[l + half] : t[l];
    return t[0];
}

/// Rows of `cols` numbers that stay in the first cache.
std::int64_t tile_rows(std::int64_t cols) { return cols > 1024 ? 1 : 2048 / (cols > 0 ? cols : 1); }

/// All rows of a tile as one: rows of their own would end in a few numbers that no register takes together.
void exp_all(double* x, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) x[i] = vecmath::exp(x[i]);
}

Lanes load_up_to(const double* from, std::int64_t count) { return count >= 8 ? Lanes::load(from) : load_part(from, count); }

/// `rows` rows of up to eight columns into their four sums, which are `stride` apart as the rows are.
void add_signed(const double* r, std::int64_t rows, std::int64_t stride, std::int64_t width, double* sums) {
    const Lanes zero = Lanes::all(0.0);
    Lanes total[4];
    for (std::int64_t s = 0; s < 4; ++s) total[s] = load_up_to(sums + s * stride, width);
    for (std::int64_t i = 0; i < rows; ++i) {
        const Lanes v = load_up_to(r + i * stride, width);
        Lanes negated = zero;
        negated -= v;
        const Lanes up = larger(v, zero), down = larger(negated, zero);
        total[0] += up;
        total[1] += up * up;
        total[2] += down;
        total[3] += down * down;
    }
    for (std::int64_t s = 0; s < 4; ++s)
        if (width >= 8)
            total[s].store(sums + s * stride);
        else
            store_part(total[s], sums + s * stride, width);
}

double dot(const double* a, const double* b, std::int64_t n) {
    Lanes total = Lanes::all(0.0);
    std::int64_t j = 0;
    for (; j + 8 <= n; j += 8) total += Lanes::load(a + j) * Lanes::load(b + j);
    if (j < n) total += load_part(a + j, n - j) * load_part(b + j, n - j);
    return sum(total);
}

}  // namespace

void kernel::exp_rows(double* x, const double* shift, std::int64_t rows, std::int64_t cols) {
    const std::int64_t tile = tile_rows(cols);
    for (std::int64_t first = 0; first < rows; first += tile, x += tile * cols) {
        const std::int64_t count = rows - first < tile ? rows - first : tile;
        if (cols == 1)
            for (std::int64_t i = 0; i < count; ++i) x[i] -= shift[first + i];
        else
            for (std::int64_t i = 0; i < count; ++i)
                for (std::int64_t j = 0; j < cols; ++j) x[i * cols + j] -= shift[first + i];
        exp_all(x, count * cols);
    }
}

void kernel::mixture_rows(double* log_g, std::int64_t n, std::int64_t k, const double* alpha, const double* offset, double* top,
                          double* sum) {
    const std::int64_t tile = tile_rows(k);
    for (std::int64_t first = 0; first < n; first += tile, log_g += tile * k) {
        const std::int64_t count = n - first < tile ? n - first : tile;
        for (std::int64_t i = 0; i < count; ++i) {
            double* row = log_g + i * k;
            const double t = top[first + i] = largest(row, offset, k);
            if (t == -infinity)
                for (std::int64_t j = 0; j < k; ++j) row[j] = t;
            else
                for (std::int64_t j = 0; j < k; ++j) {
                    const double gap = row[j] - t;
                    row[j] = gap > 700.0 ? 700.0 : gap;   // only where alpha = 0, and 0 * inf is NaN
                }
        }
        exp_all(log_g, count * k);
        for (std::int64_t i = 0; i < count; ++i) {
            double* row = log_g + i * k;
            sum[first + i] = top[first + i] == -infinity ? 0.0 : dot(alpha, row, k);
            if (sum[first + i] == 0.0) continue;
            const double inverse = 1.0 / sum[first + i];
            for (std::int64_t j = 0; j < k; ++j) row[j] *= inverse;
        }
    }
}

void kernel::signed_sums(const double* r, std::int64_t n, std::int64_t e, double* sums) {
    constexpr std::int64_t together = 8;   // rows between two visits of the sums: the table is read in its order
    for (std::int64_t k = 0; k < 4 * e; ++k) sums[k] = 0.0;
    for (std::int64_t first = 0; first < n; first += together)
        for (std::int64_t c = 0; c < e; c += 8)
            add_signed(r + first * e + c, n - first < together ? n - first : together, e, e - c, sums + c);
}

void kernel::power_sums(const double* x, std::int64_t n, double scale, double* result) {
    constexpr std::int64_t block = 4096;
    result[0] = result[1] = 0.0;
    for (std::int64_t first = 0; first < n; first += block) {
        const std::int64_t count = n - first < block ? n - first : block;
        double once[8] = {}, square[8] = {};
        for (std::int64_t i = 0; i + 8 <= count; i += 8)
            for (int l = 0; l < 8; ++l) {
                const double v = x[first + i + l] / scale;
                once[l] += v;
                square[l] += v * v;
            }
        for (std::int64_t i = count - count % 8; i < count; ++i) {
            const double v = x[first + i] / scale;
            once[i % 8] += v;
            square[i % 8] += v * v;
        }
        result[0] += sum(Lanes::load(once));
        result[1] += sum(Lanes::load(square));
    }
}

}  // namespace BUFFON_ISA
}  // namespace buffon
