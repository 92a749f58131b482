#include <buffon/diffusion/langevin_gibbs.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/diffusion/solvers/heun.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

/// Streams of the starts, below those of the kernel and above those of samplers.
constexpr std::uint32_t start_key_id = 0x3ffffffe, start_noise_id = 0x3fffffff, first_group_id = 0x3ffffffe;
constexpr std::int64_t usual_chains = 400, usual_start_steps = 20;
/// A level that is the table's last one up to rounding.
constexpr double slack = 1 + 1e-9;

/// The last level of a table that is not 0.
double lowest_level(const Table& table) { return table.nodes.rho.back() > 0 ? table.nodes.rho.back() : table.nodes.rho[table.nodes.steps() - 1]; }

double alpha_at(const Schedule& schedule, double level) { return schedule.alpha(schedule.t_of_lambda(-std::log(level))); }

/// What `sample` wants alike in the tables of all samples.
std::vector<int> shape_of(const Table& table) {
    std::vector<int> out;
    for (const Row& row : table.rows) {
        out.insert(out.end(), {row.at, row.node, row.noise > 0 ? 1 : 0, static_cast<int>(row.terms.size())});
        for (const Term& term : row.terms) out.push_back(term.value);
    }
    return out;
}

void check(const LangevinGibbsOptions& o, const ChainOptions& chain, const Table& table) {
    require(o.n >= 1, "langevin_gibbs: n must be at least 1, got ", o.n);
    require(!o.chains || *o.chains >= 1, "langevin_gibbs: chains must be at least 1, got ", o.chains.value_or(1));
    require(!o.x || !o.chains || *o.chains == o.x->rows, "langevin_gibbs: chains must be the number of rows of x, ", o.x ? o.x->rows : 0, ", got ", o.chains.value_or(0));
    require(o.x || o.level.values.empty(), "langevin_gibbs: level belongs to starts x, which are missing");
    require(!o.x || !o.start, "langevin_gibbs: start makes what x gives; leave one out");
    require(o.skip >= 1, "langevin_gibbs: skip must be at least 1, got ", o.skip);
    require(o.burn_in >= 0, "langevin_gibbs: burn_in must not be negative, got ", o.burn_in);
    require(!o.adapt || o.burn_in >= 1, "langevin_gibbs: adapt needs steps of burn_in, got ", o.burn_in);
    require(!o.adapt || chain.sigma_rule == SigmaChoice::sample, "langevin_gibbs: adapt needs sigma_rule = 'sample'; the most probable level does not follow weights");
    require(o.start_noise >= 0 && std::isfinite(o.start_noise), "langevin_gibbs: start_noise must not be negative, got ", o.start_noise);
    require(o.threads >= 0, "langevin_gibbs: threads must not be negative, got ", o.threads);
    require(!std::holds_alternative<MeanReverting>(table.schedule.law()), "langevin_gibbs: a mean-reverting schedule has a mu for each sample, a chain none");
    require(!table.grid.reversed, "langevin_gibbs: the table must run from noise to data");
}

class Sampler {
public:
    Sampler(const ChainModel& model, const Table& table, const LangevinGibbsOptions& options, const ChainOptions& chain)
        : table_(table), options_(options),
          kernel_(chain_target(model, chain.condition.value_or(-1)), chain,
                  sigma_prior(chain, lowest_level(table), table.rho_start()), options.threads),
          knows_level_(!std::holds_alternative<SigmaRule>(chain.sigma) || std::get<SigmaRule>(chain.sigma) == SigmaRule::exact) {
        out_.rng_key = options.rng ? *options.rng : fresh_key();
        chains_ = options.x ? options.x->rows : options.chains.value_or(std::min(usual_chains, options.n));
        rounds_ = (options.n + chains_ - 1) / chains_;
    }

    LangevinGibbsDraws operator()() {
        start();
        burn_in();
        Matrix points(options_.n, dim());
        make_room();
        for (std::int64_t r = 0; r < rounds_; ++r) round(r, points);
        denoise(points);
        out_.prior = out_.traces.prior = kernel_.prior();
        if (options_.adapt) std::ranges::fill(out_.traces.prior.weights, 1.0);
        return std::move(out_);
    }

private:
    const Denoiser& model() const { return kernel_.target().denoiser; }
    std::int64_t dim() const { return model().dim(); }
    std::int64_t label() const { return kernel_.target().label; }
    OneOrMany<std::int64_t> condition() const { return label() < 0 ? OneOrMany<std::int64_t>() : OneOrMany<std::int64_t>(label()); }

    void start() {
        ChainState& state = out_.state;
        out_.parts["start"] = 0;
        if (options_.x) {
            const auto& level = options_.level.values;
            require(!level.empty() || knows_level_, "langevin_gibbs: level must be given with x, the law of sigma given x needs one to begin with");
            state = kernel_.start(*options_.x, level.empty() ? std::vector<double>{kernel_.prior().levels.back()} : level);
            if (level.empty()) draw_level();
            return;
        }
        const Table table = options_.start ? *options_.start : heun(table_.schedule, {.steps = usual_start_steps, .grid = GridKind::rho, .to_zero = true});
        const Draws solved = sample(model(), table, {.n = chains_, .rng = Stream{out_.rng_key, start_key_id}.word(0, 0), .condition = condition(), .threads = options_.threads});
        out_.parts["start"] += solved.evaluations();
        const double alpha = table.nodes.alpha.back(), level = std::hypot(table.nodes.rho.back(), options_.start_noise);
        require(level > 0, "langevin_gibbs: start_noise must be positive after a start that ends at sigma = 0");
        Matrix x(chains_, dim());
        Stream{out_.rng_key, start_noise_id}.normal(0, x);
        for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = solved.x.data[i] / alpha + options_.start_noise * x.data[i];
        state = kernel_.start(std::move(x), {level});
        draw_level();
    }

    void draw_level() {
        out_.parts["start"] += kernel_.draw_level(out_.state, out_.rng_key).evaluations;
        out_.state.first_sigma = out_.state.sigma;
    }

    /// Weights of the levels may follow the chains here, and nowhere else: after it they have a stationary law.
    void burn_in() {
        PriorAdaptation search = begin_adaptation(kernel_.prior().weights, options_.burn_in);
        for (std::int64_t t = 0; t < options_.burn_in; ++t) {
            const ChainStep step = advance("start");
            if (!options_.adapt) continue;
            buffon::diffusion::adapt(search, step.visits);
            kernel_.reweigh(adapted_weights(search));
        }
    }

    ChainStep advance(const char* part) {
        const ChainStep step = kernel_.step(out_.state, out_.rng_key);
        out_.parts[part] += step.evaluations;
        out_.proposed += step.proposed;
        out_.accepted += step.accepted;
        out_.restarted += step.restarted;
        if (options_.progress) options_.progress(out_.state.steps * chains_, (options_.burn_in + rounds_ * options_.skip) * chains_, {});
        return step;
    }

    void make_room() {
        const std::int64_t steps = rounds_ * options_.skip;
        ChainTraces& t = out_.traces;
        t.log_sigma = t.first = Matrix(chains_, steps);
        if (kernel_.target().log_density) t.log_density = Matrix(chains_, steps);
        if (kernel_.target().modes > 0) t.modes = Matrix(chains_ * steps, kernel_.target().modes);
        out_.parts["chain"] = 0;
    }

    void trace() {
        const std::int64_t at = out_.state.steps - options_.burn_in - 1;
        ChainTraces& t = out_.traces;
        const ChainState& state = out_.state;
        std::vector<double> density(state.sigma.size());
        Matrix modes(chains_, kernel_.target().modes);
        if (t.log_density.rows > 0) kernel_.target().log_density(state.x, state.sigma, density, options_.threads);
        if (modes.cols > 0) kernel_.target().mode_probabilities(state.x, state.sigma, modes, options_.threads);
        for (std::int64_t c = 0; c < chains_; ++c) {
            t.log_sigma(c, at) = std::log(state.sigma[static_cast<std::size_t>(c)]);
            t.first(c, at) = state.x(c, 0);
            if (t.log_density.rows > 0) t.log_density(c, at) = density[static_cast<std::size_t>(c)];
            if (modes.cols > 0) std::ranges::copy(modes.view().row(c), t.modes.view().row(c * t.steps() + at).begin());
        }
    }

    /// `skip` steps, then one state of each chain into the rows of this round.
    void round(std::int64_t r, Matrix& points) {
        Matrix x = out_.state.x;
        std::vector<double> sigma = out_.state.sigma;
        for (std::int64_t s = 0; s < options_.skip; ++s) {
            advance("chain");
            trace();
            for (std::int64_t c = 0; c < chains_; ++c) {
                double& best = sigma[static_cast<std::size_t>(c)];
                const double now = out_.state.sigma[static_cast<std::size_t>(c)];
                if (options_.emit == Emit::min && !(now < best)) continue;
                best = now;
                std::ranges::copy(out_.state.x.view().row(c), x.view().row(c).begin());
            }
        }
        for (std::int64_t c = 0; c < chains_ && r * chains_ + c < options_.n; ++c) {
            std::ranges::copy(x.view().row(c), points.view().row(r * chains_ + c).begin());
            out_.levels.push_back(sigma[static_cast<std::size_t>(c)]);
        }
    }

    /// Rows that a table can start from go through it, all at once; the others, at its last level or below, are one evaluation away.
    void denoise(const Matrix& points) {
        std::vector<std::int64_t> above, below;
        for (std::int64_t i = 0; i < points.rows; ++i) (out_.levels[static_cast<std::size_t>(i)] > lowest_level(table_) * slack ? above : below).push_back(i);
        out_.x = Matrix(points.rows, points.cols);
        out_.parts["denoise"] = out_.parts["final"] = 0;
        std::uint32_t group = 0;
        for (const auto& [shape, rows] : by_shape(above)) solve(points, rows, group++);
        const double end = table_.nodes.rho.back();
        if (options_.final && end > 0) finish(out_.x, above, std::vector<double>(above.size(), end), table_.nodes.alpha.back());
        std::vector<double> low;
        for (const std::int64_t i : below) low.push_back(out_.levels[static_cast<std::size_t>(i)]);
        finish(points, below, low, 1.0);
    }

    /// Rows whose tables have the same rows but for weights, in the order in which shapes appear: churn between two levels adds rows.
    std::vector<std::pair<std::vector<int>, std::vector<std::int64_t>>> by_shape(const std::vector<std::int64_t>& rows) const {
        std::map<double, std::size_t> known;
        std::vector<std::pair<std::vector<int>, std::vector<std::int64_t>>> out;
        for (const std::int64_t i : rows) {
            const auto [place, fresh] = known.try_emplace(out_.levels[static_cast<std::size_t>(i)], 0);
            if (fresh) {
                const std::vector<int> shape = shape_of(table_.from_level(place->first));
                place->second = static_cast<std::size_t>(std::ranges::find(out, shape, [](const auto& each) { return each.first; }) - out.begin());
                if (place->second == out.size()) out.push_back({shape, {}});
            }
            out[place->second].second.push_back(i);
        }
        return out;
    }

    void solve(const Matrix& points, const std::vector<std::int64_t>& rows, std::uint32_t group) {
        Matrix x(static_cast<std::int64_t>(rows.size()), points.cols);
        std::vector<double> level;
        for (std::int64_t k = 0; k < x.rows; ++k) {
            const std::int64_t i = rows[static_cast<std::size_t>(k)];
            level.push_back(out_.levels[static_cast<std::size_t>(i)]);
            const double alpha = alpha_at(table_.schedule, level.back());
            for (std::int64_t j = 0; j < x.cols; ++j) x(k, j) = alpha * points(i, j);
        }
        const Draws draws = sample(model(), table_, {.rng = group == 0 ? out_.rng_key : Stream{out_.rng_key, first_group_id - group}.word(0, 0), .condition = condition(), .x = std::move(x), .level = std::move(level), .threads = options_.threads});
        for (std::int64_t k = 0; k < draws.x.rows; ++k) std::ranges::copy(draws.x.view().row(k), out_.x.view().row(rows[static_cast<std::size_t>(k)]).begin());
        out_.parts["denoise"] += draws.evaluations();
    }

    /// E[x0 | x] of some rows of `from` = alpha (x0 + sigma eps), in the schedule's coordinates at the table's end.
    void finish(const Matrix& from, const std::vector<std::int64_t>& rows, const std::vector<double>& sigma, double alpha) {
        if (rows.empty()) return;
        Matrix x(static_cast<std::int64_t>(rows.size()), from.cols), data(x.rows, x.cols);
        for (std::int64_t k = 0; k < x.rows; ++k)
            for (std::int64_t j = 0; j < x.cols; ++j) x(k, j) = from(rows[static_cast<std::size_t>(k)], j) / alpha;
        const std::vector<std::int64_t> labels(label() < 0 ? 0 : rows.size(), label());
        model().denoise({x, sigma, labels, options_.threads}, data);
        for (std::int64_t k = 0; k < x.rows; ++k)
            for (std::int64_t j = 0; j < x.cols; ++j) out_.x(rows[static_cast<std::size_t>(k)], j) = table_.nodes.alpha.back() * data(k, j);
        const auto& cost = model().traits().rows;
        for (const double s : sigma) out_.parts["final"] += cost ? cost(s, label() >= 0) : 1;
    }

    const Table& table_;
    const LangevinGibbsOptions& options_;
    ChainKernel kernel_;
    bool knows_level_;
    std::int64_t chains_ = 0, rounds_ = 0;
    LangevinGibbsDraws out_;
};

}  // namespace

double LangevinGibbsDraws::acceptance() const { return proposed > 0 ? static_cast<double>(accepted) / static_cast<double>(proposed) : 1.0; }

LangevinGibbsDraws langevin_gibbs(const ChainModel& model, const Table& table, const LangevinGibbsOptions& options, const ChainOptions& chain) {
    check(options, chain, table);
    return Sampler(model, table, options, chain)();
}

}  // namespace buffon::diffusion
