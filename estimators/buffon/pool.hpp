/// All points of an adaptation under the balance heuristic: weights f_j / h, h the count-weighted mixture of every proposal
/// used so far. Not installed.   Source: Veach & Guibas (1995).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/proposal.hpp>
#include <buffon/raw_matrix.hpp>
#include <buffon/view.hpp>

namespace buffon {

class Pool {
public:
    /// Room for `expected` points: more are no error, but cost a copy of all. Densities on `threads` threads (0: all).
    explicit Pool(std::int64_t expected = 0, int threads = 1) : expected_(expected), threads_(threads) {}

    /// Adds a batch drawn from `proposal`: one more column of densities, one more block of rows. The proposal's log
    /// densities at the points so far are known already: log_density_of(relative(proposal), alpha).
    void add(const Batch& batch, const Proposal& proposal, std::vector<double> log_q);
    /// log of the mixture sum_k alpha_k g_k from its components relative to h (n, K).
    std::vector<double> log_density_of(ConstView relative, const std::vector<double>& alpha) const;

    std::int64_t n() const { return z_.rows; }
    ConstView z() const { return z_; }
    ConstView y() const { return y_; }
    ConstView score() const { return score_; }
    /// Of each batch: what it was drawn from, and how many points.
    const std::vector<Proposal>& proposals() const { return proposals_; }
    const std::vector<std::int64_t>& counts() const { return counts_; }
    /// The first `count` points as they were drawn, relative to `proposal` in place of their own.
    Batch first(std::int64_t count, const Proposal& proposal) const;
    /// (n) log q_0 and log h.
    const std::vector<double>& log_initial() const { return log_initial_; }
    const std::vector<double>& log_h() const { return log_h_; }
    /// (n, K) component densities of a proposal divided by h; of `count` rows from `first` on.
    Matrix relative(const Proposal& proposal) const { return relative(proposal, 0, n()); }
    Matrix relative(const Proposal& proposal, std::int64_t first, std::int64_t count) const;
    /// The same of all rows into `out`, which gets the room that all expected points need.
    void relative(const Proposal& proposal, RawMatrix& out) const;
    /// (n, E) phi_j f_j / h of the first `outputs` columns of y, law by law.
    /// Of the laws whose densities the batches brought; with the space: of all.
    Matrix integrands(std::int64_t outputs, const WorkingSpace& space) const;
    Matrix integrands(std::int64_t outputs) const { return weighted_outputs(f_, log_initial_, log_h_, y_, outputs, threads_); }
    void integrands(std::int64_t outputs, RawMatrix& out) const;
    /// (n, J) f_j / h.
    Matrix weights() const;
    int threads() const { return threads_; }

private:
    void put_relative(const Proposal& proposal, std::int64_t first, View q) const;
    void update_log_h(std::int64_t before, const std::vector<double>& log_q, const std::vector<double>& own_log_q);
    std::vector<double> log_h_of_last(const std::vector<double>& own_log_q) const;
    std::vector<double> log_density(const Proposal& proposal, std::int64_t first, std::int64_t count) const;

    std::int64_t expected_;
    int threads_ = 1;
    RawMatrix z_, y_, score_, f_;
    std::vector<double> log_initial_;    // (n) log q_0
    std::vector<Proposal> proposals_;
    std::vector<std::int64_t> counts_;   // points drawn from each
    std::vector<double> log_h_;
};

}  // namespace buffon
