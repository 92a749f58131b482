#include <buffon/pool.hpp>

#include <cmath>

#include <buffon/logspace.hpp>

namespace buffon {
namespace {

void append(Matrix& to, const Matrix& rows) {
    to.data.insert(to.data.end(), rows.data.begin(), rows.data.end());
    to.cols = rows.cols;
    to.rows += rows.rows;
}

}  // namespace

void Pool::add(const Batch& batch, const Proposal& proposal) {
    const std::int64_t before = n();
    append(z_, batch.z);
    append(y_, batch.y);
    append(score_, batch.score);
    append(log_f_, batch.log_f);
    for (std::size_t t = 0; t < proposals_.size(); ++t) {
        const std::vector<double> fresh = log_density(proposals_[t], before);
        log_q_[t].insert(log_q_[t].end(), fresh.begin(), fresh.end());
    }
    proposals_.push_back(proposal);
    counts_.push_back(batch.n());
    log_q_.push_back(log_density(proposal, 0));
    update_log_h();
}

std::vector<double> Pool::log_density(const Proposal& proposal, std::int64_t first) const {
    const std::int64_t count = n() - first;
    Matrix components(count, proposal.size());
    proposal.log_components(space_, z().slice(first, count), log_f().slice(first, count), components);
    std::vector<double> out(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) out[static_cast<std::size_t>(i)] = proposal.log_mixture(components.view().row(i));
    return out;
}

void Pool::update_log_h() {
    log_h_.resize(static_cast<std::size_t>(n()));
    std::vector<double> terms(proposals_.size());
    for (std::size_t i = 0; i < log_h_.size(); ++i) {
        for (std::size_t t = 0; t < terms.size(); ++t)
            terms[t] = log_q_[t][i] + std::log(static_cast<double>(counts_[t]) / static_cast<double>(n()));
        log_h_[i] = log_sum_exp(terms);
    }
}

Matrix Pool::relative(const Proposal& proposal) const {
    Matrix q(n(), proposal.size());
    proposal.log_components(space_, z_, log_f_, q);
    for (std::int64_t i = 0; i < q.rows; ++i)
        for (std::int64_t k = 0; k < q.cols; ++k) q(i, k) = std::exp(q(i, k) - log_h_[static_cast<std::size_t>(i)]);
    return q;
}

Matrix Pool::weights() const {
    Matrix w = log_f_;
    for (std::int64_t i = 0; i < w.rows; ++i)
        for (std::int64_t j = 0; j < w.cols; ++j) w(i, j) = std::exp(w(i, j) - log_h_[static_cast<std::size_t>(i)]);
    return w;
}

}  // namespace buffon
