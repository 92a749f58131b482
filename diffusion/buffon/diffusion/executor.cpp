#include <buffon/diffusion/executor.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <Eigen/Core>

#include <buffon/diffusion/brownian.hpp>
#include <buffon/diffusion/half_update.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/kernels.hpp>
#include <buffon/langevin_correction.hpp>
#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

/// Numbers below which an update is not worth a second thread.
constexpr std::int64_t numbers_per_thread = std::int64_t{1} << 17;

template <class T>
class Block {
public:
    Block(const Job& job, std::int64_t first, std::int64_t rows, int threads)
        : job_(job), program_(job.program), first_(first), rows_(rows), cols_(job.model.dim()), threads_(threads),
          size_(rows * cols_), memory_(static_cast<std::size_t>(program_.slots * size_)) {
        for (const Operation& op : program_.operations)
            if (!op.noise.empty()) noise_ = Matrix(rows_, cols_);
        if constexpr (!std::is_same_v<T, double>) point_ = Matrix(rows_, cols_);
        if (!std::is_same_v<T, double> || job_.options.callback) data_ = Matrix(rows_, cols_);
        if (job_.shift) label_.assign(static_cast<std::size_t>(rows_), job_.shift->own());
    }

    std::int64_t run() {
        start();
        int last = 0;
        for (const Operation& op : program_.operations) {
            if (op.at >= 0) evaluate(op);
            else if (!op.langevin.empty()) langevin(op);
            else combine(op);
            last = op.out;
            if (op.node >= 0 && !accept(op)) break;
        }
        finish(last);
        return evaluations_ * rows_;
    }

private:
    T* slot(int i) { return memory_.data() + i * size_; }
    std::size_t table_of(std::int64_t row) const {
        if (job_.shift) return label_[static_cast<std::size_t>(row)];
        return job_.table_of.empty() ? 0 : static_cast<std::size_t>(job_.table_of[static_cast<std::size_t>(first_ + row)]);
    }
    bool per_sample() const { return program_.axis == Program::Axis::sample; }

    /// State = (x - (1 - alpha) mu) / alpha, at each sample's own first level; x is drawn about mu.
    void start() {
        const auto& options = job_.options;
        Matrix drawn;
        if (!options.x) {
            drawn = Matrix(rows_, cols_);
            Stream{job_.draws.rng_key, start_stream}.normal(first_, drawn);
        }
        const double* from = options.x ? options.x->data.data() + first_ * cols_ : drawn.data.data();
        for (std::int64_t i = 0; i < rows_; ++i) {
            const Table& table = job_.tables[table_of(i)];
            const double alpha = table.nodes.alpha.front(), factor = (options.x ? 1.0 : table.schedule.prior_scale()) / alpha;
            const double* mu = mean_of(job_, first_ + i);
            const double of_mu = options.x ? 1 - 1 / alpha : 1.0;
            for (std::int64_t j = 0; j < cols_; ++j)
                slot(0)[i * cols_ + j] = static_cast<T>(factor * from[i * cols_ + j] + (mu ? of_mu * mu[j] : 0.0));
        }
    }

    void evaluate(const Operation& op) {
        std::vector<double> sigma(per_sample() ? static_cast<std::size_t>(rows_) : 1, op.rho[0]);
        if (per_sample())
            for (std::int64_t i = 0; i < rows_; ++i) sigma[static_cast<std::size_t>(i)] = op.rho[table_of(i)];
        if (job_.shift && op.node_at >= 0) relabel(op, sigma);
        const auto& condition = job_.options.condition.values;
        std::vector<std::int64_t> repeated;
        if (condition.size() == 1) repeated.assign(static_cast<std::size_t>(rows_), condition[0]);
        const std::span<const std::int64_t> labels =
            condition.size() <= 1
                ? std::span<const std::int64_t>(repeated)
                : std::span(condition).subspan(static_cast<std::size_t>(first_), static_cast<std::size_t>(rows_));
        if constexpr (std::is_same_v<T, double>) {
            job_.model.denoise({{slot(op.at), rows_, cols_}, sigma, labels, threads_}, {slot(op.out), rows_, cols_});
            if (job_.options.callback) std::copy_n(slot(op.out), size_, data_.data.data());   // the next update may overwrite it
        } else {
            widen(slot(op.at));
            job_.model.denoise({point_, sigma, labels, threads_}, data_);
            std::transform(data_.data.begin(), data_.data.end(), slot(op.out), [](double v) { return static_cast<T>(v); });
        }
        if (job_.shift && op.node_at >= 0) carry(op);
        ++evaluations_;
        count_guidance(job_, rows_, sigma, labels);
        if (job_.progress) job_.progress(rows_);
    }

    /// Each sample takes a label: its rows of the coming step, its level for the denoiser, its state at that level.
    void relabel(const Operation& op, std::vector<double>& sigma) {
        const ShiftNode& node = job_.shift->nodes[static_cast<std::size_t>(op.node_at)];
        for (std::int64_t i = 0; i < rows_; ++i) {
            std::size_t& label = label_[static_cast<std::size_t>(i)];
            T* x = slot(op.at) + i * cols_;
            label = node.labels.empty() ? job_.shift->own() : node.choose(node.alpha * node.alpha * unbiased_variance(x, cols_));
            if (label == job_.shift->own()) continue;
            sigma[static_cast<std::size_t>(i)] = node.labels[label].level;
            for (std::int64_t j = 0; j < cols_; ++j) x[j] = static_cast<T>(node.labels[label].scale * static_cast<double>(x[j]));
        }
    }

    /// And goes along its noise prediction to the level of the node: D + rho eps.
    void carry(const Operation& op) {
        const ShiftNode& node = job_.shift->nodes[static_cast<std::size_t>(op.node_at)];
        if (node.labels.empty()) return;
        for (std::int64_t i = 0; i < rows_; ++i) {
            const ShiftLabel& label = node.labels[table_of(i)];
            if (label.level == op.rho[table_of(i)]) continue;
            T* x = slot(op.at) + i * cols_;
            const T* D = slot(op.out) + i * cols_;
            const double r = op.rho[table_of(i)] / label.level;
            for (std::int64_t j = 0; j < cols_; ++j)
                x[j] = static_cast<T>(r * static_cast<double>(x[j]) + (1 - r) * static_cast<double>(D[j]));
        }
    }

    /// One pass over the rows; pieces of them on several threads where there is enough to do.
    void combine(const Operation& op) {
        const std::int64_t at_once = std::max<std::int64_t>(1, numbers_per_thread / cols_);
        const std::int64_t pieces = (rows_ + at_once - 1) / at_once;
        if (pieces == 1 || threads_ == 1) return combine(op, 0, rows_);
        parallel::for_each(pieces, threads_,
                           [&](std::int64_t p) { combine(op, p * at_once, std::min(at_once, rows_ - p * at_once)); });
    }

    void combine(const Operation& op, std::int64_t row, std::int64_t count) {
        if (!op.noise.empty()) draw(op, row, count);
        if (program_.axis == Program::Axis::none) return combine_with(op, 0, row, count);
        if (program_.axis == Program::Axis::coordinate) return combine_columns(op, row, count);
        for_runs(row, count, [&](std::size_t table, std::int64_t i, std::int64_t n) { combine_with(op, table, i, n); });
    }

    /// f(table, first row, rows) for runs of samples with the same table.
    template <class F>
    void for_runs(std::int64_t row, std::int64_t count, const F& f) {
        for (std::int64_t i = row; i < row + count;) {
            std::int64_t end = i + 1;
            while (end < row + count && table_of(end) == table_of(i)) ++end;
            f(table_of(i), i, end - i);
            i = end;
        }
    }

    /// Standard normal numbers of a row with noise.
    void draw(const Operation& op, std::int64_t row, std::int64_t count) {
        if (job_.noises.rows > 0) {
            for (std::int64_t i = row; i < row + count; ++i)
                std::copy_n(job_.noises.row(first_ + i).data() + op.draw * cols_, cols_, noise_.view().row(i).data());
            return;
        }
        if (job_.options.noise == NoiseKind::independent)
            return Stream{job_.draws.rng_key, start_stream + 1 + static_cast<std::uint32_t>(op.draw)}.normal(
                first_ + row, noise_.view().slice(row, count));
        for_runs(row, count, [&](std::size_t table, std::int64_t i, std::int64_t n) {
            const std::size_t g = program_.axis == Program::Axis::sample ? table : 0;
            brownian_increment({job_.draws.rng_key, start_stream}, first_ + i, op.before[g], op.rho[g],
                               noise_.view().slice(i, n));
        });
    }

    /// x + w (D - x) + rho sqrt(2 w) xi, see Recorder::langevin.
    void langevin(const Operation& op) {
        draw(op, 0, rows_);
        const T *x = slot(op.in[0]), *D = slot(op.in[1]);
        std::vector<double> drawn(static_cast<std::size_t>(rows_)), pull(drawn.size());
        for (std::int64_t i = 0; i < rows_; ++i)
            for (std::int64_t j = i * cols_; j < (i + 1) * cols_; ++j) {
                const double gap = static_cast<double>(D[j]) - static_cast<double>(x[j]),
                             xi = noise_.data[static_cast<std::size_t>(j)];
                drawn[static_cast<std::size_t>(i)] += xi * xi;
                pull[static_cast<std::size_t>(i)] += gap * gap;
            }
        double drawn_mean = 0.0, pull_mean = 0.0;
        for (std::size_t i = 0; i < drawn.size(); ++i) {
            drawn_mean += std::sqrt(drawn[i]) / static_cast<double>(rows_);
            pull_mean += std::sqrt(pull[i]) / static_cast<double>(rows_);
        }
        for (std::int64_t i = 0; i < rows_; ++i) {
            const std::size_t g = per_sample() ? table_of(i) : 0, at = static_cast<std::size_t>(i);
            const double rho = op.rho[g], from = op.pooled ? drawn_mean : std::sqrt(drawn[at]),
                         to = op.pooled ? pull_mean : std::sqrt(pull[at]);
            const auto [w, noise] = LangevinCorrection::of(op.langevin[g], from, to, rho);
            for (std::int64_t j = i * cols_; j < (i + 1) * cols_; ++j)
                slot(op.out)[j] = static_cast<T>((1 - w) * static_cast<double>(x[j]) + w * static_cast<double>(D[j]) +
                                                 noise * noise_.data[static_cast<std::size_t>(j)]);
        }
    }

    const T* const* operands(const Operation& op, std::int64_t at, std::vector<const T*>& in) {
        for (const int i : op.in) in.push_back(slot(i) + at);
        return in.data();
    }

    void combine_with(const Operation& op, std::size_t table, std::int64_t row, std::int64_t count) {
        const auto terms = op.in.size();
        std::vector<const T*> in;
        std::vector<double> weights(terms);
        for (std::size_t k = 0; k < terms; ++k) weights[k] = op.weights[k * static_cast<std::size_t>(program_.tables) + table];
        const std::int64_t at = row * cols_;
        const double* noise = op.noise.empty() ? nullptr : noise_.data.data() + at;
        const double noise_weight = op.noise.empty() ? 0.0 : op.noise[table];
        const auto k = static_cast<std::int64_t>(terms);
        if constexpr (std::is_same_v<T, double>)
            kernels().combine(slot(op.out) + at, operands(op, at, in), k, weights.data(), op.offset[table], noise,
                              noise_weight, count * cols_);
        else if constexpr (std::is_same_v<T, float>)
            kernels().combine_single(slot(op.out) + at, operands(op, at, in), k, weights.data(), op.offset[table],
                                     noise, noise_weight, count * cols_);
        else
            update_half(slot(op.out) + at, operands(op, at, in),
                        {weights.data(), &op.offset[table], &noise_weight, k, 0}, noise, count, cols_);
    }

    void combine_columns(const Operation& op, std::int64_t row, std::int64_t count) {
        std::vector<const T*> in;
        const std::int64_t at = row * cols_;
        const double* noise = op.noise.empty() ? nullptr : noise_.data.data() + at;
        const auto k = static_cast<std::int64_t>(op.in.size());
        if constexpr (std::is_same_v<T, double>)
            kernels().combine_columns(slot(op.out) + at, operands(op, at, in), k, op.weights.data(), op.offset.data(),
                                      noise, op.noise.data(), count, cols_);
        else if constexpr (std::is_same_v<T, float>)
            kernels().combine_columns_single(slot(op.out) + at, operands(op, at, in), k, op.weights.data(),
                                             op.offset.data(), noise, op.noise.data(), count, cols_);
        else
            update_half(slot(op.out) + at, operands(op, at, in),
                        {op.weights.data(), op.offset.data(), op.noise.data(), k, cols_}, noise, count, cols_);
    }

    double alpha_at(std::int64_t row, int node) const {
        return job_.tables[table_of(row)].nodes.alpha[static_cast<std::size_t>(node)];
    }

    /// The schedule's coordinates: x = alpha * state + (1 - alpha) mu.
    void write(int from, int node, View out) {
        for (std::int64_t i = 0; i < rows_; ++i) {
            const double alpha = alpha_at(i, node);
            const double* mu = mean_of(job_, first_ + i);
            for (std::int64_t j = 0; j < cols_; ++j)
                out(i, j) = alpha * static_cast<double>(slot(from)[i * cols_ + j]) + (mu ? (1 - alpha) * mu[j] : 0.0);
        }
    }

    /// Records and reports; false to stop.
    bool accept(const Operation& op) {
        node_ = op.node;
        const std::int64_t stride = job_.options.record, steps = job_.tables[0].steps();
        if (stride > 0 && (op.node % stride == 0 || op.node == steps))
            write(op.out, op.node,
                  job_.draws.trajectory[static_cast<std::size_t>((op.node - 1) / stride)].view().slice(first_, rows_));
        if (!job_.options.callback) return true;
        return job_.options.callback({.node = op.node,
                                      .steps = steps,
                                      .first = first_,
                                      .evaluations = evaluations_,
                                      .level = op.rho[table_of(0)],
                                      .alpha = alpha_at(0, op.node),
                                      .x = as_double(op.out),
                                      .data = data_});
    }

    ConstView as_double(int from) {
        if constexpr (std::is_same_v<T, double>) {
            return {slot(from), rows_, cols_};
        } else {
            widen(slot(from));
            return point_;
        }
    }

    void widen(const T* from) {
        std::transform(from, from + size_, point_.data.begin(), [](T v) { return static_cast<double>(v); });
    }

    void finish(int last) { write(last, node_, job_.draws.x.view().slice(first_, rows_)); }

    const Job& job_;
    const Program& program_;
    std::int64_t first_, rows_, cols_;
    int threads_;
    std::int64_t size_;
    std::vector<T> memory_;
    Matrix noise_, point_, data_;
    std::vector<std::size_t> label_;   // of each sample, in a time-shifted table
    std::int64_t evaluations_ = 0;
    int node_ = 0;
};

}  // namespace

void count_guidance(const Job& job, std::int64_t rows, std::span<const double> sigma, std::span<const std::int64_t> labels) {
    const auto& cost = job.model.traits().rows;
    if (!cost) return;
    for (std::int64_t i = 0; i < rows; ++i) job.guidance += cost(of_row(sigma, i), label_of(labels, i) >= 0) - 1;
}

std::int64_t run_block(const Job& job, std::int64_t first, std::int64_t rows, int threads) {
    switch (job.options.dtype) {
        case StateType::float32: return Block<float>(job, first, rows, threads).run();
        case StateType::float16: return Block<Eigen::half>(job, first, rows, threads).run();
        case StateType::bfloat16: return Block<Eigen::bfloat16>(job, first, rows, threads).run();
        case StateType::float64: break;
    }
    return Block<double>(job, first, rows, threads).run();
}

}  // namespace buffon::diffusion
