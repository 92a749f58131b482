/// Coordinates z in which proposals are fitted, and the densities of the input laws there. Not installed.
/// One law: its standard normal space. Several: per coordinate a map by the support of the union of the laws, then
/// centred and scaled by their mixture. Or the raw coordinates, as the published algorithm has it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <buffon/device_work.hpp>
#include <buffon/distribution.hpp>
#include <buffon/gaussians.hpp>
#include <buffon/view.hpp>

namespace buffon {

class WorkingSpace {
public:
    static WorkingSpace normal(Distribution law);
    static WorkingSpace standardised(std::vector<Distribution> laws);
    static WorkingSpace raw(std::vector<Distribution> laws);

    std::int64_t dim() const { return laws_.front().dim(); }
    std::int64_t laws() const { return static_cast<std::int64_t>(laws_.size()); }

    /// The laws in these coordinates, where all of several are Gaussian or Student laws; none elsewhere.
    const std::vector<Gaussian>& gaussians() const { return as_gaussians_; }
    /// How x is made of each coordinate, where there are such.
    std::vector<DeviceCoordinate> device_coordinates() const;

    /// Whether some law is known to have density at every z.
    bool everywhere() const { return normal_ || gaussians_.has_value(); }
    void to_x(ConstView z, View x) const;
    /// log f_j at z (n, d), in these coordinates, into out (n, J).
    void log_density(ConstView z, View out) const;
    /// The same of as many laws as out has columns, from law `first` on, a multiple of 8.
    void log_density(ConstView z, View out, std::int64_t first) const;
    /// log |dx / dz| of each row.
    void log_jacobian(ConstView z, std::span<double> out) const;

    /// q_0 = (1/J) sum_j f_j: returns log q_0 (n), and the log densities of the laws (n, J) become f_j / q_0 in place, 0 where
    /// no law has density.
    std::vector<double> relative_to_initial(View log_f) const;
    /// A draw from q_0, of d uniforms in place; v in (0, 1) chooses the law.
    void draw_initial(double v, double* u) const;
    /// n net points of q_0 (n, d), the same at each call: for what is to be known of the laws before anything random.
    Matrix initial_points(std::int64_t n) const;

private:
    /// x = t, a + e^t, b - e^t or a + (b - a) Phi(t) of t = centre + scale z; or, of a discrete coordinate, the value that the
    /// mean of the laws has at the score z: each law is a density in z that is normal but for a factor at each value.
    struct Coordinate {
        enum class Map { identity, above, below, between, steps } map = Map::identity;
        double lower = 0, upper = 0;
        // the doubles next to them: an end itself has no z, and the density may be infinite there
        double first = -std::numeric_limits<double>::infinity(), last = std::numeric_limits<double>::infinity();
        double centre = 0, scale = 1;
        std::optional<Discrete> steps;
        double to_x(double z) const;
        double to_z(double x) const;
        double log_slope(double z) const;
    };

    explicit WorkingSpace(std::vector<Distribution> laws) : laws_(std::move(laws)) {}
    std::optional<Discrete> mean_of_steps(std::int64_t j) const;
    double step_score(const Univariate& law, std::int64_t j, double x, double v) const;
    void centre_and_scale();
    void find_gaussians();
    std::optional<Gaussian> as_gaussian(const Distribution& law) const;

    std::vector<Distribution> laws_;
    bool normal_ = false;
    std::vector<Coordinate> coordinates_;
    std::vector<Gaussian> as_gaussians_;
    std::optional<Gaussians> gaussians_;   // of them: when every law is Gaussian in these coordinates: the fast way
};

}  // namespace buffon
