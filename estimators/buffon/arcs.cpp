#include <buffon/arcs.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <Eigen/SVD>

#include <buffon/adaptive.hpp>
#include <buffon/bootstrap_t.hpp>
#include <buffon/check.hpp>
#include <buffon/circles.hpp>
#include <buffon/evaluate_at.hpp>
#include <buffon/finish.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/tails.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr std::int64_t largest_pilot = 1'000, least_pilot = 20;
constexpr std::int64_t largest_population = 256, points_at_once = 1 << 14;
constexpr std::int64_t shell_points = 100, shell_circles = 6;   // of the pilot
constexpr double first_cost = 100;        // evaluations of a circle, before any is known
constexpr double share_of_a_step = 0.6;   // of what is left, so that circles may cost more than expected
constexpr double common = 0.008;          // frequency from which on points cost less than circles
constexpr double proportional = 0.15;     // share of the budget that shells have by their probability
constexpr double spread_of_circles = 2;   // standard deviation of shares, of their mean: what six circles do not tell
constexpr double steepest = 30;           // ratio of the frequencies in neighbouring shells that is believed
constexpr double top = 0.02, grown = 4;   // scores of the highest have norms so many standard errors above the law's
constexpr double rounding = 1e-9;
constexpr std::string_view label_word = "label";
constexpr double one_circle = 0.2;
constexpr std::uint32_t pilot_stream = 0, shell_pilot_stream = 100, circle_pilot_stream = 200, main_stream = 300, resample_stream = 400;

/// One stratum.
struct Part {
    Shell shell;
    bool circles = true;
    double error = 0;      // standard deviation of a term, of the rarest event
    double cost = 1;       // evaluations of a term
    std::int64_t terms = 0, spent = 0;
    Moments moments = {};
    FirstRows first_rows{judged_rows / 8};
    Stratum stratum = {};

    void add(const Matrix& rows, int threads) {
        first_rows.add(rows);
        stratum.rows.add(rows);
        Moments all;
        parallel::reduce_blocks(rows.rows, threads, all, [&](std::int64_t first, std::int64_t count) { return Moments(rows.view().slice(first, count)); });
        moments.merge(all);
        terms += rows.rows;
    }
};

double frequency(const Matrix& y, std::int64_t column) {
    double sum = 0;
    for (std::int64_t i = 0; i < y.rows; ++i) sum += y(i, column);
    return sum / static_cast<double>(std::max<std::int64_t>(y.rows, 1));
}

double square_norm(std::span<const double> z) {
    double sum = 0;
    for (const double v : z) sum += v * v;
    return sum;
}

bool is_label(const std::string& name) {
    return name.starts_with(label_word) && name.find_first_not_of(" 0123456789", label_word.size()) == name.npos;
}

/// Events y_0 > t_j of a problem, followed by its labels.
Problem thresholded(const Problem& problem, const std::vector<double>& thresholds) {
    std::vector<std::string> names = exceedance(problem, thresholds).outputs();
    std::int64_t labels = 0;
    for (std::size_t j = 1; j < problem.outputs().size(); ++j) {
        require(is_label(problem.outputs()[j]), "arcs: thresholds are for a problem with one output beside its labels, got '", problem.outputs()[j], "', too");
        names.push_back(problem.outputs()[j]);
        ++labels;
    }
    Model model = [problem, thresholds, labels](ConstView x) {
        const Outputs inner = problem(x);
        require(inner.y.cols == labels + 1, "it must have one output beside its labels, got ", inner.y.cols);
        const auto m = static_cast<std::int64_t>(thresholds.size());
        Outputs out{Matrix(inner.y.rows, m + labels), Matrix(inner.y.rows, m + labels)};
        for (std::int64_t i = 0; i < inner.y.rows; ++i)
            for (std::int64_t j = 0; j < m + labels; ++j) {
                const double s = inner.y(i, 0) - thresholds[static_cast<std::size_t>(j < m ? j : 0)];
                out.score(i, j) = s;
                out.y(i, j) = j >= m ? inner.y(i, 1 + j - m) : std::isfinite(s) ? (s > 0 ? 1.0 : 0.0) : s;   // a failed evaluation stays visible
            }
        return out;
    };
    return Problem(std::move(model), problem.inputs(), std::move(names), problem.thread_safe());
}

class Arcs {
public:
    Arcs(Evaluation& evaluate, const WorkingSpace& space, const ArcsOptions& options) : evaluate_(evaluate), space_(space), options_(options) {}

    void run() {
        look();
        parts_.push_back({Shell{}, circles_wanted()});
        if (parts_.front().circles && grows_with_norm()) split();
        adaptation_ = evaluate_.n();
        allocate();
        double weight = 0;
        for (const Part& part : parts_) weight += part.error;
        for (Part& part : parts_) {   // `error` is now its share of the budget
            const std::int64_t left = evaluate_.run().budget - evaluate_.n();
            spend(part, static_cast<std::int64_t>(std::floor(static_cast<double>(left) * std::min(part.error / weight, 1.0))));
            weight -= part.error;
        }
    }

    Estimate finish() const {
        const std::int64_t columns = evaluate_.columns();
        std::vector<double> value(static_cast<std::size_t>(columns));
        Matrix covariance(columns, columns);
        std::int64_t terms = 0;
        double missing = 0;
        for (const Part& part : parts_) {
            terms += part.terms;
            if (part.terms < 2) missing += part.shell.probability();
        }
        require(missing < 0.5, evaluate_.function(), ": fewer than two independent terms were finished");
        for (const Part& part : parts_) {
            if (part.terms < 2) continue;
            const double w = part.shell.probability();
            const Matrix own = part.moments.covariance();
            for (std::int64_t a = 0; a < columns; ++a) {
                value[static_cast<std::size_t>(a)] += w * part.moments.mean[static_cast<std::size_t>(a)];
                for (std::int64_t b = 0; b < columns; ++b) covariance(a, b) += w * w * own(a, b) / static_cast<double>(part.terms);
            }
        }
        std::vector<std::string> labels;
        std::vector<std::int64_t> told;   // columns of the values that are no labels
        for (std::int64_t j = 0; j < evaluate_.outputs(); ++j) {
            const std::string& name = evaluate_.names()[static_cast<std::size_t>(j)];
            if (!is_label(name)) {
                told.push_back(j);
                continue;
            }
            labels.push_back(name);
            covariance(j, j) = 1;   // whatever it is: nobody asked
        }
        Estimate e = buffon::finish(evaluate_, std::move(value), std::move(covariance), std::numeric_limits<double>::infinity());
        if (!labels.empty() && !told.empty()) e = e.without(labels);
        judge_mean(terms_of_all(terms, told), terms, e);
        if (!evaluate_.discards() && !events_.columns.empty()) add_bounds(told, e);
        warn_of_one_circle(told, e);
        if (missing > 0) e.warnings.push_back("shells of the norm with probability " + text(missing) + " had too small a share of the budget: spend more");
        return e;
    }

    bool begun() const { return !parts_.empty() && parts_.front().terms >= 2; }

    void report(Estimate& e) const {
        std::int64_t circles = 0, spent = 0, points = 0;
        for (const Part& part : parts_) {
            (part.circles ? circles : points) += part.terms;
            if (part.circles) spent += part.spent;
        }
        e.diagnostics["circles"] = circles;
        e.diagnostics["points"] = points;
        e.diagnostics["evaluations_per_circle"] = static_cast<double>(spent) / static_cast<double>(std::max<std::int64_t>(circles, 1));
        e.diagnostics["adaptation_n"] = adaptation_;
        e.diagnostics["shells"] = static_cast<std::int64_t>(parts_.size());
        e.diagnostics["subspace"] = subspace_.rows > 0 ? subspace_.rows : space_.dim();
        e.diagnostics["grid"] = options_.grid;
    }

private:
    static std::string text(double v) {
        std::ostringstream out;
        out.precision(3);
        out << v;
        return out.str();
    }

    /// Independent points: which outputs are events, how their scores are, where the classes' means lie.
    void look() {
        const std::int64_t budget = evaluate_.run().budget;
        const auto pilot = std::min(static_cast<std::int64_t>(options_.pilot * static_cast<double>(std::min<std::int64_t>(budget, 1 << 30))), largest_pilot);
        if (pilot < least_pilot) return;
        Matrix z(pilot, space_.dim());
        Stream{evaluate_.key(), pilot_stream}.normal(0, z);
        first_ = evaluate_at(evaluate_, space_, std::move(z));
        for (std::int64_t j = 0; j < evaluate_.wanted(); ++j) {
            if (is_label(evaluate_.names()[static_cast<std::size_t>(j)])) events_.labels.push_back(j);
            else if (first_.score.rows > 0 && is_event(j)) events_.columns.push_back(j);
        }
        events_.distances = !events_.columns.empty() && distances_fit();
        if (!events_.labels.empty()) find_subspace();
    }

    std::vector<double> labels_of(std::int64_t i) const {
        std::vector<double> out;
        for (const std::int64_t j : events_.labels) out.push_back(first_.y(i, j));
        return out;
    }

    bool is_event(std::int64_t j) const {
        for (std::int64_t i = 0; i < first_.y.rows; ++i)
            if (first_.y(i, j) != (first_.score(i, j) > 0 ? 1.0 : 0.0)) return false;
        return true;
    }

    /// Whether each score is the smallest distance less a constant.
    bool distances_fit() const {
        if (events_.labels.size() < 2) return false;
        for (const std::int64_t j : events_.columns) {
            double least = std::numeric_limits<double>::infinity(), most = -least, largest = 0;
            for (std::int64_t i = 0; i < first_.score.rows; ++i) {
                const double score = first_.score(i, j), distance = std::ranges::min(labels_of(i));
                if (!(std::abs(score) < std::numeric_limits<double>::max())) continue;
                least = std::min(least, distance - score);
                most = std::max(most, distance - score);
                largest = std::max({largest, std::abs(score), std::abs(distance)});
            }
            if (most - least > rounding * largest) return false;
        }
        return true;
    }

    /// Span of the classes' means: the first K - 1 right singular vectors of sqrt(n_k) mean_k.
    void find_subspace() {
        std::map<std::int64_t, std::vector<std::int64_t>> members;
        for (std::int64_t i = 0; i < first_.y.rows; ++i) {
            const std::vector<double> row = labels_of(i);
            members[row.size() == 1 ? static_cast<std::int64_t>(row[0]) : std::ranges::min_element(row) - row.begin()].push_back(i);
        }
        const std::int64_t d = space_.dim(), r = static_cast<std::int64_t>(members.size()) - 1;
        if (r < 1 || r >= d) return;
        Eigen::MatrixXd means = Eigen::MatrixXd::Zero(r + 1, d);
        std::int64_t k = 0;
        for (const auto& [label, rows] : members) {
            for (const std::int64_t i : rows)
                for (std::int64_t j = 0; j < d; ++j) means(k, j) += first_.z(i, j) / std::sqrt(static_cast<double>(rows.size()));
            ++k;
        }
        const Eigen::JacobiSVD<Eigen::MatrixXd> svd(means, Eigen::ComputeThinV);
        subspace_ = Matrix(r, d);
        for (std::int64_t a = 0; a < r; ++a)
            for (std::int64_t j = 0; j < d; ++j) subspace_(a, j) = svd.matrixV()(j, a);
    }

    /// The event that the first look has seen least, and of those the one with the lowest scores.
    std::int64_t rarest() const {
        std::int64_t best = events_.columns.front();
        for (const std::int64_t j : events_.columns) {
            const double f = frequency(first_.y, j), g = frequency(first_.y, best);
            if (f < g || (f == g && frequency(first_.score, j) < frequency(first_.score, best))) best = j;
        }
        return best;
    }
    bool circles_wanted() const {
        return !events_.columns.empty() && frequency(first_.y, rarest()) < common && space_.dim() > 1 && evaluate_.run().budget - evaluate_.n() >= 4 * options_.grid;
    }

    bool grows_with_norm() const {
        const std::int64_t j = rarest(), n = first_.z.rows, highest = std::max<std::int64_t>(static_cast<std::int64_t>(top * static_cast<double>(n)), 1);
        std::vector<std::pair<double, double>> all;
        for (std::int64_t i = 0; i < n; ++i) all.emplace_back(-first_.score(i, j), square_norm(first_.z.view().row(i)));
        std::ranges::nth_element(all, all.begin() + highest);
        double sum = 0;
        for (std::int64_t i = 0; i < highest; ++i) sum += all[static_cast<std::size_t>(i)].second;
        const double d = static_cast<double>(space_.dim()), m = static_cast<double>(highest);
        return sum / m - d > grown * std::sqrt(2 * d / m);
    }

    /// Shells of the norm: points tell how frequent the rarest event is in each, where it is rare circles do.
    void split() {
        const double ends[] = {0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
        const std::int64_t budget = evaluate_.run().budget;
        if (evaluate_.n() + 6 * (shell_points + shell_circles * static_cast<std::int64_t>(first_cost)) > budget / 2) return;
        parts_.clear();
        for (std::size_t h = 0; h + 1 < std::size(ends); ++h) parts_.push_back({Shell{ends[h], ends[h + 1]}});
        const std::int64_t j = rarest();
        std::vector<double> seen;
        for (std::size_t h = 0; h < parts_.size(); ++h) {
            Circles shell = circles(parts_[h].shell);
            const double f = frequency(shell.points(shell_points, {evaluate_.key(), shell_pilot_stream + static_cast<std::uint32_t>(h)}, 0), j);
            parts_[h].circles = f < common;
            if (parts_[h].circles) {
                const std::int64_t before = evaluate_.n();
                const Matrix rows = shell.sample(shell_circles, {evaluate_.key(), circle_pilot_stream + static_cast<std::uint32_t>(h)}, 0, budget / 20);
                parts_[h].cost = static_cast<double>(evaluate_.n() - before) / static_cast<double>(std::max<std::int64_t>(rows.rows, 1));
                seen.push_back(frequency(rows, j));
            } else {
                seen.push_back((f * static_cast<double>(shell_points) + 0.5) / static_cast<double>(shell_points + 1));
            }
        }
        for (std::size_t h = parts_.size(); h-- > 0;) {
            if (h + 1 < parts_.size()) seen[h] = std::max(seen[h], seen[h + 1] / steepest);
            parts_[h].error = parts_[h].circles ? spread_of_circles * seen[h] : std::sqrt(seen[h] * (1 - std::min(seen[h], 0.99)));
        }
    }

    /// Shares of the budget: those of least variance, mixed with those of the shells' probabilities.
    void allocate() {
        double sum = 0;
        for (const Part& part : parts_) sum += part.shell.probability() * part.error * std::sqrt(part.cost);
        for (Part& part : parts_) {
            const double p = part.shell.probability();
            part.stratum.weight = p;
            part.stratum.shares = part.circles;
            part.error = sum > 0 ? (1 - proportional) * p * part.error * std::sqrt(part.cost) / sum + proportional * p : p;
        }
    }

    Circles circles(const Shell& shell) const { return {evaluate_, space_, !shell.whole() && subspace_.rows == 1 ? everything_ : subspace_, shell, events_, options_.grid}; }

    void spend(Part& part, std::int64_t budget) {
        const std::int64_t end = evaluate_.n() + budget, begin = evaluate_.n();
        const Stream stream{evaluate_.key(), main_stream + static_cast<std::uint32_t>(&part - parts_.data())};
        Circles from = circles(part.shell);
        double cost = part.circles ? first_cost : 1;
        for (std::int64_t drawn = 0;;) {
            const std::int64_t left = end - evaluate_.n();
            if (part.terms > 0 && part.circles) cost = static_cast<double>(part.spent) / static_cast<double>(part.terms);
            if (left < 1 || (part.circles && (left < options_.grid || (part.terms > 0 && static_cast<double>(left) < cost)))) break;
            if (!part.circles) {
                const std::int64_t count = std::min(left, points_at_once);
                part.add(from.points(count, stream, drawn), evaluate_.threads());
                drawn += count;
                continue;
            }
            const auto wanted = static_cast<std::int64_t>(share_of_a_step * static_cast<double>(left) / cost);
            const std::int64_t count = std::clamp<std::int64_t>(wanted, 1, largest_population);
            const Matrix rows = from.sample(count, stream, drawn, left);
            if (rows.rows > 0) part.add(rows, evaluate_.threads());
            part.spent = evaluate_.n() - begin;
            if (rows.rows < count) break;
            drawn += count;
        }
    }

    /// Terms whose mean is the value: of each part as many as it has, weighted by its probability.
    Matrix terms_of_all(std::int64_t terms, const std::vector<std::int64_t>& told) const {
        Matrix out(0, static_cast<std::int64_t>(told.size()));
        for (const Part& part : parts_) {
            if (part.terms < 2) continue;
            const Matrix& rows = part.first_rows.rows();
            const double weight = part.shell.probability() * static_cast<double>(terms) / static_cast<double>(part.terms);
            for (std::int64_t i = 0; i < rows.rows; ++i)
                for (const std::int64_t j : told) out.data.push_back(weight * rows(i, j));
            out.rows += rows.rows;
        }
        return out;
    }

    void add_bounds(const std::vector<std::int64_t>& told, Estimate& e) const {
        std::vector<Stratum> strata;
        for (const Part& part : parts_) strata.push_back(part.stratum);
        const bool shares = events_.columns == told;
        e.bounds = bootstrap_t(strata, told, {evaluate_.key(), resample_stream}, shares, evaluate_.threads());
    }

    void warn_of_one_circle(const std::vector<std::int64_t>& told, Estimate& e) const {
        std::vector<double> largest;
        std::string doubtful;
        for (const std::int64_t j : told) {
            double most = 0, sum = 0;
            for (const Part& part : parts_) {
                if (!part.circles || part.terms < 2) continue;
                const Matrix& rows = part.first_rows.rows();
                const double weight = part.shell.probability() / static_cast<double>(part.terms);
                for (std::int64_t i = 0; i < rows.rows; ++i) {
                    const double square = weight * weight * rows(i, j) * rows(i, j);
                    most = std::max(most, square);
                    sum += square;
                }
            }
            largest.push_back(sum > 0 ? most / sum : 0.0);
            if (largest.back() > one_circle && doubtful.empty()) doubtful = e.names[largest.size() - 1];
        }
        if (std::ranges::none_of(parts_, &Part::circles)) return;
        e.diagnostics["largest_arc"] = largest;
        if (!doubtful.empty())
            e.warnings.push_back("'" + doubtful + "': one circle carries more than " + text(one_circle) + " of the squared shares: few wide arcs decide, spend more");
    }

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const ArcsOptions& options_;
    Draws first_;
    Events events_;
    Matrix subspace_, everything_;
    std::vector<Part> parts_;
    std::int64_t adaptation_ = 0;
};

void check(const Run& run, const ArcsOptions& options) {
    require(run.budget >= 10, "arcs: budget must be at least 10, got ", run.budget);
    require(options.grid >= 4 && options.grid <= 10'000, "arcs: grid must lie between 4 and 10000, got ", options.grid);
    require(options.pilot > 0 && options.pilot < 1, "arcs: pilot must lie between 0 and 1, got ", options.pilot);
}

}  // namespace

Estimate arcs(const Problem& problem, const Run& run, const ArcsOptions& options) {
    check(run, options);
    if (run.target_error)
        return until_target(run, {.function = "arcs", .growth = Growth::fresh, .pilot = 2'000,
                                  .begin = [&](const Run& stage) { return arcs(problem, stage, options); }});
    const Problem events = options.thresholds.empty() ? problem : thresholded(problem, options.thresholds);
    Evaluation evaluate("arcs", events, run);
    const WorkingSpace space = working_space(events, {});
    Arcs circles(evaluate, space, options);
    return with_partial(
        evaluate,
        [&] {
            circles.run();
            Estimate e = circles.finish();
            circles.report(e);
            return e;
        },
        [&] {
            require(circles.begun(), "arcs: no circle was finished");
            return circles.finish();
        });
}

}  // namespace buffon
