#include <buffon/two_sample.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/device_pairs.hpp>
#include <buffon/kernels.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/pairs_told.hpp>
#include <buffon/pairwise.hpp>
#include <buffon/share_interval.hpp>
#include <buffon/squared_interval.hpp>
#include <buffon/sums.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest = 4;
constexpr std::int64_t noise_rows = 128;   // whose pairs tell the direction with most noise
constexpr std::int64_t noise_runs = 8;     // that they lie in

/// A kernel: `sign` times a function of two points.
struct Kernel {
    PairFunction function;
    double scale = 0.0, sign = 1.0;
};

/// Points as they are met: on the processor, by some threads, or on devices.
struct HostPoints {
    ConstView view;
    int threads;

    std::int64_t rows() const { return view.rows; }
};
SumsLater pair_sums_later(PairFunction f, double scale, const HostPoints& x, const PairsDone& done) {
    return [=] { return pair_sums(f, scale, x.view, x.threads, done); };
}
SumsLater pair_sums_later(PairFunction f, double scale, const HostPoints& x, const HostPoints& y, const PairsDone& done) {
    return [=] { return pair_sums(f, scale, x.view, y.view, x.threads, done); };
}

/// Half the squares of norms.
std::vector<double> half_squares(const HostPoints& x) {
    std::vector<double> out;
    out.reserve(static_cast<std::size_t>(x.view.rows));
    for (std::int64_t i = 0; i < x.view.rows; ++i) {
        const double* row = x.view.row(i).data();
        out.push_back(dot(row, row, x.view.cols) / 2);
    }
    return out;
}
std::vector<double> half_squares(const DevicePairPoints& x) { return x.half_squares(); }

double cube(double v) { return v * v * v; }

/// The kernel of each point and itself.
template <class Points>
std::vector<double> diagonal(const Kernel& kernel, const Points& x) {
    if (kernel.function != PairFunction::cubic)
        return std::vector<double>(static_cast<std::size_t>(x.rows()), kernel.function == PairFunction::gaussian ? 1.0 : 0.0);
    std::vector<double> out = half_squares(x);
    for (double& v : out) v = cube(2 * kernel.scale * v + 1);
    return out;
}

double mean_of(const std::vector<double>& v) {
    const auto n = static_cast<std::int64_t>(v.size());
    return sum_of(n, [a = v.data()](std::int64_t i) { return a[i]; }) / static_cast<double>(n);
}

double mean_square(const std::vector<double>& v) {
    const auto n = static_cast<std::int64_t>(v.size());
    return dot(v.data(), v.data(), n) / static_cast<double>(n);
}

/// Mean of the squared conditional mean of a kernel, from the mean square of averages over `others` points: these hold the
/// variance of an average, too.
double conditional_square(double squared_average, double square, std::int64_t others) {
    const double k = static_cast<double>(others);
    return others > 1 ? (squared_average - square / k) / (1 - 1 / k) : squared_average;
}

/// Averages of the kernel over one sample, point by point.
std::vector<double> averages(const Kernel& kernel, std::vector<double> sums, std::int64_t others) {
    for (double& v : sums) v *= kernel.sign / static_cast<double>(others);
    return sums;
}

/// The reference met by itself, and the variance of what is left of the kernel when its conditional means are taken out.
struct Reference {
    std::vector<double> averages;
    double degenerate = 0.0;
};

Reference reference_of(const Kernel& kernel, std::int64_t m, KernelSums sums) {
    Reference out{averages(kernel, std::move(sums.rows), m - 1)};
    const double square = sums.squares / static_cast<double>(m * (m - 1)), mean = mean_of(out.averages);
    out.degenerate = std::max(0.0, square - 2 * conditional_square(mean_square(out.averages), square, m - 1) + mean * mean);
    return out;
}

/// First-order projections of one sample's value mean(a) + mean(b), point by point.
struct Projections {
    std::vector<double> a, b;   // (n), (m)
};

/// `own`: averages of the sample met by itself.
Projections projections_of(const Kernel& kernel, const std::vector<double>& own, KernelSums across, const Reference& reference) {
    const double per_m = kernel.sign / static_cast<double>(across.columns.size()),
                 per_n = kernel.sign / static_cast<double>(across.rows.size());
    for (std::size_t i = 0; i < own.size(); ++i) across.rows[i] = own[i] - across.rows[i] * per_m;
    for (std::size_t j = 0; j < reference.averages.size(); ++j) across.columns[j] = reference.averages[j] - across.columns[j] * per_n;
    return {std::move(across.rows), std::move(across.columns)};
}

double covariance(const std::vector<double>& u, const std::vector<double>& v) {
    const double mu = mean_of(u), mv = &u == &v ? mu : mean_of(v);
    const auto n = static_cast<std::int64_t>(u.size());
    return sum_of(n, [&, a = u.data(), b = v.data()](std::int64_t i) { return (a[i] - mu) * (b[i] - mv); }) /
           static_cast<double>(n - 1);
}

double variance_of_sum(const std::vector<double>& u, const std::vector<double>& v) {
    const double mean = mean_of(u) + mean_of(v);
    const auto n = static_cast<std::int64_t>(u.size());
    const auto square = [=, a = u.data(), b = v.data()](std::int64_t i) {
        const double away = a[i] + b[i] - mean;
        return away * away;
    };
    return sum_of(n, square) / static_cast<double>(n - 1);
}

/// Of the projections as they are, averages over finite samples: they hold the degenerate part of the variance twice, and value
/// +- error, as of a contrast, covers better for it than without, where the errors are skew.
Matrix joint_covariance(const std::vector<Projections>& all) {
    const auto k = static_cast<std::int64_t>(all.size());
    Matrix out(k, k);
    for (std::int64_t i = 0; i < k; ++i)
        for (std::int64_t j = 0; j <= i; ++j) {
            const Projections &s = all[static_cast<std::size_t>(i)], &t = all[static_cast<std::size_t>(j)];
            double c = 4 * covariance(s.b, t.b) / static_cast<double>(s.b.size());
            if (s.a.size() == t.a.size()) c += 4 * covariance(s.a, t.a) / static_cast<double>(s.a.size());
            out(i, j) = out(j, i) = c;
        }
    return nearest_covariance(out);
}

/// Pairs of some rows of the reference. On one thread: others must wake, which takes longer where coordinates are few.
Matrix gram(const Kernel& kernel, ConstView rows) {
    Matrix out(rows.rows, rows.rows);
    std::vector<double> v;
    for (std::int64_t i = 0; i < rows.rows; ++i) {
        const double* x = rows.row(i).data();
        v.resize(static_cast<std::size_t>(i + 1));
        for (std::int64_t j = 0; j <= i; ++j) {
            const double* y = rows.row(j).data();
            double& to = v[static_cast<std::size_t>(j)];
            if (kernel.function == PairFunction::cubic) to = cube(kernel.scale * kernels().dot_product(x, y, rows.cols) + 1);
            else to = sum_of(rows.cols, [=](std::int64_t k) { return (x[k] - y[k]) * (x[k] - y[k]); });
        }
        if (kernel.function == PairFunction::gaussian) {
            for (double& a : v) a *= -kernel.scale;
            kernels().exps(v.data(), i + 1);
        } else if (kernel.function == PairFunction::distance) {
            for (double& a : v) a = kernel.sign * std::sqrt(a);
        }
        for (std::int64_t j = 0; j <= i; ++j) out(i, j) = out(j, i) = v[static_cast<std::size_t>(j)];
    }
    return out;
}

/// Every second row from `first` on, every second column from `columns` on.
Matrix halved(const Matrix& g, std::int64_t first, std::int64_t columns) {
    Matrix out((g.rows - first + 1) / 2, (g.cols - columns + 1) / 2);
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = g(first + 2 * i, columns + 2 * j);
    return out;
}

std::vector<double> product(const Matrix& g, const std::vector<double>& v) {
    std::vector<double> out;
    out.reserve(static_cast<std::size_t>(g.rows));
    for (std::int64_t i = 0; i < g.rows; ++i) out.push_back(dot(g.view().row(i).data(), v.data(), g.cols));
    return out;
}

/// Less their mean; their sum of squares.
double centre(std::vector<double>& v) {
    const double mean = mean_of(v);
    for (double& a : v) a -= mean;
    return dot(v.data(), v.data(), static_cast<std::int64_t>(v.size()));
}

/// Variance of the features along the direction in which there is most of it. Each half of the rows finds one, by the power method,
/// and the other half measures it: the largest eigenvalue of few rows is too large in many dimensions.
double largest_variance(const Matrix& gram) {
    constexpr int steps = 20;
    constexpr double golden = 0.6180339887498949;
    double sum = 0.0;
    for (const std::int64_t half : {0, 1}) {
        std::vector<double> v;   // anywhere
        for (std::int64_t i = half; i < gram.rows; i += 2) v.push_back(std::fmod(golden * static_cast<double>(i + 1), 1.0));
        const Matrix own = halved(gram, half, half);
        double squares = centre(v), length = 0.0;
        for (int s = 0; s < steps && squares > 0; ++s) {
            const double norm = std::sqrt(squares);
            for (double& a : v) a /= norm;
            v = product(own, v);
            squares = centre(v);
            length = std::sqrt(squares);   // of the mean-free kernel times a unit vector: its eigenvalue at last
        }
        if (!(squares > 0)) return squares;   // all rows coincide, or numbers overflow
        for (double& a : v) a /= length;
        std::vector<double> along = product(halved(gram, 1 - half, half), v);
        const double others = static_cast<double>(along.size());
        sum += centre(along) / (others - 1) / length;
    }
    return sum / 2;
}

/// What each point's pair with itself adds to its average: in the mean, what noise adds to the squared length of the mean features.
std::vector<double> with_itself(std::vector<double> diagonal, const std::vector<double>& averages) {
    const double share = 1 / static_cast<double>(diagonal.size());
    for (std::size_t i = 0; i < diagonal.size(); ++i) diagonal[i] = (diagonal[i] - averages[i]) * share;
    return diagonal;
}

/// A value as a squared length |m|^2 less its bias: m is the difference of the mean features of two samples.
struct Length {
    double value = 0, bias = 0, variance = 0, largest = 0;

    std::vector<std::pair<double, double>> intervals(const std::vector<double>& levels) const {
        if (!std::isfinite(value + bias + variance + largest)) return {levels.size(), {std::nan(""), std::nan("")}};
        return squared_intervals(std::max(0.0, value + bias), bias, variance, largest, 0.0, levels);
    }
};

/// The variance is that along m: of projections in which each point has met itself, too.
Length length_of(double value, const Projections& p, const std::vector<double>& of_x, const std::vector<double>& of_y,
                 double largest) {
    const double n = static_cast<double>(p.a.size()), m = static_cast<double>(p.b.size());
    return {.value = value,
            .bias = std::max(0.0, mean_of(of_x) + mean_of(of_y)),   // below 0 by rounding alone
            .variance = 4 * variance_of_sum(p.a, of_x) / n + 4 * variance_of_sum(p.b, of_y) / m,
            .largest = largest * (1 / n + 1 / m)};
}

Bounds bounds_of(const std::vector<Length>& lengths) {
    Bounds out = empty_bounds(static_cast<std::int64_t>(lengths.size()));
    for (std::int64_t s = 0; s < out.low.rows; ++s) {
        const auto ends = lengths[static_cast<std::size_t>(s)].intervals(out.levels);
        for (std::int64_t l = 0; l < out.low.cols; ++l)
            std::tie(out.low(s, l), out.high(s, l)) = ends[static_cast<std::size_t>(l)];
    }
    return out;
}

/// Standard error between samples of one law.
double floor_of(double degenerate, std::int64_t rows, std::int64_t reference) {
    const double n = static_cast<double>(rows), m = static_cast<double>(reference);
    return std::sqrt(degenerate * (2 / (n * (n - 1)) + 2 / (m * (m - 1)) + 4 / (n * m)));
}

/// `some`: rows of y on the processor.
template <class Points>
Estimate compared(const Kernel& kernel, const std::vector<Points>& sets, const Points& y, ConstView some, const Progress& progress) {
    std::int64_t total = y.rows() * y.rows();
    for (const Points& set : sets) total += set.rows() * (set.rows() + y.rows());
    PairsTold counter(progress, total);
    const auto own = [&](const Points& points) {
        return pair_sums_later(kernel.function, kernel.scale, points, counter.next(points.rows() * points.rows()));
    };
    struct Pair {
        SumsLater own, across;
    };
    const auto meet = [&](const Points& set) {   // what a device has to do next is queued before the last is waited for
        SumsLater first = own(set);
        return Pair{std::move(first),
                    pair_sums_later(kernel.function, kernel.scale, set, y, counter.next(set.rows() * y.rows()))};
    };
    const std::int64_t m = y.rows();
    const SumsLater of_reference = own(y);
    Pair next = meet(sets.front());
    const double largest = largest_variance(gram(kernel, some));   // while a device meets the pairs
    const Reference reference = reference_of(kernel, m, of_reference());
    const std::vector<double> of_y = with_itself(diagonal(kernel, y), reference.averages);
    std::vector<Projections> all;
    std::vector<Length> lengths;
    std::vector<double> floor;
    Estimate e;
    e.n = m;
    for (std::size_t s = 0; s < sets.size(); ++s) {
        const Pair here = std::exchange(next, s + 1 < sets.size() ? meet(sets[s + 1]) : Pair{});
        const std::int64_t n = sets[s].rows();
        const std::vector<double> of_own = averages(kernel, here.own().rows, n - 1);
        all.push_back(projections_of(kernel, of_own, here.across(), reference));
        e.value.push_back(mean_of(all.back().a) + mean_of(all.back().b));
        const std::vector<double> of_x = with_itself(diagonal(kernel, sets[s]), of_own);
        lengths.push_back(length_of(e.value.back(), all.back(), of_x, of_y, largest));
        floor.push_back(floor_of(reference.degenerate, n, m));
        e.n += n;
    }
    e.covariance = joint_covariance(all);
    e.bounds = bounds_of(lengths);
    e.diagnostics["floor"] = floor;
    e.diagnostics["counted"] = std::string("rows");
    return e;
}

/// Up to `most` rows of the reference, of all its parts, on the processor.
Matrix some_rows(const ReferencePoints& y, std::int64_t most, std::int64_t runs) {
    if (!y.array) return spread_rows(y.points, most, runs);
    const auto parts = spread_runs(y.array->rows, most, runs);
    DeviceArray all = *y.array;
    all.rows = 0;
    for (const auto& [first, count] : parts) all.rows += count;
    const std::int64_t row_bytes = all.cols * (all.single ? 4 : 8);
    const DeviceBuffer room(all.queue, all.rows * row_bytes);   // one copy to the processor, not one for each run
    auto* to = static_cast<char*>(room.data());
    for (const auto& [first, count] : parts) {
        const auto* from = static_cast<const char*>(y.array->data) + first * row_bytes;
        device_check(all.queue, device_library().table->copy(&all.queue, from, to, count * row_bytes));
        to += count * row_bytes;
    }
    all.data = room.data();
    return head(all, all.rows);
}

/// The mean of some rows of y: products of floats keep more digits from there. None for a kernel that is no function of differences.
std::vector<double> centre_of(const Kernel& kernel, const ReferencePoints& y, ConstView some) {
    if (kernel.function == PairFunction::cubic || !y.array || !y.array->single) return {};
    std::vector<double> centre(static_cast<std::size_t>(some.cols), 0.0);
    for (std::int64_t i = 0; i < some.rows; ++i)
        for (std::int64_t k = 0; k < some.cols; ++k)
            centre[static_cast<std::size_t>(k)] += some(i, k) / static_cast<double>(some.rows);
    for (double& c : centre)
        if (!std::isfinite(c)) c = 0.0;   // it is said below where
    return centre;
}

Estimate compared_on_devices(const std::string& who, const Kernel& kernel, const PointSets& x, const ReferencePoints& y,
                             const std::string& device, const Progress& progress) {
    const std::vector<DeviceQueue> queues = y.array ? std::vector<DeviceQueue>() : device_queues(device);
    const Matrix some = some_rows(y, noise_rows, noise_runs);
    const std::vector<double> centre = centre_of(kernel, y, some);
    const DevicePairPoints reference = y.array ? DevicePairPoints(*y.array, centre) : DevicePairPoints(queues, y.points, centre);
    std::vector<DevicePairPoints> sets;
    for (const Matrix& set : x.sets) sets.emplace_back(queues, set, centre);
    for (const DeviceArray& set : x.arrays) sets.emplace_back(queued_on(y.array->queue, set), centre);
    const auto check = [&](const std::string& name, const DevicePairPoints& points) {
        require(points.first_bad() == points.rows(), who, ": ", name, " must be finite, row ", points.first_bad(), " is not");
    };
    check("y", reference);
    for (std::size_t s = 0; s < sets.size(); ++s) check(name_of(x, s), sets[s]);
    return compared(kernel, sets, reference, some, progress);
}

template <class Options>
Estimate compared(const std::string& who, const Kernel& kernel, const PointSets& x, const ReferencePoints& y,
                  const Options& options) {
    Estimate e;
    if (y.array || options.device != "cpu") {
        e = compared_on_devices(who, kernel, x, y, options.device, options.progress);
    } else {
        std::vector<HostPoints> sets;
        for (const Matrix& set : x.sets) sets.push_back({set, options.threads});
        e = compared(kernel, sets, HostPoints{y.points, options.threads}, some_rows(y, noise_rows, noise_runs), options.progress);
    }
    e.names = names_of(who, x);
    warn_of_overflow(e);
    return e;
}

}  // namespace

Estimate energy(const PointSets& x, const ReferencePoints& y, const EnergyOptions& options) {
    check_places("energy", x, y, options.device, fewest);
    return compared("energy", {PairFunction::distance, 0.0, -1.0}, x, y, options);
}

Estimate mmd(const PointSets& x, const ReferencePoints& y, const MmdOptions& options) {
    check_places("mmd", x, y, options.device, fewest);
    require(options.bandwidth >= 0 && std::isfinite(options.bandwidth),
            "mmd: bandwidth must be positive, or 0 for a choice, got ", options.bandwidth);
    const double h = options.bandwidth > 0 ? options.bandwidth : median_distance(some_rows(y, 1000, 32));
    require(h > 0, "mmd: bandwidth must be given: more than half of the reference points coincide");
    Estimate e = compared("mmd", {PairFunction::gaussian, 1 / (2 * h * h), 1.0}, x, y, options);
    e.diagnostics["bandwidth"] = h;
    return e;
}

Estimate kid(const PointSets& x, const ReferencePoints& y, const KidOptions& options) {
    check_places("kid", x, y, options.device, fewest);
    const std::int64_t dim = y.array ? y.array->cols : y.points.cols;
    return compared("kid", {PairFunction::cubic, 1 / static_cast<double>(dim), 1.0}, x, y, options);
}

}  // namespace buffon
