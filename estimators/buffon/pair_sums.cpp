#include <buffon/pair_sums.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/kernels.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

double sum(const double* v, std::int64_t n) {
    return sum_of(n, [=](std::int64_t i) { return v[i]; });
}

double product(const double* v, const double* w, std::int64_t n) { return kernels().dot_product(v, w, n); }

double largest_of(const double* v, std::int64_t n) {
    double most = 0;
    for (std::int64_t i = 0; i < n; ++i) most = std::max(most, std::abs(v[i]));
    return most;
}

/// Steps of all groups from `start`, (G, rows).
std::vector<double> steps(const std::vector<const double*>& values, std::size_t first, const double* start,
                          std::int64_t groups, std::int64_t rows) {
    std::vector<double> out(static_cast<std::size_t>(groups * rows));
    for (std::int64_t g = 0; g < groups; ++g) {
        const double* value = values[first + static_cast<std::size_t>(g)];
        double* step = out.data() + g * rows;
        for (std::int64_t i = 0; i < rows; ++i) step[i] = value[i] - start[i];
    }
    return out;
}

PairSums::Steps sums_of(const double* step, const double* a, const double* b, std::int64_t n) {
    return {sum(step, n), product(step, step, n), product(step, a, n), product(step, b, n), largest_of(step, n)};
}

void add(PairSums::Steps& to, const PairSums::Steps& from) {
    to.sum += from.sum;
    to.square += from.square;
    to.with_a += from.with_a;
    to.with_b += from.with_b;
    to.largest = std::max(to.largest, from.largest);
}

void add(std::vector<PairSums::Steps>& to, const std::vector<PairSums::Steps>& from) {
    if (to.empty()) to.resize(from.size());
    for (std::size_t g = 0; g < from.size(); ++g) add(to[g], from[g]);
}

}  // namespace

PairSums::PairSums(const std::vector<const double*>& values, std::int64_t rows, double counted, std::int64_t groups)
    : n(counted) {
    const double *va = values[0], *vb = values[1];
    a = sum(va, rows);
    b = sum(vb, rows);
    aa = product(va, va, rows);
    bb = product(vb, vb, rows);
    ab = product(va, vb, rows);
    largest = std::max(largest_of(va, rows), largest_of(vb, rows));
    const auto g = static_cast<std::size_t>(groups);
    const std::vector<double> d = steps(values, 2, va, groups, rows);
    for (std::size_t i = 0; i < g; ++i) from_a.push_back(sums_of(d.data() + static_cast<std::int64_t>(i) * rows, va, vb, rows));
    if (values.size() == 2 + g) return;
    const std::vector<double> e = steps(values, 2 + g, vb, groups, rows);
    for (std::size_t i = 0; i < g; ++i) from_b.push_back(sums_of(e.data() + static_cast<std::int64_t>(i) * rows, va, vb, rows));
    both = Matrix(groups, groups);
    for (std::int64_t i = 0; i < groups; ++i)
        for (std::int64_t j = 0; j < groups; ++j) both(i, j) = product(d.data() + i * rows, e.data() + j * rows, rows);
}

void PairSums::merge(const PairSums& other) {
    n += other.n;
    a += other.a;
    b += other.b;
    aa += other.aa;
    bb += other.bb;
    ab += other.ab;
    largest = std::max(largest, other.largest);
    add(from_a, other.from_a);
    add(from_b, other.from_b);
    if (both.rows == 0) both = Matrix(other.both.rows, other.both.cols);
    for (std::size_t k = 0; k < other.both.data.size(); ++k) both.data[k] += other.both.data[k];
}

double PairSums::total() const {
    double sum = a + b;
    for (const Steps& s : from_a) sum += a + s.sum;
    for (const Steps& s : from_b) sum += b + s.sum;
    return sum;
}

double PairSums::squares() const {
    double sum = aa + bb;
    for (const Steps& s : from_a) sum += aa + 2 * s.with_a + s.square;
    for (const Steps& s : from_b) sum += bb + 2 * s.with_b + s.square;
    return sum;
}

std::vector<double> centred(const SegmentValues& values, std::int64_t output, double centre) {
    std::vector<double> out(static_cast<std::size_t>(values.sets * values.rows));
    for (std::int64_t k = 0; k < values.sets; ++k) {
        const double* y = values.column(k, output);
        double* f = out.data() + k * values.rows;
        for (std::int64_t i = 0; i < values.rows; ++i) f[i] = y[i] - centre;
        for (const std::int64_t i : values.failed) f[i] = 0;
    }
    return out;
}

PairSums pair_sums(const SegmentValues& values, std::int64_t output, double centre, std::int64_t groups) {
    const std::vector<double> f = centred(values, output, centre);
    std::vector<const double*> columns;
    for (std::int64_t k = 0; k < values.sets; ++k) columns.push_back(f.data() + k * values.rows);
    return PairSums(columns, values.rows, static_cast<double>(values.rows) - static_cast<double>(values.failed.size()), groups);
}

}  // namespace buffon
