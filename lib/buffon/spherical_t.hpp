/// Spherical Student law of d coordinates: standard normal ones divided by one sqrt(chi^2 / df).
/// Rosenblatt's map: given j coordinates with sum of squares q, the next one is sqrt((df + q) / (df + j)) times a Student
/// variable with df + j degrees of freedom.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/laws/student_t.hpp>

namespace buffon {

/// Immutable; copies share the tables of the conditional laws, made at the first draw (a millisecond or more per coordinate).
class SphericalT {
public:
    /// Coordinates beyond are cut: their squares would overflow. With df = 1 this is a score of 26, with df = 3 one of 45.
    static constexpr double reach = 1e150;

    SphericalT(double df, std::int64_t dim);

    double df() const { return conditionals_.front().df(); }
    const StudentT& marginal() const { return conditionals_.front(); }
    std::int64_t dim() const { return static_cast<std::int64_t>(conditionals_.size()); }
    /// log density at one point y (d); -inf where a square overflows.
    double log_density(const double* y) const;
    /// One point (d), in place.
    void to_normal(double* y) const;
    void from_normal(double* u) const;

private:
    std::vector<StudentT> conditionals_;   // with df, df + 1, ... degrees of freedom
    double log_norm_ = 0;
};

}  // namespace buffon
