#include <buffon/root_forms.hpp>

#include <algorithm>
#include <cmath>

namespace buffon {
namespace {

constexpr double step = 0.8, tail = 11.0;   // of the rule in u: errors e^(-pi^2 / step), e^-tail
constexpr double least = 1e-7;              // roots below this part of the largest are as good as 0

/// adds scale z (shift + T)^-1 z' of each column of z (d, n) to sums.
void add_resolvent_forms(const Tridiagonal& t, double shift, double scale, ConstView z, std::vector<double>& sums) {
    std::vector<double> at(static_cast<std::size_t>(z.cols), 0.0);
    double pivot = 1.0;
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double beside = i == 0 ? 0.0 : t.beside[static_cast<std::size_t>(i - 1)], ratio = beside / pivot;
        pivot = t.diagonal[static_cast<std::size_t>(i)] + shift - ratio * beside;
        const double weight = scale / pivot;
        const double* of_row = z.row(i).data();
        for (std::size_t r = 0; r < at.size(); ++r) {
            at[r] = of_row[r] - ratio * at[r];
            sums[r] += weight * at[r] * at[r];
        }
    }
}

}  // namespace

RootForms::RootForms(Matrix g, int threads)
    : t_(tridiagonal(std::move(g), threads)), roots_(t_.eigenvalues()), threads_(threads) {
    for (double& v : roots_) v = std::sqrt(std::max(v, 0.0));
}

double RootForms::trace() const {
    double sum = 0.0;
    for (const double v : roots_) sum += v;
    return sum;
}

/// T^(1/2) = 2 / pi int T (e^2u + T)^-1 e^u du, T^(-1/2) the same without T: the trapezoidal rule, each node a
/// tridiagonal system.
std::vector<double> RootForms::forms(Matrix z, bool inverse) const {
    t_.turn(z, threads_);
    Matrix columns(z.cols, z.rows);
    std::vector<double> out(static_cast<std::size_t>(z.rows), 0.0), squares(out.size(), 0.0);
    for (std::int64_t r = 0; r < z.rows; ++r)
        for (std::int64_t i = 0; i < z.cols; ++i) {
            columns(i, r) = z(r, i);
            squares[static_cast<std::size_t>(r)] += z(r, i) * z(r, i);
        }
    const double largest = roots_.back();
    if (largest == 0) return out;
    const double smallest = std::max(*std::ranges::upper_bound(roots_, least * largest), least * largest);
    const double last = std::log(largest) + tail, weight = 2 / std::acos(-1.0) * step;
    for (double u = std::log(smallest) - tail; u <= last; u += step) {
        const double t = std::exp(u);
        if (inverse) {
            add_resolvent_forms(t_, t * t, weight * t, columns, out);
        } else {
            for (std::size_t r = 0; r < out.size(); ++r)
                out[r] += weight * t * squares[r];   // T (t^2 + T)^-1 = 1 - t^2 (t^2 + T)^-1
            add_resolvent_forms(t_, t * t, -weight * t * t * t, columns, out);
        }
    }
    return out;
}

}  // namespace buffon
