#include <buffon/cross_entropy.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include <buffon/adaptive.hpp>
#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/extend.hpp>
#include <buffon/final_sample.hpp>
#include <buffon/finish.hpp>
#include <buffon/first_look.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/kept.hpp>
#include <buffon/levels.hpp>
#include <buffon/logspace.hpp>
#include <buffon/missed_regions.hpp>
#include <buffon/mixture_choice.hpp>
#include <buffon/pool.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>
#include <buffon/vmfn_fit.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_points = 10, clear_batch = 100, largest_batch = 16'384;
constexpr std::int64_t most_of_an_output = 8, many_components = 64;
constexpr double clear_size = 200, points_a_coordinate = 4;   // effective points for the last fits
constexpr double spare =
    0.1;   // share of the wide law about all of an output's points: its tails bound what narrow ones leave out
constexpr std::uint32_t fits = 0x10000;   // ids of the starts of fits; batches count from 0

/// Of a law that leads to no side the origin: where it is wide, nothing lies beyond it.
Gaussian centre_of(const VonMisesFisherNakagami& law) {
    Gaussian out{law.direction(), {}};
    const double reach = law.concentration() >= static_cast<double>(law.dim()) / 2 ? std::sqrt(law.spread()) : 0.0;
    for (double& v : out.mean) v *= reach;
    return out;
}

class Approach {
public:
    Approach(Evaluation& evaluate, const WorkingSpace& space, const CrossEntropyOptions& options)
        : evaluate_(evaluate), space_(space), options_(options), budget_(evaluate.run().budget),
          cap_(static_cast<std::int64_t>(options.adaptation * static_cast<double>(budget_))) {
        const auto share = static_cast<std::int64_t>(options.batch_fraction * static_cast<double>(budget_));
        const std::int64_t least = std::min(budget_ / 10, std::max(clear_batch, 4 * (space.dim() + 2)));
        batch_ = std::min(std::max(share, least), largest_batch);
        pool_ = Pool(cap_);
    }

    const Pool& pool() const { return pool_; }

    /// Levels until all events are reached, then the density to sample from.
    Proposal run() {
        if (batch_ < fewest_points || 2 * batch_ > cap_) {
            stop_ = "no adaptation";
            return Proposal::initial();
        }
        draw(Proposal::initial());
        check_output_weights(evaluate_, options_.weights);
        at_.assign(static_cast<std::size_t>(evaluate_.wanted()), options_.variant == Levels::improved ? no_width : no_threshold);
        levels_.assign(at_.size(), {{}, 0, last_.score.rows == 0});   // without a score an output is where it is
        while (!next_levels()) {
            if (batches_ > options_.levels || !affords_a_batch()) {
                stop_ = batches_ > options_.levels ? "levels" : "budget";
                break;
            }
            spread_over_pool();
            draw(mixture(pool_.z(), false));
        }
        for (const EventLevel& level : levels_) reached_.push_back(level.reached ? 1.0 : 0.0);
        spread_over_pool();
        while (std::string_view(stop_) == "reached" && last_.score.rows > 0 && few_points() && affords_a_batch()) {
            draw(mixture(pool_.z(), true));
            spread_over_pool();
        }
        return mixture(pool_.z(), true);
    }

    /// After the sample.
    void report(Estimate& e, std::int64_t spent) const {
        e.diagnostics["stop"] = std::string(stop_);
        e.diagnostics["batches"] = batches_;
        e.diagnostics["adaptation_n"] = spent;
        e.diagnostics["reached"] = reached_;
        for (std::size_t j = 0; j < reached_.size(); ++j)
            if (reached_[j] == 0)
                e.warnings.push_back("'" + e.names[j] + "': the " + (std::string(stop_) == "levels" ? "levels" : "budget") +
                                     " ended on the way to its event: the value may be far too small; more of them help");
        if (std::string_view(stop_) == "reached") warn_of_missed_regions(pool_, leading_, notable_region, e);
    }

private:
    bool affords_a_batch() const { return evaluate_.n() + batch_ <= cap_; }

    /// Whether an event is in sight of so few points that laws fitted to them would say little of it.
    bool few_points() const {
        const double wanted = std::max(clear_size, points_a_coordinate * static_cast<double>(space_.dim() + 2));
        return std::ranges::any_of(levels_, [&](const EventLevel& level) { return effective_size(level.weights) < wanted; });
    }

    void draw(const Proposal& proposal) {
        const Stream stream{evaluate_.key(), static_cast<std::uint32_t>(batches_++)};
        const PointSet points = options_.points == Points::iid
                                    ? PointSet::independent(batch_, stream)
                                    : PointSet::nets(proposal.coordinates(space_), batch_, 1, stream.key, stream.id);
        last_ = draw_batch(evaluate_, space_, proposal, points, 0, batch_);
        count_as_adaptation(evaluate_);
        pool_.add(
            last_, proposal,
            pool_.n() > 0 ? pool_.log_density_of(pool_.relative(proposal), proposal.alpha()) : std::vector<double>{});
    }

    double weight_of(std::size_t j) const { return options_.weights.empty() ? 1.0 : options_.weights[j]; }
    /// Of the outputs that are still on the way.
    double weight_on_the_way() const {
        double sum = 0;
        for (std::size_t j = 0; j < levels_.size(); ++j) sum += levels_[j].reached ? 0.0 : weight_of(j);
        return sum;
    }

    /// Of each output on the way, on the newest batch. True once all events have been reached, those without a weight aside.
    bool next_levels() {
        std::vector<double> w(static_cast<std::size_t>(last_.n())), s(w.size());
        for (std::size_t i = 0; i < w.size(); ++i) w[i] = elementary::exp(last_.log_initial[i] - last_.log_q[i]);
        const double total = weight_on_the_way();
        for (std::size_t j = 0; j < levels_.size(); ++j) {
            if (levels_[j].reached) continue;
            for (std::size_t i = 0; i < s.size(); ++i)
                s[i] = last_.score(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
            const double share = batches_ == 1 ? 1.0 : (1 - options_.defensive) * weight_of(j) / total;
            if (batches_ > 1 && !(share > 0)) continue;
            levels_[j] = options_.variant == Levels::improved ? smooth_level(w, s, at_[j], options_.variation, share)
                                                              : quantile_level(w, s, at_[j], options_.quantile, share);
            at_[j] = levels_[j].at;
        }
        return !(weight_on_the_way() > 0);
    }

    /// |output| f / h of all points so far.
    std::vector<double> pooled_weights(std::int64_t j) const {
        const Matrix r = pool_.integrands(evaluate_.wanted());
        std::vector<double> out(static_cast<std::size_t>(r.rows));
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::abs(r(static_cast<std::int64_t>(i), j));
        return out;
    }

    /// Of events that have been reached |output| f / h of all points; of others their level's weights, of all points
    /// too: what only an
    /// earlier batch has seen of a region is not forgotten.
    void spread_over_pool() {
        const std::vector<double> w = pool_.weights().data;
        std::vector<double> s(w.size());
        for (std::size_t j = 0; j < levels_.size(); ++j) {
            EventLevel& level = levels_[j];
            if (level.reached) {
                level.weights = pooled_weights(static_cast<std::int64_t>(j));
                continue;
            }
            for (std::size_t i = 0; i < s.size(); ++i)
                s[i] = pool_.score()(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
            level.weights = options_.variant == Levels::improved ? smooth_weights(w, s, at_[j]) : weights_above(w, s, at_[j]);
        }
    }

    /// A defensive share of the input law; the rest on the outputs (on the way, or all of them) by their weights.
    Proposal mixture(ConstView z, bool all) {
        leading_.assign(levels_.size(), {});
        std::vector<Component> components;
        std::vector<double> alpha{options_.defensive};
        for (std::size_t j = 0; j < levels_.size(); ++j)
            if (weight_of(j) > 0 && (all || !levels_[j].reached))
                add_fits(z, levels_[j].weights, static_cast<std::uint32_t>(j), levels_[j].reached, weight_of(j),
                         components, alpha);
        const double total = std::accumulate(alpha.begin() + 1, alpha.end(), 0.0);
        if (!(total > 0)) return Proposal::initial();
        for (std::size_t k = 1; k < alpha.size(); ++k) alpha[k] *= (1 - options_.defensive) / total;
        return Proposal(true, std::move(components), std::move(alpha));
    }

    void add_fits(ConstView z, const std::vector<double>& own, std::uint32_t j, bool reached, double weight,
                  std::vector<Component>& components, std::vector<double>& alpha) {
        const Stream start{evaluate_.key(), fits * static_cast<std::uint32_t>(batches_ + 1) + j};
        const std::int64_t most = std::clamp(many_components / evaluate_.wanted(), std::int64_t{1}, most_of_an_output);
        const auto add = [&](double share, Component law) {
            components.push_back(std::move(law));
            alpha.push_back(weight * share);
        };
        if (options_.family == Family::vmfn) {
            for (auto& fitted : fit_vmfn_mixture(z, own, options_.components, start)) {
                leading_[j].push_back(centre_of(fitted.law));
                add(fitted.share, std::move(fitted.law));
            }
            return;
        }
        const bool chosen = options_.components == 0 && options_.family == Family::gaussian;
        FitOptions fit;
        if (options_.family == Family::student) fit.degrees = options_.degrees;
        for (auto& fitted : chosen ? choose_mixture(z, own, most, start, reached ? Least{} : Least{1.0})
                                   : fit_mixture(z, own, std::max<std::int64_t>(options_.components, 1), fit, start)) {
            leading_[j].push_back(fitted.law);
            add((1 - spare) * fitted.share, std::move(fitted.law));
        }
        if (auto around = umbrella(z, own)) add(spare, std::move(*around));
    }

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const CrossEntropyOptions& options_;
    std::int64_t budget_, cap_, batch_ = 0, batches_ = 0;
    Pool pool_;
    Batch last_;
    std::vector<EventLevel> levels_;     // of each output
    std::vector<double> at_;        // their widths or thresholds, see levels.hpp
    std::vector<double> reached_;
    std::vector<std::vector<Gaussian>> leading_;   // of each output: centres of what the last mixture has for it
    const char* stop_ = "reached";
};

void check(const Problem& problem, const Run& run, const CrossEntropyOptions& options) {
    check_adaptive("cross_entropy", problem, run, sample_options(options));
    require(options.variation > 0 && std::isfinite(options.variation),
            "cross_entropy: variation must be positive and finite, got ", options.variation);
    require(options.quantile > 0 && options.quantile < 1, "cross_entropy: quantile must lie between 0 and 1, got ",
            options.quantile);
    require(options.levels >= 1, "cross_entropy: levels must be at least 1, got ", options.levels);
}

}  // namespace

Estimate cross_entropy(const Problem& problem, const Run& run, const CrossEntropyOptions& options) {
    check(problem, run, options);
    if (run.target_error)
        return until_target(run,
                            {.function = "cross_entropy",
                             .growth = Growth::fresh,
                             .pilot = std::max<std::int64_t>(4 * options.replicates, 2'000),
                             .begin = [&](const Run& stage) { return cross_entropy(problem, stage, options); },
                             .more = [&](const Estimate& e, const Run& stage) { return extend(e, problem, stage); },
                             .names = problem.outputs()});
    const AiscvOptions shared = sample_options(options);
    Evaluation evaluate("cross_entropy", problem, run);
    const WorkingSpace space = working_space(problem, {});
    Approach approach(evaluate, space, options);
    return with_partial(
        evaluate,
        [&] {
            const Proposal proposal = approach.run();
            const std::int64_t spent = evaluate.n();
            FinalSample sample(evaluate, space, proposal, shared, run.budget - spent);
            Estimate e = sample.run({""});
            approach.report(e, spent);
            if (keeps_state(run)) sample.store(e.state.emplace(begin_state("aiscv", evaluate)));
            return e;
        },
        [&] { return from_pools(evaluate, space, {&approach.pool()}, {""}); });
}

}  // namespace buffon
