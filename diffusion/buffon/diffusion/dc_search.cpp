#include <buffon/diffusion/dc_search.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include <boost/math/tools/minima.hpp>

#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/diffusion/search_points.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/kernels.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

/// Not that of the starts in `sample`: what the same key draws there are other points.
constexpr std::uint32_t search_stream = 0x20000;

void check(const DcSearchOptions& options) {
    require(options.x || options.n >= 1, "dc_search: n must be at least 1, got ", options.n);
    require(options.lowest < 1 && options.highest > 1 && std::isfinite(options.lowest) && std::isfinite(options.highest),
            "dc_search: lowest must be below 1 and highest above, got ", options.lowest, " and ", options.highest);
    require(options.trials >= 2, "dc_search: trials must be at least 2, got ", options.trials);
    require(options.reference_steps >= 1, "dc_search: reference_steps must be at least 1, got ", options.reference_steps);
}

/// The nodes and, between them, more that are equidistant in lambda, `steps` in all or a few more. A step to rho = 0 stays one.
/// `at` is the place of each node among them.
Grid refined(const Schedule& schedule, const Nodes& n, std::int64_t steps, std::vector<int>& at) {
    const bool to_zero = n.rho.back() == 0;
    const std::size_t finite = n.steps() - (to_zero ? 1 : 0);
    std::vector<double> t{n.t[0]};
    at = {0};
    for (std::size_t i = 0; i < finite; ++i) {
        const double h = n.lambda[i + 1] - n.lambda[i], share = h / (n.lambda[finite] - n.lambda[0]);
        const double pieces = std::max(1.0, std::ceil(share * static_cast<double>(steps)));
        for (double k = 1; k < pieces; ++k) t.push_back(schedule.t_of_lambda(n.lambda[i] + k / pieces * h));
        t.push_back(n.t[i + 1]);
        at.push_back(static_cast<int>(t.size()) - 1);
    }
    if (to_zero) at.push_back(static_cast<int>(t.size()));
    return {.steps = static_cast<std::int64_t>(t.size()) - (to_zero ? 0 : 1), .grid = t, .to_zero = to_zero};
}

/// States of an accurate solution at the nodes after the first.
std::vector<Matrix> reference(const Denoiser& model, const Schedule& schedule, const Nodes& n, const Matrix& x,
                              const DcSearchOptions& options, std::int64_t& evaluations) {
    std::vector<int> at;
    const Table table =
        unipc(schedule, refined(schedule, n, options.reference_steps, at), {.order = 3, .lower_order_final = false});
    std::vector<Matrix> states(n.steps(), Matrix(x.rows, x.cols));
    SampleOptions run;
    run.x = x;
    run.rng = 0;   // nothing is drawn
    run.condition = options.condition;
    run.threads = options.threads;
    run.callback = [&](const Step& step) {
        const auto found = std::ranges::find(at, static_cast<int>(step.node));
        if (found == at.end()) return true;
        Matrix& state = states[static_cast<std::size_t>(found - at.begin()) - 1];
        std::copy_n(step.x.data, step.x.size(), state.data.begin() + step.first * x.cols);
        return true;
    };
    evaluations += sample(model, table, run).evaluations();
    return states;
}

/// Values of a table's rows; each is computed once for as long as the rows up to its own stay the same.
class Values {
public:
    Values(const Denoiser& model, const Matrix& x, double alpha, const DcSearchOptions& options)
        : model_(model), threads_(options.threads), known_(2), values_{x, {}} {
        for (double& v : values_[0].data) v /= alpha;
        labels_ = options.condition.values;
        if (labels_.size() == 1) labels_.assign(static_cast<std::size_t>(x.rows), labels_[0]);
    }

    const Matrix& at_node(const Table& table, int node) {
        std::size_t value = 2;
        for (const Row& row : table.rows) {
            if (value == known_.size() || row.at != known_[value].at || row.terms != known_[value].terms)
                compute(table, row, value);
            if (row.node == node) break;
            ++value;
        }
        return values_[value];
    }
    std::int64_t evaluations() const { return evaluations_; }

private:
    void compute(const Table& table, const Row& row, std::size_t value) {
        known_.resize(value);
        values_.resize(value);
        Matrix out(values_[0].rows, values_[0].cols);
        row.at >= 0 ? evaluate(table, row, out) : combine(row, out);
        known_.push_back(row);
        values_.push_back(std::move(out));
    }
    void evaluate(const Table& table, const Row& row, Matrix& out) {
        const double level[] = {row.at == 0 ? table.rho_start() : known_[static_cast<std::size_t>(row.at)].rho};
        model_.denoise(
            {.x = values_[static_cast<std::size_t>(row.at)], .sigma = level, .labels = labels_, .threads = threads_},
            out);
        const auto& cost = model_.traits().rows;
        for (std::int64_t i = 0; i < out.rows; ++i) evaluations_ += cost ? cost(level[0], label_of(labels_, i) >= 0) : 1;
    }
    void combine(const Row& row, Matrix& out) const {
        std::vector<const double*> in;
        std::vector<double> weights;
        for (const Term& term : row.terms) {
            in.push_back(values_[static_cast<std::size_t>(term.value)].data.data());
            weights.push_back(term.weight);
        }
        kernels().combine(out.data.data(), in.data(), static_cast<std::int64_t>(in.size()), weights.data(), 0.0,
                          nullptr, 0.0, out.rows * out.cols);
    }

    const Denoiser& model_;
    int threads_;
    std::vector<std::int64_t> labels_;
    std::vector<Row> known_;       // by value; those of the start and the constant are unused
    std::vector<Matrix> values_;
    std::int64_t evaluations_ = 0;
};

/// Of points and their exact places, over the points: root mean square and mean of each one's root mean square over its
/// coordinates.
struct Distance {
    double rms, mean;
};

Distance distance(const Matrix& a, const Matrix& b) {
    double squares = 0, sum = 0;
    for (std::int64_t i = 0; i < a.rows; ++i) {
        double square = 0;
        for (std::int64_t j = 0; j < a.cols; ++j) square += (a(i, j) - b(i, j)) * (a(i, j) - b(i, j));
        squares += square / static_cast<double>(a.cols);
        sum += std::sqrt(square / static_cast<double>(a.cols));
    }
    const auto n = static_cast<double>(a.rows);
    return {std::sqrt(squares / n), sum / n};
}

}  // namespace

DcSearch dc_search(const Denoiser& model, const Schedule& schedule, const Grid& grid, const DcSearchOptions& options) {
    check(options);
    DcSearch out;
    out.rng_key = options.rng ? *options.rng : fresh_key();
    const Nodes n = nodes(schedule, grid);
    const Matrix x = options.x
                         ? *options.x
                         : search_points(options.n, model.dim(), schedule.prior_scale(), {out.rng_key, search_stream});
    const std::vector<Matrix> exact = reference(model, schedule, n, x, options, out.evaluations);
    DcOptions solver{.ratios = std::vector(n.steps(), 1.0),
                     .order = options.order,
                     .dc_order = options.dc_order,
                     .corrector = options.corrector,
                     .lower_order_final = options.lower_order_final};
    Values values(model, x, n.alpha[0], options);
    for (std::size_t i = 0; i < n.steps(); ++i) {
        const auto error = [&](double ratio) {
            solver.ratios[i] = ratio;
            return distance(values.at_node(dc(schedule, grid, solver), static_cast<int>(i) + 1), exact[i]);
        };
        const Distance before = error(1.0);
        std::pair best{1.0, before.rms};
        if (static_cast<std::int64_t>(i) >= first_compensated(solver)) {
            auto iterations = static_cast<std::uintmax_t>(options.trials) - 1;   // after the first trial
            const auto rms = [&](double ratio) { return error(ratio).rms; };
            const double ratio =
                boost::math::tools::brent_find_minima(rms, options.lowest, options.highest, 26, iterations).first;
            const Distance found = error(ratio);
            // a mean square is that of a few points: what serves these at the cost of the rest does not serve other points
            if (found.rms < before.rms && found.mean < before.mean) best = {ratio, found.rms};
        }
        out.errors_before.push_back(before.rms);
        out.errors.push_back(best.second);
        solver.ratios[i] = best.first;
    }
    out.evaluations += values.evaluations();
    out.ratios = solver.ratios;
    out.table = dc(schedule, grid, solver);
    return out;
}

}  // namespace buffon::diffusion
