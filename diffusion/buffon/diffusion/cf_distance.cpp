#include <buffon/diffusion/cf_distance.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/kernels.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/parallel.hpp>
#include <buffon/set_means.hpp>
#include <buffon/share_interval.hpp>
#include <buffon/squared_interval.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::int64_t together = 64;          // frequencies whose waves are held at once
constexpr std::int64_t floor_rows = 256;       // whose pairs tell the degenerate variance
constexpr std::int64_t bandwidth_rows = 1000;

/// Columns are the real and the imaginary parts of some frequencies' waves exp(i w x): cosines first, then sines.
class Waves {
public:
    Waves(std::uint64_t key, std::int64_t count, std::int64_t dim, double h) : negative_(dim, count) {
        Matrix drawn(count, dim);
        Stream{key, 0}.normal(0, drawn);
        for (std::int64_t l = 0; l < count; ++l)
            for (std::int64_t j = 0; j < dim; ++j) negative_(j, l) = -drawn(l, j) / h;
    }

    std::int64_t size() const { return negative_.cols; }
    std::vector<double> frequency(std::int64_t l) const {
        std::vector<double> w;
        for (std::int64_t j = 0; j < negative_.rows; ++j) w.push_back(-negative_(j, l));
        return w;
    }
    /// f(first, count, cosines (n, count), sines) for chunks of the frequencies, in their order.
    template <class F>
    void over(ConstView rows, const F& f) const {
        for (std::int64_t first = 0; first < size(); first += together) {
            const std::int64_t count = std::min(together, size() - first);
            Matrix part(negative_.rows, count), cosines(rows.rows, count);
            for (std::int64_t j = 0; j < negative_.rows; ++j)
                std::copy_n(negative_.view().row(j).begin() + first, count, part.view().row(j).begin());
            subtract_products(rows, part, cosines);
            Matrix sines = cosines;
            kernels().cosines(cosines.data.data(), cosines.view().size());
            kernels().sines(sines.data.data(), sines.view().size());
            f(first, count, cosines, sines);
        }
    }

private:
    Matrix negative_;   // (d, L)
};

/// A characteristic function at the frequencies.
struct Phi {
    std::vector<double> real, imaginary;   // (L)

    void merge(const Phi& other) {
        if (real.empty()) *this = other;
        else
            for (std::size_t l = 0; l < real.size(); ++l) real[l] += other.real[l], imaginary[l] += other.imaginary[l];
    }
    void scale(double factor) {
        for (double& v : real) v *= factor;
        for (double& v : imaginary) v *= factor;
    }
    double square(std::size_t l) const { return real[l] * real[l] + imaginary[l] * imaginary[l]; }
};

void add_columns(ConstView from, std::int64_t first, std::vector<double>& sums) {
    for (std::int64_t i = 0; i < from.rows; ++i)
        for (std::int64_t l = 0; l < from.cols; ++l) sums[static_cast<std::size_t>(first + l)] += from(i, l);
}

Phi empirical(const Waves& waves, ConstView x, int threads) {
    Phi out;
    const auto size = static_cast<std::size_t>(waves.size());
    parallel::reduce_blocks(x.rows, threads, out, [&](std::int64_t first, std::int64_t count) {
        Phi part{std::vector<double>(size, 0.0), std::vector<double>(size, 0.0)};
        waves.over(x.slice(first, count), [&](std::int64_t at, std::int64_t, ConstView cosines, ConstView sines) {
            add_columns(cosines, at, part.real);
            add_columns(sines, at, part.imaginary);
        });
        return part;
    });
    out.scale(1 / static_cast<double>(x.rows));
    return out;
}

/// sum_k w_k exp(i w'mean_k - w'C_k w / 2).
Phi exact(const Waves& waves, const GaussianMixture& mixture, int threads) {
    Phi out{std::vector<double>(static_cast<std::size_t>(waves.size()), 0.0),
            std::vector<double>(static_cast<std::size_t>(waves.size()), 0.0)};
    parallel::for_each(waves.size(), threads, [&](std::int64_t at) {
        const auto l = static_cast<std::size_t>(at);
        const GaussianMixture::Line line = mixture.along(waves.frequency(at));
        for (std::size_t k = 0; k < line.means.size(); ++k) {
            const double size = mixture.weights()[k] * std::exp(-line.variances[k] / 2);
            out.real[l] += size * std::cos(line.means[k]);
            out.imaginary[l] += size * std::sin(line.means[k]);
        }
    });
    return out;
}

Phi difference(Phi a, const Phi& b) {
    for (std::size_t l = 0; l < a.real.size(); ++l) a.real[l] -= b.real[l], a.imaginary[l] -= b.imaginary[l];
    return a;
}

/// Projections of rows: 2 / L sum over frequencies of the real part of conj(gap) exp(i w x), a column for each gap.
void project(const Waves& waves, const std::vector<const Phi*>& gaps, ConstView rows, View out) {
    std::fill(out.data, out.data + out.size(), 0.0);
    const double scale = 2 / static_cast<double>(waves.size());
    waves.over(rows, [&](std::int64_t first, std::int64_t count, ConstView cosines, ConstView sines) {
        for (std::int64_t i = 0; i < rows.rows; ++i)
            for (std::int64_t g = 0; g < out.cols; ++g) {
                const Phi& gap = *gaps[static_cast<std::size_t>(g)];
                double sum = 0.0;
                for (std::int64_t l = 0; l < count; ++l)
                    sum += gap.real[static_cast<std::size_t>(first + l)] * cosines(i, l) +
                           gap.imaginary[static_cast<std::size_t>(first + l)] * sines(i, l);
                out(i, g) += scale * sum;
            }
    });
}

/// The noise that one row brings to an empirical characteristic function.
struct RowNoise {
    double square = 0;    // mean square, over pairs of rows, of the kernel less its conditional means
    double largest = 0;   // variance along the direction of frequencies in which there is most of it
};

RowNoise noise_of(const Waves& waves, ConstView rows, const Phi& phi) {
    using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Square gram = Square::Zero(rows.rows, rows.rows);
    waves.over(rows, [&](std::int64_t first, std::int64_t count, ConstView cosines, ConstView sines) {
        Eigen::Map<const Square> c(cosines.data, rows.rows, count), s(sines.data, rows.rows, count);
        const Eigen::Map<const Eigen::RowVectorXd> real(phi.real.data() + first, count),
            imaginary(phi.imaginary.data() + first, count);
        const Square a = c.rowwise() - real, b = s.rowwise() - imaginary;
        gram += a * a.transpose() + b * b.transpose();
    });
    gram /= static_cast<double>(waves.size());
    const double n = static_cast<double>(rows.rows);
    const Eigen::SelfAdjointEigenSolver<Square> spectrum(gram, Eigen::EigenvaluesOnly);
    return {(gram.squaredNorm() - gram.diagonal().squaredNorm()) / (n * (n - 1)),
            std::max(0.0, spectrum.eigenvalues()[rows.rows - 1] / n)};
}

/// Interval of one value: a squared length with the noise of rows, and an error of frequencies beside.
struct Length {
    double raw = 0, bias = 0, of_rows = 0, of_frequencies = 0, largest = 0;

    void put(Bounds& bounds, std::int64_t at) const {
        const auto ends = squared_intervals(raw, bias, of_rows, largest, of_frequencies, bounds.levels);
        for (std::int64_t l = 0; l < bounds.low.cols; ++l)
            std::tie(bounds.low(at, l), bounds.high(at, l)) = ends[static_cast<std::size_t>(l)];
    }
};

/// Some rows of the reference's law.
Matrix some_rows(const ExactReference& y, std::int64_t most) {
    if (!y.mixture) return spread_rows(y.points, most);
    Matrix out(most, y.dim());
    const double data[] = {0.0};
    y.mixture->forward(data, Stream{0, 1}, 0, out);
    return out;
}

void check(const PointSets& x, const ExactReference& y, const CfDistanceOptions& o) {
    require(o.frequencies >= 2, "cf_distance: frequencies must be at least 2, got ", o.frequencies);
    require(o.bandwidth >= 0 && std::isfinite(o.bandwidth), "cf_distance: bandwidth must be at least 0, got ", o.bandwidth);
    require(!x.sets.empty(), "cf_distance: x must hold at least one sample");
    if (!y.mixture) check_set("cf_distance", "y", y.points, y.dim(), 4);
    for (std::size_t s = 0; s < x.sets.size(); ++s) check_set("cf_distance", name_of(x, s), x.sets[s], y.dim(), 4);
}

/// What each sample has less than the reference, frequency by frequency.
struct Gaps {
    std::vector<Phi> all;
    Matrix squares;             // (frequencies, k), unbiased
    std::vector<double> raw;    // their means with the noise of the empirical phi in them
};

Gaps gaps_between(const PointSets& x, const Phi& reference, double of_y, const Waves& waves, const CfDistanceOptions& o,
                  const RowsDone& tell) {
    const auto k = static_cast<std::int64_t>(x.sets.size());
    Gaps out{{}, Matrix(o.frequencies, k), std::vector<double>(x.sets.size())};
    Matrix& squares = out.squares;
    for (std::int64_t s = 0; s < k; ++s) {
        const Matrix& set = x.sets[static_cast<std::size_t>(s)];
        const Phi phi = empirical(waves, set, o.threads);
        const Phi& gap = out.all.emplace_back(difference(phi, reference));
        for (std::int64_t l = 0; l < o.frequencies; ++l) {
            const auto at = static_cast<std::size_t>(l);
            squares(l, s) = gap.square(at) - (1 - phi.square(at)) / static_cast<double>(set.rows - 1) -
                            (1 - reference.square(at)) * of_y;
            out.raw[static_cast<std::size_t>(s)] += gap.square(at) / static_cast<double>(o.frequencies);
        }
        tell(set.rows);
    }
    return out;
}

/// What the rows of the reference add to the errors of all samples, (k, k).
Matrix covariance_of_reference(const Matrix& y, const std::vector<Phi>& gaps, const Waves& waves, int threads) {
    std::vector<const Phi*> all;
    for (const Phi& gap : gaps) all.push_back(&gap);
    return set_means({{y}, {}}, static_cast<std::int64_t>(gaps.size()), threads,
                     [&](std::int64_t, ConstView some, View out) { project(waves, all, some, out); })
        .covariance;
}

/// Floors of the samples, which it returns, and intervals.
std::vector<double> conclude(Estimate& e, const PointSets& x, std::int64_t m, const RowNoise& noise, std::vector<Length>& lengths) {
    std::vector<double> floor;
    e.bounds = empty_bounds(e.size());
    for (std::int64_t s = 0; s < e.size(); ++s) {
        const double n = static_cast<double>(x.sets[static_cast<std::size_t>(s)].rows), others = static_cast<double>(m);
        const double pairs = 2 / (n * (n - 1)) + (m > 0 ? 2 / (others * (others - 1)) + 4 / (n * others) : 0.0);
        floor.push_back(std::sqrt(noise.square * pairs));
        lengths[static_cast<std::size_t>(s)].largest = noise.largest * (1 / n + (m > 0 ? 1 / others : 0.0));
        lengths[static_cast<std::size_t>(s)].put(e.bounds, s);
    }
    return floor;
}

}  // namespace

Estimate cf_distance(const PointSets& x, const ExactReference& y, const CfDistanceOptions& o) {
    check(x, y, o);
    const auto k = static_cast<std::int64_t>(x.sets.size());
    const std::int64_t m = y.mixture ? 0 : y.points.rows;
    const double h = o.bandwidth > 0 ? o.bandwidth : median_distance(some_rows(y, bandwidth_rows));
    require(h > 0, "cf_distance: bandwidth must be given: more than half of the reference points coincide");
    Estimate e;
    e.rng_key = o.rng ? *o.rng : fresh_key();
    const Waves waves(e.rng_key, o.frequencies, y.dim(), h);
    for (const Matrix& set : x.sets) e.n += set.rows;
    const std::int64_t total = 2 * (m + e.n);
    std::int64_t done = 0;
    const RowsDone tell = [&](std::int64_t rows) {
        if (o.progress) o.progress(done += rows, total, {});
    };
    const Phi reference = y.mixture ? exact(waves, *y.mixture, o.threads) : empirical(waves, y.points, o.threads);
    tell(m);
    const Gaps gaps = gaps_between(x, reference, m > 0 ? 1 / static_cast<double>(m - 1) : 0.0, waves, o, tell);
    const Matrix& squares = gaps.squares;
    e.value = column_means(squares);

    const SetMeans rows = set_means(x, 1, o.threads, [&](std::int64_t s, ConstView some, View out) {
        project(waves, {&gaps.all[static_cast<std::size_t>(s)]}, some, out);
    });
    tell(e.n);
    e.covariance = covariance_of_mean(squares);
    std::vector<Length> lengths(x.sets.size());
    for (std::int64_t s = 0; s < k; ++s) {
        Length& length = lengths[static_cast<std::size_t>(s)];
        length.raw = gaps.raw[static_cast<std::size_t>(s)];
        length.bias = std::max(0.0, length.raw - e.value[static_cast<std::size_t>(s)]);
        length.of_frequencies = e.covariance(s, s);
        length.of_rows = rows.covariance(s, s);
    }
    for (std::size_t i = 0; i < e.covariance.data.size(); ++i) e.covariance.data[i] += rows.covariance.data[i];
    if (m > 0) {
        const Matrix of_reference = covariance_of_reference(y.points, gaps.all, waves, o.threads);
        for (std::size_t i = 0; i < e.covariance.data.size(); ++i) e.covariance.data[i] += of_reference.data[i];
        for (std::int64_t s = 0; s < k; ++s) lengths[static_cast<std::size_t>(s)].of_rows += of_reference(s, s);
        tell(m);
    }
    e.covariance = nearest_covariance(e.covariance);
    e.n += m;
    e.names = names_of("cf_distance", x);
    e.diagnostics["floor"] = conclude(e, x, m, noise_of(waves, some_rows(y, floor_rows), reference), lengths);
    e.diagnostics["counted"] = std::string("rows");
    e.diagnostics["bandwidth"] = h;
    return e;
}

}  // namespace buffon::diffusion
