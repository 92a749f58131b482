#include <buffon/aiscv.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ranges>

#include <buffon/aiscv_published.hpp>
#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/finish.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/integrands.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/pool.hpp>
#include <buffon/proposal.hpp>
#include <buffon/regression.hpp>
#include <buffon/simplex.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr std::int64_t largest_batch = 16'384;   // bounds the memory of the adaptation whatever the budget
constexpr std::int64_t judged_rows = 8'192;      // of the final sample, for k-hat
constexpr std::uint32_t final_scrambles = 1'000; // stream ids: batches count from 0, the final sample from here

/// A proposal with what its own batch said about it.
struct Pair {
    Proposal proposal;
    Matrix b;                // (K, E) control coefficients
    std::vector<double> v;   // (E) residual variances
    bool provisional;
};

/// The adaptation of the default variant, in init/step form.
class Adaptation {
public:
    Adaptation(Evaluation& evaluate, const WorkingSpace& space, const Run& run, const AiscvOptions& options)
        : evaluate_(evaluate), space_(space), options_(options), budget_(run.budget), pool_(space) {
        batch_ = std::min(static_cast<std::int64_t>(options.batch_fraction * static_cast<double>(run.budget)), largest_batch);
        cap_ = std::min(static_cast<std::int64_t>(options.adaptation * static_cast<double>(run.budget)), 10 * batch_);
    }

    /// The first batch, from q_0. False when the budget leaves no room for an adaptation.
    bool init() {
        if (batch_ < 10 || 2 * batch_ > cap_) {
            stop_ = "no adaptation";
            return false;
        }
        draw(Proposal::initial());
        const auto expectations = static_cast<std::size_t>(evaluate_.outputs() * space_.laws());
        require(options_.weights.empty() || options_.weights.size() == expectations,
                "aiscv: weights must have one entry per expectation, ", expectations, ", got ", options_.weights.size());
        return true;
    }

    /// One more pair; false when the adaptation is over.
    bool step() {
        if (spent() + batch_ > cap_) {
            stop_ = "budget";
            return false;
        }
        seen_ = look_at(pool_, evaluate_.outputs(), need());
        weights_ = criterion_weights(seen_, options_.weights);
        const Batch batch = draw(propose());
        pairs_.push_back(learn(batch, drawn_from_));
        if (!getting_worse()) return true;
        stop_ = "trade-off";
        return false;
    }

    /// The proposal of the final sample, judged on all points; fallback to q_0 when nothing is much better.
    Proposal choose() {
        if (pairs_.empty()) return Proposal::initial();
        seen_ = look_at(pool_, evaluate_.outputs(), need());
        weights_ = criterion_weights(seen_, options_.weights);
        const bool all_provisional = std::ranges::all_of(pairs_, &Pair::provisional);
        if (all_provisional) {
            provisional_ = true;
            return pairs_.back().proposal;
        }
        const Pair* best = nullptr;
        double least = std::numeric_limits<double>::infinity();
        for (const Pair& pair : pairs_) {
            if (pair.provisional) continue;
            if (const double variance = pooled_variance(pair); variance <= least) {   // ties: the newest
                least = variance;
                best = &pair;
            }
        }
        if (best != nullptr && least < 0.9 * initial_variance()) return best->proposal;
        fallback_ = true;
        return Proposal::initial((best != nullptr ? *best : pairs_.back()).proposal.gaussians());
    }

    std::int64_t spent() const { return pool_.n(); }
    const Pool& pool() const { return pool_; }

    void report(Estimate& e) const {
        e.diagnostics["stop"] = std::string(stop_);
        e.diagnostics["batches"] = static_cast<std::int64_t>(pairs_.size() + (spent() > 0 ? 1 : 0));
        e.diagnostics["adaptation_n"] = spent();
        e.diagnostics["fallback"] = fallback_;
        e.diagnostics["provisional"] = provisional_;
        if (provisional_)
            e.warnings.push_back("the adaptation never saw every integrand clearly: the proposal is provisional; a larger budget helps");
    }

private:
    double need() const {
        return std::max({60.0, 0.05 * static_cast<double>(batch_), 2.0 * static_cast<double>(space_.dim() + 2)});
    }

    const Batch& draw(Proposal proposal) {
        const Stream stream{evaluate_.key(), static_cast<std::uint32_t>(pairs_.size() + (spent() > 0 ? 1 : 0))};
        const PointSet points = options_.points == Points::iid ? PointSet::independent(batch_, stream)
                                                               : PointSet::nets(space_.dim() + 1, batch_, 1, stream.key, stream.id);
        last_ = draw_batch(evaluate_, space_, proposal, points, 0, batch_);
        pool_.add(last_, proposal);
        drawn_from_ = std::move(proposal);
        return last_;
    }

    /// Gaussians fitted to the parts, weighted for the least criterion on the pool.
    Proposal propose() {
        std::vector<Gaussian> gaussians;
        std::vector<std::int64_t> owner;
        std::vector<double> beta;
        FitOptions fit;
        fit.diagonal = options_.diagonal;
        for (const Part& part : seen_.parts) {
            const Stream start{evaluate_.key(), static_cast<std::uint32_t>(0x10000 + 256 * pairs_.size()) + static_cast<std::uint32_t>(gaussians.size())};
            for (auto& component : fit_mixture(pool_.z(), part.weights, options_.components, fit, start)) {
                gaussians.push_back(std::move(component.law));
                owner.push_back(part.expectation);
                beta.push_back(part.sign * component.share * part.mass / static_cast<double>(pool_.n()));
            }
        }
        if (gaussians.empty()) return Proposal::initial();
        std::vector<double> alpha{options_.defensive};
        for (std::size_t k = 0; k < gaussians.size(); ++k)
            alpha.push_back(std::sqrt(weights_[static_cast<std::size_t>(owner[k])]) * std::abs(beta[k]));
        const double total = std::accumulate(alpha.begin() + 1, alpha.end(), 0.0);
        for (std::size_t k = 1; k < alpha.size(); ++k) alpha[k] *= (1 - options_.defensive) / total;
        const Proposal start(true, gaussians, alpha);
        const Matrix q = pool_.relative(start);
        std::vector<double> floors(alpha.size(), 0.2 / static_cast<double>(alpha.size()));
        floors[0] = options_.defensive;
        alpha = minimise_on_simplex(q, squares(q, owner, beta), std::move(alpha), floors, {});
        return Proposal(true, std::move(gaussians), std::move(alpha));
    }

    /// c_i = sum_e w_e (r_ie - sum of e's own components beta_k q_ik)^2.
    std::vector<double> squares(const Matrix& q, const std::vector<std::int64_t>& owner, const std::vector<double>& beta) const {
        std::vector<double> c(static_cast<std::size_t>(q.rows));
        std::vector<double> rest(static_cast<std::size_t>(seen_.r.cols));
        for (std::int64_t i = 0; i < q.rows; ++i) {
            std::ranges::copy(seen_.r.view().row(i), rest.begin());
            for (std::size_t k = 0; k < owner.size(); ++k)
                rest[static_cast<std::size_t>(owner[k])] -= beta[k] * q(i, static_cast<std::int64_t>(k) + 1);
            for (std::size_t e = 0; e < rest.size(); ++e) c[static_cast<std::size_t>(i)] += weights_[e] * rest[e] * rest[e];
        }
        return c;
    }

    /// Columns of a (n, J c) table that belong to expectations (the last of each law may be the success of discarded rows).
    std::int64_t column(std::int64_t e) const {
        const std::int64_t m = evaluate_.outputs();
        return e / m * evaluate_.columns() + e % m;
    }

    Pair learn(const Batch& batch, const Proposal& proposal) const {
        const Matrix t = summands(batch), x = controls(batch);
        CrossProducts sums(x.cols, t.cols);
        sums.add(x, t);
        const Matrix all = regress(sums, options_.cut);
        Matrix b(x.cols, seen_.r.cols);
        for (std::int64_t k = 0; k < b.rows; ++k)
            for (std::int64_t e = 0; e < b.cols; ++e) b(k, e) = all(k, column(e));
        const double freedom = std::max<double>(1.0, static_cast<double>(batch.n() - 1 - x.cols));
        return {proposal, b, residual_variances(t, x, b, freedom), seen_.provisional};
    }

    /// sum_i (T - X b - mean)^2 / freedom.
    std::vector<double> residual_variances(const Matrix& t, const Matrix& x, const Matrix& b, double freedom) const {
        Matrix rest(t.rows, b.cols);
        for (std::int64_t i = 0; i < t.rows; ++i) {
            double* row = rest.data.data() + i * b.cols;
            for (std::int64_t e = 0; e < b.cols; ++e) row[e] = t(i, column(e));
            subtract_product(x.view().row(i), b, row);
        }
        std::vector<double> v;
        for (std::int64_t e = 0; e < b.cols; ++e) {
            double sum = 0, squares = 0;
            for (std::int64_t i = 0; i < rest.rows; ++i) sum += rest(i, e);
            for (std::int64_t i = 0; i < rest.rows; ++i) {
                const double gap = rest(i, e) - sum / static_cast<double>(rest.rows);
                squares += gap * gap;
            }
            v.push_back(squares / freedom);
        }
        return v;
    }

    /// row -= x b.
    static void subtract_product(std::span<const double> x, const Matrix& b, double* row) {
        for (std::int64_t k = 0; k < b.rows; ++k) {
            const double factor = x[static_cast<std::size_t>(k)];
            const double* coefficients = b.data.data() + k * b.cols;
            for (std::int64_t e = 0; e < b.cols; ++e) row[e] -= factor * coefficients[e];
        }
    }

    double weighted(const std::vector<double>& v) const { return std::inner_product(v.begin(), v.end(), weights_.begin(), 0.0); }

    /// Variance that the final estimate would have, budget left / variance per point: no longer falling.
    bool getting_worse() const {
        if (pairs_.size() < 2 || pairs_.back().provisional || pairs_[pairs_.size() - 2].provisional) return false;
        const auto left = static_cast<double>(budget_ - spent());
        return weighted(pairs_[pairs_.size() - 2].v) / (left + static_cast<double>(batch_)) <= weighted(pairs_.back().v) / left;
    }

    /// sum_e w_e max(v_e, mean_i (r - I q_a - sum_k b_k (q_k - q_a))^2 / q_a): its own batch and the whole pool.
    double pooled_variance(const Pair& pair) const {
        const Matrix q = pool_.relative(pair.proposal);
        std::vector<double> shift = seen_.mean;   // I - sum_k b_k
        for (std::int64_t k = 0; k < pair.b.rows; ++k)
            for (std::int64_t e = 0; e < pair.b.cols; ++e) shift[static_cast<std::size_t>(e)] -= pair.b(k, e);
        std::vector<double> row(shift.size()), sum(shift.size());
        for (std::int64_t i = 0; i < q.rows; ++i) {
            const auto terms = q.view().row(i);
            const double mixture = std::inner_product(terms.begin(), terms.end(), pair.proposal.alpha().begin(), 0.0);
            if (!(mixture > 0)) continue;
            for (std::size_t e = 0; e < row.size(); ++e) row[e] = seen_.r(i, static_cast<std::int64_t>(e)) - mixture * shift[e];
            subtract_product(terms, pair.b, row.data());
            for (std::size_t e = 0; e < row.size(); ++e) sum[e] += row[e] * row[e] / mixture;
        }
        double total = 0;
        for (std::size_t e = 0; e < sum.size(); ++e)
            total += weights_[e] * std::max(pair.v[e], sum[e] / static_cast<double>(q.rows));
        return total;
    }

    /// The same for q_0 without controls.
    double initial_variance() const {
        const Matrix q = pool_.relative(Proposal::initial());
        double total = 0;
        for (std::int64_t i = 0; i < q.rows; ++i) {
            if (!(q(i, 0) > 0)) continue;
            for (std::int64_t e = 0; e < seen_.r.cols; ++e) {
                const double gap = seen_.r(i, e) - seen_.mean[static_cast<std::size_t>(e)] * q(i, 0);
                total += weights_[static_cast<std::size_t>(e)] * gap * gap / q(i, 0);
            }
        }
        return total / static_cast<double>(q.rows);
    }

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const AiscvOptions& options_;
    std::int64_t budget_;
    std::int64_t batch_ = 0;
    std::int64_t cap_ = 0;
    Pool pool_;
    Batch last_;
    Proposal drawn_from_ = Proposal::initial();
    Integrands seen_;
    std::vector<double> weights_;
    std::vector<Pair> pairs_;
    const char* stop_ = "";
    bool fallback_ = false;
    bool provisional_ = false;
};

std::vector<std::string> law_names(std::int64_t laws) {
    if (laws == 0) return {""};
    std::vector<std::string> names;
    for (std::int64_t j = 1; j <= laws; ++j) names.push_back("law " + std::to_string(j));
    return names;
}

/// Means of the replicates, and cross products of the two folds r mod 2: all that the final estimate needs.
struct ReplicateSums {
    Matrix t, x;              // (R, E), (R, K) sums
    CrossProducts fold[2];
};

/// The final sample in R scrambles: coefficients for a fold from the other fold only, so they are constants for it.
class FinalSample {
public:
    FinalSample(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const AiscvOptions& options, std::int64_t left)
        : evaluate_(evaluate), space_(space), proposal_(proposal), options_(options), first_t_(judged_rows), first_x_(judged_rows) {
        if (options.points == Points::iid) {
            points_ = PointSet::independent(left, {evaluate.key(), final_scrambles});
        } else {
            const auto plan = Replication::of(left, options.replicates);
            points_ = PointSet::nets(space.dim() + 1, plan.points, plan.replicates, evaluate.key(), final_scrambles);
        }
    }

    Estimate run(const std::vector<std::string>& groups) {
        const std::int64_t chunk = std::max<std::int64_t>(4, chunk_rows(evaluate_.run()) / parallel::block_size) * parallel::block_size;
        for (std::int64_t start = 0; start < points_.size(); start += chunk)
            add(draw_batch(evaluate_, space_, proposal_, points_, start, std::min(chunk, points_.size() - start)), start);
        Estimate e = options_.points == Points::iid ? from_points(groups) : from_replicates(groups);
        judge(e);
        return e;
    }

private:
    void add(const Batch& batch, std::int64_t start) {
        const Matrix t = summands(batch), x = controls(batch);
        first_t_.add(t);
        first_x_.add(x);
        if (options_.points == Points::iid)
            add_points(t, x, start);
        else
            add_replicates(t, x, start);
    }

    void add_replicates(const Matrix& t, const Matrix& x, std::int64_t start) {
        if (sums_.t.rows == 0) {
            sums_ = {Matrix(points_.replicates(), t.cols), Matrix(points_.replicates(), x.cols), {}};
            for (auto& fold : sums_.fold) fold = CrossProducts(x.cols, t.cols);
        }
        const std::int64_t length = segment_length(points_.points());
        std::vector<CrossProducts> segments(static_cast<std::size_t>((t.rows + length - 1) / length));
        for_segments(t.rows, points_.points(), evaluate_.threads(), [&](std::int64_t first, std::int64_t count) {
            auto& segment = segments[static_cast<std::size_t>(first / length)] = CrossProducts(x.cols, t.cols);
            segment.add(x.view().slice(first, count), t.view().slice(first, count));
        });
        for (std::size_t s = 0; s < segments.size(); ++s) {
            const std::int64_t r = (start + static_cast<std::int64_t>(s) * length) / points_.points();
            for (std::int64_t e = 0; e < t.cols; ++e) sums_.t(r, e) += segments[s].t[static_cast<std::size_t>(e)];
            for (std::int64_t k = 0; k < x.cols; ++k) sums_.x(r, k) += segments[s].x[static_cast<std::size_t>(k)];
            sums_.fold[r % 2].merge(segments[s]);
        }
    }

    /// Moments of the rows (x, t) of each parity.
    void add_points(const Matrix& t, const Matrix& x, std::int64_t start) {
        for (std::int64_t parity = 0; parity < 2; ++parity) {
            const std::int64_t offset = (parity + start) % 2;
            const std::int64_t count = (t.rows - offset + 1) / 2;
            Matrix rows(count, x.cols + t.cols);
            for (std::int64_t a = 0; a < count; ++a) {
                const auto row = rows.view().row(a);
                std::ranges::copy(x.view().row(2 * a + offset), row.begin());
                std::ranges::copy(t.view().row(2 * a + offset), row.begin() + x.cols);
            }
            parallel::reduce_blocks(count, evaluate_.threads(), halves_[parity], [&](std::int64_t first, std::int64_t n) {
                return Moments(rows.view().slice(first, n));
            });
        }
    }

    Estimate from_replicates(const std::vector<std::string>& groups) {
        Matrix means = sums_.t;
        for (int fold = 0; fold < 2; ++fold) {
            coefficients_ = regress(sums_.fold[1 - fold], options_.cut);   // two folds: the total without this one is the other
            for (std::int64_t r = fold; r < means.rows; r += 2)
                for (std::int64_t k = 0; k < sums_.x.cols; ++k)
                    for (std::int64_t e = 0; e < means.cols; ++e) means(r, e) -= sums_.x(r, k) * coefficients_(k, e);
        }
        for (double& v : means.data) v /= static_cast<double>(points_.points());
        Estimate e = finish_replicates(evaluate_, means, groups);
        e.diagnostics["points"] = points_.points();
        e.diagnostics["control_check"] = control_check();
        return e;
    }

    /// Largest |mean of a control| in its standard errors: large when a density is wrong.
    double control_check() const {
        const Moments m{ConstView(sums_.x)};
        double worst = 0;
        for (std::int64_t k = 0; k < sums_.x.cols; ++k) {
            const double se = std::sqrt(m.covariance()(k, k) / static_cast<double>(m.n));
            if (se > 1e-9 * static_cast<double>(points_.points())) worst = std::max(worst, std::abs(m.mean[static_cast<std::size_t>(k)]) / se);
        }
        return worst;
    }

    Estimate from_points(const std::vector<std::string>& groups) {
        Moments all;
        for (int half = 0; half < 2; ++half) {
            coefficients_ = regress(cross_products(halves_[1 - half]), options_.cut);
            all.merge(residual(halves_[half], coefficients_));
        }
        return finish_mean(evaluate_, all, groups);
    }

    CrossProducts cross_products(const Moments& m) const {
        const std::int64_t k_count = proposal_.size(), e_count = static_cast<std::int64_t>(m.mean.size()) - k_count;
        CrossProducts sums(k_count, e_count);
        sums.n = static_cast<double>(m.n);
        const auto raw = [&](std::int64_t a, std::int64_t b) {
            return m.scatter(a, b) + sums.n * m.mean[static_cast<std::size_t>(a)] * m.mean[static_cast<std::size_t>(b)];
        };
        for (std::int64_t k = 0; k < k_count; ++k) {
            sums.x[static_cast<std::size_t>(k)] = sums.n * m.mean[static_cast<std::size_t>(k)];
            for (std::int64_t l = 0; l < k_count; ++l) sums.xx(k, l) = raw(k, l);
            for (std::int64_t e = 0; e < e_count; ++e) sums.xt(k, e) = raw(k, k_count + e);
        }
        for (std::int64_t e = 0; e < e_count; ++e) sums.t[static_cast<std::size_t>(e)] = sums.n * m.mean[static_cast<std::size_t>(k_count + e)];
        return sums;
    }

    /// Moments of t - b' x from those of (x, t).
    static Moments residual(const Moments& m, const Matrix& b) {
        Moments out;
        out.n = m.n;
        out.mean.assign(m.mean.begin() + b.rows, m.mean.end());
        out.scatter = Matrix(b.cols, b.cols);
        Matrix half(b.rows + b.cols, b.cols);   // S (-b; 1)
        for (std::int64_t a = 0; a < half.rows; ++a)
            for (std::int64_t e = 0; e < b.cols; ++e) {
                half(a, e) = m.scatter(a, b.rows + e);
                for (std::int64_t k = 0; k < b.rows; ++k) half(a, e) -= m.scatter(a, k) * b(k, e);
            }
        for (std::int64_t e = 0; e < b.cols; ++e) {
            for (std::int64_t k = 0; k < b.rows; ++k) out.mean[static_cast<std::size_t>(e)] -= m.mean[static_cast<std::size_t>(k)] * b(k, e);
            for (std::int64_t f = 0; f < b.cols; ++f) {
                out.scatter(e, f) = half(b.rows + e, f);
                for (std::int64_t k = 0; k < b.rows; ++k) out.scatter(e, f) -= b(k, e) * half(k, f);
            }
        }
        return out;
    }

    /// k-hat of the residuals, and whether each output was seen at all.
    void judge(Estimate& e) const {
        const Matrix& t = first_t_.rows();
        const Matrix& x = first_x_.rows();
        const std::int64_t m = evaluate_.outputs(), c = evaluate_.columns();
        Matrix rest(t.rows, e.size());
        for (std::int64_t i = 0; i < t.rows; ++i)
            for (std::int64_t j = 0; j < e.size(); ++j) {
                const std::int64_t column = j / m * c + j % m;
                rest(i, j) = t(i, column);
                for (std::int64_t k = 0; k < x.cols; ++k) rest(i, j) -= x(i, k) * coefficients_(k, column);
            }
        judge_tails(rest, e);
        for (std::int64_t j = 0; j < e.size(); ++j) {
            const std::int64_t column = j / m * c + j % m;
            const bool seen = options_.points == Points::iid
                                  ? halves_[0].mean[static_cast<std::size_t>(x.cols + column)] != 0 || halves_[1].mean[static_cast<std::size_t>(x.cols + column)] != 0
                                  : std::ranges::any_of(std::views::iota(std::int64_t{0}, sums_.t.rows), [&](std::int64_t r) { return sums_.t(r, column) != 0; });
            if (!seen)
                e.warnings.push_back("'" + e.names[static_cast<std::size_t>(j)] + "' was 0 in the whole final sample: a rare event needs a score or a larger budget");
        }
        e.diagnostics["alpha"] = proposal_.alpha();
        e.diagnostics["components"] = static_cast<std::int64_t>(proposal_.gaussians().size());
    }

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const Proposal& proposal_;
    const AiscvOptions& options_;
    PointSet points_ = PointSet::independent(0, {});
    ReplicateSums sums_;
    Moments halves_[2];
    Matrix coefficients_;
    FirstRows first_t_, first_x_;
};

/// From the pool alone, with balance-heuristic weights: what is known when a run stops early.
Estimate from_pool(const Evaluation& evaluate, const Pool& pool, const std::vector<std::string>& groups) {
    require(pool.n() >= 2, "aiscv: no batch was finished");
    const Matrix w = pool.weights();
    const std::int64_t c = evaluate.columns();
    Matrix t(pool.n(), w.cols * c);
    for (std::int64_t i = 0; i < t.rows; ++i)
        for (std::int64_t j = 0; j < w.cols; ++j)
            for (std::int64_t k = 0; k < c; ++k) t(i, j * c + k) = w(i, j) > 0 ? w(i, j) * pool.y()(i, k) : 0.0;
    return finish_mean(evaluate, Moments(t), groups);
}

Estimate safe(Evaluation& evaluate, const WorkingSpace& space, const Run& run, const AiscvOptions& options) {
    Adaptation adaptation(evaluate, space, run, options);
    const std::vector<std::string> groups = law_names(static_cast<std::int64_t>(options.laws.size()));
    return with_partial(
        [&] {
            if (adaptation.init())
                while (adaptation.step()) {
                }
            const Proposal proposal = adaptation.choose();
            Estimate e = FinalSample(evaluate, space, proposal, options, run.budget - adaptation.spent()).run(groups);
            adaptation.report(e);
            return e;
        },
        [&] { return from_pool(evaluate, adaptation.pool(), groups); });
}

void check(const Problem& problem, const Run& run, const AiscvOptions& options) {
    const auto share = [](double v) { return v > 0 && v < 1; };
    require(options.replicates >= 2, "aiscv: replicates must be at least 2, got ", options.replicates);
    require(run.budget >= 2 * options.replicates, "aiscv: budget must be at least 2 replicates = ", 2 * options.replicates, ", got ", run.budget);
    require(options.components >= 1, "aiscv: components must be at least 1, got ", options.components);
    require(share(options.adaptation), "aiscv: adaptation must lie between 0 and 1, got ", options.adaptation);
    require(share(options.batch_fraction), "aiscv: batch_fraction must lie between 0 and 1, got ", options.batch_fraction);
    require(share(options.defensive), "aiscv: defensive must lie between 0 and 1, got ", options.defensive);
    require(options.cut >= 0 && options.cut < 1, "aiscv: cut must lie in [0, 1), got ", options.cut);
    for (std::size_t j = 0; j < options.laws.size(); ++j)
        require(options.laws[j].dim() == problem.dim(), "aiscv: laws[", j, "] must have ", problem.dim(), " inputs, got ", options.laws[j].dim());
    for (std::size_t j = 0; j < options.weights.size(); ++j)
        require(std::isfinite(options.weights[j]) && options.weights[j] >= 0, "aiscv: weights[", j, "] must be finite and not negative, got ", options.weights[j]);
    require(options.points == Points::iid || problem.dim() + 1 <= SobolSequence::max_dim(), "aiscv: the sequence has ",
            SobolSequence::max_dim(), " dimensions, one less than this problem asks for; points = 'iid' has no limit");
}

}  // namespace

Estimate aiscv(const Problem& problem, const Run& run, const AiscvOptions& options) {
    check(problem, run, options);
    Evaluation evaluate("aiscv", problem, run);
    if (options.variant == Variant::published) return aiscv_published(evaluate, run, options);
    const WorkingSpace space = options.laws.size() > 1    ? WorkingSpace::standardised(options.laws)
                               : options.laws.size() == 1 ? WorkingSpace::normal(options.laws.front())
                                                          : WorkingSpace::normal(problem.inputs());
    return safe(evaluate, space, run, options);
}

}  // namespace buffon
