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

void Evaluation::announce() {
    if (run_.progress && n_ > announced_) run_.progress(announced_ = n_, run_.budget);
}

Outputs Evaluation::operator()(ConstView x, const LogDensity& log_density) {
    Outputs out;
    std::int64_t finished = 0;
    try {
        announce();
        if (x.rows == 0) return {Matrix(0, columns()), {}};
        call_in_slices(x, out, finished);
        take_in(x, out, log_density);
        return out;
    } catch (Unfinished& stopped) {
        if (finished > 0) {
            out.y.data.resize(static_cast<std::size_t>(finished * out.y.cols));
            out.y.rows = finished;
            take_in(x.slice(0, finished), out, [](std::span<double> log_q) { std::ranges::fill(log_q, std::numeric_limits<double>::quiet_NaN()); });
            unfinished_ = std::move(out.y);
        }
        stopped.sample = sample_;
        throw;
    }
}

void Evaluation::take_in(ConstView x, const Outputs& out, const LogDensity& log_density) {
    keep(x, out.y, log_density);
    n_ += x.rows;
}

/// Slice by slice; `finished` rows stand when a slice fails. The first slice says how many outputs there are.
void Evaluation::call_in_slices(ConstView x, Outputs& out, std::int64_t& finished) {
    const bool together = problem_.thread_safe();
    const std::int64_t slice = together ? std::min(run_.batch, parallel::block_size) : run_.batch;
    const auto fill = [&](std::int64_t begin) { place(call(x, begin, std::min(slice, x.rows - begin)), begin, out); };
    const Outputs first = call(x, 0, std::min(slice, x.rows));
    learn_outputs(first);
    out = {Matrix(x.rows, columns()), first.score.rows > 0 ? Matrix(x.rows, m_) : Matrix()};
    place(first, 0, out);
    judge(x, out, 0, first.y.rows, finished);
    if (!together) {
        for (std::int64_t begin = first.y.rows; begin < x.rows; begin += slice) {
            fill(begin);
            judge(x, out, begin, std::min(begin + slice, x.rows), finished);
        }
        return;
    }
    std::vector<char> done(static_cast<std::size_t>((x.rows - 1) / slice));
    const auto judge_done = [&] {
        const auto count = std::ranges::find(done, 0) - done.begin();
        judge(x, out, first.y.rows, std::min(x.rows, (count + 1) * slice), finished);
    };
    try {
        parallel::for_each(static_cast<std::int64_t>(done.size()), run_.threads, [&](std::int64_t s) {
            fill((s + 1) * slice);
            done[static_cast<std::size_t>(s)] = 1;
        });
    } catch (Unfinished&) {
        judge_done();
        throw;
    }
    judge_done();
}

namespace {

/// `part` under what is there.
void append(Matrix& to, const Matrix& part) {
    if (part.rows == 0) return;
    to.data.insert(to.data.end(), part.data.begin(), part.data.end());
    to.cols = part.cols;
    to.rows += part.rows;
}

void append_failure(Matrix& to, std::int64_t cols) {
    append(to, Matrix(1, cols, std::numeric_limits<double>::quiet_NaN()));
}

}  // namespace

/// One slice. Points at which a model of one point fails become NaN when failures are discarded, and the rest is asked again.
Outputs Evaluation::call(ConstView x, std::int64_t begin, std::int64_t count) const {
    Outputs out;
    std::int64_t done = 0;
    while (done < count) {
        try {
            const Outputs part = problem_(x.slice(begin + done, count - done));
            if (done == 0) return part;
            append(out.y, part.y);
            append(out.score, part.score);
            return out;
        } catch (const ModelError&) {
            throw;
        } catch (const PointError& error) {
            const std::int64_t at = begin + done + error.before.y.rows;
            if (!discards()) {
                ModelError stop = failure(x, at, "at point " + std::to_string(n_ + at) + ": " + error.what());
                stop.cause = error.cause;
                throw stop;
            }
            append(out.y, error.before.y);
            append(out.score, error.before.score);
            append_failure(out.y, out.y.cols > 0 ? out.y.cols : std::max<std::int64_t>({m_, 1, static_cast<std::int64_t>(problem_.outputs().size())}));
            if (out.score.rows > 0) append_failure(out.score, out.score.cols);
            done = at + 1 - begin;
        } catch (const std::exception& error) {
            ModelError stop = failure(x, begin, "in the batch of " + std::to_string(count) + " points that starts at point " +
                                                    std::to_string(n_ + begin) + ": " + error.what());
            stop.cause = std::current_exception();
            throw stop;
        }
    }
    return out;
}

/// "plain: the model failed at point 17 (x1 = 0.3): why".
ModelError Evaluation::failure(ConstView x, std::int64_t at, const std::string& what) const {
    const auto colon = what.find(':');
    const auto row = x.row(at);
    return {function_ + ": the model failed " + what.substr(0, colon) + " (" + describe(x, at, sample_.inputs) + ")" + what.substr(colon),
            n_ + at, {row.begin(), row.end()}};
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

/// Rows begin ... end - 1: refuses or discards those that are not finite; `finished` counts on.
void Evaluation::judge(ConstView x, Outputs& out, std::int64_t begin, std::int64_t end, std::int64_t& finished) {
    for (std::int64_t i = begin; i < end; finished = ++i) {
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
