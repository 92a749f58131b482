#include <buffon/diffusion/ems.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

// Uses of the key.
constexpr std::uint32_t data_stream = 0x20000, noise_stream = 0x20001, probe_stream = 0x20002;
constexpr std::int64_t groups = 16;        // of pairs, for standard errors
constexpr double along_flow = 1e-4;        // half width in lambda of the difference along the flow
constexpr double no_variance = 1e-12;      // of f, relative to its parts: exactly 0 for Gaussian data

/// Sums over the pairs of one group, of one coordinate: J = dD/dv, v, D, G = dD/dlambda and products of the last three,
/// those taken from `origin`: at high noise D hardly varies about a mean that its square would drown in.
struct Sums {
    std::array<double, 3> origin{};
    double n = 0, J = 0, v = 0, D = 0, G = 0, vv = 0, DD = 0, vD = 0, vG = 0, DG = 0;

    void add(double jacobian, double at, double data, double slope) {
        n += 1, J += jacobian, v += at, D += data, G += slope;
        vv += at * at, DD += data * data, vD += at * data, vG += at * slope, DG += data * slope;
    }
    Sums& operator+=(const Sums& o) {
        origin = o.origin;
        n += o.n, J += o.J, v += o.v, D += o.D, G += o.G;
        vv += o.vv, DD += o.DD, vD += o.vD, vG += o.vG, DG += o.DG;
        return *this;
    }
    Sums without(const Sums& o) const {
        Sums out = *this, less = o;
        for (double* p :
             {&less.n, &less.J, &less.v, &less.D, &less.G, &less.vv, &less.DD, &less.vD, &less.vG, &less.DG})
            *p = -*p;
        return out += less;
    }
};

using Coefficients = std::array<double, 3>;   // l, s, b

/// s and b by regression of F1 = (1 - l)(D - v) - l' v - G, the derivative of F = (1 - l) v - D along the flow, on F.
Coefficients regress(const Sums& sums, double l, double slope_of_l) {
    const double n = sums.n, v = sums.v / n, D = sums.D / n, G = sums.G / n;
    const double vv = sums.vv / n - v * v, DD = sums.DD / n - D * D, vD = sums.vD / n - v * D, vG = sums.vG / n - v * G,
                 DG = sums.DG / n - D * G;
    const double p = 1 - l, q = -p - slope_of_l;   // F = p v - D, F1 = q v + p D - G
    const double mean = p * (v + sums.origin[0]) - (D + sums.origin[1]);
    const double mean1 = q * (v + sums.origin[0]) + p * (D + sums.origin[1]) - (G + sums.origin[2]);
    const double variance = p * p * vv - 2 * p * vD + DD;
    const double covariance = p * (q * vv + p * vD - vG) - (q * vD + p * DD - DG);
    const double s = variance > no_variance * (DD + p * p * vv) ? covariance / variance : 0.0;
    return {l, s, mean1 - s * mean};
}

/// Of one coordinate at all nodes, h apart.
std::vector<Coefficients> coefficients(const std::vector<Sums>& sums, double h) {
    const auto l = [&](std::size_t m) { return 1 - sums[m].J / sums[m].n; };
    std::vector<Coefficients> out;
    for (std::size_t m = 0; m < sums.size(); ++m) {
        const std::size_t before = m == 0 ? m : m - 1, after = std::min(m + 1, sums.size() - 1);
        out.push_back(regress(sums[m], l(m), (l(after) - l(before)) / (h * static_cast<double>(after - before))));
    }
    return out;
}

/// What one node of lambda needs, by group and coordinate.
class Node {
public:
    /// `probes`: directions, (n, d) each.
    Node(const Denoiser& model, const Matrix& x0, const Matrix& eps, const std::vector<Matrix>& probes,
         std::array<double, 2> range, const std::vector<std::int64_t>& labels)
        : model_(model), x0_(x0), eps_(eps), probes_(probes), range_(range), labels_(labels) {}

    /// (groups, d)
    std::vector<Sums> sums(double lambda) const {
        const double rho = std::exp(-lambda);
        const auto size = x0_.data.size();
        Matrix v(x0_.rows, x0_.cols);
        for (std::size_t i = 0; i < size; ++i) v.data[i] = x0_.data[i] + rho * eps_.data[i];
        const Matrix D = outputs(v, lambda);
        const auto moved = [&](double by, const auto& direction) {
            Matrix out = v;
            for (std::size_t i = 0; i < size; ++i) out.data[i] += by * direction(i);
            return out;
        };
        const auto flow = [&](std::size_t i) { return D.data[i] - v.data[i]; };   // dv / dlambda
        const double after = std::min(along_flow, range_[1] - lambda), before = std::max(-along_flow, range_[0] - lambda);
        const Matrix ahead = outputs(moved(after, flow), lambda + after), behind = outputs(moved(before, flow), lambda + before);
        const Matrix diagonal = jacobian(moved, lambda, 1e-4 * std::hypot(rho, 1.0) * std::min(1.0, rho));
        std::vector<Sums> out(static_cast<std::size_t>(groups * x0_.cols));
        for (std::size_t i = 0; i < size; ++i) {
            const auto row = static_cast<std::int64_t>(i) / x0_.cols, column = static_cast<std::int64_t>(i) % x0_.cols;
            const auto first = static_cast<std::size_t>(column);
            const auto slope = [&](std::size_t at) { return (ahead.data[at] - behind.data[at]) / (after - before); };
            Sums& sums = out[static_cast<std::size_t>(row * groups / x0_.rows * x0_.cols + column)];
            sums.origin = {v.data[first], D.data[first], slope(first)};
            sums.add(diagonal.data[i], v.data[i] - sums.origin[0], D.data[i] - sums.origin[1],
                     slope(i) - sums.origin[2]);
        }
        return out;
    }

private:
    /// Sum over the probes z of z (D(v + step z) - D(v - step z)) / (2 step): the diagonal, in expectation or exactly.
    Matrix jacobian(const auto& moved, double lambda, double step) const {
        Matrix diagonal(x0_.rows, x0_.cols);
        for (const Matrix& z : probes_) {
            const auto along = [&](std::size_t i) { return z.data[i]; };
            const Matrix right = outputs(moved(step, along), lambda), left = outputs(moved(-step, along), lambda);
            for (std::size_t i = 0; i < diagonal.data.size(); ++i)
                diagonal.data[i] += z.data[i] * (right.data[i] - left.data[i]) / (2 * step);
        }
        return diagonal;
    }

    Matrix outputs(const Matrix& v, double lambda) const {
        Matrix out(v.rows, v.cols);
        const double rho[] = {std::exp(-lambda)};
        model_.denoise({.x = v, .sigma = rho, .labels = labels_}, out);
        return out;
    }

    const Denoiser& model_;
    const Matrix &x0_, &eps_;
    const std::vector<Matrix>& probes_;
    std::array<double, 2> range_;   // of lambda
    const std::vector<std::int64_t>& labels_;
};

/// One class per pair, or none at all.
std::vector<std::int64_t> labels_of(const Denoiser::Traits& model, const EmsOptions& options, std::int64_t n) {
    std::vector<std::int64_t> labels = options.condition.values;
    const auto given = static_cast<std::int64_t>(labels.size());
    require(given <= 1 || given == n, "ems: condition must be one label or one per pair (", n, "), got ", given);
    require(given == 0 || model.classes > 0, "ems: condition must be None, ", model.name, " is unconditional");
    for (const std::int64_t label : labels)
        require(label >= -1 && label < model.classes, "ems: condition must lie in 0 ... ", model.classes - 1,
                " (-1: none), got ", label);
    if (given == 1) labels.assign(static_cast<std::size_t>(n), labels[0]);
    return labels;
}

/// Each row of its own class.
Matrix drawn(const Denoiser& model, const std::vector<std::int64_t>& labels, std::int64_t n, std::uint64_t key) {
    Matrix x(n, model.dim()), of_class = x;
    std::set<std::int64_t> classes(labels.begin(), labels.end());
    if (labels.empty()) classes.insert(-1);
    for (const std::int64_t label : classes) {
        model.traits().draw({key, data_stream}, label, of_class);
        for (std::int64_t i = 0; i < n; ++i)
            if (label_of(labels, i) == label) std::ranges::copy(of_class.view().row(i), x.view().row(i).begin());
    }
    return x;
}

Matrix data_of(const Denoiser& model, const EmsOptions& options, std::uint64_t key) {
    if (options.data) {
        require(options.data->cols == model.dim(), "ems: data must have shape (n, ", model.dim(), "), got (",
                options.data->rows, ", ", options.data->cols, ")");
        require(options.data->rows >= 64, "ems: data must hold at least 64 rows, got ", options.data->rows);
        return *options.data;
    }
    require(static_cast<bool>(model.traits().draw), "ems: data must be given, ", model.traits().name, " cannot draw them");
    require(options.n >= 64, "ems: n must be at least 64, got ", options.n);
    return drawn(model, labels_of(model.traits(), options, options.n), options.n, key);
}

/// Random signs, scaled so that the sum over the probes is a mean; or the unit vectors.
std::vector<Matrix> directions(std::int64_t n, std::int64_t d, std::int64_t probes, std::uint64_t key) {
    std::vector<Matrix> all;
    for (std::int64_t p = 0; p < (probes == 0 ? d : probes); ++p) {
        Matrix z(n, d);
        if (probes == 0) {
            for (std::int64_t i = 0; i < n; ++i) z(i, p) = 1.0;
        } else {
            Stream{key, probe_stream + static_cast<std::uint32_t>(p)}.uniform(0, z);
            for (double& sign : z.data) sign = (sign < 0.5 ? -1.0 : 1.0) / std::sqrt(static_cast<double>(probes));
        }
        all.push_back(std::move(z));
    }
    return all;
}

/// Column j of the tables. Leaving out one group of the pairs at a time gives the errors.
void fill(Ems& out, std::int64_t j, const std::vector<std::vector<Sums>>& sums) {
    const double h = out.lambda[1] - out.lambda[0];
    std::vector<Sums> all(sums.size());
    const auto part = [&](std::size_t m, std::int64_t g) -> const Sums& {
        return sums[m][static_cast<std::size_t>(g * out.dim() + j)];
    };
    for (std::size_t m = 0; m < sums.size(); ++m)
        for (std::int64_t g = 0; g < groups; ++g) all[m] += part(m, g);
    const std::vector<Coefficients> whole = coefficients(all, h);
    std::vector<Coefficients> squares(sums.size(), Coefficients{});
    for (std::int64_t g = 0; g < groups; ++g) {
        std::vector<Sums> rest;
        for (std::size_t m = 0; m < sums.size(); ++m) rest.push_back(all[m].without(part(m, g)));
        const std::vector<Coefficients> left = coefficients(rest, h);
        for (std::size_t m = 0; m < sums.size(); ++m)
            for (std::size_t k = 0; k < 3; ++k) squares[m][k] += (left[m][k] - whole[m][k]) * (left[m][k] - whole[m][k]);
    }
    Matrix* const values[] = {&out.l, &out.s, &out.b};
    Matrix* const errors[] = {&out.l_error, &out.s_error, &out.b_error};
    for (std::size_t m = 0; m < sums.size(); ++m)
        for (std::size_t k = 0; k < 3; ++k) {
            (*values[k])(static_cast<std::int64_t>(m), j) = whole[m][k];
            (*errors[k])(static_cast<std::int64_t>(m), j) = std::sqrt(squares[m][k] * static_cast<double>(groups - 1) / groups);
        }
}

}  // namespace

Ems Ems::constant(double first, double last, double l, double s, double b, std::int64_t nodes) {
    require(nodes >= 2, "Ems.constant: nodes must be at least 2, got ", nodes);
    Ems out;
    for (std::int64_t m = 0; m <= nodes; ++m)
        out.lambda.push_back(first + (last - first) * static_cast<double>(m) / static_cast<double>(nodes));
    out.l = Matrix(nodes + 1, 1, l);
    out.s = Matrix(nodes + 1, 1, s);
    out.b = Matrix(nodes + 1, 1, b);
    out.l_error = out.s_error = out.b_error = Matrix(nodes + 1, 1);
    return out;
}

Ems ems(const Denoiser& model, const Schedule& schedule, const EmsOptions& options) {
    require(options.probes >= 0, "ems: probes must not be negative, got ", options.probes);
    require(options.nodes >= 2, "ems: nodes must be at least 2, got ", options.nodes);
    const std::uint64_t key = options.rng ? *options.rng : fresh_key();
    const Matrix x0 = data_of(model, options, key);
    const std::int64_t n = x0.rows, d = x0.cols, count = options.nodes + 1;
    Matrix eps(n, d);
    Stream{key, noise_stream}.normal(0, eps);
    const std::vector<Matrix> probes = directions(n, d, options.probes, key);

    Ems out;
    const double first = schedule.lambda(schedule.t_start()), last = schedule.lambda(options.t_end.value_or(schedule.t_end()));
    for (std::int64_t m = 0; m < count; ++m)
        out.lambda.push_back(first + (last - first) * static_cast<double>(m) / static_cast<double>(options.nodes));
    std::vector<std::vector<Sums>> sums(static_cast<std::size_t>(count));
    const std::vector<std::int64_t> labels = labels_of(model.traits(), options, n);
    const Node node(model, x0, eps, probes, {first, last}, labels);
    parallel::for_each(count, model.traits().concurrent ? options.threads : 1, [&](std::int64_t m) {
        sums[static_cast<std::size_t>(m)] = node.sums(out.lambda[static_cast<std::size_t>(m)]);
    });
    out.pairs = n;
    out.evaluations = (3 + 2 * static_cast<std::int64_t>(probes.size())) * n * count;
    for (Matrix* m : {&out.l, &out.s, &out.b, &out.l_error, &out.s_error, &out.b_error}) *m = Matrix(count, d);

    for (std::int64_t j = 0; j < d; ++j) fill(out, j, sums);
    return out;
}

}  // namespace buffon::diffusion
