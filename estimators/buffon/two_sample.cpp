#include <buffon/two_sample.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/device_pairs.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/pairwise.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest = 4;

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

double mean_of(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double a : v) sum += a;
    return sum / static_cast<double>(v.size());
}

double mean_square(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double a : v) sum += a * a;
    return sum / static_cast<double>(v.size());
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

Reference reference_of(const Kernel& kernel, std::int64_t m, const KernelSums& sums) {
    Reference out{averages(kernel, sums.rows, m - 1)};
    const double square = sums.squares / static_cast<double>(m * (m - 1)), mean = mean_of(out.averages);
    out.degenerate = std::max(0.0, square - 2 * conditional_square(mean_square(out.averages), square, m - 1) + mean * mean);
    return out;
}

/// First-order projections of one sample's value mean(a) + mean(b), point by point.
struct Projections {
    std::vector<double> a, b;   // (n), (m)
};

Projections projections_of(const Kernel& kernel, std::int64_t n, std::int64_t m, const KernelSums& own,
                           const KernelSums& across, const Reference& reference) {
    Projections out{averages(kernel, own.rows, n - 1), reference.averages};
    const std::vector<double> to_y = averages(kernel, across.rows, m), to_x = averages(kernel, across.columns, n);
    for (std::size_t i = 0; i < to_y.size(); ++i) out.a[i] -= to_y[i];
    for (std::size_t j = 0; j < to_x.size(); ++j) out.b[j] -= to_x[j];
    return out;
}

double covariance(const std::vector<double>& u, const std::vector<double>& v) {
    const double mu = mean_of(u), mv = mean_of(v);
    double sum = 0.0;
    for (std::size_t i = 0; i < u.size(); ++i) sum += (u[i] - mu) * (v[i] - mv);
    return sum / static_cast<double>(u.size() - 1);
}

/// Of the projections as they are, averages over finite samples: they hold the degenerate part of the variance twice, and cover
/// better for it (91 to 96 %) than without, where the errors are skew.
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

/// Standard error between samples of one law.
double floor_of(double degenerate, std::int64_t rows, std::int64_t reference) {
    const double n = static_cast<double>(rows), m = static_cast<double>(reference);
    return std::sqrt(degenerate * (2 / (n * (n - 1)) + 2 / (m * (m - 1)) + 4 / (n * m)));
}

/// Reports the pairs of consecutive passes.
class Counter {
public:
    Counter(const Progress& progress, std::int64_t total) : progress_(progress), total_(total) {}
    PairsDone next(std::int64_t pairs) {
        const std::int64_t before = begun_;
        begun_ += pairs;
        return [this, before](std::int64_t n) {
            if (progress_) progress_(before + n, total_, {});
        };
    }

private:
    const Progress& progress_;
    std::int64_t total_, begun_ = 0;
};

template <class Points>
Estimate compared(const Kernel& kernel, const std::vector<Points>& sets, const Points& y, const Progress& progress) {
    std::int64_t total = y.rows() * y.rows();
    for (const Points& set : sets) total += set.rows() * (set.rows() + y.rows());
    Counter counter(progress, total);
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
    const Reference reference = reference_of(kernel, m, of_reference());
    std::vector<Projections> all;
    std::vector<double> floor;
    Estimate e;
    e.n = m;
    for (std::size_t s = 0; s < sets.size(); ++s) {
        const Pair here = std::exchange(next, s + 1 < sets.size() ? meet(sets[s + 1]) : Pair{});
        const std::int64_t n = sets[s].rows();
        const KernelSums of_own = here.own();
        all.push_back(projections_of(kernel, n, m, of_own, here.across(), reference));
        e.value.push_back(mean_of(all.back().a) + mean_of(all.back().b));
        floor.push_back(floor_of(reference.degenerate, n, m));
        e.n += n;
    }
    e.covariance = joint_covariance(all);
    e.diagnostics["floor"] = floor;
    return e;
}

/// Rows `first`, ... of an array on a device.
DeviceArray from_row(DeviceArray points, std::int64_t first) {
    points.data = static_cast<const char*>(points.data) + first * points.cols * (points.single ? 4 : 8);
    points.rows -= first;
    return points;
}

/// Up to `most` rows of the reference, of all its parts, on the processor.
Matrix some_rows(const ReferencePoints& y, std::int64_t most) {
    if (!y.array) return spread_rows(y.points, most);
    Matrix out(0, y.array->cols);
    for (const auto& [first, count] : spread_runs(y.array->rows, most)) {
        const Matrix run = head(from_row(*y.array, first), count);
        out.data.insert(out.data.end(), run.data.begin(), run.data.end());
        out.rows += count;
    }
    return out;
}

/// Somewhere in the middle: products of floats keep more digits from there. None for a kernel that is no function of differences.
std::vector<double> centre_of(const Kernel& kernel, const ReferencePoints& y) {
    if (kernel.function == PairFunction::cubic || !y.array || !y.array->single) return {};
    const Matrix some = head(*y.array, 64);
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
    require(device_library().table != nullptr, who, ": CUDA: ", device_library().problem);
    const std::vector<double> centre = centre_of(kernel, y);
    const DevicePairPoints reference = y.array ? DevicePairPoints(*y.array, centre) : DevicePairPoints(queues, y.points, centre);
    std::vector<DevicePairPoints> sets;
    for (const Matrix& set : x.sets) sets.emplace_back(queues, set, centre);
    for (const DeviceArray& set : x.arrays) sets.emplace_back(set, centre);
    const auto check = [&](const std::string& name, const DevicePairPoints& points) {
        require(points.first_bad() == points.rows(), who, ": ", name, " must be finite, row ", points.first_bad(), " is not");
    };
    check("y", reference);
    for (std::size_t s = 0; s < sets.size(); ++s) check(name_of(x, s), sets[s]);
    return compared(kernel, sets, reference, progress);
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
        e = compared(kernel, sets, HostPoints{y.points, options.threads}, options.progress);
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
    const double h = options.bandwidth > 0 ? options.bandwidth : median_distance(some_rows(y, 1000));
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
