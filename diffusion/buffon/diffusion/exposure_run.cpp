#include <buffon/diffusion/exposure_run.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/time_shift.hpp>

namespace buffon::diffusion {
namespace {

// Uses of the key, beside those of `sample`.
constexpr std::uint32_t data_stream = 0x40000, noise_stream = 0x40001;

DataLaw law_of(const DenoiserOfData& model, const ExposureProfileOptions& options) {
    if (options.data) return DenoiserOfData(Empirical(*options.data)).law(-1);
    const auto& law = options.exact && options.exact->law ? options.exact->law : model.law;
    return law(options.condition.value_or(-1));
}

std::optional<Denoiser> exact_of(const DenoiserOfData& model, const ExposureProfileOptions& options) {
    if (options.exact) return options.exact->denoiser;
    if (model.law) return model.denoiser;
    return {};
}

/// |row|^2 / divisor
std::vector<double> squares(const Matrix& x, double divisor) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        double sum = 0.0;
        for (const double v : x.view().row(i)) sum += v * v;
        out.push_back(sum / divisor);
    }
    return out;
}

std::vector<double> norms(const Matrix& x) {
    std::vector<double> out = squares(x, 1.0);
    for (double& v : out) v = std::sqrt(v);
    return out;
}

Matrix difference(Matrix a, const Matrix& b, double factor = 1.0) {
    for (std::size_t i = 0; i < a.data.size(); ++i) a.data[i] -= factor * b.data[i];
    return a;
}

}  // namespace

ExposureRun::ExposureRun(const DenoiserOfData& model, const ExposureProfileOptions& options, std::uint64_t key)
    : model_(model), options_(options), key_(key), law_(law_of(model, options)), exact_(exact_of(model, options)),
      x0_(options.n, model.denoiser.dim()), eps_(options.n, model.denoiser.dim()) {
    law_.draw({key, data_stream}, x0_);
    Stream{key, noise_stream}.normal(0, eps_);
    if (wanted("frechet") && options.n <= x0_.cols)
        note("frechet is left out: n = " + std::to_string(options.n) +
             " must be above d = " + std::to_string(x0_.cols));
    else if (wanted("frechet")) frechet_.emplace(law_.mean, law_.covariance);
    if (wanted("time_offset") && x0_.cols < 2) note("time_offset is left out: one coordinate has no variance");
    if (wanted("prediction_error") && !exact_)
        note("prediction_error and forward_error are left out: give an exact denoiser, exact=bd.Empirical(rows)");
}

bool ExposureRun::wanted(const std::string& quantity) const {
    return options_.quantities.empty() || std::ranges::count(options_.quantities, quantity) > 0;
}

void ExposureRun::note(const std::string& text) {
    if (std::ranges::count(notes_, text) == 0) notes_.push_back(text);
}

void ExposureRun::keep(const std::string& quantity, const Node& node, Figure figure) {
    if (!wanted(quantity)) return;
    figures_[quantity].figures.push_back(std::move(figure));
    figures_[quantity].places.push_back(node.place);
}

void ExposureRun::add(std::size_t index, const std::string& name, const Sampler& sampler, const std::function<void()>& next) {
    const Nodes& nodes = sampler.table.nodes;
    const std::vector<Matrix> x = states(sampler.model.value_or(model_.denoiser), sampler.table, {}, 1);
    for (std::size_t k = 1; k <= nodes.steps(); ++k) {
        const Node node{{index, k}, nodes.t[k], nodes.alpha[k], nodes.rho[k]};
        marginals(node, x[k - 1]);
        if (node.rho > 0) {
            predictions(node, x[k - 1], sampler);
            offsets(node, x[k - 1], sampler.table.schedule);
        }
        next();
    }
    deltas(index, name, sampler);
}

void ExposureRun::marginals(const Node& node, const Matrix& x) {
    const double d = static_cast<double>(x.cols), a2 = node.alpha * node.alpha, noise = node.sigma() * node.sigma();
    std::vector<double> mean = law_.mean;
    double square = 0.0;
    for (double& m : mean) m *= node.alpha, square += m * m;
    const double variance = a2 * law_.variance() + d * noise;
    if (wanted("variance_ratio")) keep("variance_ratio", node, variance_ratio(x, variance));
    if (wanted("moment_ratio")) keep("moment_ratio", node, moment_ratio(x, square + variance));
    if (wanted("mean_shift")) keep("mean_shift", node, mean_shift(x, mean));
    if (frechet_) keep("frechet", node, frechet_->gap(x, node.alpha, noise));
    if (!wanted("energy")) return;
    const Matrix y = noised(node.alpha, node.rho);
    std::vector<double>& own = own_[{node.alpha, node.rho}];
    if (own.empty()) own = own_distances(y, options_.threads);
    keep("energy", node, energy_gap(x, y, own, options_.threads));
}

void ExposureRun::predictions(const Node& node, const Matrix& x, const Sampler& sampler) {
    const bool errors = exact_ && (wanted("prediction_error") || wanted("forward_error"));
    if (!wanted("noise_ratio") && !errors) return;
    const Denoiser& model = sampler.model ? *sampler.model : model_.denoiser;
    const Matrix y = noised(node.alpha, node.rho), of_x = noise_of(model, x, node), of_y = noise_of(model, y, node);
    if (wanted("noise_ratio")) keep("noise_ratio", node, ratio_figure(norms(of_x), norms(of_y)));
    if (!errors || (!sampler.model && !options_.exact)) return;   // the exact denoiser has no error
    const auto d = static_cast<double>(x.cols);
    if (wanted("prediction_error"))
        keep("prediction_error", node, mean_figure(squares(difference(of_x, noise_of(*exact_, x, node)), d)));
    if (wanted("forward_error"))
        keep("forward_error", node, mean_figure(squares(difference(of_y, noise_of(*exact_, y, node)), d)));
}

/// Less that of noised data: of few coordinates t* is far from t even there, as it is clipped and far from linear in
/// their variance.
void ExposureRun::offsets(const Node& node, const Matrix& x, const Schedule& schedule) {
    if (!wanted("time_offset") || x.cols < 2) return;
    const double within = law_.variance_within();
    const std::vector<double> times = label_times(schedule);
    std::vector<double> variances, found;
    for (const double t : times) variances.push_back(std::pow(schedule.sigma(t), 2) + std::pow(schedule.alpha(t), 2) * within);
    const auto time_of = [&](const Matrix& states, std::int64_t i) {
        const double seen = unbiased_variance(states.view().row(i).data(), states.cols);
        std::size_t best = 0;   // of equals the one next to the node, then the lower
        const auto rank = [&](std::size_t k) {
            return std::tuple(std::abs(variances[k] - seen), std::abs(times[k] - node.t), times[k]);
        };
        for (std::size_t k = 1; k < times.size(); ++k)
            if (rank(k) < rank(best)) best = k;
        return times[best];
    };
    const Matrix y = noised(node.alpha, node.rho);
    for (std::int64_t i = 0; i < x.rows; ++i) found.push_back(time_of(x, i) - time_of(y, i));
    keep("time_offset", node, mean_figure(std::move(found)));
}

void ExposureRun::deltas(std::size_t index, const std::string& name, const Sampler& sampler) {
    const Table& table = sampler.table;
    const Nodes& nodes = table.nodes;
    const Denoiser& model = sampler.model ? *sampler.model : model_.denoiser;
    const auto after = [&](const std::string& quantity, std::size_t k, const Matrix& x) {
        const Node node{{index, k}, nodes.t[k], nodes.alpha[k], nodes.rho[k]};
        keep(quantity, node, spread_gap(difference(x, x0_, node.alpha), node.sigma()));
    };
    const auto chains = [&](const std::string& quantity, std::size_t steps) {
        for (std::size_t k = 1; k <= nodes.steps(); ++k) {
            const std::size_t first = k - std::min(k, steps);
            after(quantity, k, states(model, part_of(table, first, k), noised(nodes.alpha[first], nodes.rho[first]), 0)[0]);
        }
    };
    try {
        if (wanted("delta_single")) chains("delta_single", 1);
        if (wanted("delta_multi") && options_.chain > 0) chains("delta_multi", static_cast<std::size_t>(options_.chain));
    } catch (const std::invalid_argument& e) {
        note("delta of " + name + " is left out: it cannot start between its nodes (" + e.what() + ")");
    }
    if (!wanted("delta_multi") || options_.chain > 0) return;
    const std::vector<Matrix> x = states(model, table, noised(nodes.alpha[0], nodes.rho[0]), 1);
    for (std::size_t k = 1; k <= nodes.steps(); ++k) after("delta_multi", k, x[k - 1]);
}

Matrix ExposureRun::noised(double alpha, double rho) const {
    Matrix out = x0_;
    for (std::size_t i = 0; i < out.data.size(); ++i) out.data[i] = alpha * (x0_.data[i] + rho * eps_.data[i]);
    return out;
}

Matrix ExposureRun::noise_of(const Denoiser& model, const Matrix& x, const Node& node) {
    Matrix v = x, out(x.rows, x.cols);
    for (double& number : v.data) number /= node.alpha;
    const std::vector<double> sigma{node.rho};
    const std::int64_t at_once = options_.batch.value_or(x.rows);
    for (std::int64_t first = 0; first < x.rows; first += at_once) {
        const std::int64_t rows = std::min(at_once, x.rows - first);
        const std::vector<std::int64_t> labels(options_.condition ? static_cast<std::size_t>(rows) : 0,
                                               options_.condition.value_or(-1));
        model.denoise({v.view().slice(first, rows), sigma, labels, options_.threads}, out.view().slice(first, rows));
    }
    const auto& cost = model.traits().rows;
    evaluations_ += x.rows * (cost ? cost(node.rho, options_.condition.has_value()) : 1);
    for (std::size_t i = 0; i < out.data.size(); ++i) out.data[i] = (v.data[i] - out.data[i]) / node.rho;
    return out;
}

std::vector<Matrix> ExposureRun::states(const Denoiser& model, const Table& table, const std::optional<Matrix>& starts,
                                        std::int64_t record) {
    SampleOptions options{.n = options_.n,
                          .rng = key_,
                          .x = starts,
                          .batch = options_.batch,
                          .threads = options_.threads,
                          .record = record};
    if (options_.condition) options.condition = *options_.condition;
    Draws draws = sample(model, table, options);
    evaluations_ += draws.evaluations();
    if (record == 0) return {std::move(draws.x)};
    return std::move(draws.trajectory);
}

Table part_of(const Table& table, std::size_t first, std::size_t last) {
    Grid grid = table.grid;
    grid.steps.reset();
    grid.t_start.reset();
    grid.t_end.reset();
    grid.to_zero = table.grid.to_zero && last == table.nodes.steps() && table.nodes.rho[last] == 0;
    const auto at = [&](std::size_t k) { return table.nodes.t.begin() + static_cast<std::ptrdiff_t>(k); };
    grid.grid.times.assign(at(first), at(last + (grid.to_zero ? 0 : 1)));
    Table part = table.remake(grid);
    require(part.nodes.steps() == last - first && part.nodes.rho.front() == table.nodes.rho[first] &&
                part.nodes.rho.back() == table.nodes.rho[last],
            table.name, " makes a grid of its own");
    return part;
}

std::vector<double> label_times(const Schedule& schedule) {
    if (const auto* discrete = std::get_if<Discrete>(&schedule.law())) {
        std::vector<double> times;
        for (std::int64_t level = 0; level < discrete->kept(); ++level) times.push_back(discrete->time(level));
        return times;
    }
    return schedule.grid(1000);
}

}  // namespace buffon::diffusion
