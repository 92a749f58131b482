#include <buffon/diffusion/empirical.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>
#include <variant>

#include <buffon/attention.hpp>
#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/kernels.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/parallel.hpp>

namespace buffon::diffusion {
namespace {

using Numbers = std::vector<double>;

void check_points(const Matrix& points, const EmpiricalOptions& options) {
    require(points.rows >= 1 && points.cols >= 1,
            "Empirical: points must have shape (m, d) with m and d at least 1, got (", points.rows, ", ", points.cols,
            ")");
    for (const double v : points.data) require(std::isfinite(v), "Empirical: points must be finite, got ", v);
    const auto m = static_cast<std::size_t>(points.rows);
    require(options.weights.empty() || options.weights.size() == m,
            "Empirical: weights must hold one number per point (", m, "), got ", options.weights.size());
    for (const double w : options.weights)
        require(w > 0 && std::isfinite(w), "Empirical: weights must be positive and finite, got ", w);
    require(options.bandwidth >= 0 && std::isfinite(options.bandwidth * options.bandwidth),
            "Empirical: bandwidth must lie in [0, 1e154], got ", options.bandwidth);
    require(options.labels.empty() || options.labels.size() == m, "Empirical: labels must hold one class per point (",
            m, "), got ", options.labels.size());
    for (const std::int64_t label : options.labels)   // no class is empty, so there are at most m
        require(label >= 0 && label < points.rows, "Empirical: labels must lie in 0, 1, ..., without a gap, got ", label);
}

/// How many points each class has.
std::vector<std::int64_t> class_sizes(const std::vector<std::int64_t>& labels, std::int64_t points) {
    if (labels.empty()) return {points};
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(*std::max_element(labels.begin(), labels.end()) + 1), 0);
    for (const std::int64_t label : labels) ++sizes[static_cast<std::size_t>(label)];
    for (std::size_t c = 0; c < sizes.size(); ++c)
        require(sizes[c] > 0, "Empirical: labels must leave no class without a point, class ", c, " has none");
    return sizes;
}

/// |a - b|^2 of d coordinates, as eight sums.
double squared_distance(const double* a, const double* b, std::int64_t d) {
    double sums[8] = {};
    std::int64_t j = 0;
    for (; j + 8 <= d; j += 8)
        for (int l = 0; l < 8; ++l) {
            const double offset = a[j + l] - b[j + l];
            sums[l] += offset * offset;
        }
    for (int l = 0; j < d; ++j, ++l) sums[l] += (a[j] - b[j]) * (a[j] - b[j]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

[[noreturn]] void refuse_row(std::int64_t i) {
    detail::refuse("Empirical: x must be finite and its distances representable, row ", i, " is not");
}

}  // namespace

/// Points in the order of their classes.
struct Empirical::Data {
    Matrix points;
    Numbers weights, log_weights;
    std::vector<std::int64_t> order;     // number of each point as the user knows it
    std::vector<std::int64_t> starts;    // first point of each class, and the end
    Numbers log_class_weight;            // of each class
    bool labelled = false;
    Numbers given_weights;               // as the user has them; empty: equal ones
    double bandwidth = 0.0;
    double variance = 0.0;               // bandwidth^2
    std::variant<Attention<double>, Attention<float>> attention;

    std::pair<std::int64_t, std::int64_t> range(std::int64_t label) const {
        if (label < 0) return {0, points.rows};
        return {starts[static_cast<std::size_t>(label)], starts[static_cast<std::size_t>(label) + 1]};
    }
    double log_weight(std::int64_t label) const { return label < 0 ? 0.0 : log_class_weight[static_cast<std::size_t>(label)]; }

    static std::shared_ptr<const Data> make(Matrix given, const EmpiricalOptions& options);
};

std::shared_ptr<const Empirical::Data> Empirical::Data::make(Matrix given, const EmpiricalOptions& options) {
    check_points(given, options);
    const std::vector<std::int64_t> sizes = class_sizes(options.labels, given.rows);
    const auto m = static_cast<std::size_t>(given.rows);
    std::vector<std::int64_t> order(m);
    std::iota(order.begin(), order.end(), 0);
    const auto& labels = options.labels;
    if (!labels.empty())
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
            return labels[static_cast<std::size_t>(a)] < labels[static_cast<std::size_t>(b)];
        });
    Matrix points(given.rows, given.cols);
    Numbers weights(m, 1.0), log_weights(m);
    for (std::size_t i = 0; i < m; ++i) {
        std::copy_n(given.view().row(order[i]).begin(), given.cols,
                    points.data.begin() + static_cast<std::int64_t>(i) * given.cols);
        if (!options.weights.empty()) weights[i] = options.weights[static_cast<std::size_t>(order[i])];
    }
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i < m; ++i) {
        weights[i] /= total;
        log_weights[i] = std::log(weights[i]);
    }
    std::vector<std::int64_t> starts{0};
    Numbers log_class;
    for (const std::int64_t size : sizes) {
        log_class.push_back(
            std::log(std::accumulate(weights.begin() + starts.back(), weights.begin() + starts.back() + size, 0.0)));
        starts.push_back(starts.back() + size);
    }
    using Both = std::variant<Attention<double>, Attention<float>>;
    Both attention = options.single ? Both(Attention<float>(points, log_weights, sizes))
                                    : Both(Attention<double>(points, log_weights, sizes));
    return std::make_shared<const Data>(Data{std::move(points), std::move(weights), std::move(log_weights),
                                             std::move(order), std::move(starts), std::move(log_class), !labels.empty(),
                                             options.weights, options.bandwidth, options.bandwidth * options.bandwidth,
                                             std::move(attention)});
}

/// Posterior weights of one row, in double, from distances as differences.
class Empirical::Row {
public:
    explicit Row(const Data& data)
        : data_(data), distance_(static_cast<std::size_t>(data.points.rows)), weights_(distance_.size()) {}

    void place(const double* x, std::int64_t label) {
        std::tie(first_, last_) = data_.range(label);
        for (std::int64_t i = first_; i < last_; ++i)
            distance_[static_cast<std::size_t>(i - first_)] =
                squared_distance(x, data_.points.view().row(i).data(), data_.points.cols);
    }

    /// log sum_i a_i exp(-|x - y_i|^2 / (2 v)); leaves the weights. v = 0: the nearest points share all.
    double weigh(double v) {
        const auto n = static_cast<std::size_t>(last_ - first_);
        const double half_inverse = 0.5 / std::max(v, 1e-300);
        const double nearest = *std::min_element(distance_.begin(), distance_.begin() + (last_ - first_));
        double top = -std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < n; ++i) {
            weights_[i] = data_.log_weights[i + static_cast<std::size_t>(first_)] - (distance_[i] - nearest) * half_inverse;
            top = std::max(top, weights_[i]);
        }
        for (std::size_t i = 0; i < n; ++i) weights_[i] -= top;
        kernels().exps(weights_.data(), static_cast<std::int64_t>(n));
        const double total = std::accumulate(weights_.begin(), weights_.begin() + static_cast<std::int64_t>(n), 0.0);
        for (std::size_t i = 0; i < n; ++i) weights_[i] /= total;
        return std::isfinite(nearest) ? std::log(total) + top - nearest * half_inverse : std::numeric_limits<double>::quiet_NaN();
    }

    std::span<const double> weights() const { return {weights_.data(), static_cast<std::size_t>(last_ - first_)}; }
    std::int64_t first() const { return first_; }
    const double* point(std::size_t i) const { return data_.points.view().row(first_ + static_cast<std::int64_t>(i)).data(); }
    std::int64_t number(std::size_t i) const { return data_.order[static_cast<std::size_t>(first_) + i]; }

    /// Sum of w (y - mean)(y - mean)^T, row-major.
    void covariance(std::span<double> out) const {
        const auto d = static_cast<std::size_t>(data_.points.cols);
        Numbers mean(d, 0.0), offset(d);
        const std::span<const double> w = weights();
        for (std::size_t i = 0; i < w.size(); ++i)
            if (w[i] > 0)
                for (std::size_t j = 0; j < d; ++j) mean[j] += w[i] * point(i)[j];
        std::fill(out.begin(), out.end(), 0.0);
        for (std::size_t i = 0; i < w.size(); ++i) {
            if (!(w[i] > 1e-30)) continue;   // far below the rounding of the sum
            for (std::size_t j = 0; j < d; ++j) offset[j] = point(i)[j] - mean[j];
            for (std::size_t a = 0; a < d; ++a)
                for (std::size_t b = 0; b <= a; ++b) out[a * d + b] += w[i] * offset[a] * offset[b];
        }
        for (std::size_t a = 0; a < d; ++a)
            for (std::size_t b = 0; b < a; ++b) out[b * d + a] = out[a * d + b];
    }

private:
    const Data& data_;
    std::int64_t first_ = 0, last_ = 0;
    Numbers distance_, weights_;
};

Empirical::Empirical(Matrix points, EmpiricalOptions options) : data_(Data::make(std::move(points), options)) {}

std::int64_t Empirical::dim() const { return data_->points.cols; }
std::int64_t Empirical::size() const { return data_->points.rows; }
std::int64_t Empirical::classes() const { return data_->labelled ? static_cast<std::int64_t>(data_->starts.size()) - 1 : 0; }
double Empirical::bandwidth() const { return data_->bandwidth; }
bool Empirical::single() const { return data_->attention.index() == 1; }

Matrix Empirical::points() const {
    Matrix out(size(), dim());
    for (std::int64_t i = 0; i < size(); ++i)
        std::copy_n(data_->points.view().row(i).begin(), dim(),
                    out.view().row(data_->order[static_cast<std::size_t>(i)]).begin());
    return out;
}

std::vector<double> Empirical::weights() const {
    Numbers out(data_->weights.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[static_cast<std::size_t>(data_->order[i])] = data_->weights[i];
    return out;
}

std::vector<std::int64_t> Empirical::labels() const {
    std::vector<std::int64_t> out(data_->labelled ? data_->order.size() : 0);
    if (data_->labelled)
        for (std::int64_t c = 0; c < classes(); ++c)
            for (std::int64_t i = data_->range(c).first; i < data_->range(c).second; ++i)
                out[static_cast<std::size_t>(data_->order[static_cast<std::size_t>(i)])] = c;
    return out;
}

EmpiricalOptions Empirical::options() const { return {data_->given_weights, bandwidth(), labels(), single()}; }

void Empirical::check(const char* function, const Query& q, View out, std::int64_t cols, bool density) const {
    require(q.x.data == nullptr || q.x.cols == dim(), "Empirical.", function, ": x must have shape (n, ", dim(),
            "), got (", q.x.rows, ", ", q.x.cols, ")");
    require(out.cols == cols && (q.x.data == nullptr || out.rows == q.x.rows), "Empirical.", function,
            ": out must have shape (n, ", cols, "), got (", out.rows, ", ", out.cols, ")");
    const std::int64_t n = out.rows;
    require(q.sigma.size() == 1 || static_cast<std::int64_t>(q.sigma.size()) == n, "Empirical.", function,
            ": sigma must be one number or one per row (", n, "), got ", q.sigma.size(), " numbers");
    for (const double s : q.sigma) {
        require(s >= 0 && std::isfinite(s * s), "Empirical.", function, ": sigma must lie in [0, 1e154], got ", s);
        require(!density || s * s + data_->variance > 0, "Empirical.", function,
                ": sigma must be positive because points have no density, got ", s);
    }
    require(q.labels.empty() || classes() > 0, "Empirical.", function, ": condition must be None, the points have no labels");
    require(q.labels.size() <= 1 || static_cast<std::int64_t>(q.labels.size()) == n, "Empirical.", function,
            ": condition must hold one label or one per row (", n, "), got ", q.labels.size());
    for (const std::int64_t label : q.labels)
        require(label >= -1 && label < classes(), "Empirical.", function, ": condition must lie in 0 ... ",
                classes() - 1, " (-1: none), got ", label);
}

/// f(i, v, mean) with the weighted mean of the points for each row, rows of one class together.
template <class F>
void Empirical::over_averages(const Query& q, const F& f) const {
    parallel::for_each((q.x.rows + rows_at_once - 1) / rows_at_once, q.threads, [&](std::int64_t block) {
        const std::int64_t first = block * rows_at_once, count = std::min(rows_at_once, q.x.rows - first);
        std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
        std::iota(rows.begin(), rows.end(), first);
        std::stable_sort(rows.begin(), rows.end(),
                         [&](std::int64_t a, std::int64_t b) { return label_of(q.labels, a) < label_of(q.labels, b); });
        for (std::size_t begin = 0; begin < rows.size();) {
            std::size_t end = begin;
            const std::int64_t label = label_of(q.labels, rows[begin]);
            while (end < rows.size() && label_of(q.labels, rows[end]) == label) ++end;
            const auto n = static_cast<std::int64_t>(end - begin);
            Matrix x(n, dim()), mean(n, dim());
            Numbers v;
            for (std::size_t i = begin; i < end; ++i) {
                std::copy_n(q.x.row(rows[i]).begin(), dim(), x.view().row(static_cast<std::int64_t>(i - begin)).begin());
                const double s = of_row(q.sigma, rows[i]);
                v.push_back(s * s + data_->variance);
            }
            std::visit([&](const auto& attention) { attention.average(x, v, label, mean); }, data_->attention);
            for (std::size_t i = begin; i < end; ++i) {
                const std::span<const double> row = mean.view().row(static_cast<std::int64_t>(i - begin));
                if (!std::isfinite(row[0])) refuse_row(rows[i]);
                f(rows[i], v[i - begin], row);
            }
            begin = end;
        }
    });
}

void Empirical::denoise(const Query& q, View out) const {
    check("denoise", q, out, dim(), false);
    over_averages(q, [&](std::int64_t i, double v, std::span<const double> mean) {
        const double kept = data_->variance > 0 ? data_->variance / v : 0.0;   // of x
        for (std::int64_t j = 0; j < dim(); ++j) out(i, j) = (1 - kept) * mean[static_cast<std::size_t>(j)] + kept * q.x(i, j);
    });
}

void Empirical::score(const Query& q, View out) const {
    check("score", q, out, dim(), true);
    over_averages(q, [&](std::int64_t i, double v, std::span<const double> mean) {
        for (std::int64_t j = 0; j < dim(); ++j) out(i, j) = (mean[static_cast<std::size_t>(j)] - q.x(i, j)) / v;
    });
}

void Empirical::log_density(const Query& q, std::span<double> out) const {
    check("log_density", q, View{out.data(), static_cast<std::int64_t>(out.size()), 1}, 1, true);
    over_rows(q.x.rows, q.threads, [this] { return Row(*data_); }, [&](std::int64_t i, Row& row) {
        const double s = of_row(q.sigma, i), v = s * s + data_->variance;
        row.place(q.x.row(i).data(), label_of(q.labels, i));
        const double log_sum = row.weigh(v);
        if (!std::isfinite(log_sum)) refuse_row(i);
        out[static_cast<std::size_t>(i)] = log_sum - data_->log_weight(label_of(q.labels, i)) -
                                           static_cast<double>(dim()) * (half_log_two_pi + 0.5 * std::log(v));
    });
}

template <class F>
void Empirical::over_weights(const Query& q, const F& f) const {
    over_rows(q.x.rows, q.threads, [this] { return Row(*data_); }, [&](std::int64_t i, Row& row) {
        const double s = of_row(q.sigma, i);
        row.place(q.x.row(i).data(), label_of(q.labels, i));
        if (std::isnan(row.weigh(s * s + data_->variance))) refuse_row(i);
        f(i, s, row);
    });
}

void Empirical::responsibilities(const Query& q, View out) const {
    check("responsibilities", q, out, size(), false);
    over_weights(q, [&](std::int64_t i, double, const Row& row) {
        std::fill(out.row(i).begin(), out.row(i).end(), 0.0);
        for (std::size_t k = 0; k < row.weights().size(); ++k) out(i, row.number(k)) = row.weights()[k];
    });
}

void Empirical::top_k(const Query& q, View out, std::span<std::int64_t> points) const {
    check("top_k", q, out, out.cols, false);
    const std::int64_t k = out.cols;
    for (std::int64_t i = 0; i < out.rows; ++i) {
        const auto [first, last] = data_->range(label_of(q.labels, i));
        require(k >= 1 && k <= last - first, "Empirical.top_k: k must lie in 1 ... ", last - first, ", got ", k);
    }
    over_weights(q, [&](std::int64_t i, double, const Row& row) {
        std::vector<std::size_t> places(row.weights().size());
        std::iota(places.begin(), places.end(), std::size_t{0});
        const auto heavier = [&](std::size_t a, std::size_t b) {
            return row.weights()[a] != row.weights()[b] ? row.weights()[a] > row.weights()[b] : row.number(a) < row.number(b);
        };
        std::partial_sort(places.begin(), places.begin() + k, places.end(), heavier);
        for (std::int64_t j = 0; j < k; ++j) {
            out(i, j) = row.weights()[places[static_cast<std::size_t>(j)]];
            points[static_cast<std::size_t>(i * k + j)] = row.number(places[static_cast<std::size_t>(j)]);
        }
    });
}

void Empirical::jacobian(const Query& q, View out) const {
    check("jacobian", q, out, dim() * dim(), true);
    over_weights(q, [&](std::int64_t i, double s, const Row& row) {
        const double v = s * s + data_->variance;
        row.covariance(out.row(i));
        for (double& c : out.row(i)) c *= s / v * (s / v);
        for (std::int64_t j = 0; j < dim(); ++j) out(i, j * (dim() + 1)) += data_->variance / v;
    });
}

void Empirical::posterior_covariance(const Query& q, View out) const {
    check("posterior_covariance", q, out, dim() * dim(), false);
    over_weights(q, [&](std::int64_t i, double s, const Row& row) {
        const double kept = data_->variance > 0 ? data_->variance / (s * s + data_->variance) : 0.0;
        row.covariance(out.row(i));
        for (double& c : out.row(i)) c *= (1 - kept) * (1 - kept);
        for (std::int64_t j = 0; j < dim(); ++j) out(i, j * (dim() + 1)) += kept * s * s;
    });
}

void Empirical::posterior_sample(const Query& q, const Stream& stream, std::int64_t first, View out) const {
    check("posterior_sample", q, out, dim(), false);
    over_weights(q, [&](std::int64_t i, double s, const Row& row) {
        const double* y = row.point(pick(row.weights(), stream.uniform(first + i, 0)));
        const double kept = data_->variance > 0 ? data_->variance / (s * s + data_->variance) : 0.0, spread = s * std::sqrt(kept);
        for (std::int64_t j = 0; j < dim(); ++j) {
            out(i, j) = (1 - kept) * y[j] + kept * q.x(i, j);
            if (spread > 0) out(i, j) += spread * normal_quantile(stream.uniform(first + i, 1 + j));
        }
    });
}

void Empirical::sigma_posterior(const Query& q, std::span<const double> grid, View out) const {
    require(!grid.empty(), "Empirical.sigma_posterior: grid must hold at least one noise level, got none");
    for (const double s : grid) {
        const Query at_level{q.x, std::span(&s, 1), q.labels, q.threads};
        check("sigma_posterior", at_level, out, static_cast<std::int64_t>(grid.size()), true);
    }
    over_rows(q.x.rows, q.threads, [this] { return Row(*data_); }, [&](std::int64_t i, Row& row) {
        row.place(q.x.row(i).data(), label_of(q.labels, i));
        const std::span<double> p = out.row(i);
        for (std::size_t j = 0; j < grid.size(); ++j) {
            const double v = grid[j] * grid[j] + data_->variance;
            p[j] = row.weigh(v) - 0.5 * static_cast<double>(dim()) * std::log(v);
        }
        const double peak = *std::max_element(p.begin(), p.end());
        if (!std::isfinite(peak)) refuse_row(i);
        for (double& w : p) w = std::exp(w - peak);
        const double total = std::accumulate(p.begin(), p.end(), 0.0);
        for (double& w : p) w /= total;
    });
}

void Empirical::forward(const Query& q, const Stream& stream, std::int64_t first, View out) const {
    check("forward", {{}, q.sigma, q.labels, q.threads}, out, dim(), false);
    Numbers cumulative(data_->weights.size());
    std::partial_sum(data_->weights.begin(), data_->weights.end(), cumulative.begin());
    const auto normal = [&](std::int64_t i, std::int64_t component) {
        return normal_quantile(stream.uniform(first + i, component));
    };
    over_rows(out.rows, q.threads, [] { return 0; }, [&](std::int64_t i, int) {
        const auto [begin, end] = data_->range(label_of(q.labels, i));
        const double below = begin == 0 ? 0.0 : cumulative[static_cast<std::size_t>(begin - 1)];
        const double u = below + stream.uniform(first + i, 0) * (cumulative[static_cast<std::size_t>(end - 1)] - below);
        const auto place = std::upper_bound(cumulative.begin() + begin, cumulative.begin() + end - 1, u) - cumulative.begin();
        const double s = of_row(q.sigma, i);
        for (std::int64_t j = 0; j < dim(); ++j) {
            double value = data_->points(place, j);
            if (data_->bandwidth > 0) value += data_->bandwidth * normal(i, 1 + j);
            if (s > 0) value += s * normal(i, 1 + dim() + j);
            out(i, j) = value;
        }
    });
}

Empirical::operator Denoiser() const {
    return {dim(),
            [model = *this](const Query& q, View out) { model.denoise(q, out); },
            {.name = "Empirical",
             .classes = classes(),
             .draw =
                 [model = *this](const Stream& stream, std::int64_t label, View out) {
                     const double data[] = {0.0};
                     const std::vector<std::int64_t> labels(label < 0 ? 0 : 1, label);
                     model.forward({{}, data, labels, 1}, stream, 0, out);
                 },
             .on_device = [model = *this](const DeviceQueue& queue) { return model.on_device(queue); }}};
}

}  // namespace buffon::diffusion
