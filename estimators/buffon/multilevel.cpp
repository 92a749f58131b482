#include <buffon/multilevel.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/errors.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/level_means.hpp>
#include <buffon/level_plan.hpp>
#include <buffon/names.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr std::int64_t least_pilot = 20, largest_pilot = 10'000, most_levels = 16;
constexpr std::uint32_t pilot_stream = 0, first_stream = 1, resample_stream = 100;

void check(const std::vector<Level>& levels, const Run& run, const MultilevelOptions& options) {
    require(!levels.empty() && static_cast<std::int64_t>(levels.size()) <= most_levels,
            "multilevel: levels must be 1 to ", most_levels, ", got ", levels.size());
    for (std::size_t k = 0; k < levels.size(); ++k) {
        require(levels[k].cost > 0 && std::isfinite(levels[k].cost), "multilevel: the cost of level ", k + 1,
                " must be positive, got ", levels[k].cost);
        require(levels[k].problem.dim() == levels[0].problem.dim(),
                "multilevel: levels must have the same inputs, got ", levels[0].problem.dim(), " of level 1 and ",
                levels[k].problem.dim(), " of level ", k + 1);
    }
    require(run.budget >= 10, "multilevel: budget must be at least 10, got ", run.budget);
    require(run.on_error == OnError::raise,
            "multilevel: on_error must be 'raise': means given success of several levels do not add up");
    require(run.keep == Keep::nothing, "multilevel: keep must be 'nothing': terms are differences of several models");
    require(options.pilot > 0 && options.pilot < 1, "multilevel: pilot must lie between 0 and 1, got ", options.pilot);
}

class Multilevel {
public:
    Multilevel(const std::vector<Level>& levels, const Run& run, const MultilevelOptions& options)
        : levels_(levels), run_(run), options_(options), evaluations_(levels.size()) {
        if (!run_.rng) run_.rng = fresh_key();
        for (const Level& level : levels) costs_.push_back(level.cost / levels.front().cost);
    }

    Estimate run() {
        look();
        adaptation_ = plan_.kept.size() > 1 ? spent_ : 0;
        const double left = static_cast<double>(run_.budget) - spent_;
        terms_.resize(plan_.kept.size());
        for (std::size_t i = plan_.kept.size(); i-- > 0;) {   // what the cheap ones leave goes to the expensive one
            const double own = i == 0 ? static_cast<double>(run_.budget) - spent_ : left * plan_.shares[i];
            draw(i, static_cast<std::int64_t>(std::floor(own / cost(i) * (1 + rounding))));
        }
        Estimate e = finish();
        report(e);
        return e;
    }

private:
    static constexpr double rounding = 1e-12;

    /// All levels at common inputs; of a single one, or where the budget allows too few, nothing.
    void look() {
        double all = 0;
        for (const double c : costs_) all += c;
        const double affordable = options_.pilot * static_cast<double>(run_.budget) / all;
        const auto points = static_cast<std::int64_t>(std::min(affordable, static_cast<double>(largest_pilot)));
        if (levels_.size() < 2 || points < least_pilot) return;
        std::vector<std::int64_t> every;
        for (std::size_t k = 0; k < levels_.size(); ++k) every.push_back(static_cast<std::int64_t>(k));
        RowMeans seen;
        LevelTerms first;
        evaluate(every, pilot_stream, points, [&](ConstView rows) {
            seen.add(rows, run_.threads);
            const std::int64_t m = rows.cols / static_cast<std::int64_t>(levels_.size());
            Matrix own(rows.rows, m);
            for (std::int64_t i = 0; i < rows.rows; ++i) std::copy_n(rows.row(i).begin(), m, own.view().row(i).begin());
            first.add(own, run_.threads);
        });
        plan_ = plan_levels(seen.moments().covariance(), points, costs_, options_.coefficients);
        if (plan_.kept.size() == 1) terms_.push_back(std::move(first));
    }

    double cost(std::size_t i) const {
        double sum = costs_[static_cast<std::size_t>(plan_.kept[i])];
        if (i + 1 < plan_.kept.size()) sum += costs_[static_cast<std::size_t>(plan_.kept[i + 1])];
        return sum;
    }

    void draw(std::size_t i, std::int64_t count) {
        std::vector<std::int64_t> own{plan_.kept[i]};
        if (i + 1 < plan_.kept.size()) own.push_back(plan_.kept[i + 1]);
        evaluate(own, first_stream + static_cast<std::uint32_t>(i), count, [&](ConstView rows) {
            std::vector<double> scale(static_cast<std::size_t>(rows.cols) / own.size(), 1.0);
            const auto at = static_cast<std::int64_t>(i);
            for (std::int64_t before = 0; before < at; ++before)
                for (std::size_t j = 0; j < scale.size(); ++j)
                    scale[j] *= plan_.coefficients(before, static_cast<std::int64_t>(j));
            const std::span<const double> coefficient =
                own.size() == 2 ? std::as_const(plan_.coefficients).view().row(at) : std::span<const double>{};
            terms_[i].add(differences(rows, scale, coefficient), run_.threads);
        });
    }

    /// These levels at `count` common inputs of a stream.
    void evaluate(const std::vector<std::int64_t>& own, std::uint32_t stream, std::int64_t count,
                  const std::function<void(ConstView)>& take) {
        if (count < 1) return;
        std::vector<const Problem*> problems;
        std::vector<std::int64_t> numbers;
        double each = 0;
        for (const std::int64_t k : own) {
            problems.push_back(&levels_[static_cast<std::size_t>(k)].problem);
            numbers.push_back(k + 1);
            each += costs_[static_cast<std::size_t>(k)];
        }
        const Problem joint = side_by_side(problems, numbers, run_.device);
        Run run = run_;
        run.device = "cpu";
        run.budget = count;
        if (run.progress)
            run.progress = [told = run_.progress, before = spent_, each, budget = run_.budget](
                               std::int64_t n, std::int64_t, const Partial& partial) {
                told(static_cast<std::int64_t>(before + each * static_cast<double>(n)), budget, partial);
            };
        Evaluation evaluation("multilevel", joint, run);
        evaluation.offer([this] { return so_far(); });
        try {
            draw_rows(evaluation, {*run_.rng, stream}, 0, count, [&](ConstView rows) {
                take(rows);
                for (const std::int64_t k : own) evaluations_[static_cast<std::size_t>(k)] += rows.rows;
                spent_ += each * static_cast<double>(rows.rows);
                outputs_ = rows.cols / static_cast<std::int64_t>(own.size());
            });
            evaluation.announce();
        } catch (Unfinished& stopped) {
            stopped.partial = so_far();
            throw;
        }
    }

    Estimate finish() const {
        std::vector<std::string> names = levels_.front().problem.outputs();
        if (names.empty()) names = outputs_ == 1 ? std::vector<std::string>{"y"} : numbered_names("y", outputs_);
        Estimate e = finish_levels(terms_, std::move(names), {*run_.rng, resample_stream}, run_.threads);
        e.n = static_cast<std::int64_t>(std::ceil(spent_ * (1 - rounding)));
        return e;
    }

    std::shared_ptr<const Estimate> so_far() const {
        try {
            return terms_.empty() ? nullptr : std::make_shared<const Estimate>(finish());
        } catch (const std::invalid_argument&) {
            return nullptr;   // a level has no terms yet
        }
    }

    void report(Estimate& e) const {
        e.diagnostics["evaluations"] = std::vector<double>(evaluations_.begin(), evaluations_.end());
        std::vector<double> kept;
        for (const std::int64_t k : plan_.kept) kept.push_back(static_cast<double>(k + 1));
        e.diagnostics["levels"] = std::move(kept);
        e.diagnostics["adaptation_n"] = static_cast<std::int64_t>(std::ceil(adaptation_));
        e.diagnostics["planned_gain"] = plan_.gain;
        if (options_.coefficients) e.diagnostics["coefficients"] = plan_.coefficients.data;
    }

    const std::vector<Level>& levels_;
    Run run_;
    const MultilevelOptions& options_;
    std::vector<double> costs_;   // in evaluations of the first problem
    std::vector<std::int64_t> evaluations_;
    LevelPlan plan_;
    std::vector<LevelTerms> terms_;
    std::int64_t outputs_ = 1;
    double spent_ = 0, adaptation_ = 0;
};

}  // namespace

Estimate multilevel(const std::vector<Level>& levels, const Run& run, const MultilevelOptions& options) {
    check(levels, run, options);
    if (run.target_error)
        return until_target(run, {.function = "multilevel",
                                  .growth = Growth::fresh,
                                  .pilot = 2'000,
                                  .begin = [&](const Run& stage) { return multilevel(levels, stage, options); },
                                  .names = levels.front().problem.outputs()});
    return Multilevel(levels, run, options).run();
}

}  // namespace buffon
