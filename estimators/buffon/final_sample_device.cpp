/// The last sample of aiscv on a device: drawn, evaluated, weighed and summed there; the regressions are left to the processor.
#include <buffon/final_sample.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include <buffon/device_buffer.hpp>
#include <buffon/device_sample.hpp>
#include <buffon/for_devices.hpp>

namespace buffon {
namespace {

constexpr std::int64_t rows_at_once = 1 << 17;
constexpr std::int64_t fewest_points = 1 << 12;   // of a net: of smaller ones most is launches
constexpr std::int64_t most_inputs = 32, most_gaussians = 1400;
constexpr double close_by = 400;   // of log densities at their means: a sampled point lies lower by tens, not by hundreds more

/// The components, where all are Gaussian.
std::vector<Gaussian> gaussians_of(const Proposal& proposal) {
    std::vector<Gaussian> all;
    for (const Component& component : proposal.components())
        if (const auto* g = std::get_if<Gaussian>(&component); g != nullptr && !g->heavy()) all.push_back(*g);
    return all;
}

template <class T>
DeviceBuffer on(const DeviceQueue& queue, const std::vector<T>& numbers) {
    return DeviceBuffer::of(queue, std::span<const T>(numbers));
}

/// Means and factors, one after the other.
void append(const std::vector<Gaussian>& of, std::vector<double>& means, std::vector<double>& factors) {
    for (const Gaussian& g : of) {
        means.insert(means.end(), g.mean.begin(), g.mean.end());
        factors.insert(factors.end(), g.factor.data.begin(), g.factor.data.end());
    }
}

/// The log density of each at its mean.
std::vector<double> peaks_of(const std::vector<double>& groups, std::int64_t size, std::int64_t dim) {
    const std::int64_t length = dim + dim * (dim + 1) / 2 + 1;
    std::vector<double> out;
    for (std::int64_t k = 0; k < size; ++k) out.push_back(groups[static_cast<std::size_t>((k / 8 + 1) * 8 * length - 8 + k % 8)]);
    return out;
}

double* doubles(const DeviceBuffer& buffer) { return static_cast<double*>(buffer.data()); }

/// All that a device needs for nets of one proposal.
class Device {
public:
    Device(const DeviceQueue& queue, Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal,
           const std::vector<Gaussian>& components, const std::vector<Gaussian>& fitted, bool own, std::int64_t net)
        : queue_(queue), model_(evaluate.problem().on_device()), rows_(std::min(net, rows_at_once)) {
        std::vector<Gaussian> all = space.gaussians();
        all.insert(all.end(), components.begin(), components.end());
        std::vector<double> means, factors;
        append(all, means, factors);
        all.insert(all.end(), fitted.begin(), fitted.end());
        const std::vector<double> groups = Gaussians(all).groups(),
                                  peaks = peaks_of(groups, static_cast<std::int64_t>(all.size()), space.dim());
        const auto sampled = peaks.end() - static_cast<std::ptrdiff_t>(fitted.size());
        const double highest = std::ranges::max(peaks), lowest = *std::min_element(peaks.begin(), sampled);
        groups_ = on(queue_, groups);
        means_ = on(queue_, means);
        factors_ = on(queue_, factors);
        alpha_ = on(queue_, proposal.alpha());
        coordinates_ = on(queue_, space.device_coordinates());
        const std::int64_t d = space.dim(), laws = space.laws(), k = proposal.size() - 1;
        z_ = DeviceBuffer(queue_, rows_ * d * 8);
        x_ = DeviceBuffer(queue_, rows_ * d * 8);
        draw_ = {.dim = d,
                 .laws = laws,
                 .components = k,
                 .alpha = alpha_.as<double>(),
                 .means = means_.as<double>(),
                 .factors = factors_.as<double>(),
                 .coordinates = coordinates_.as<DeviceCoordinate>(),
                 .z = doubles(z_),
                 .x = doubles(x_)};
        weigh_ = {.gaussians = {d, static_cast<std::int64_t>(all.size()), groups_.as<double>()},
                  .laws = laws,
                  .components = k,
                  .own = own,
                  .highest = highest,
                  .close = highest - lowest <= close_by,
                  .alpha = alpha_.as<double>(),
                  .z = doubles(z_),
                  .rows = rows_};
        u_ = DeviceBuffer(queue_, rows_ * weigh_.width() * 8);
        own_ = DeviceBuffer(queue_, weigh_.blocks() * own_numbers() * 8);
        const DeviceGram gram{.rows = rows_};
        records_ = DeviceBuffer(queue_, gram.slices() * gram_numbers() * 8);
        gram_sums_ = DeviceBuffer(queue_, gram_numbers() * 8);
        own_sums_ = DeviceBuffer(queue_, own_numbers() * 8);
        weigh_.u = doubles(u_);
        weigh_.records = doubles(own_);
    }

    std::int64_t left() const { return weigh_.left(); }
    std::int64_t width() const { return weigh_.width(); }
    std::int64_t gram_numbers() const { return left() * width(); }
    std::int64_t own_numbers() const { return DeviceWeights::own_sums * weigh_.laws; }

    /// Of a whole net.
    struct Sums {
        Matrix first;   // its first rows (x, 1, t)
        std::vector<double> gram, own;
    };

    Sums sum(const SobolSequence& net, std::int64_t points, std::int64_t first_rows) {
        Sums out{Matrix(first_rows, width()), std::vector<double>(static_cast<std::size_t>(gram_numbers())),
                 std::vector<double>(static_cast<std::size_t>(own_numbers()))};
        auto& [first, gram, own] = out;
        gram_sums_.upload(gram.data());
        own_sums_.upload(own.data());
        const DeviceBuffer words = on(queue_, net.words());
        draw_.net = words.as<std::uint64_t>();
        draw_.digits = net.digits();
        for (std::int64_t start = 0; start < points; start += rows_) {
            add(start, std::min(rows_, points - start));
            if (start == 0 && first.rows > 0) u_.download_part(first.data.data(), first.rows * first.cols * 8);
        }
        gram_sums_.download(gram.data());
        own_sums_.download(own.data());
        return out;
    }

private:
    void add(std::int64_t start, std::int64_t rows) {
        const DeviceTable& table = *device_library().table;
        draw_.first = start;
        draw_.rows = weigh_.rows = rows;
        device_check(queue_, table.draw_proposal(&queue_, &draw_));
        const DeviceValues values = device_values(queue_, *model_, x_.as<double>(), rows);
        weigh_.y = values.y;
        device_check(queue_, table.weigh(&queue_, &weigh_));
        const DeviceTotal own{.records = own_.as<double>(),
                              .count = weigh_.blocks(),
                              .numbers = own_numbers(),
                              .sums = doubles(own_sums_)};
        device_check(queue_, table.total(&queue_, &own));
        const DeviceGram gram{.u = u_.as<double>(),
                              .rows = rows,
                              .left = left(),
                              .width = width(),
                              .records = doubles(records_),
                              .sums = doubles(gram_sums_)};
        device_check(queue_, table.gram(&queue_, &gram));
    }

    DeviceQueue queue_;
    std::shared_ptr<const DeviceModel> model_;
    std::int64_t rows_;   // at once
    DeviceBuffer groups_, means_, factors_, alpha_, coordinates_, z_, x_, u_, own_, records_, gram_sums_, own_sums_;
    DeviceProposal draw_;
    DeviceWeights weigh_;
};

}  // namespace

/// Whether all of the sample has been summed; from where an output is not finite it is left to Evaluation.
bool FinalSample::on_device() {
    const auto& model = evaluate_.problem().on_device();
    if (!evaluate_.device() || evaluate_.kept() != nullptr || evaluate_.discards() || model->finish ||
        (model->outputs == 0 ? evaluate_.outputs() : model->outputs) != 1)
        return false;
    const std::vector<Gaussian> components = gaussians_of(proposal_);
    const bool heavy = std::ranges::any_of(space_.gaussians(), &Gaussian::heavy),
               all = components.size() == proposal_.components().size();
    const std::int64_t laws = space_.laws(), gaussians = laws + proposal_.size() - 1 + static_cast<std::int64_t>(fitted_.size());
    if (iid_ || space_.gaussians().empty() || heavy || !all || space_.dim() > most_inputs ||
        laws > DeviceWeights::most_laws || gaussians > most_gaussians || points_.points() < fewest_points ||
        proposal_.size() != static_cast<std::int64_t>(components.size()) + 1)
        return false;
    make_room(1);
    std::vector<std::unique_ptr<Device>> devices;
    for (const DeviceQueue& queue : device_queues(evaluate_.run().device))
        devices.push_back(std::make_unique<Device>(queue, evaluate_, space_, proposal_, components,
                                                   own_.size() > 0 ? fitted_ : std::vector<Gaussian>(), own_.size() > 0,
                                                   points_.points()));
    const auto at_once = static_cast<std::int64_t>(devices.size());
    std::vector<Device::Sums> sums(devices.size());
    for (std::int64_t begin = begin_ / points_.points(); begin < points_.replicates(); begin += at_once) {   // a net each
        evaluate_.announce();
        const std::int64_t count = std::min(at_once, points_.replicates() - begin);
        for_devices(count, [&](std::int64_t k) {
            const std::int64_t r = begin + k, first_rows = r == 0 ? std::min(first_t_.rows, points_.points()) : 0;
            sums[static_cast<std::size_t>(k)] = devices[static_cast<std::size_t>(k)]->sum(
                points_.scrambles()[static_cast<std::size_t>(r)], points_.points(), first_rows);
        });
        for (std::int64_t k = 0; k < count; ++k) {
            const auto& [first, gram, own] = sums[static_cast<std::size_t>(k)];
            if (!finite_record(gram) || !finite_record(own)) return false;
            for (std::int64_t i = 0; i < first.rows; ++i) {
                const auto row = first.view().row(i);
                std::copy_n(row.begin(), first_x_.cols, first_x_.view().row(i).begin());
                std::ranges::copy(row.subspan(static_cast<std::size_t>(devices.front()->left())), first_t_.view().row(i).begin());
            }
            take_in(gram, own, begin + k);
            evaluate_.count_unmade(points_.points(), 1);
            begin_ = (begin + k + 1) * points_.points();
        }
    }
    return true;
}

void FinalSample::take_in(const std::vector<double>& gram, const std::vector<double>& own, std::int64_t r) {
    const std::int64_t k = first_x_.cols, t = first_t_.cols, width = k + 1 + t, laws = space_.laws();
    const auto at = [&](std::int64_t a, std::int64_t b) { return gram[static_cast<std::size_t>(a * width + b)]; };
    Segment segment{CrossProducts(k, t), {}, {}, {}};
    segment.sums.n = at(k, k);
    for (std::int64_t a = 0; a < k; ++a) {
        segment.sums.x[static_cast<std::size_t>(a)] = at(k, a);
        for (std::int64_t b = 0; b < k; ++b) segment.sums.xx(a, b) = at(std::min(a, b), std::max(a, b));
        for (std::int64_t e = 0; e < t; ++e) segment.sums.xt(a, e) = at(a, k + 1 + e);
    }
    for (std::int64_t e = 0; e < t; ++e) segment.sums.t[static_cast<std::size_t>(e)] = at(k, k + 1 + e);
    const auto part = [&](std::int64_t s) { return std::vector<double>(own.begin() + s * laws, own.begin() + (s + 1) * laws); };
    if (own_.size() > 0) {
        segment.own = {part(0), part(1), {}, {}, {}};
        if (!fitted_.empty()) {
            segment.own.fg = part(2);
            segment.own.gg = part(3);
            segment.own.gt = part(4);
        }
    }
    if (proposal_.alpha().front() < 1) {
        segment.uncovered.sum = part(5);
        segment.uncovered.squares = part(6);
        segment.uncovered.sum.resize(static_cast<std::size_t>(t));   // controls are no expectations
        segment.uncovered.squares.resize(static_cast<std::size_t>(t));
    }
    merge(segment, r * points_.points());
}

}  // namespace buffon
