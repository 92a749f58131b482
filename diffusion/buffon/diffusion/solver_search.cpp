#include <buffon/diffusion/solver_search.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/diffusion/evolution.hpp>
#include <buffon/diffusion/search_points.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::uint32_t start_stream = 0x30001;
constexpr std::int64_t reference_steps = 500;   // of third order: the reference is exact beside 5 to 20 steps
constexpr double crossing = 0.4;                // share of children with two parents
constexpr double refinement =
    0.3;   // share of children with new places and factors alone; in every second generation all
constexpr std::int64_t refined_parents = 10;    // the best ones, which have such children
constexpr std::size_t least_kind = 4;           // parents alike, for differences between them
// Of the mean over the points. 0, the logarithm, can be bought with the tail; 1 is ruled by a few basin boundaries.
constexpr double power = 0.6;

void check(const SolverSearchOptions& o) {
    const auto positive = [](const char* name, std::int64_t value) {
        require(value >= 1, "solver_search: ", name, " must be at least 1, got ", value);
    };
    positive("evaluations", o.evaluations);
    positive("budget", o.budget);
    positive("points", o.points);
    positive("population", o.population);
    positive("children", o.children);
    require(static_cast<std::int64_t>(o.resume.size()) <= o.budget, "solver_search: budget must not be below the ",
            o.resume.size(), " candidates that resume holds, got ", o.budget);
    for (const Trial& trial : o.resume)
        require(trial.decisions.evaluations() == o.evaluations,
                "solver_search: resume must be the record of a search with evaluations=", o.evaluations,
                ", got a candidate of ", trial.decisions.evaluations());
}

/// Scores candidates on fixed start points.
class Judge {
public:
    Judge(const Denoiser& model, const Schedule& schedule, const SolverSearchOptions& options, std::uint64_t key)
        : model_(model), schedule_(schedule), options_(options), t_end_(options.t_end.value_or(schedule.t_end())) {
        sampling_.x = search_points(options.points, model.dim(), schedule.prior_scale(), {key, start_stream});
        sampling_.rng = key;
        sampling_.threads = 1;
        sampling_.condition = options.condition;
        if (!options.objective)
            exact_ =
                sample(model, dpmpp(schedule, {.steps = reference_steps, .t_end = t_end_}, {.order = 3}), sampling_).x;
    }

    Table table(const Decisions& decisions) const { return unified(schedule_, t_end_, decisions); }

    double score(const Decisions& decisions) const {
        const Draws draws = sample(model_, table(decisions), sampling_);
        const double score = options_.objective ? options_.objective(draws) : distance(draws.x);
        return std::isfinite(score) ? score : std::numeric_limits<double>::infinity();
    }

private:
    /// Logarithm of the power mean over the points of the distance to the exact solution.
    double distance(const Matrix& x) const {
        double total = 0;
        for (std::int64_t i = 0; i < x.rows; ++i) {
            double square = 0;
            for (std::int64_t j = 0; j < x.cols; ++j) square += (x(i, j) - exact_(i, j)) * (x(i, j) - exact_(i, j));
            total += std::pow(square / static_cast<double>(x.cols), power / 2);
        }
        return std::log(total / static_cast<double>(x.rows)) / power;
    }

    const Denoiser& model_;
    const Schedule& schedule_;
    const SolverSearchOptions& options_;
    double t_end_;
    SampleOptions sampling_;
    Matrix exact_;
};

/// Positions of the best trials, best first; the earlier one of two alike.
std::vector<std::size_t> best(const std::vector<Trial>& trials, std::int64_t count) {
    std::vector<std::size_t> order(trials.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return trials[i].score; });
    order.resize(std::min(order.size(), static_cast<std::size_t>(count)));
    return order;
}

/// One of the best parents with other places and factors: along differences of its kind, or at random where it has few.
Decisions moved(const std::vector<Trial>& trials, const std::vector<std::size_t>& parents, Dice& dice) {
    const auto of = [&](std::size_t parent) -> const Decisions& { return trials[parent].decisions; };
    const Decisions& base = of(parents[static_cast<std::size_t>(
        dice.below(std::min(refined_parents, static_cast<std::int64_t>(parents.size()))))]);
    std::vector<std::size_t> kind;   // best first
    for (const std::size_t parent : parents)
        if (alike(of(parent), base)) kind.push_back(parent);
    if (kind.size() < least_kind) return refined(base, dice);
    const auto any = [&] { return kind[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(kind.size())))]; };
    const std::size_t a = any(), b = any();
    return differed(base, of(kind[0]), of(a), of(b), dice);
}

/// The candidate of this number; `parents` are the best of the trials before its generation.
Decisions candidate(const SolverSearchOptions& o, std::uint64_t key, std::int64_t number, const std::vector<Decisions>& known,
                    const std::vector<Trial>& trials, const std::vector<std::size_t>& parents) {
    Dice dice(key, number);
    if (o.random) return random_decisions(o.evaluations, dice);
    if (number < static_cast<std::int64_t>(known.size())) return known[static_cast<std::size_t>(number)];
    if (number < o.children) return random_decisions(o.evaluations, dice);
    const auto parent = [&]() -> const Decisions& {   // the better, the more often
        const double u = dice.uniform();
        return trials[parents[static_cast<std::size_t>(u * u * static_cast<double>(parents.size()))]].decisions;
    };
    if (number / o.children % 2 == 1 || dice.chance(refinement)) return moved(trials, parents, dice);
    const Decisions& first = parent();
    return mutated(dice.chance(crossing) ? crossed(first, parent(), dice) : first, dice);
}

}  // namespace

Table solver_search(const Denoiser& model, const Schedule& schedule, const SolverSearchOptions& options) {
    check(options);
    const std::uint64_t key = options.rng ? *options.rng : fresh_key();
    const Judge judge(model, schedule, options, key);
    const std::vector<Decisions> known = known_solvers(schedule, options.t_end.value_or(schedule.t_end()), options.evaluations);
    if (!options.resume.empty() && !options.objective) {   // an objective may be random
        const Trial& first = options.resume.front();
        const double score = judge.score(first.decisions);
        require(score == first.score,
                "solver_search: resume must be the record of a search with the same model, schedule and options: its "
                "first ",
                "candidate scored ", first.score, ", and scores ", score, " here");
    }
    std::vector<Trial> trials = options.resume;
    while (static_cast<std::int64_t>(trials.size()) < options.budget) {
        // generations begin at multiples of `children`, so that a resumed search sees the same parents
        const auto done = static_cast<std::int64_t>(trials.size()), begin = done / options.children * options.children;
        const std::vector<std::size_t> parents = best({trials.begin(), trials.begin() + begin}, options.population);
        const std::int64_t count = std::min(begin + options.children, options.budget) - done;
        trials.resize(static_cast<std::size_t>(done + count));
        parallel::for_each(count, model.traits().concurrent && !options.objective ? options.threads : 1, [&](std::int64_t i) {
            Trial& trial = trials[static_cast<std::size_t>(done + i)];
            trial.decisions = candidate(options, key, done + i, known, trials, parents);
            trial.score = judge.score(trial.decisions);
        });
        if (options.progress) options.progress(static_cast<std::int64_t>(trials.size()), options.budget, {});
    }
    Table table = judge.table(trials[best(trials, 1)[0]].decisions);
    table.record = std::make_shared<const std::vector<Trial>>(std::move(trials));
    return table;
}

}  // namespace buffon::diffusion
