/// The law of a random vector: one value type over the closed list of laws, with the operations that estimators need.
/// Cheap to copy; immutable, so shared by threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <buffon/joint.hpp>
#include <buffon/mixture.hpp>
#include <buffon/multivariate_normal.hpp>
#include <buffon/multivariate_t.hpp>
#include <buffon/stream.hpp>
#include <buffon/support.hpp>
#include <buffon/view.hpp>

namespace buffon {

class Distribution {
public:
    Distribution(Joint law);
    Distribution(MultivariateNormal law);
    Distribution(MultivariateT law);
    Distribution(Mixture law);
    Distribution(Univariate law);

    std::int64_t dim() const;
    /// One name per coordinate: the user's, else "x1", "x2", ...
    std::vector<std::string> names() const;
    /// Smallest interval that carries coordinate j.
    Support support(std::int64_t j) const;
    std::vector<double> mean() const;
    Matrix covariance() const;

    /// log density of each row of x (n, d) into out (n); -inf outside the support.
    void log_density(ConstView x, std::span<double> out) const;
    /// The map to independent standard normal coordinates (Rosenblatt, in the order of the coordinates) and its
    /// inverse; u, x: (n, d).
    void to_normal(ConstView x, View u) const;
    void from_normal(ConstView u, View x) const;
    /// from_normal at the normal quantiles of uniforms v in (0, 1); does without the quantiles where it can.
    void from_uniform(ConstView v, View x) const;

    /// Rows `first`, `first + 1`, ... of this law's sample of the stream.
    void sample(const Stream& stream, std::int64_t first, View x) const;

    using Law = std::variant<Joint, MultivariateNormal, MultivariateT, Mixture>;
    const Law& law() const { return *law_; }

private:
    std::shared_ptr<const Law> law_;
};

}  // namespace buffon
