#include <buffon/adaptation.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/kept.hpp>
#include <buffon/kernels.hpp>
#include <buffon/regression.hpp>
#include <buffon/row_slices.hpp>

namespace buffon {
namespace {

constexpr std::uint32_t probe_stream = 900;      // id: batches of the adaptation count from 0, the final sample's from 1,000
constexpr std::int64_t largest_batch = 16'384;   // bounds the memory of the adaptation whatever the budget
constexpr std::int64_t fewest_points = 10;       // below, a batch says nothing
// Laws that are adapted to one by one, be there as many; more only as a batch can tell them apart, and while these leave more
// than a fifth of a law unseen: its own controls see to the rest (own_controls.hpp). Independent points have none.
constexpr std::int64_t few_laws = 24;
constexpr std::int64_t most_laws = 256;
constexpr double unseen = 0.2;
constexpr std::int64_t clear_batch = 100;        // points that a batch should have where a tenth of the budget allows it
constexpr std::int64_t slice = 512;              // rows of a batch that a thread takes at once

/// About `batch` points in `nets` nets whose size is a power of two.
std::int64_t in_whole_nets(std::int64_t batch, std::int64_t nets) {
    const double nearest = std::numbers::sqrt2 * static_cast<double>(batch) / static_cast<double>(nets);
    return nets * static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(std::max(nearest, 1.0))));
}

}  // namespace

Adaptation::Adaptation(Evaluation& evaluate, const WorkingSpace& space, const AiscvOptions& options, Batches batches)
    : evaluate_(evaluate), space_(space), options_(options), batches_(batches), budget_(evaluate.run().budget / batches.lanes) {
    const auto budget = static_cast<double>(budget_);
    const auto share = static_cast<std::int64_t>(options.batch_fraction * budget);
    const std::int64_t least = std::min(budget_ / 10, std::max(clear_batch, points_for_a_fit()));
    batch_ = std::min(std::max(share, least), largest_batch);
    small_ = batch_ > share;
    if (batches_.nets > 1) batch_ = in_whole_nets(batch_, batches_.nets);
    laws_ = representatives();
    const auto most = std::llround(std::floor(options.adaptation / options.batch_fraction + 1e-9));
    net_ = options.points == Points::iid ? 1 : Replication::of(evaluate.run().budget, options.replicates).points;
    cap_ = std::min(static_cast<std::int64_t>(options.adaptation * budget), std::max<std::int64_t>(most, 1) * batch_);
    pool_ = Pool(cap_, evaluate.threads());
    const auto expectations =
        static_cast<std::size_t>(evaluate.problem().outputs().size()) * static_cast<std::size_t>(space.laws());
    require(options.weights.empty() || expectations == 0 || options.weights.size() == expectations, evaluate.function(),
            ": weights must have one entry per expectation, ", expectations, ", got ", options.weights.size());
}

bool Adaptation::init() {
    const std::int64_t enough = std::max(points_for_a_fit(), space_.laws() > few_laws ? clear_batch : 0);   // to tell laws apart
    if (batch_ < fewest_points || 2 * batch_ > cap_ || (batch_ < enough && !has_score())) {
        stop_ = "no adaptation";
        return false;
    }
    const Batch& batch = draw(Proposal::initial(), {});
    check_weights();
    Matrix t = summands(batch, evaluate_.threads());
    initial_ = residual_spread(t, Matrix(batch.n(), 0), Matrix(0, expectations()));
    return true;
}

/// Once the first evaluation has shown how many outputs there are.
void Adaptation::check_weights() const {
    const auto all = static_cast<std::size_t>(evaluate_.wanted() * space_.laws());
    require(options_.weights.empty() || options_.weights.size() == all,
            evaluate_.function(), ": weights must have one entry per expectation, ", all, ", got ", options_.weights.size());
}

Representatives Adaptation::representatives() const {
    const auto outputs = std::max<std::int64_t>(1, static_cast<std::int64_t>(evaluate_.problem().outputs().size()));
    const std::int64_t fewest = std::min(few_laws, std::max<std::int64_t>(batch_ / 4, 2));
    const std::int64_t most = std::clamp(batch_ / (10 * outputs), fewest, most_laws);
    if (space_.laws() <= few_laws || batches_.every_law) return representatives_of(space_, space_.laws(), space_.laws(), 0.0);
    return representatives_of(space_, fewest, most, options_.points == Points::iid ? 0.0 : unseen);
}

/// Smallest share of q_0: laws that the representatives know little of are left to it.
double Adaptation::defensive() const { return options_.defensive + (1 - options_.defensive) * laws_.unseen; }

/// A Gaussian with a covariance asks for several points per coordinate, be they ever so well placed.
std::int64_t Adaptation::points_for_a_fit() const { return 4 * (space_.dim() + 2); }

/// Asks the model for one point: a batch too small for a fit is worth its points only to a rare event with a score, which has
/// no other hope.
bool Adaptation::has_score() {
    probed_ = 1;
    const PointSet point = PointSet::independent(1, {evaluate_.key(), probe_stream});
    const bool scored = buffon::draw(evaluate_, space_, Proposal::initial(), point, 0, 1).score.rows > 0;
    count_as_adaptation(evaluate_);
    check_weights();
    return scored;
}

bool Adaptation::step() {
    if (spent() + batch_ > cap_) {
        stop_ = "budget";
        return false;
    }
    look(judged());
    if (pairs_.empty() && hardly_hit()) {
        explore();
        return true;
    }
    if (out_of_reach()) {
        stop_ = "out of reach";
        return false;
    }
    if (nets_suffice()) {
        stop_ = "nets suffice";
        return false;
    }
    if (batches_.newest_alone) look(newest_);
    std::vector<double> log_q;
    Proposal proposal = propose(log_q);
    const Batch& batch = draw(proposal, std::move(log_q));
    pairs_.push_back(learn(batch, proposal));
    if (!getting_worse()) return true;
    stop_ = "trade-off";
    return false;
}

void Adaptation::look(const Pool& pool) {
    seen_ = look_at(pool, evaluate_.wanted(), need(), std::move(seen_.r));
    weights_ = criterion_weights(seen_, options_.weights.empty() ? std::vector<double>() : laws_.summed(options_.weights));
    if (!options_.weights.empty()) return;
    const std::vector<double> stood_for =
        laws_.summed(std::vector<double>(static_cast<std::size_t>(evaluate_.wanted() * space_.laws()), 1.0));
    for (std::size_t e = 0; e < weights_.size(); ++e) weights_[e] *= stood_for[e];
}

/// Effective size that a fit asks for.
double Adaptation::need() const {
    return std::max({60.0, 0.05 * static_cast<double>(batch_), 2.0 * static_cast<double>(space_.dim() + 2)});
}

const Batch& Adaptation::draw(Proposal proposal, std::vector<double> log_q) {
    const std::int64_t nets = batches_.nets;
    const auto batch = static_cast<std::uint32_t>(pairs_.size() + (pool_.n() > 0 ? 1 : 0));
    const Stream stream{evaluate_.key(), batches_.first_stream + static_cast<std::uint32_t>(nets) * batch};
    const PointSet points = options_.points == Points::iid
                                ? PointSet::independent(batch_, stream)
                                : PointSet::nets(proposal.coordinates(space_), batch_ / nets, nets, stream.key, stream.id);
    last_ = draw_batch(evaluate_, space_, proposal, points, 0, batch_, laws_.laws, std::move(last_));
    count_as_adaptation(evaluate_);
    if (batches_.newest_alone) {
        newest_ = Pool(batch_, evaluate_.threads());
        newest_.add(last_, proposal, {});
    }
    pool_.add(last_, proposal, std::move(log_q));
    return last_;
}

Adaptation::Pair Adaptation::learn(const Batch& batch, const Proposal& proposal) const {
    RawMatrix t, x;
    t.reshape(batch.n(), batch.f.cols * batch.y.cols);
    x.reshape(batch.n(), batch.ratio.cols);
    put_weighted_outputs(batch.f, batch.log_initial, batch.log_q, batch.y, t, evaluate_.threads());
    for_slices(x.rows, slice, threads_worth(x.rows, evaluate_.threads()), [&](std::int64_t first, std::int64_t rows) {
        const ConstView ratio = batch.ratio.view().slice(first, rows);
        std::transform(ratio.data, ratio.data + ratio.size(), x.view().slice(first, rows).data, [](double g) { return g - 1.0; });
    });
    CrossProducts sums(x.cols, t.cols);
    sums.add(x, t, evaluate_.threads());
    Matrix b = adapted_to(regress(sums, options_.cut));
    Spread spread = residual_spread(t, x, b);
    return {proposal, std::move(b), std::move(spread), seen_.provisional};
}

/// Of the columns of all summands those of the expectations that are adapted to.
Matrix Adaptation::adapted_to(ConstView all) const {
    Matrix some(all.rows, expectations());
    for (std::int64_t e = 0; e < some.cols; ++e) {
        const std::int64_t from = summand_column(evaluate_, e);
        for (std::int64_t i = 0; i < some.rows; ++i) some(i, e) = all(i, from);
    }
    return some;
}

/// What controls x with coefficients b leave of summands t (n, J c), perhaps in their place.
Spread Adaptation::residual_spread(View t, ConstView x, const Matrix& b) const {
    const bool all = evaluate_.columns() == evaluate_.wanted();
    Matrix some = all ? Matrix() : adapted_to(t);
    const View rest = all ? t : View(some);
    for_slices(rest.rows, slice, threads_worth(rest.rows, evaluate_.threads()), [&](std::int64_t first, std::int64_t rows) {
        subtract_products(x.slice(first, rows), b, rest.slice(first, rows));
    });
    const auto freedom = std::max<double>(1.0, static_cast<double>(rest.rows - 1 - x.cols));
    return spread_of(rest, freedom, options_.points == Points::rqmc, evaluate_.threads());
}

void Adaptation::report(Estimate& e) const {
    e.diagnostics["stop"] = std::string(stop_);
    e.diagnostics["batches"] = static_cast<std::int64_t>(pairs_.size() + (pool_.n() > 0 ? 1 : 0));
    e.diagnostics["adaptation_n"] = spent();
    e.diagnostics["explored"] = explored_;
    e.diagnostics["fallback"] = fallback_;
    e.diagnostics["provisional"] = provisional_;
    warn_of_beyond(e);
    if (provisional_ && !fallback_)
        e.warnings.push_back(
            "the adaptation never saw every integrand clearly (the proposal is provisional), so a part of one may be "
            "missed: spend more, or give the problem a score if it has none");
}

}  // namespace buffon
