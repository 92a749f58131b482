#include <buffon/aiscv_published.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/finish.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/kept.hpp>
#include <buffon/moments.hpp>
#include <buffon/names.hpp>
#include <buffon/parallel.hpp>
#include <buffon/pool.hpp>
#include <buffon/proposal.hpp>
#include <buffon/simplex.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr std::uint32_t final_stream = 1'000;

/// g_e of each expectation: a mixture with shares, flattened into one list of Gaussians.
struct Densities {
    std::vector<Gaussian> gaussians;
    std::vector<double> share;
    std::vector<std::int64_t> owner;   // expectation of each

    std::vector<Component> components() const { return {gaussians.begin(), gaussians.end()}; }
    /// Columns (n, K) of Gaussians summed into (n, E) densities.
    Matrix of_expectations(const Matrix& components, std::int64_t expectations) const {
        Matrix out(components.rows, expectations);
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::size_t k = 0; k < owner.size(); ++k)
                out(i, owner[k]) += share[k] * components(i, static_cast<std::int64_t>(k));
        return out;
    }
    /// Mixture weights of the expectations as those of the Gaussians.
    std::vector<double> spread(const std::vector<double>& alpha) const {
        std::vector<double> out;
        for (std::size_t k = 0; k < owner.size(); ++k) out.push_back(share[k] * alpha[static_cast<std::size_t>(owner[k])]);
        return out;
    }
};

class Published {
public:
    Published(Evaluation& evaluate, const WorkingSpace& space, const Run& run, const AiscvOptions& options)
        : evaluate_(evaluate), space_(space), options_(options), budget_(run.budget), cap_(run.budget / 2), batch_(cap_ / 5) {}

    bool enough() const { return batch_ >= 2 && cap_ >= 2 * batch_; }

    /// Step 1.
    void init() {
        draw(Proposal::initial());
        look();
        for (std::int64_t e = 0; e < r_.cols; ++e)
            alpha_.push_back(std::sqrt(weights_[static_cast<std::size_t>(e)]) * mean_[static_cast<std::size_t>(e)]);
        const double total = std::accumulate(alpha_.begin(), alpha_.end(), 0.0);
        for (double& a : alpha_) a /= total;
        beta_ = mean_;
        v_ = variances(r_);
    }

    /// Step 2; false when it says stop.
    bool step() {
        if (pool_.n() + batch_ > cap_) {
            stop_ = "budget";
            return false;
        }
        look();
        fit();
        optimise();
        draw(Proposal(false, densities_.components(), densities_.spread(alpha_)));
        ++steps_;
        return !stop_after(regress());
    }

    const Proposal& proposal() const { return drawn_from_; }
    const Pool& pool() const { return pool_; }
    std::int64_t steps() const { return steps_; }
    const char* stop() const { return stop_; }

    /// Rows of estimator (1): T_e - beta_e (C_e - 1), the last columns of each law (success of discarded rows) as they are.
    Matrix terms(const Batch& batch) const {
        Matrix t = summands(batch);
        if (densities_.gaussians.empty()) return t;
        const Matrix c = own_controls(batch);
        for (std::int64_t i = 0; i < t.rows; ++i)
            for (std::int64_t e = 0; e < c.cols; ++e) t(i, column(e)) -= beta_[static_cast<std::size_t>(e)] * (c(i, e) - 1);
        return t;
    }

private:
    std::int64_t column(std::int64_t e) const { return summand_column(evaluate_, e); }

    void draw(Proposal proposal) {
        const Stream stream{evaluate_.key(), static_cast<std::uint32_t>(steps_ + (pool_.n() > 0 ? 1 : 0))};
        last_ = draw_batch(evaluate_, space_, proposal, PointSet::independent(batch_, stream), 0, batch_);
        count_as_adaptation(evaluate_);
        pool_.add(last_, proposal, std::move(log_q_));
        drawn_from_ = std::move(proposal);
    }

    /// r = phi f / h on the pool with its means, and the weights of the criterion.
    void look() {
        const std::int64_t m = evaluate_.wanted();
        const Matrix w = pool_.weights();
        r_ = Matrix(pool_.n(), w.cols * m);
        mean_.assign(static_cast<std::size_t>(r_.cols), 0.0);
        for (std::int64_t i = 0; i < r_.rows; ++i)
            for (std::int64_t e = 0; e < r_.cols; ++e) {
                r_(i, e) = w(i, e / m) > 0 ? w(i, e / m) * pool_.y()(i, e % m) : 0.0;
                require(r_(i, e) >= 0, "aiscv: variant = 'published' needs integrands that are nowhere negative, output '",
                        evaluate_.names()[static_cast<std::size_t>(e % m)], "' is; the default has no such limit");
                mean_[static_cast<std::size_t>(e)] += r_(i, e) / static_cast<double>(r_.rows);
            }
        for (std::int64_t e = 0; e < r_.cols; ++e)
            require(mean_[static_cast<std::size_t>(e)] > 0, "aiscv: variant = 'published' saw only zeros of output '",
                    evaluate_.names()[static_cast<std::size_t>(e % m)], "' in ", pool_.n(),
                    " points; the default with a score finds rare events");
        weights_ = options_.weights;
        if (weights_.empty())
            for (const double mean : mean_) weights_.push_back(1 / (mean * mean));
        require(weights_.size() == mean_.size(), "aiscv: weights must have one entry per expectation, ", mean_.size(),
                ", got ", weights_.size());
    }

    static std::vector<double> variances(const Matrix& t) {
        std::vector<double> v;
        const Matrix c = Moments(t).covariance();
        for (std::int64_t e = 0; e < c.rows; ++e) v.push_back(c(e, e));
        return v;
    }

    /// Step 2b.
    void fit() {
        FitOptions fit{.shrink = false,
                       .diagonal = options_.diagonal,
                       .relative_jitter = 0.0,
                       .absolute_jitter = 1e-6,
                       .random_start = true};
        Densities next;
        std::vector<double> p(static_cast<std::size_t>(r_.rows));
        for (std::int64_t e = 0; e < r_.cols; ++e) {
            for (std::int64_t i = 0; i < r_.rows; ++i) p[static_cast<std::size_t>(i)] = r_(i, e);
            const Stream start{evaluate_.key(), static_cast<std::uint32_t>(0x10000 + 4096 * steps_ + e)};
            auto components = fit_mixture(pool_.z(), p, std::max<std::int64_t>(options_.components, 1), fit, start);
            double kept = 0;
            for (const auto& c : components) kept += c.share;
            require(!components.empty(), "aiscv: no Gaussian could be fitted to expectation ", e + 1);
            for (auto& c : components) {
                next.gaussians.push_back(std::move(c.law));
                next.share.push_back(c.share / kept);
                next.owner.push_back(e);
            }
        }
        densities_ = std::move(next);
    }

    /// Step 2c, with the previous beta.
    void optimise() {
        const Proposal all(false, densities_.components(), densities_.share);
        const Matrix g = pool_.relative(all);
        const Matrix q = densities_.of_expectations(g, r_.cols);
        std::vector<double> c(static_cast<std::size_t>(q.rows));
        for (std::int64_t i = 0; i < q.rows; ++i)
            for (std::int64_t e = 0; e < q.cols; ++e) {
                const double rest = r_(i, e) - beta_[static_cast<std::size_t>(e)] * q(i, e);
                c[static_cast<std::size_t>(i)] += weights_[static_cast<std::size_t>(e)] * rest * rest;
            }
        const std::vector<double> floors(alpha_.size(), 9e-12);
        alpha_ = minimise_on_simplex(q, c, std::move(alpha_), floors, {.tolerance = 1e-9, .steps = 2000});
        log_q_ = pool_.log_density_of(g, densities_.spread(alpha_));
    }

    /// C_e = g_e / g_alpha at a batch drawn from g_alpha.
    Matrix own_controls(const Batch& batch) const {
        Matrix c = controls(batch.ratio);
        for (double& v : c.data) v += 1;
        return densities_.of_expectations(c, static_cast<std::int64_t>(beta_.size()));
    }

    /// Steps 2e and 2f: beta from the new batch, then the variances that it leaves.
    std::vector<double> regress() {
        const Matrix t = summands(last_), c = own_controls(last_);
        for (std::int64_t e = 0; e < c.cols; ++e) {
            Matrix both(t.rows, 2);
            for (std::int64_t i = 0; i < t.rows; ++i) {
                both(i, 0) = c(i, e);
                both(i, 1) = t(i, column(e));
            }
            const Moments m{ConstView(both)};
            // a control without variance (one expectation: C = 1) has no effect
            beta_[static_cast<std::size_t>(e)] =
                m.scatter(0, 0) > 1e-24 * static_cast<double>(t.rows) ? m.scatter(0, 1) / m.scatter(0, 0) : 0.0;
        }
        Matrix rest(t.rows, c.cols);
        for (std::int64_t i = 0; i < t.rows; ++i)
            for (std::int64_t e = 0; e < c.cols; ++e) rest(i, e) = t(i, column(e)) - beta_[static_cast<std::size_t>(e)] * c(i, e);
        return variances(rest);
    }

    /// Step 2g, eq. (3): the weighted variance per point over the budget left no longer falls. The newest pair is kept.
    bool stop_after(std::vector<double> v) {
        const auto left = static_cast<double>(budget_ - pool_.n());
        const auto weighted = [&](const std::vector<double>& x) {
            return std::inner_product(x.begin(), x.end(), weights_.begin(), 0.0);
        };
        const bool stop = weighted(v_) / (left + static_cast<double>(batch_)) <= weighted(v) / left;
        if (stop) stop_ = "trade-off";
        v_ = std::move(v);
        return stop;
    }

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const AiscvOptions& options_;
    std::int64_t budget_, cap_, batch_;
    Pool pool_;
    Batch last_;
    Proposal drawn_from_ = Proposal::initial();
    Densities densities_;
    Matrix r_;
    std::vector<double> mean_, weights_, alpha_, beta_, v_;
    std::vector<double> log_q_;   // of the next proposal at the points so far
    std::int64_t steps_ = 0;
    const char* stop_ = "no adaptation";
};

}  // namespace

Estimate aiscv_published(Evaluation& evaluate, const Run& run, const AiscvOptions& options) {
    const WorkingSpace space = options.laws.size() > 1    ? WorkingSpace::raw(options.laws)
                               : options.laws.size() == 1 ? WorkingSpace::normal(options.laws.front())
                                                          : WorkingSpace::normal(evaluate.problem().inputs());
    const auto laws = static_cast<std::int64_t>(options.laws.size());
    std::vector<std::string> groups = laws == 0 ? std::vector<std::string>{""} : numbered_names("law ", laws);
    Published adaptation(evaluate, space, run, options);
    Moments total;
    return with_partial(
        evaluate,
        [&] {
            if (adaptation.enough()) {
                adaptation.init();
                while (adaptation.step()) {
                }
            }
            const std::int64_t left = run.budget - adaptation.pool().n();
            const PointSet points = PointSet::independent(left, {evaluate.key(), final_stream});
            FirstRows first_rows(8'192);
            KeptControls kept(evaluate, adaptation.proposal().alpha(), left);
            for (std::int64_t start = 0; start < left; start += chunk_rows(run)) {
                const Batch batch = draw_batch(evaluate, space, adaptation.proposal(), points, start,
                                               std::min(chunk_rows(run), left - start));
                const Matrix t = adaptation.terms(batch);
                kept.add(controls(batch.ratio), start);
                first_rows.add(t);
                parallel::reduce_blocks(t.rows, run.threads, total, [&](std::int64_t first, std::int64_t count) {
                    return Moments(t.view().slice(first, count));
                });
            }
            kept.finish();
            Estimate e = finish_mean(evaluate, total, groups);
            judge_mean(first_rows.rows(), total.n, e);
            e.diagnostics["stop"] = std::string(adaptation.stop());
            e.diagnostics["batches"] = adaptation.steps() + (adaptation.pool().n() > 0 ? 1 : 0);
            e.diagnostics["adaptation_n"] = adaptation.pool().n();
            e.diagnostics["components"] = static_cast<std::int64_t>(adaptation.proposal().components().size());
            e.diagnostics["alpha"] = adaptation.proposal().alpha();
            return e;
        },
        [&] { return finish_mean(evaluate, total, groups); });
}

}  // namespace buffon
