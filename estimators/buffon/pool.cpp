#include <buffon/pool.hpp>

#include <cmath>

#include <buffon/kernels.hpp>
#include <buffon/logspace.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

void append(Matrix& to, const Matrix& rows) {
    to.data.insert(to.data.end(), rows.data.begin(), rows.data.end());
    to.cols = rows.cols;
    to.rows += rows.rows;
}

}  // namespace

void Pool::add(const Batch& batch, const Proposal& proposal, std::vector<double> log_q) {
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
    log_q.insert(log_q.end(), batch.log_q.begin(), batch.log_q.end());
    log_q_.push_back(std::move(log_q));
    update_log_h();
}

std::vector<double> Pool::log_density(const Proposal& proposal, std::int64_t first) const {
    const std::int64_t count = n() - first;
    Matrix components(count, proposal.size());
    proposal.log_components(space_, z().slice(first, count), log_f().slice(first, count), components);
    return proposal.normalise(components);
}

std::vector<double> Pool::log_density_of(ConstView relative, const std::vector<double>& alpha) const {
    std::vector<double> out = log_h_;
    for (std::int64_t i = 0; i < relative.rows; ++i)
        out[static_cast<std::size_t>(i)] += std::log(dot(relative.row(i).data(), alpha.data(), relative.cols));
    return out;
}

void Pool::update_log_h() {
    log_h_.resize(static_cast<std::size_t>(n()));
    std::vector<double> terms(proposals_.size()), log_share;
    for (const std::int64_t count : counts_) log_share.push_back(std::log(static_cast<double>(count) / static_cast<double>(n())));
    for (std::size_t i = 0; i < log_h_.size(); ++i) {
        for (std::size_t t = 0; t < terms.size(); ++t) terms[t] = log_q_[t][i] + log_share[t];
        log_h_[i] = log_sum_exp(terms);
    }
}

Matrix Pool::relative(const Proposal& proposal) const {
    Matrix q(n(), proposal.size());
    proposal.log_components(space_, z_, log_f_, q);
    exp_rows(q, log_h_);
    return q;
}

Matrix Pool::weights() const {
    Matrix w = log_f_;
    exp_rows(w, log_h_);
    return w;
}

}  // namespace buffon
