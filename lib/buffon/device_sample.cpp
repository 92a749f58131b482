#include <buffon/device_sample.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/for_devices.hpp>
#include <buffon/linalg.hpp>
#include <buffon/pick_freeze_blocks.hpp>

namespace buffon {
namespace {

using Kind = DeviceLaw::Kind;

template <class L>
std::optional<DeviceLaw> form_of(const L&) { return std::nullopt; }

std::optional<DeviceLaw> form_of(const Uniform& l) {
    return DeviceLaw{Kind::uniform, l.lower(), l.upper(), l.upper() - l.lower()};
}
std::optional<DeviceLaw> form_of(const Normal& l) { return DeviceLaw{Kind::normal, l.mean(), l.sd(), 0.0}; }
std::optional<DeviceLaw> form_of(const LogNormal& l) { return DeviceLaw{Kind::lognormal, l.mu(), l.sigma(), 0.0}; }
std::optional<DeviceLaw> form_of(const Exponential& l) { return DeviceLaw{Kind::exponential, l.rate(), 0.0, 0.0}; }
std::optional<DeviceLaw> form_of(const Weibull& l) { return DeviceLaw{Kind::weibull, l.shape(), l.scale(), l.location()}; }
std::optional<DeviceLaw> form_of(const Gumbel& l) { return DeviceLaw{Kind::gumbel, l.location(), l.scale(), 0.0}; }
std::optional<DeviceLaw> form_of(const Logistic& l) { return DeviceLaw{Kind::logistic, l.location(), l.scale(), 0.0}; }
std::optional<DeviceLaw> form_of(const Triangular& l) { return DeviceLaw{Kind::triangular, l.lower(), l.mode(), l.upper()}; }
std::optional<DeviceLaw> form_of(const Constant& l) { return DeviceLaw{Kind::constant, l.value(), 0.0, 0.0}; }

std::optional<DeviceInputs> form_of_joint(const Joint& joint) {
    DeviceInputs inputs;
    for (const Univariate& law : joint.laws()) {
        const auto form = std::visit([](const auto& l) { return form_of(l); }, law);
        if (!form) return std::nullopt;
        inputs.laws.push_back(*form);
    }
    if (joint.independent()) return inputs;
    const auto correlation = joint.dependence().gaussian(joint.dim());
    if (!correlation) return std::nullopt;
    inputs.factor = cholesky(*correlation, "device", "copula").data;
    return inputs;
}

DeviceInputs form_of_normal(const MultivariateNormal& law) {
    DeviceInputs inputs{{}, law.factor().data};
    for (const double mean : law.mean()) inputs.laws.push_back({Kind::normal, mean, 1.0, 0.0});
    return inputs;
}

/// `words` of each net, one after the other.
DeviceBuffer words_of_all(const DeviceQueue& queue, const PointSet& points,
                          const std::vector<std::uint64_t>& (SobolSequence::*words)() const) {
    std::vector<std::uint64_t> all;
    for (const SobolSequence& scramble : points.scrambles()) {
        const std::vector<std::uint64_t>& own = (scramble.*words)();
        all.insert(all.end(), own.begin(), own.end());
    }
    return all.empty() ? DeviceBuffer() : DeviceBuffer::of(queue, std::span<const std::uint64_t>(all));
}

}  // namespace

std::optional<DeviceInputs> DeviceInputs::of(const Distribution& inputs) {
    if (inputs.dim() > DeviceDraws::most_laws) return std::nullopt;
    if (const auto* joint = std::get_if<Joint>(&inputs.law())) return form_of_joint(*joint);
    if (const auto* normal = std::get_if<MultivariateNormal>(&inputs.law())) return form_of_normal(*normal);
    return std::nullopt;
}

DeviceQueue device_queue(const std::string& function, const std::string& device, const Problem& problem) {
    require(problem.on_device() != nullptr, function, ": device = '", device,
            "' needs a model made for devices (device_problem of buffon/device.cuh, or a function of arrays that lie there: "
            "arrays = 'torch' in Python); this one runs on the CPU");
    const DeviceQueue queue = device_queues(device).front();
    require(problem.on_device()->batch || problem.on_device()->functions() != nullptr, function, ": device = '", device,
            "': this model is not compiled for it");
    return queue;
}

DeviceValues device_values(const DeviceQueue& queue, const DeviceModel& model, const double* x, std::int64_t rows) {
    if (model.batch) return model.batch(queue, x, rows);
    auto y = std::make_shared<DeviceBuffer>(queue, rows * model.outputs * 8);
    device_check(queue, model.functions()->evaluate(&queue, model.model.get(), x, rows, static_cast<double*>(y->data())));
    return {y->as<double>(), model.outputs, y};
}

namespace {

Outputs evaluate_on_one(const DeviceQueue& queue, const Problem& problem, ConstView x) {
    DeviceBuffer from(queue, x.size() * 8);
    from.upload(x.data);
    const DeviceValues values = device_values(queue, *problem.on_device(), from.as<double>(), x.rows);
    const auto downloaded = [&](const double* from_there) {
        Matrix there(x.rows, values.outputs);
        if (there.rows > 0)
            device_check(queue, device_library().table->download(&queue, from_there, there.data.data(),
                                                                 there.view().size() * 8));
        return there;
    };
    Outputs out{downloaded(values.y), values.score != nullptr ? downloaded(values.score) : Matrix()};
    if (problem.on_device()->finish) problem.on_device()->finish(x, out);
    return out;
}

DeviceDraws draws_of(const DeviceInputs& inputs, const PointSet& points, std::int64_t width, std::int64_t replicate) {
    DeviceDraws draws;
    draws.stream = points.stream();
    draws.width = width;
    draws.points = points.replicated() ? points.points() : replicate;
    if (points.replicated()) draws.digits = points.scrambles().front().digits();
    draws.dim = static_cast<std::int64_t>(inputs.laws.size());
    draws.uniform = inputs.factor.empty() &&
                    std::ranges::all_of(inputs.laws, [](const DeviceLaw& law) { return law.kind == Kind::uniform; });
    std::ranges::copy(inputs.laws, draws.laws);
    return draws;
}

/// What a kernel writes into `room` from number `first` on, once it is called.
std::function<std::vector<double>()> records_of(const DeviceQueue& queue, std::shared_ptr<const DeviceBuffer> room,
                                                std::int64_t first, std::int64_t numbers) {
    return [queue, room = std::move(room), first, numbers] {
        std::vector<double> records(static_cast<std::size_t>(numbers));
        device_check(queue, device_library().table->download(&queue, room->as<double>() + first, records.data(), numbers * 8));
        return records;
    };
}

}  // namespace

Outputs evaluate_on_device(const std::vector<DeviceQueue>& queues, const Problem& problem, ConstView x) {
    const auto devices = std::min(static_cast<std::int64_t>(queues.size()), std::max(x.rows, std::int64_t{1}));
    if (devices == 1) return evaluate_on_one(queues.front(), problem, x);
    std::vector<Outputs> parts(static_cast<std::size_t>(devices));
    const auto first_of = [&](std::int64_t k) { return x.rows * k / devices; };
    for_devices(devices, [&](std::int64_t k) {
        parts[static_cast<std::size_t>(k)] = evaluate_on_one(queues[static_cast<std::size_t>(k)], problem,
                                                             x.slice(first_of(k), first_of(k + 1) - first_of(k)));
    });
    Outputs out = std::move(parts.front());
    for (const Outputs& part : std::span(parts).subspan(1)) {
        require(part.y.cols == out.y.cols, "the model must give ", out.y.cols, " outputs for every batch, got ", part.y.cols);
        out.y.data.insert(out.y.data.end(), part.y.data.begin(), part.y.data.end());
        out.y.rows += part.y.rows;
        out.score.data.insert(out.score.data.end(), part.score.data.begin(), part.score.data.end());
        out.score.rows += part.score.rows;
    }
    return out;
}

std::optional<DeviceSample> DeviceSample::of(const std::vector<DeviceQueue>& queues, const Problem& problem,
                                             const PointSet& points, std::int64_t width, std::int64_t replicate) {
    const auto inputs = DeviceInputs::of(problem.inputs());
    if (!inputs || problem.on_device()->finish) return std::nullopt;
    return DeviceSample(queues, problem, *inputs, points, width, replicate);
}

DeviceSample::DeviceSample(const std::vector<DeviceQueue>& queues, const Problem& problem, const DeviceInputs& inputs,
                           const PointSet& points, std::int64_t width, std::int64_t replicate)
    : model_(problem.on_device()), points_(points.replicated() ? points.points() : replicate) {
    for (const DeviceQueue& queue : queues) {
        Place place{queue, words_of_all(queue, points, &SobolSequence::words),
                    words_of_all(queue, points, &SobolSequence::owen_words),
                    inputs.factor.empty() ? DeviceBuffer() : DeviceBuffer::of(queue, std::span<const double>(inputs.factor)),
                    draws_of(inputs, points, width, replicate)};
        place.draws.nets = place.nets.as<std::uint64_t>();
        place.draws.owen = place.owen.as<std::uint64_t>();
        place.draws.factor = place.factor.as<double>();
        places_.push_back(std::move(place));
    }
}

template <class Records>
std::vector<double> DeviceSample::shared(std::int64_t first, std::int64_t rows, std::int64_t length,
                                         const Records& records) const {
    const auto devices = static_cast<std::int64_t>(places_.size());
    if (devices == 1) return records(places_.front(), first, rows);
    const std::int64_t end = first + rows;
    const auto begin_of = [&](std::int64_t k) {
        return k == devices ? end : std::max(first, (first + rows / devices * k) / length * length);
    };
    std::vector<std::vector<double>> parts(places_.size());
    for_devices(devices, [&](std::int64_t k) {
        const std::int64_t begin = begin_of(k), count = begin_of(k + 1) - begin;
        if (count > 0) parts[static_cast<std::size_t>(k)] = records(places_[static_cast<std::size_t>(k)], begin, count);
    });
    std::vector<double> all = std::move(parts.front());
    for (const std::vector<double>& part : std::span(parts).subspan(1)) all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::function<std::vector<double>()> DeviceSample::queue_moments(const Place& place, std::int64_t first, std::int64_t rows,
                                                                 std::int64_t m) const {
    const std::int64_t numbers = blocks_of(first, rows, points_, device_block) * moment_numbers(m);
    const auto room = std::make_shared<DeviceBuffer>(place.queue, numbers * 8);
    const DeviceRange range{first, rows, static_cast<double*>(room->data())};
    device_check(place.queue, model_->functions()->moments(&place.queue, model_->model.get(), &place.draws, &range));
    return records_of(place.queue, room, 0, numbers);
}

std::function<std::vector<double>()> DeviceSample::moments_later(std::int64_t first, std::int64_t rows, std::int64_t m,
                                                                 std::int64_t batch) const {
    if (places_.size() == 1 && !model_->batch) return queue_moments(places_.front(), first, rows, m);
    return [=, this] {
        return shared(first, rows, block(device_block), [&](const Place& place, std::int64_t from, std::int64_t count) {
            return model_->batch ? moments_of_batches(place, from, count, m, batch) : queue_moments(place, from, count, m)();
        });
    };
}

/// Whole blocks at a time; of smaller batches one block, put together.
std::vector<double> DeviceSample::moments_of_batches(const Place& place, std::int64_t first, std::int64_t rows,
                                                     std::int64_t m, std::int64_t batch) const {
    const DeviceTable& table = *device_library().table;
    const DeviceQueue& queue = place.queue;
    const std::int64_t whole = block(device_block), most = std::max(batch / whole, std::int64_t{1}) * whole,
                       piece = std::min(batch, most);
    const DeviceBuffer x(queue, std::min(piece, rows) * place.draws.dim * 8), together(queue, piece < most ? most * m * 8 : 0);
    std::vector<double> records;
    for (std::int64_t at = 0; at < rows; at += most) {
        const std::int64_t count = std::min(most, rows - at);
        DeviceValues values;
        for (std::int64_t begin = 0; begin < count; begin += piece) {
            const std::int64_t n = std::min(piece, count - begin);
            device_check(queue, table.draw(&queue, &place.draws, first + at + begin, n, static_cast<double*>(x.data())));
            values = model_->batch(queue, x.as<double>(), n);
            require(values.outputs == m, "the model must give ", m, " outputs for every batch, got ", values.outputs);
            if (piece < most)
                device_check(
                    queue, table.copy(&queue, values.y, static_cast<double*>(together.data()) + begin * m, n * m * 8));
        }
        add_block_records(place, piece < most ? together.as<double>() : values.y, count, m, records);
    }
    return records;
}

void DeviceSample::add_block_records(const Place& place, const double* y, std::int64_t rows, std::int64_t m,
                                     std::vector<double>& records) const {
    constexpr std::int64_t most_outputs = 8;   // that a device sums
    const DeviceTable& table = *device_library().table;
    const DeviceQueue& queue = place.queue;
    const std::int64_t whole = block(device_block), numbers = moment_numbers(m), blocks = (rows + whole - 1) / whole;
    if (m > most_outputs) {
        Matrix host(rows, m);
        device_check(queue, table.download(&queue, y, host.data.data(), host.view().size() * 8));
        for (std::int64_t b = 0; b < blocks; ++b) {
            const Moments part(host.view().slice(b * whole, std::min(whole, rows - b * whole)));
            records.push_back(static_cast<double>(part.n));
            records.insert(records.end(), part.mean.begin(), part.mean.end());
            for (std::int64_t j = 0; j < m; ++j)
                for (std::int64_t k = 0; k <= j; ++k) records.push_back(part.scatter(j, k));
        }
        return;
    }
    DeviceBuffer room(queue, blocks * numbers * 8);
    auto* to = static_cast<double*>(room.data());
    if (whole == device_block) device_check(queue, table.row_moments(&queue, y, rows, m, to));
    for (std::int64_t b = 0; b < blocks && whole < device_block; ++b)
        device_check(queue, table.row_moments(&queue, y + b * whole * m, std::min(whole, rows - b * whole), m, to + b * numbers));
    const std::size_t before = records.size();
    records.resize(before + static_cast<std::size_t>(blocks * numbers));
    room.download(records.data() + before);
}

std::function<std::vector<double>()> DeviceSample::queue_pick_freeze(const Place& place, double centre, std::int64_t first,
                                                                     std::int64_t rows, bool sums) const {
    const PickFreezeBlocks blocks(first, rows, points_);
    const std::int64_t each = pick_freeze_numbers(model_->dim);
    const auto room = std::make_shared<DeviceBuffer>(place.queue, (blocks.count + blocks.nets) * each * 8);
    const DeviceRange range{first, rows, static_cast<double*>(room->data())};
    device_check(place.queue, model_->functions()->pick_freeze(&place.queue, model_->model.get(), &place.draws, centre, &range));
    return sums ? records_of(place.queue, room, blocks.count * each, blocks.nets * each)
                : records_of(place.queue, room, 0, blocks.count * each);
}

std::function<std::vector<double>()> DeviceSample::pick_freeze_later(double centre, std::int64_t first, std::int64_t rows) const {
    if (model_->batch || model_->functions()->pick_freeze == nullptr) return [] { return std::vector<double>(); };
    if (places_.size() == 1) return queue_pick_freeze(places_.front(), centre, first, rows, true);
    return [=, this] {   // devices may share a net
        const std::vector<double> records =
            shared(first, rows, block(pick_freeze_block), [&](const Place& place, std::int64_t from, std::int64_t count) {
                return queue_pick_freeze(place, centre, from, count, false)();
            });
        const PickFreezeBlocks blocks(first, rows, points_);
        const std::int64_t each = pick_freeze_numbers(model_->dim);
        std::vector<double> sums(static_cast<std::size_t>(blocks.nets * each));
        for (std::int64_t net = 0; net < blocks.nets; ++net)
            for (std::int64_t k = 0; k < each; ++k)
                sums[static_cast<std::size_t>(net * each + k)] = blocks.sum(records.data(), each, net, k);
        return sums;
    };
}

std::vector<double> DeviceSample::table_values(std::int64_t rows) const {
    const Place& place = places_.front();
    const std::int64_t d = place.draws.dim, width = place.draws.width, tables = width / d;
    if (model_->batch || place.draws.factor != nullptr || width > DeviceDraws::most_laws) return {};
    DeviceDraws draws = place.draws;
    draws.dim = width;
    for (std::int64_t t = 1; t < tables; ++t) std::copy_n(place.draws.laws, d, draws.laws + t * d);
    const DeviceBuffer x(place.queue, rows * width * 8);
    device_check(place.queue, device_library().table->draw(&place.queue, &draws, 0, rows, static_cast<double*>(x.data())));
    const DeviceValues values = device_values(place.queue, *model_, x.as<double>(), rows * tables);
    std::vector<double> y(static_cast<std::size_t>(rows * tables));
    device_check(place.queue, device_library().table->download(&place.queue, values.y, y.data(), rows * tables * 8));
    return y;
}

Moments moments_of(const double* record, std::int64_t outputs) {
    Moments out;
    out.n = static_cast<std::int64_t>(*record++);
    out.mean.assign(record, record + outputs);
    record += outputs;
    out.scatter = Matrix(outputs, outputs);
    for (std::int64_t j = 0; j < outputs; ++j)
        for (std::int64_t k = 0; k <= j; ++k) out.scatter(j, k) = out.scatter(k, j) = *record++;
    return out;
}

void merge_records(std::span<const double> records, std::int64_t m, Moments& total) {
    const auto numbers = static_cast<std::size_t>(moment_numbers(m));
    auto n = static_cast<double>(total.n);
    std::vector<double> gap(static_cast<std::size_t>(m));
    for (std::size_t at = 0; at < records.size(); at += numbers) {
        const double* record = records.data() + at;
        const double all = n + record[0], share = record[0] / all;
        for (std::size_t j = 0; j < gap.size(); ++j) gap[j] = record[1 + j] - total.mean[j];
        const double* scatter = record + 1 + m;
        for (std::int64_t j = 0; j < m; ++j)
            for (std::int64_t k = 0; k <= j; ++k)
                total.scatter(j, k) +=
                    *scatter++ + gap[static_cast<std::size_t>(j)] * gap[static_cast<std::size_t>(k)] * n * share;
        for (std::size_t j = 0; j < gap.size(); ++j) total.mean[j] += gap[j] * share;
        n = all;
    }
    total.n = static_cast<std::int64_t>(n);
    for (std::int64_t j = 0; j < m; ++j)
        for (std::int64_t k = 0; k < j; ++k) total.scatter(k, j) = total.scatter(j, k);
}

bool finite_record(std::span<const double> record) {
    bool finite = true;
    for (const double v : record) finite &= std::abs(v) <= std::numeric_limits<double>::max();   // no early end: vectorised
    return finite;
}

}  // namespace buffon
