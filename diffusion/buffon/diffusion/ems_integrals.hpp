/// Integrals of one coordinate's statistics over lambda, by the trapezoidal rule on their nodes (I, and moments where
/// `exact`: of e
/// to a linear function). Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/diffusion/ems.hpp>

namespace buffon::diffusion {

/// From the first node to lambda: L of l, S of s, I of e^(L + S), B of e^-S b, C of e^(L + S) B, and J, which is I by
/// the rule of C:
/// C_t - C_s - B_s (J_t - J_s) then loses nothing to their difference. l is the statistic itself.
/// Long, as sums over a thousand nodes whose differences count.
struct EmsAt {
    double lambda = 0, l = 0;
    long double L = 0, S = 0, I = 0, B = 0, C = 0, J = 0;
};

class EmsIntegrals {
public:
    /// @param exact whether the weight of f is taken from I and moments are exact where l + s is constant, or all is as
    /// published, from J
    EmsIntegrals(const Ems& ems, std::int64_t coordinate, bool exact = false);

    bool exact() const { return exact_; }

    /// @throw std::invalid_argument outside the table's range.
    EmsAt at(double lambda) const;
    /// Integral from s to t of e^(L + S - L_s - S_s) (lambda - s)^k / k!.
    double moment(const EmsAt& s, const EmsAt& t, int k) const;

private:
    /// The step from one point to the next, of statistics that are linear between them.
    static EmsAt next(const EmsAt& from, double s0, double b0, double lambda, double l, double s, double b);

    std::vector<double> s_, b_;
    bool exact_;
    std::vector<EmsAt> nodes_;
};

}  // namespace buffon::diffusion
