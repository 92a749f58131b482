/// An estimate from every batch of an adaptive run, the last and largest among them: weights f / h, h the mixture of all
/// proposals by their counts, and what h is made of as controls. Not installed.
/// Source: Veach & Guibas (1995), Cornuet et al. (2012) for the weights; Owen & Zhou (2000) for the controls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/moments.hpp>
#include <buffon/point_set.hpp>
#include <buffon/pool.hpp>
#include <buffon/proposal.hpp>
#include <buffon/regression.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// Batches of the same proposal and size in equally large nets (or groups of independent points).
struct Stage {
    Proposal proposal;
    std::int64_t n;        // points
    std::int64_t nets;     // of n / nets points each
    std::int64_t row;      // its first one in the pool
};

/// sum_t N_t / N q_t as one mixture, and its parts as controls: q_0, the last stage's components, the other stages' mixtures.
class StageMixture {
public:
    explicit StageMixture(const std::vector<Stage>& stages);

    /// Its components are those of all stages; the first ones are the last stage's.
    const Proposal& density() const { return density_; }
    std::int64_t controls() const { return direct_ + static_cast<std::int64_t>(mixtures_.size()); }
    /// Control densities over h, less 1, from those of the components over h (n, size of `density`).
    Matrix controls(ConstView ratio) const;

private:
    /// alpha_0 q_0 + sum_k alpha_k g_k, its components from `first` on.
    struct Part {
        std::int64_t first;
        std::vector<double> alpha;
    };
    Proposal density_;
    std::int64_t direct_;
    std::vector<Part> mixtures_;
};

class RecycledSample {
public:
    struct Plan {
        std::int64_t nets;           // in each batch of the pool
        std::int64_t left;           // evaluations of the last stage
        std::int64_t replicates;     // in how many nets of it, at least
        std::uint32_t first_stream;  // of it
    };
    /// What `pool` holds, and the last stage from `last`. Where `last` is q_0 itself in nets only what was drawn from q_0 is
    /// used: there f / q_0 = 1, and nets integrate the integrand better than f / h times it.
    RecycledSample(Evaluation& evaluate, const WorkingSpace& space, const Pool& pool, const Proposal& last,
                   const AiscvOptions& options, const Plan& plan);

    /// Draws the last stage and evaluates.
    void run();

    std::int64_t n() const { return n_; }
    const Stage& last() const { return stages_.back(); }
    /// Means, covariance of their errors and what is behind it.
    struct Part {
        std::vector<double> value;    // (E) summands
        Matrix covariance;
        std::vector<double> squares;  // (E) sum over the stages of squared variance / degrees of freedom
        std::vector<double> fourth;   // (E) excess fourth cumulant of the error, that of the last stage
        double freedom = 0;           // all degrees of freedom
        Matrix t, rest;               // rows of the last stage: summands, and what the controls leave of them
        double control_check = 0;     // largest |mean of a control| in standard errors
    };
    Part part();

private:
    void add(const Stage& stage, ConstView z, ConstView y, std::int64_t start);
    CrossProducts sums_of(ConstView z, ConstView y, std::int64_t at);
    void make_room(std::int64_t summands);
    void keep(const Matrix& t, const Matrix& x, std::int64_t at);
    std::int64_t fold_of(std::int64_t net) const { return net % static_cast<std::int64_t>(folds_.size()); }
    CrossProducts without_fold(std::int64_t fold) const;
    Matrix residual_means();
    double control_check() const;

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const Pool& pool_;
    const AiscvOptions& options_;
    PointSet points_;              // of the last stage
    std::vector<Stage> stages_;    // the last one last
    std::vector<std::int64_t> first_net_;   // of each stage
    std::int64_t n_ = 0;           // points of all stages
    StageMixture mixture_;
    // Of nets: sums (G, E), (G, C); cross products of the folds: all that the estimate needs.
    Matrix sum_t_, sum_x_;
    std::vector<CrossProducts> folds_;
    Matrix coefficients_;          // of the last fold
    Matrix first_t_, first_x_;     // rows of the last stage
};

/// The estimate of samples that are independent, or nearly so, by their counts. `groups`: names of the input laws.
Estimate recycled(const Evaluation& evaluate, std::vector<RecycledSample>& samples, const std::vector<std::string>& groups);

}  // namespace buffon
