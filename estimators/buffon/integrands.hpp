/// What an adaptation wants to learn: the integrands phi_j f_j on the pool, their parts, and how visible they are. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/pool.hpp>
#include <buffon/raw_matrix.hpp>

namespace buffon {

/// One sign of one integrand: what one component (or a few) is fitted to.
struct Part {
    std::int64_t expectation;
    double sign;                  // +1 or -1
    double mass;                  // sum of its size max(sign r, 0), unmodified unless a score was used
    double size;                  // effective size of its weights for the fit
    bool seen;                    // as it is: neither through a score nor flattened much
    bool whole;                   // all of r: the other sign is nowhere
    std::vector<double> flat;     // (n) these weights where they were made flatter; none: max(sign r, 0)
};

struct Integrands {
    RawMatrix r;                  // (n, E) phi_j f_j / h, smoothed where a score was used
    std::vector<double> mean;     // (E) pool estimates
    std::vector<double> error;    // (E) their standard errors
    std::vector<Part> parts;
    bool provisional = false;     // a score was used, or a weight flattened below the power 0.9

    /// (n, P) weights of the parts for their fits: r itself where it is nowhere negative and each part as it was seen, else
    /// in `room`.
    ConstView weights(Matrix& room) const;
};

/// `expectations` columns of y per law are looked at (the rest of y is carried along only); `need` is the effective size
/// that a fit asks for. `room`: memory that r is put into.
Integrands look_at(const Pool& pool, std::int64_t expectations, double need, RawMatrix room = {});

/// sum_k over each expectation's weights: 1 / (mean^2 + error^2) unless the caller gave weights.
std::vector<double> criterion_weights(const Integrands& seen, const std::vector<double>& given);

}  // namespace buffon
