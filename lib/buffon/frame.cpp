#include <buffon/frame.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/elementary.hpp>

#include <Eigen/Eigenvalues>

namespace buffon {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
    return sum;
}

/// a b, sums in the order of the columns of a. Not Eigen's product: its blocks follow the instruction set.
Matrix product(const Matrix& a, const Matrix& b) {
    Matrix out(a.rows, b.cols);
    for (std::int64_t i = 0; i < a.rows; ++i)
        for (std::int64_t k = 0; k < a.cols; ++k)
            for (std::int64_t j = 0; j < b.cols; ++j) out(i, j) += a(i, k) * b(k, j);
    return out;
}

Matrix transposed(const Matrix& a) {
    Matrix out(a.cols, a.rows);
    for (std::int64_t i = 0; i < a.rows; ++i)
        for (std::int64_t j = 0; j < a.cols; ++j) out(j, i) = a(i, j);
    return out;
}

Matrix identity(std::int64_t d) {
    Matrix out(d, d);
    for (std::int64_t j = 0; j < d; ++j) out(j, j) = 1;
    return out;
}

struct Direction {
    double value;                 // eigenvalue
    std::vector<double> vector;
};

/// By growing eigenvalue.
std::vector<Direction> eigen_directions(const Matrix& s) {
    const Eigen::SelfAdjointEigenSolver<RowMajor> eigen(Eigen::Map<const RowMajor>(s.data.data(), s.rows, s.cols));
    std::vector<Direction> out;
    for (std::int64_t k = 0; k < s.rows; ++k) {
        Direction one{std::max(eigen.eigenvalues()[k], 0.0), std::vector<double>(static_cast<std::size_t>(s.rows))};
        for (std::int64_t j = 0; j < s.rows; ++j) one.vector[static_cast<std::size_t>(j)] = eigen.eigenvectors()(j, k);
        out.push_back(std::move(one));
    }
    return out;
}

/// Orthonormal vectors; those that are too close to the span of the earlier ones are not taken.
class Basis {
public:
    explicit Basis(std::int64_t d) : d_(d) {}
    std::int64_t size() const { return static_cast<std::int64_t>(vectors_.size()); }
    void add(std::vector<double> v) {
        for (int pass = 0; pass < 2; ++pass)   // twice is enough: Kahan
            for (const auto& b : vectors_) {
                const double along = dot(b, v);
                for (std::size_t j = 0; j < v.size(); ++j) v[j] -= along * b[j];
            }
        const double length = std::sqrt(dot(v, v));
        if (length < 0.1) return;
        for (double& x : v) x /= length;
        vectors_.push_back(std::move(v));
    }
    /// With unit vectors for what is missing.
    Matrix complete() {
        for (std::int64_t tried = 0; size() < d_; ++tried) {
            // the coordinate vector that the span covers least
            std::vector<double> covered(static_cast<std::size_t>(d_));
            for (const auto& b : vectors_)
                for (std::size_t j = 0; j < b.size(); ++j) covered[j] += b[j] * b[j];
            std::vector<double> unit(static_cast<std::size_t>(d_));
            unit[static_cast<std::size_t>(std::ranges::min_element(covered) - covered.begin())] = 1;
            add(std::move(unit));
        }
        Matrix out(d_, d_);
        for (std::int64_t k = 0; k < d_; ++k)
            for (std::int64_t j = 0; j < d_; ++j) out(j, k) = vectors_[static_cast<std::size_t>(k)][static_cast<std::size_t>(j)];
        return out;
    }

private:
    std::int64_t d_;
    std::vector<std::vector<double>> vectors_;
};

/// Whether the mean is longer than three standard deviations of what noise makes of a mean 0.
bool mean_is_off(const WeightedMoments& m, double effective) {
    double trace = 0, squares = 0;
    for (std::int64_t a = 0; a < m.covariance.rows; ++a) {
        trace += m.covariance(a, a);
        for (std::int64_t b = 0; b < m.covariance.cols; ++b) squares += m.covariance(a, b) * m.covariance(a, b);
    }
    return dot(m.mean, m.mean) > (trace + 3 * std::sqrt(2 * squares)) / effective;
}

constexpr double margin = 1.15;   // on the root of d / e: the ends of the interval fluctuate, all the more for unequal weights

/// That of most directions, from eigenvalues by growing size: the median of noise of variance 1 is about 1 - ratio / 3.
double usual_variance(const std::vector<Direction>& directions, double ratio) {
    double trace = 0;
    for (const Direction& a : directions) trace += a.value;
    return std::max(directions[directions.size() / 2].value / (1 - std::min(ratio, 1.0) / 3),
                    0.5 * trace / static_cast<double>(directions.size()));
}

/// How far a variance is from the usual one, as the Kullback-Leibler divergence of normal laws.
double surprise(double ratio) { return ratio - 1 - elementary::log(std::max(ratio, 1e-12)); }

/// min(1, a / b), 1 when there is nothing to keep.
double shrinkage(double noise, double signal) { return signal > 0 ? std::min(1.0, noise / signal) : 1.0; }

/// Of covariances between leading and other directions: share that is noise.
double noise_between(const Matrix& s, std::int64_t leading, double effective) {
    double noise = 0, signal = 0;
    for (std::int64_t a = 0; a < leading; ++a)
        for (std::int64_t b = leading; b < s.cols; ++b) {
            noise += (s(a, a) * s(b, b) + s(a, b) * s(a, b)) / effective;
            signal += s(a, b) * s(a, b);
        }
    return shrinkage(noise, signal);
}

/// Of the block of the other directions about a multiple of the identity (its mean variance, into `centre`).
double noise_across(const Matrix& s, std::int64_t leading, double effective, double& centre) {
    double trace = 0, squares = 0;
    for (std::int64_t a = leading; a < s.rows; ++a) {
        trace += s(a, a);
        for (std::int64_t b = leading; b < s.cols; ++b) squares += s(a, b) * s(a, b);
    }
    const auto others = static_cast<double>(s.rows - leading);
    centre = trace / others;
    return shrinkage((trace * trace + squares) / effective, squares - trace * centre);
}

}  // namespace

Matrix Frame::project(ConstView z) const {
    Matrix out(z.rows, leading);
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        for (std::int64_t j = 0; j < z.cols; ++j)
            for (std::int64_t k = 0; k < leading; ++k) out(i, k) += row[static_cast<std::size_t>(j)] * basis(j, k);
    }
    return out;
}

Frame frame_of(const WeightedMoments& moments, double effective, std::int64_t most) {
    const std::int64_t d = moments.covariance.rows;
    if (most >= d) return {identity(d), d};
    Basis basis(d);
    if (most > 0 && mean_is_off(moments, effective)) {
        std::vector<double> mean = moments.mean;
        const double length = std::sqrt(dot(mean, mean));
        for (double& v : mean) v /= length;
        basis.add(std::move(mean));
    }
    std::vector<Direction> directions = eigen_directions(moments.covariance);
    const double usual = usual_variance(directions, static_cast<double>(d) / effective);
    const double root = margin * std::sqrt(static_cast<double>(d) / effective);
    const double lowest = root < 1 ? usual * (1 - root) * (1 - root) : -1, highest = usual * (1 + root) * (1 + root);
    std::erase_if(directions, [&](const Direction& a) { return a.value >= lowest && a.value <= highest; });
    std::ranges::stable_sort(directions, std::greater(), [&](const Direction& a) { return surprise(a.value / usual); });
    for (Direction& a : directions)
        if (basis.size() < most) basis.add(std::move(a.vector));
    const std::int64_t leading = basis.size();
    return {basis.complete(), leading};
}

WeightedMoments within(const Frame& frame, WeightedMoments m, double effective, const Matrix& common) {
    const std::int64_t d = frame.basis.rows, r = frame.leading;
    const Matrix back = transposed(frame.basis);
    Matrix s = product(product(back, m.covariance), frame.basis);
    Matrix mean(d, 1);
    mean.data = m.mean;
    mean = product(back, mean);
    if (r < d) {
        double centre = 0, length = 0;
        const double across = noise_across(s, r, effective, centre);
        // the factor keeps the matrix positive: at most the root of what the block of the others keeps
        const double kept = std::min(1 - noise_between(s, r, effective), std::sqrt(1 - across));
        for (std::int64_t a = 0; a < d; ++a)
            for (std::int64_t b = 0; b < d; ++b) {
                if ((a < r) != (b < r)) s(a, b) *= kept;
                if (a >= r && b >= r) s(a, b) = (1 - across) * s(a, b) + (a == b ? across * centre : 0.0);
            }
        for (std::int64_t a = r; a < d; ++a) length += mean(a, 0) * mean(a, 0);
        const double mean_kept = 1 - shrinkage(centre * static_cast<double>(d - r) / effective, length);   // James and Stein
        for (std::int64_t a = r; a < d; ++a) mean(a, 0) *= mean_kept;
        // new points see the leading directions from aside: their angles are known to about the noise of the mean by its length
        double reach = 0;
        for (std::int64_t a = 0; a < r; ++a) reach += mean(a, 0) * mean(a, 0);
        const double aside = centre * static_cast<double>(d - r) / effective / std::max(reach / centre, 1.0);
        for (std::int64_t a = 0; a < r; ++a) s(a, a) += aside;
    }
    const auto few = static_cast<double>(r + 1);
    const double share = few / (effective + few);
    const Matrix shared = product(product(back, common), frame.basis);
    for (std::int64_t a = 0; a < r; ++a)
        for (std::int64_t b = 0; b < r; ++b) s(a, b) = (1 - share) * s(a, b) + share * shared(a, b);
    m.covariance = product(product(frame.basis, s), back);
    for (std::int64_t a = 0; a < d; ++a)   // rounding
        for (std::int64_t b = 0; b < a; ++b) m.covariance(a, b) = m.covariance(b, a);
    m.mean = product(frame.basis, mean).data;
    return m;
}

Matrix widened(const Matrix& covariance, double least) {
    Matrix out = covariance;
    for (const Direction& a : eigen_directions(covariance)) {
        const double missing = least - a.value;
        for (std::int64_t i = 0; missing > 0 && i < out.rows; ++i)
            for (std::int64_t j = 0; j < out.cols; ++j)
                out(i, j) += missing * a.vector[static_cast<std::size_t>(std::max(i, j))] *
                             a.vector[static_cast<std::size_t>(std::min(i, j))];
    }
    return out;
}

}  // namespace buffon
