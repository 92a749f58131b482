/// What independent points tell before the first circle: which outputs are events, how their scores are, where the
/// classes lie. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/circles.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/proposal.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

class CircleLook {
public:
    /// Evaluates so many points; none: nothing is known, and there is no event.
    CircleLook(Evaluation& evaluate, const WorkingSpace& space, std::int64_t points, const Stream& stream);

    const Events& events() const { return events_; }
    /// (r, d) orthonormal rows that span the classes' means, the first r = K - 1 right singular vectors of sqrt(n_k)
    /// mean_k; none without classes.
    const Matrix& subspace() const { return subspace_; }
    /// The event that was seen least, and of those the one with the lowest scores.
    std::int64_t rarest() const;
    /// How often `rarest` was seen.
    double frequency() const;
    /// Whether the highest scores of `rarest` have larger norms than the law gives points.
    bool grows_with_norm() const;

private:
    bool is_event(std::int64_t j) const;
    bool distances_fit() const;
    std::vector<double> labels_of(std::int64_t i) const;
    void find_subspace();

    Draws points_;
    Events events_;
    Matrix subspace_;
};

}  // namespace buffon
