/// The few directions in which weighted points differ from noise, and covariances that keep to them. Not installed.
/// In many dimensions a covariance of few points is noise in most directions: the eigenvalues of pure noise fill the interval
/// of Marchenko and Pastur (1967), and beyond it is what can be learnt. Source: projection of El Masri, Morio, Simatos (2021);
/// shrinkage of Ledoit and Wolf (2004).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/gaussian_fit.hpp>
#include <buffon/gaussians.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct Frame {
    Matrix basis;           // (d, d) orthonormal; its first `leading` columns are the directions
    std::int64_t leading;

    /// Coordinates along the leading directions of the rows of z: (n, leading).
    Matrix project(ConstView z) const;
};

/// At most `most` directions: that of the mean, in coordinates centred at the input law, and eigenvectors of the covariance
/// whose eigenvalues noise does not explain, the least expected first. All coordinates when `most` is d or more.
/// @param effective  effective size of the weights of the moments.
Frame frame_of(const WeightedMoments& moments, double effective, std::int64_t most);

/// Moments of `effective` points as the frame sees them: along the leading directions as they are, or pulled towards
/// `common` as a few more points would; across, the mean is pulled to 0 and the covariance to a multiple of the identity, as
/// far as its noise asks.
WeightedMoments within(const Frame& frame, WeightedMoments moments, double effective, const Matrix& common);

/// Covariance whose eigenvalues are at least `least`.
Matrix widened(const Matrix& covariance, double least);

}  // namespace buffon
