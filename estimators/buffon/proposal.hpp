/// The sampling density of adaptive importance sampling: q_0 and components of any family, mixed; and batches drawn
/// from it. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/component.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/point_set.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// g = alpha_0 q_0 + sum_k alpha_k g_k; without q_0 when not `defensive`.
class Proposal {
public:
    Proposal(bool defensive, std::vector<Component> components, std::vector<double> alpha);
    /// q_0 alone, perhaps with components that are not sampled: controls only.
    static Proposal initial(std::vector<Component> controls = {});

    std::int64_t size() const { return static_cast<std::int64_t>(alpha_.size()); }
    const std::vector<double>& alpha() const { return alpha_; }
    const std::vector<Component>& components() const { return components_; }

    /// log density of each component at z (n, d) into out (n, K); that of q_0 is known: log_initial (n).
    void log_components(ConstView z, std::span<const double> log_initial, View out) const;
    /// Component log densities (n, K) become densities relative to the mixture, g_k / g, in place; returns log g (n).
    /// Where all components vanish g_k / g = 0 and log g = -inf.
    std::vector<double> normalise(View log_components) const;
    /// Uniform coordinates of a draw: d; before them one that chooses the component (within q_0: the law) where there is a
    /// choice, and one for the radius where a law with a radius is sampled. Without these the best coordinates of a net go to
    /// the inputs.
    std::int64_t coordinates(const WorkingSpace& space) const;
    /// Uniforms v (n, coordinates) to points z (n, d).
    void draw(const WorkingSpace& space, ConstView v, View z) const;

private:
    bool chooses(const WorkingSpace& space) const { return space.laws() > 1 || !defensive_ || alpha_.front() < 1; }
    bool draws_radii() const;

    bool defensive_;
    std::vector<Component> components_;
    std::vector<double> alpha_;
    Components densities_;
};

/// Points with everything that is known about them.
struct Batch {
    Matrix z;      // (n, d)
    Matrix y;      // (n, c) outputs; 0 where no input law has density: the model was not asked
    Matrix score;  // (n, m) or empty
    Matrix f;      // (n, J) input laws relative to q_0: f_j / q_0, 0 where no law has density
    std::vector<double> log_initial;  // (n) q_0
    Matrix ratio;  // (n, K) components of the proposal q it was drawn from: g_k / q
    std::vector<double> log_q;  // (n)

    std::int64_t n() const { return z.rows; }
};

/// Evaluated points before anything is known about their densities.
struct Draws {
    Matrix z;      // (n, d)
    Matrix y;      // as those of Batch
    Matrix score;
};

/// Rows `first` ... `first + count` of the points, mapped through the proposal and evaluated.
Draws draw(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const PointSet& points, std::int64_t first,
           std::int64_t count);

/// Points z, drawn from the proposal or not, with all densities; outputs y.
Batch weigh(const WorkingSpace& space, const Proposal& proposal, ConstView z, ConstView y);
/// The same into a batch whose memory is used again.
void weigh(const WorkingSpace& space, const Proposal& proposal, ConstView z, ConstView y, Batch& batch);

/// Both, `threads` at a time. Of the input laws' densities f only the columns `laws` are kept; none given: all. `room`:
/// a batch whose
/// memory is used again.
Batch draw_batch(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const PointSet& points,
                 std::int64_t first, std::int64_t count, std::span<const std::int64_t> laws = {}, Batch room = {});

/// T_ie = y f_j / q of the expectations e = j * c + column, law by law: (n, J c).
Matrix summands(const Batch& batch, int threads = 1);

/// Where value v of J m stands among the J c summands: known functions and successes are columns after each law's m.
inline std::int64_t column_of(const Evaluation& evaluate, std::int64_t v, std::int64_t m) {
    return v / m * evaluate.columns() + v % m;
}
/// The same for the expectations that are adapted to.
inline std::int64_t summand_column(const Evaluation& evaluate, std::int64_t e) {
    return column_of(evaluate, e, evaluate.wanted());
}

/// The same from its parts, of the first `outputs` columns of y: f (n, J) relative to q_0, log q_0 and log q (n), y (n, c).
Matrix weighted_outputs(ConstView f, std::span<const double> log_initial, std::span<const double> log_q, ConstView y,
                        std::int64_t outputs, int threads = 1);
/// The same into t (n, J outputs).
void put_weighted_outputs(ConstView f, std::span<const double> log_initial, std::span<const double> log_q, ConstView y,
                          View t, int threads);

/// The same of one row: f (J) and y (c), q_0 / q, into t (J c).
void put_summands(std::span<const double> f, double share, std::span<const double> y, double* t);

/// Controls g_k / q - 1 of the ratios of a batch: (n, K). Their mean is 0 under q.
Matrix controls(Matrix ratio);

}  // namespace buffon
