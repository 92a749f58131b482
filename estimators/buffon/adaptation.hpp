/// The adaptation of the default aiscv: batches from ever better mixtures until another one would not pay. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/integrands.hpp>
#include <buffon/mixture_choice.hpp>
#include <buffon/pool.hpp>
#include <buffon/proposal.hpp>
#include <buffon/raw_matrix.hpp>
#include <buffon/representatives.hpp>
#include <buffon/scout.hpp>
#include <buffon/spread.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// What an estimator that recycles asks of the batches.
struct Batches {
    std::int64_t nets = 1;             // of equally many points in a batch, a power of two; 1: any number
    bool newest_alone = false;         // densities are fitted to the newest batch, not to all points
    std::int64_t lanes = 1;            // adaptations that share the budget
    std::uint32_t first_stream = 0;
    bool every_law = false;            // none stands in for others: each is adapted to
};

class Adaptation {
public:
    Adaptation(Evaluation& evaluate, const WorkingSpace& space, const AiscvOptions& options, Batches batches = {});

    /// Densities are fitted to these points, and judged by them, in place of its own.
    void learn_from(const Pool& other) { other_ = &other; }
    /// The first batch, from q_0. False when the budget leaves no room for an adaptation.
    bool init();
    /// One more proposal and its batch; false when the adaptation is over.
    bool step();
    /// The proposal of the final sample, judged on all points; q_0 again when nothing is much better.
    Proposal choose();
    /// A Gaussian for every expectation, once the proposal is chosen; none where each has components of its own.
    std::vector<Gaussian> fits_of_all() const;

    std::int64_t spent() const { return probed_ + pool_.n(); }
    const Pool& pool() const { return pool_; }
    void report(Estimate& e) const;

private:
    static constexpr std::int64_t explorable = 8;   // inputs: a wide law meets further regions

    /// A proposal with what its own batch said about it.
    struct Pair {
        Proposal proposal;
        Matrix b;   // (K, E) control coefficients
        Spread spread;
        bool provisional;
    };

    /// Of some rows of the pool (rows, E), and the density that they were sampled with, relative to h.
    struct Residuals {
        Matrix rest;
        std::vector<double> mixture;
    };

    /// Components that lead to an expectation, by what lies beyond them.
    struct Found {
        std::int64_t expectation;
        std::vector<Gaussian> laws;
        double reach;   // probability that may lie beyond without being covered, relative to the expectation
    };

    void look(const Pool& pool);
    const Pool& judged() const { return other_ != nullptr ? *other_ : pool_; }
    const Pool& fitted() const { return batches_.newest_alone ? newest_ : judged(); }
    Representatives representatives() const;
    double defensive() const;
    std::int64_t points_for_a_fit() const;
    bool has_score();
    void check_weights() const;
    bool hidden(double enough, bool first) const;
    bool hardly_hit() const;
    void explore();
    static Gaussian wide_law(std::int64_t d);
    bool out_of_reach() const;
    std::int64_t expectations() const { return evaluate_.wanted() * laws_.size(); }
    double need() const;
    const Batch& draw(Proposal proposal, std::vector<double> log_q);
    Proposal propose(std::vector<double>& log_q);
    void fit_parts(std::vector<Component>& components, std::vector<std::int64_t>& owner, std::vector<double>& beta) const;
    FitOptions fit_options() const;
    std::vector<std::optional<Gaussian>> fit_alone(ConstView weights) const;
    bool asks_for_more(const Part& part) const;
    bool explores() const;
    bool scouts() const;
    Least least_of(bool seen) const;
    std::vector<std::int64_t> scouted() const;
    void send_scouts(std::vector<Component>& components, std::vector<std::int64_t>& owner, std::vector<double>& beta);
    void look_beyond();
    bool on_the_way() const;
    void warn_of_beyond(Estimate& e) const;
    std::vector<double> first_alpha(const std::vector<std::int64_t>& owner, const std::vector<double>& beta) const;
    double square_of_row(std::int64_t i, ConstView q, const std::vector<std::int64_t>& owner,
                         const std::vector<double>& beta, bool one_each, std::vector<double>& rest) const;
    std::vector<double> squares(ConstView q, const std::vector<std::int64_t>& owner, const std::vector<double>& beta) const;
    Pair learn(const Batch& batch, const Proposal& proposal) const;
    Matrix adapted_to(ConstView all) const;
    Spread residual_spread(View t, ConstView x, const Matrix& b) const;
    /// part(first, count) of blocks of the judged pool's rows, merged in their order while done() does not hold.
    template <class Total, class Part, class Done>
    void sum_pool(Total& total, const Part& part, const Done& done) const;
    double weighted(const std::vector<double>& v) const;
    bool getting_worse() const;
    bool nets_suffice() const;
    Pair controlled_initial(const Pair& pair) const;
    const Pair* best_pair(double& least) const;
    double pooled_variance(const Pair& pair, double limit) const;
    Residuals residuals(const Pair& pair, const std::vector<double>& shift, std::int64_t first, std::int64_t count) const;
    static void add_squares(const Residuals& of, std::vector<double>& sum);
    double initial_squares(std::int64_t first, std::int64_t count) const;
    double initial_variance(double limit) const;
    double common_log_gain() const;
    double initial_log_gain() const;
    double in_nets(double pooled, const Spread& batch, double log_gain) const;

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const AiscvOptions& options_;
    Batches batches_;
    std::int64_t budget_;
    Representatives laws_;          // what is adapted to
    std::int64_t batch_;
    std::int64_t cap_;
    bool small_;                    // batches take more than their share of the budget
    std::int64_t probed_ = 0;       // evaluations that only showed whether there is a score
    std::int64_t net_;              // points of one net of the final sample; 1 with independent points
    Pool pool_;
    const Pool* other_ = nullptr;
    Pool newest_;                   // the last batch alone, where fits are to it
    Batch last_;
    Spread initial_;                // of the first batch, from q_0 without controls
    Integrands seen_;
    RawMatrix relative_;            // of the proposal that is being made, at the points that it is fitted to
    std::vector<double> weights_;   // (E) of the criterion
    std::vector<Pair> pairs_;
    bool explored_ = false;         // the first pair is that of a wide law
    std::vector<Found> found_;
    const char* stop_ = "";
    bool fallback_ = false;
    bool provisional_ = false;
};

}  // namespace buffon
