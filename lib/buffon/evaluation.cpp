#include <buffon/evaluation.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <random>

#include <buffon/parallel.hpp>

namespace buffon {
namespace {

/// Numbers of unasked-for finished batches that are kept for a run that stops early.
constexpr std::int64_t keep_at_most = 4'000'000;

std::string describe(ConstView x, std::int64_t row, const std::vector<std::string>& names) {
    std::ostringstream text;
    const std::int64_t shown = std::min<std::int64_t>(x.cols, 12);
    for (std::int64_t j = 0; j < shown; ++j)
        text << (j ? ", " : "") << names[static_cast<std::size_t>(j)] << " = " << x(row, j);
    if (shown < x.cols) text << ", ...";
    return text.str();
}

bool finite(std::span<const double> row) {
    return std::all_of(row.begin(), row.end(), [](double v) { return std::isfinite(v); });
}

bool finite_row(const Outputs& out, std::int64_t i, std::int64_t m) {
    return finite(out.y.view().row(i).first(static_cast<std::size_t>(m))) &&
           (out.score.rows == 0 || finite(out.score.view().row(i)));
}

}  // namespace

std::uint64_t fresh_key() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

Evaluation::Evaluation(std::string function, const Problem& problem, const Run& run)
    : function_(std::move(function)), problem_(problem), run_(run), key_(run.rng ? *run.rng : fresh_key()) {
    require(run.budget >= 1, function_, ": budget must be at least 1, got ", run.budget);
    require(run.batch >= 1, function_, ": batch must be at least 1, got ", run.batch);
    require(run.threads >= 0, function_, ": threads must not be negative, got ", run.threads);
    sample_.inputs = problem.inputs().names();
}

Outputs Evaluation::operator()(ConstView x, const LogDensity& log_density) {
    if (x.rows == 0) return {Matrix(0, columns()), {}};
    try {
        Outputs out = call_in_slices(x);
        judge(x, out);
        keep(x, out.y, log_density);
        n_ += x.rows;
        if (run_.progress) run_.progress(n_, run_.budget);
        return out;
    } catch (Unfinished& stopped) {
        stopped.sample = sample_;
        throw;
    }
}

Outputs Evaluation::call_in_slices(ConstView x) {
    const std::int64_t slice = problem_.thread_safe() ? std::min(run_.batch, parallel::block_size) : run_.batch;
    const Outputs first = call(x, 0, std::min(slice, x.rows));   // says how many outputs there are
    learn_outputs(first);
    Outputs out{Matrix(x.rows, columns()), first.score.rows > 0 ? Matrix(x.rows, m_) : Matrix()};
    place(first, 0, out);
    parallel::for_each((x.rows - 1) / slice, problem_.thread_safe() ? run_.threads : 1, [&](std::int64_t s) {
        const std::int64_t begin = (s + 1) * slice;
        place(call(x, begin, std::min(slice, x.rows - begin)), begin, out);
    });
    return out;
}

Outputs Evaluation::call(ConstView x, std::int64_t begin, std::int64_t count) const {
    try {
        return problem_(x.slice(begin, count));
    } catch (const ModelError&) {
        throw;
    } catch (const std::exception& error) {
        const auto row = x.row(begin);
        std::ostringstream text;
        text << function_ << ": the model failed in the batch of " << count << " points that starts at point " << n_ + begin
             << " (" << describe(x, begin, sample_.inputs) << "): " << error.what();
        ModelError failure(text.str(), n_ + begin, {row.begin(), row.end()});
        failure.cause = std::current_exception();
        throw failure;
    }
}

void Evaluation::learn_outputs(const Outputs& first) {
    if (m_ > 0) return;
    const auto& given = problem_.outputs();
    const std::int64_t m = first.y.cols;
    require(m > 0, function_, ": the model must give at least one output, got none");
    require(given.empty() || static_cast<std::int64_t>(given.size()) == m, function_, ": the model gave ", m,
            " outputs, but ", given.size(), " are named");
    names_ = given;
    if (given.empty())
        for (std::int64_t j = 1; j <= m; ++j) names_.push_back(m == 1 ? "y" : "y" + std::to_string(j));
    sample_.outputs = names_;
    m_ = m;
}

void Evaluation::place(const Outputs& part, std::int64_t begin, Outputs& out) const {
    const bool scored = out.score.rows > 0;
    require(part.y.cols == m_ && (part.score.rows > 0) == scored && (!scored || part.score.cols == m_), function_,
            ": the model must give ", m_, " outputs for every batch, got ", part.y.cols);
    require(begin + part.y.rows <= out.y.rows, function_, ": the model gave too many rows");
    for (std::int64_t i = 0; i < part.y.rows; ++i) {
        std::ranges::copy(part.y.view().row(i), out.y.view().row(begin + i).begin());
        if (scored) std::ranges::copy(part.score.view().row(i), out.score.view().row(begin + i).begin());
    }
}

void Evaluation::judge(ConstView x, Outputs& out) {
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const bool succeeded = finite_row(out, i, m_);
        if (!succeeded && !discards()) refuse_point(x, i, out);
        if (!discards()) continue;
        out.y(i, m_) = succeeded ? 1.0 : 0.0;
        if (succeeded) continue;
        ++n_failed_;
        std::ranges::fill(out.y.view().row(i), 0.0);
        if (out.score.rows > 0) std::ranges::fill(out.score.view().row(i), -std::numeric_limits<double>::max());
    }
}

void Evaluation::refuse_point(ConstView x, std::int64_t i, const Outputs& out) const {
    std::ostringstream text;
    text << function_ << ": the model gave ";
    for (std::int64_t j = 0; j < m_; ++j)
        if (!std::isfinite(out.y(i, j))) {
            text << out.y(i, j) << " for output '" << names_[static_cast<std::size_t>(j)] << "'";
            break;
        } else if (j == m_ - 1) {
            text << "a score that is not finite";
        }
    text << " at point " << n_ + i << " (" << describe(x, i, sample_.inputs)
         << "); on_error = 'discard' counts such points instead";
    const auto row = x.row(i);
    throw ModelError(text.str(), n_ + i, {row.begin(), row.end()});
}

void Evaluation::keep(ConstView x, ConstView y, const LogDensity& log_density) {
    const bool asked = run_.keep == Keep::sample;
    const auto held = static_cast<std::int64_t>(sample_.x.data.size() + sample_.y.data.size());
    if (!asked && held + x.size() + y.size() > keep_at_most) return;
    Matrix outputs(y.rows, m_);
    for (std::int64_t i = 0; i < y.rows; ++i) {
        const bool failed = discards() && y(i, m_) == 0.0;
        for (std::int64_t j = 0; j < m_; ++j) outputs(i, j) = failed ? std::numeric_limits<double>::quiet_NaN() : y(i, j);
    }
    sample_.append(x, outputs);
    if (!asked) return;
    const std::size_t before = sample_.log_density.size();
    sample_.log_density.resize(before + static_cast<std::size_t>(x.rows));
    log_density(std::span(sample_.log_density).subspan(before));
}

}  // namespace buffon
