#include <buffon/diffusion/device_block.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/brownian.hpp>
#include <buffon/diffusion/device_levels.hpp>
#include <buffon/diffusion/rows.hpp>

namespace buffon::diffusion {
namespace {

constexpr Number number_of(StateType type) {
    switch (type) {
        case StateType::float32: return Number::float32;
        case StateType::float16: return Number::float16;
        case StateType::bfloat16: return Number::bfloat16;
        case StateType::float64: break;
    }
    return Number::float64;
}

class DeviceBlock {
public:
    DeviceBlock(const Job& job, const DeviceQueue& queue, const DeviceFunction& model, std::int64_t first,
                std::int64_t rows)
        : job_(job), program_(job.program), queue_(queue), model_(model), first_(first), rows_(rows),
          cols_(job.model.dim()), size_(rows * cols_), number_(number_of(job.options.dtype)),
          memory_(queue, program_.slots * bytes()) {
        if (job_.shift) label_.assign(static_cast<std::size_t>(rows_), job_.shift->own());
        place_groups();
        place_labels();
        if (is_half(number_)) { point_ = room_of(Number::float32); answer_ = room_of(Number::float32); }
    }

    std::int64_t run() {
        const int last = through_table();
        write(last, node_, job_.draws.x.view().slice(first_, rows_));
        return evaluations_ * rows_;
    }

    /// The same to memory of the device: (rows, cols) in double.
    void run_to(double* out) {
        const int last = through_table();
        write_there(last, node_, out);
    }

private:
    /// @return slot of the last state
    int through_table() {
        start();
        int last = 0;
        for (const Operation& op : program_.operations) {
            if (op.at >= 0) evaluate(op);
            else op.langevin.empty() ? combine(op) : langevin(op);
            last = op.out;
            if (op.node >= 0 && !accept(op)) break;
        }
        return last;
    }

    /// A slot's bytes, so that each begins where sixteen numbers at once may be read.
    std::int64_t bytes() const { return (size_ * size_of(number_) + 255) / 256 * 256; }
    DeviceBuffer room_of(Number number) const { return {queue_, size_ * size_of(number)}; }
    void* slot(int i) const { return static_cast<char*>(memory_.data()) + i * bytes(); }
    bool per_sample() const { return program_.axis == Program::Axis::sample; }
    std::size_t table_of(std::int64_t row) const {
        if (job_.shift) return label_[static_cast<std::size_t>(row)];
        return job_.table_of.empty() ? 0 : static_cast<std::size_t>(job_.table_of[static_cast<std::size_t>(first_ + row)]);
    }

    void place_groups() {
        if (!per_sample()) return;
        std::vector<std::int32_t> group(static_cast<std::size_t>(rows_));
        for (std::int64_t i = 0; i < rows_; ++i) group[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(table_of(i));
        group_of_ = DeviceBuffer::of(queue_, std::span<const std::int32_t>(group));
    }

    void place_labels() {
        const auto& given = job_.options.condition.values;
        if (given.empty()) return;
        labels_.assign(static_cast<std::size_t>(rows_), given[0]);
        if (given.size() > 1) std::copy_n(given.begin() + first_, rows_, labels_.begin());
        labels_there_ = DeviceBuffer::of(queue_, std::span<const std::int64_t>(labels_));
    }

    void run_combine(const DeviceCombine& what) { device_check(queue_, device_library().table->combine(&queue_, &what)); }

    /// One coefficient for each table: what starts and ends of samples at several levels need.
    struct PerTable {
        std::vector<double> numbers;   // (terms + 2, tables)

        void add(std::size_t tables, const auto& of_table) {
            for (std::size_t g = 0; g < tables; ++g) numbers.push_back(of_table(g));
        }
    };

    DeviceCombine blank(void* out, Number out_number, Number in_number) const {
        DeviceCombine c;
        c.out = out;
        c.out_number = out_number;
        c.in_number = in_number;
        c.first = first_;
        c.rows = rows_;
        c.cols = cols_;
        return c;
    }

    /// The numbers of the start (0) or of noise row k (1 + k), where they are given.
    void give(DeviceCombine& c, std::int64_t which) const {
        if (job_.there.at == nullptr) return;
        c.given = job_.there.at + first_ * job_.there.stride + which * cols_;
        c.given_stride = job_.there.stride;
    }

    void copy_as(const void* from, Number in, void* to, Number out) {
        DeviceCombine c = blank(to, out, in);
        add_operand(c, from);
        c.weight[0] = 1.0;
        run_combine(c);
    }

    void add_operand(DeviceCombine& c, const void* operand) const { c.in[c.terms++] = operand; }

    void by_table(DeviceCombine& c, const PerTable& coefficients, DeviceBuffer& keep) const {
        keep = DeviceBuffer::of(queue_, std::span<const double>(coefficients.numbers));
        c.axis = DeviceCombine::Axis::row;
        c.groups = static_cast<std::int64_t>(job_.tables.size());
        c.coefficients = keep.as<double>();
        c.group_of = group_of_.as<std::int32_t>();
    }

    /// mu of each row, (rows, cols) on the device.
    DeviceBuffer means() const {
        Matrix mu(rows_, cols_);
        for (std::int64_t i = 0; i < rows_; ++i) std::copy_n(mean_of(job_, first_ + i), cols_, mu.view().row(i).begin());
        return DeviceBuffer::of(queue_, std::span<const double>(mu.data));
    }

    bool reverting() const { return job_.options.mean.has_value(); }

    /// State = (x - (1 - alpha) mu) / alpha, at each sample's own first level; x is drawn about mu.
    void start() {
        const auto& options = job_.options;
        DeviceBuffer given, mu, coefficients;
        DeviceCombine c = blank(slot(0), number_, Number::float64);
        if (options.x) {
            given = DeviceBuffer::of(queue_, std::span<const double>(options.x->data.data() + first_ * cols_,
                                                                     static_cast<std::size_t>(size_)));
            add_operand(c, given.data());
        }
        if (reverting()) {
            mu = means();
            add_operand(c, mu.data());
        }
        c.random = !options.x;
        c.noise = {job_.draws.rng_key, start_stream};
        give(c, 0);
        const auto alpha = [&](std::size_t g) { return job_.tables[g].nodes.alpha.front(); };
        const auto factor = [&](std::size_t g) { return (options.x ? 1.0 : job_.tables[g].schedule.prior_scale()) / alpha(g); };
        const auto of_mu = [&](std::size_t g) { return options.x ? 1 - 1 / alpha(g) : 1.0; };
        const auto nothing = [](std::size_t) { return 0.0; };
        if (per_sample()) {
            PerTable per;
            if (options.x) per.add(job_.tables.size(), factor);
            if (reverting()) per.add(job_.tables.size(), of_mu);
            per.add(job_.tables.size(), nothing);
            options.x ? per.add(job_.tables.size(), nothing) : per.add(job_.tables.size(), factor);
            by_table(c, per, coefficients);
        } else {
            if (options.x) c.weight[0] = factor(0);
            if (reverting()) c.weight[c.terms - 1] = of_mu(0);
            c.noise_weight = factor(0);
        }
        run_combine(c);
    }

    void evaluate(const Operation& op) {
        std::vector<double> sigma(per_sample() ? static_cast<std::size_t>(rows_) : 1, op.rho[0]);
        DeviceBuffer sigmas;
        if (per_sample()) {
            for (std::int64_t i = 0; i < rows_; ++i) sigma[static_cast<std::size_t>(i)] = op.rho[table_of(i)];
            if (job_.shift && op.node_at >= 0) relabel(op, sigma);
            sigmas = DeviceBuffer::of(queue_, std::span<const double>(sigma));
        }
        DeviceRows asked{.x = slot(op.at),
                         .out = slot(op.out),
                         .number = number_,
                         .rows = rows_,
                         .sigma = sigma[0],
                         .sigmas = sigmas.as<double>(),
                         .labels = labels_there_.as<std::int64_t>()};
        if (is_half(number_)) {   // models compute in float
            copy_as(asked.x, number_, point_.data(), Number::float32);
            asked.x = point_.data();
            asked.out = answer_.data();
            asked.number = Number::float32;
        }
        model_({queue_, asked, sigma, labels_});
        if (is_half(number_)) copy_as(answer_.data(), Number::float32, slot(op.out), number_);
        if (per_sample() && job_.shift && op.node_at >= 0) carry(op);
        if (job_.options.callback) data_ = downloaded(op.out);   // the next update may overwrite it
        ++evaluations_;
        count_guidance(job_, rows_, sigma, labels_);
        if (job_.progress) job_.progress(rows_);
    }

    DeviceBuffer doubles(std::int64_t n) const { return {queue_, n * size_of(Number::float64)}; }

    DeviceBuffer squares(const void* x, const void* less, Number number, bool centred = false) const {
        DeviceBuffer out = doubles(rows_);
        const DeviceRowSquares what{x, less, number, rows_, cols_, centred, static_cast<double*>(out.data())};
        device_check(queue_, device_library().table->row_squares(&queue_, &what));
        return out;
    }

    /// Executor's: each sample takes a label by its variance, which the host reads, since models ask it for levels.
    void relabel(const Operation& op, std::vector<double>& sigma) {
        const ShiftNode& node = job_.shift->nodes[static_cast<std::size_t>(op.node_at)];
        label_.assign(label_.size(), job_.shift->own());
        if (!node.labels.empty()) {
            std::vector<double> variance(label_.size()), scale(label_.size(), 1.0);
            squares(slot(op.at), nullptr, number_, true).download(variance.data());
            for (std::size_t i = 0; i < label_.size(); ++i) {
                label_[i] = node.choose(node.alpha * node.alpha * variance[i] / static_cast<double>(cols_ - 1));
                if (label_[i] == job_.shift->own()) continue;
                sigma[i] = node.labels[label_[i]].level;
                scale[i] = node.labels[label_[i]].scale;
            }
            combine_rows({slot(op.at)}, {scale}, slot(op.at));
        }
        place_groups();
    }

    /// And goes along its noise prediction to the level of the node.
    void carry(const Operation& op) {
        const ShiftNode& node = job_.shift->nodes[static_cast<std::size_t>(op.node_at)];
        if (node.labels.empty()) return;
        std::vector<double> of_x, of_data;
        for (const std::size_t k : label_) {
            const double level = node.labels[k].level, r = level == op.rho[k] ? 1.0 : op.rho[k] / level;
            of_x.push_back(r);
            of_data.push_back(1 - r);
        }
        combine_rows({slot(op.at), slot(op.out)}, {of_x, of_data}, slot(op.at));
    }

    void combine_rows(std::vector<const void*> in, std::vector<std::vector<double>> weights, void* out) const {
        combine_levels({queue_, {.rows = rows_}, {}, {}}, cols_, {std::move(in), number_, std::move(weights), out, number_});
    }

    /// x + w (D - x) + rho sqrt(2 w) xi, see Recorder::langevin.
    void langevin(const Operation& op) {
        const DeviceBuffer xi = doubles(size_), coefficients = doubles(4 * rows_),
                           scale = DeviceBuffer::of(queue_, std::span<const double>(op.langevin)),
                           rho = DeviceBuffer::of(queue_, std::span<const double>(op.rho));
        DeviceBuffer path;
        DeviceCombine numbers = blank(xi.data(), Number::float64, Number::float64);
        draw(numbers, op, path);
        numbers.noise_weight = 1.0;
        run_combine(numbers);
        const DeviceBuffer drawn = squares(xi.data(), nullptr, Number::float64),
                           pull = squares(slot(op.in[1]), slot(op.in[0]), number_);
        const DeviceCorrections sizes{drawn.as<double>(), pull.as<double>(), rows_, op.pooled, scale.as<double>(), rho.as<double>(),
                                      per_sample() ? group_of_.as<std::int32_t>() : nullptr, static_cast<double*>(coefficients.data())};
        device_check(queue_, device_library().table->corrections(&queue_, &sizes));
        std::vector<std::int32_t> own(static_cast<std::size_t>(rows_));
        std::iota(own.begin(), own.end(), 0);
        const DeviceBuffer groups = DeviceBuffer::of(queue_, std::span<const std::int32_t>(own));
        DeviceCombine c = blank(slot(op.out), number_, number_);
        for (const int i : op.in) add_operand(c, slot(i));
        c.random = true;
        c.given = xi.as<double>();
        c.given_stride = cols_;
        c.axis = DeviceCombine::Axis::row;
        c.groups = rows_;
        c.coefficients = coefficients.as<double>();
        c.group_of = groups.as<std::int32_t>();
        run_combine(c);
    }

    /// The numbers of a row with noise; `path` keeps those that are pieces of paths.
    void draw(DeviceCombine& c, const Operation& op, DeviceBuffer& path) const {
        c.random = true;
        c.noise = {job_.draws.rng_key, start_stream + 1 + static_cast<std::uint32_t>(op.draw)};
        give(c, 1 + op.draw);
        if (job_.options.noise != NoiseKind::brownian) return;
        path = brownian(op);
        c.given = path.as<double>();
        c.given_stride = cols_;
    }

    /// The normal numbers of a row whose noise is a piece of a path.
    DeviceBuffer brownian(const Operation& op) const {
        Matrix xi(rows_, cols_);
        for (std::int64_t i = 0; i < rows_;) {
            std::int64_t end = i + 1;
            while (end < rows_ && table_of(end) == table_of(i)) ++end;
            const std::size_t g = per_sample() ? table_of(i) : 0;
            brownian_increment({job_.draws.rng_key, start_stream}, first_ + i, op.before[g], op.rho[g],
                               xi.view().slice(i, end - i));
            i = end;
        }
        return DeviceBuffer::of(queue_, std::span<const double>(xi.data));
    }

    void combine(const Operation& op) {
        require(static_cast<int>(op.in.size()) <= DeviceCombine::max_terms, "sample: a row of ", op.in.size(),
                " terms is too long for a device");
        DeviceCombine c = blank(slot(op.out), number_, number_);
        for (const int i : op.in) add_operand(c, slot(i));
        DeviceBuffer path, coefficients;
        if (!op.noise.empty()) draw(c, op, path);
        if (program_.axis == Program::Axis::none) {
            std::copy_n(op.weights.begin(), c.terms, c.weight);
            c.offset = op.offset[0];
            c.noise_weight = c.random ? op.noise[0] : 0.0;
        } else {
            std::vector<double> numbers(op.weights);   // (terms + 2, tables)
            numbers.insert(numbers.end(), op.offset.begin(), op.offset.end());
            numbers.insert(numbers.end(), op.noise.begin(), op.noise.end());
            by_table(c, {numbers}, coefficients);
            c.groups = program_.tables;
            if (program_.axis == Program::Axis::coordinate) c.axis = DeviceCombine::Axis::column;
        }
        run_combine(c);
    }

    double alpha_at(std::size_t table, int node) const { return job_.tables[table].nodes.alpha[static_cast<std::size_t>(node)]; }

    /// The schedule's coordinates: x = alpha * state + (1 - alpha) mu.
    void write_there(int from, int node, double* out) {
        DeviceBuffer mu, coefficients, state;
        DeviceCombine c = blank(out, Number::float64, number_);
        add_operand(c, slot(from));
        if (reverting()) {   // mu is double: so must the state be
            state = room_of(Number::float64);
            copy_as(slot(from), number_, state.data(), Number::float64);
            mu = means();
            c.in[0] = state.data();
            c.in_number = Number::float64;
            add_operand(c, mu.data());
        }
        if (per_sample()) {
            PerTable per;
            per.add(job_.tables.size(), [&](std::size_t g) { return alpha_at(g, node); });
            if (reverting()) per.add(job_.tables.size(), [&](std::size_t g) { return 1 - alpha_at(g, node); });
            per.add(2 * job_.tables.size(), [](std::size_t) { return 0.0; });
            by_table(c, per, coefficients);
        } else {
            c.weight[0] = alpha_at(0, node);
            if (reverting()) c.weight[1] = 1 - alpha_at(0, node);
        }
        run_combine(c);
    }

    void write(int from, int node, View out) {
        const DeviceBuffer result = room_of(Number::float64);
        write_there(from, node, static_cast<double*>(result.data()));
        result.download(out.data);
        for (std::int64_t i = 0; i < rows_; ++i)
            for (const double v : out.row(i))
                require(std::isfinite(v), "sample: row ", first_ + i, " is not finite on the device (", v,
                        "): its start is too far out, or the solver diverges");
    }

    Matrix downloaded(int from) {
        Matrix out(rows_, cols_);
        const DeviceBuffer copy = room_of(Number::float64);
        copy_as(slot(from), number_, copy.data(), Number::float64);
        copy.download(out.data.data());
        return out;
    }

    /// Records and reports; false to stop.
    bool accept(const Operation& op) {
        node_ = op.node;
        const std::int64_t stride = job_.options.record, steps = job_.tables[0].steps();
        if (stride > 0 && (op.node % stride == 0 || op.node == steps))
            write(op.out, op.node,
                  job_.draws.trajectory[static_cast<std::size_t>((op.node - 1) / stride)].view().slice(first_, rows_));
        if (!job_.options.callback) return true;
        const Matrix x = downloaded(op.out);
        return job_.options.callback({.node = op.node,
                                      .steps = steps,
                                      .first = first_,
                                      .evaluations = evaluations_,
                                      .level = op.rho[table_of(0)],
                                      .alpha = alpha_at(table_of(0), op.node),
                                      .x = x,
                                      .data = data_});
    }

    const Job& job_;
    const Program& program_;
    const DeviceQueue& queue_;
    const DeviceFunction& model_;
    std::int64_t first_, rows_, cols_, size_;
    Number number_;
    DeviceBuffer memory_, group_of_, labels_there_;
    DeviceBuffer point_, answer_;   // of halves, as the model sees and gives them
    std::vector<std::int64_t> labels_;
    std::vector<std::size_t> label_;   // of each sample, in a time-shifted table
    std::int64_t evaluations_ = 0;
    int node_ = 0;
    Matrix data_;   // for a callback
};

}  // namespace

void check_on_device(const std::string& who, const Denoiser& model, const Table& table) {
    require(!table.adaptive, who, ": ", table.name,
            " chooses its steps and runs on device='cpu' only; a table of fixed steps runs on a device");
    check_on_device(who, model);
}

void check_on_device(const std::string& who, const Denoiser& model) {
    require(static_cast<bool>(model.traits().on_device), who, ": ", model.traits().name,
            " computes on device='cpu' only; a mixture, points, and a Network of torch, CuPy or JAX arrays run on a device");
}

std::int64_t run_block_on_device(const Job& job, const DeviceQueue& queue, const DeviceFunction& model,
                                 std::int64_t first, std::int64_t rows) {
    return DeviceBlock(job, queue, model, first, rows).run();
}

void run_block_there(const Job& job, const DeviceQueue& queue, const DeviceFunction& model, std::int64_t first,
                     std::int64_t rows, double* out) {
    DeviceBlock(job, queue, model, first, rows).run_to(out);
}

std::int64_t rows_on_device(const Denoiser& model, const Program& program) {
    return std::max<std::int64_t>(1, (std::int64_t{1} << 30) / (program.slots + 3) / model.dim());
}

}  // namespace buffon::diffusion
