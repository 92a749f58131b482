#include <buffon/evaluation.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <utility>

#include <buffon/counted.hpp>
#include <buffon/device_sample.hpp>
#include <buffon/output_checks.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

/// Evaluations whose scores are compared with their outputs: a wrong sign shows at once.
constexpr std::int64_t scores_looked_at = 4'096;

Outputs first_rows(Outputs out, std::int64_t rows) {
    for (Matrix* m : {&out.y, &out.score}) {
        m->rows = std::min(m->rows, rows);
        m->data.resize(static_cast<std::size_t>(m->rows * m->cols));
    }
    return out;
}

/// Whether a model threw because it failed, and not because somebody wants to stop.
bool is_failure(const std::exception_ptr& cause) {
    try {
        std::rethrow_exception(cause);
    } catch (const std::exception&) {
        return true;
    } catch (...) {
        return false;
    }
}

/// Where the points of the call under way in this thread stand, if they may outlive it.
thread_local const std::shared_ptr<Matrix>* lent = nullptr;

class Lending {
public:
    explicit Lending(const std::shared_ptr<Matrix>& room) : before_(std::exchange(lent, &room)) {}
    ~Lending() { lent = before_; }
    Lending(const Lending&) = delete;
    Lending& operator=(const Lending&) = delete;

private:
    const std::shared_ptr<Matrix>* before_;   // an estimator may run inside a model
};

}  // namespace

std::uint64_t fresh_key() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

Evaluation::Evaluation(std::string function, const Problem& problem, const Run& run)
    : function_(problem.asked_by().empty() ? std::move(function) : problem.asked_by()), problem_(problem), run_(run),
      key_(run.rng ? *run.rng : fresh_key()) {
    require(run.budget >= 1, function_, ": budget must be at least 1, got ", run.budget);
    require(run.batch >= 1, function_, ": batch must be at least 1, got ", run.batch);
    require(run.threads >= 0, function_, ": threads must not be negative, got ", run.threads);
    require(!run.target_error, function_, ": target_error must be None: there is no way to go on until it is reached");
    if (run.device != "cpu") device_ = device_queue(function_, run.device, problem);
    sample_.inputs = problem.inputs().names();
    sample_.law = problem.inputs();
}

void Evaluation::go_on_from(std::int64_t n, std::int64_t n_failed, std::vector<std::string> outputs, const Sample* sample) {
    names_ = expected_ = std::move(outputs);
    m_ = static_cast<std::int64_t>(names_.size());
    n_ = announced_ = n;
    n_failed_ = n_failed;
    if (sample != nullptr) sample_ = *sample;
}

std::shared_ptr<const void> owner_of(ConstView x) {
    if (!lent || !*lent) return {};
    const auto& numbers = (*lent)->data;
    const std::less_equal<const double*> not_after;   // defined for pointers into different arrays
    const bool inside = not_after(numbers.data(), x.data) && not_after(x.data + x.size(), numbers.data() + numbers.size());
    return inside ? *lent : nullptr;
}

View Evaluation::room(std::int64_t n) {
    const std::int64_t d = problem_.dim();
    if (!room_ || room_.use_count() > 1 || static_cast<std::int64_t>(room_->data.size()) < n * d)
        room_ = std::make_shared<Matrix>(n, d);
    return {room_->data.data(), n, d};
}

Outputs Evaluation::operator()(ConstView x, const LogDensity& log_density) {
    if (x.rows == 0) return {Matrix(0, columns()), {}};
    rest_ = {};
    done_ = 0;
    try {
        if (problem_.thread_safe() && !device_) in_parallel(x);
        else batch_by_batch(x);
    } catch (Unfinished& stopped) {
        rest_ = first_rows(std::move(rest_), done_);
        if (run_.keep == Keep::sample && done_ > 0) {   // of all points: a law knows them at once only
            std::vector<double> all(static_cast<std::size_t>(x.rows));
            log_density(all);
            sample_.log_density.insert(sample_.log_density.end(), all.begin(), all.begin() + done_);
        }
        stop(stopped);
        throw;
    }
    if (run_.keep == Keep::sample) {
        const std::size_t before = sample_.log_density.size();
        sample_.log_density.resize(before + static_cast<std::size_t>(x.rows));
        log_density(std::span(sample_.log_density).subspan(before));
    }
    done_ = 0;
    return std::exchange(rest_, {});
}

void Evaluation::announce() {
    if (!run_.progress || announced_ == n_) return;
    announced_ = n_;
    try {
        run_.progress(n_, run_.budget, partial_);
    } catch (Unfinished& stopped) {
        stop(stopped);
        throw;
    }
}

/// Nothing is reported after this: what is left is the partial estimate.
void Evaluation::stop(Unfinished& stopped) {
    announced_ = n_;
    stopped.sample = recalled();
    // rows of the last call are there; what is known of them may be not
    if (stopped.sample.log_density.size() != static_cast<std::size_t>(sample_.n())) stopped.sample.log_density.clear();
    if (stopped.sample.replicate.size() != static_cast<std::size_t>(sample_.n())) stopped.sample.replicate.clear();
    if (stopped.sample.controls.rows != sample_.n() - sample_.adaptation) stopped.sample.controls = {};
}

/// A model that is called from one thread: every batch counts as soon as it is finished.
void Evaluation::batch_by_batch(ConstView x) {
    for (std::int64_t begin = 0; begin < x.rows; begin += run_.batch) {
        announce();
        Part part = call(x, begin, std::min(run_.batch, x.rows - begin));
        if (const std::int64_t rows = part.out.y.rows; rows > 0) {
            if (!adopt(part.out, x.rows)) {
                make_room(part.out, x.rows);
                place(part.out, begin);
            }
            take_in(x, begin, begin + rows);
        }
        if (part.stop) std::rethrow_exception(part.stop);
    }
}

/// Slices of a batch at most, as many at once as threads may want; the same rounds on any number of them.
void Evaluation::in_parallel(ConstView x) {
    constexpr std::int64_t at_once = 16;
    const std::int64_t slice = std::min(run_.batch, parallel::block_size);
    const std::int64_t round = std::max(at_once, run_.batch / slice) * slice;
    const auto evaluate = [&](std::int64_t s) {
        const Part part = call(x, s * slice, std::min(slice, x.rows - s * slice));
        if (part.stop) std::rethrow_exception(part.stop);
        if (s == 0) make_room(part.out, x.rows);   // says how many outputs there are
        place(part.out, s * slice);
    };
    for (std::int64_t begin = 0; begin < x.rows; begin += round) {
        announce();
        const std::int64_t end = std::min(begin + round, x.rows), slices = (end - begin + slice - 1) / slice;
        const std::int64_t alone = begin == 0 ? 1 : 0, first = begin / slice + alone;
        if (alone) evaluate(0);
        parallel::for_each(slices - alone, run_.threads, [&](std::int64_t s) { evaluate(first + s); });
        take_in(x, begin, end);
    }
}

/// The model at these points, a row for each.
Outputs Evaluation::asked(ConstView x) const {
    const Lending lending(room_);
    Outputs out = device_ ? evaluate_on_device(device_queues(run_.device), problem_, x) : problem_(x);
    require(out.score.rows == 0 || out.score.cols == out.y.cols, "it must give a score for each of ", out.y.cols,
            " outputs, got ", out.score.cols);
    require(out.y.rows == x.rows && (out.score.rows == 0 || out.score.rows == x.rows), "it must give a row for each of ", x.rows,
            " points, got ", out.y.rows);
    return out;
}

/// With on_error = discard a point at which the model throws is a row of NaN, and the model goes on with the next.
Evaluation::Part Evaluation::call(ConstView x, std::int64_t begin, std::int64_t count) const {
    std::vector<std::pair<std::int64_t, Outputs>> finished;   // first row, outputs
    std::int64_t row = 0;
    Part part;
    try {
        while (row < count) {
            try {
                finished.emplace_back(row, asked(x.slice(begin + row, count - row)));
                row = count;
            } catch (PointError& error) {
                const std::int64_t before = error.before.y.rows;
                if (before > 0) finished.emplace_back(row, std::move(error.before));
                row += before;
                if (!is_failure(error.cause)) std::rethrow_exception(error.cause);
                if (!discards() || (finished.empty() && m_ == 0 && row + 1 == count))
                    fail(x, begin + row, "at point " + std::to_string(n_ - done_ + begin + row), error.what(), error.cause);
                ++row;
            } catch (const ModelError&) {
                throw;
            } catch (const std::exception& error) {
                fail(x, begin + row, "in the batch of " + std::to_string(count - row) + " points that starts at point " +
                     std::to_string(n_ - done_ + begin + row), error.what(), std::current_exception());
            }
        }
    } catch (...) {
        part.stop = std::current_exception();
    }
    if (finished.size() == 1 && finished[0].second.y.rows == row) {
        part.out = std::move(finished[0].second);
        return part;
    }
    if (row == 0) return part;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const bool scored = finished.empty() ? scored_ : finished[0].second.score.rows > 0;
    const std::int64_t m = finished.empty() ? m_ : finished[0].second.y.cols;
    if (m == 0) return part;   // stopped before the first success
    part.out = {Matrix(row, m, nan), scored ? Matrix(row, m, nan) : Matrix(),
                finished.empty() ? std::vector<std::int64_t>{} : finished[0].second.shape};
    for (const auto& [first, out] : finished) {
        require(out.y.cols == m && (out.score.rows > 0) == scored, function_, ": the model must give ",
                counted(m, "output"), " for every point, got ", out.y.cols);
        std::ranges::copy(out.y.data, part.out.y.data.begin() + first * m);
        if (scored) std::ranges::copy(out.score.data, part.out.score.data.begin() + first * m);
    }
    return part;
}

void Evaluation::fail(ConstView x, std::int64_t i, const std::string& where, const char* what, std::exception_ptr cause) const {
    const auto row = x.row(i);
    ModelError failure(function_ + ": the model failed " + where + " (" + describe_point(x, i, sample_.inputs) + "): " + what,
                       n_ - done_ + i, {row.begin(), row.end()});
    failure.cause = std::move(cause);
    throw failure;
}

void Evaluation::learn_outputs(std::int64_t columns, bool scored, const std::vector<std::int64_t>& shape) {
    if (m_ > 0 && expected_.empty()) return;
    const auto& given = problem_.outputs();
    const auto& known = problem_.known();
    const std::int64_t m = columns - static_cast<std::int64_t>(known.size());
    require(m > 0, function_, ": the model must give at least one output, got none");
    require(given.empty() || static_cast<std::int64_t>(given.size()) == m, function_, ": the model gave ",
            counted(m, "output"), ", but ", given.size(), given.size() == 1 ? " is named" : " are named");
    names_ = given.empty() ? default_output_names(m, shape) : given;
    sample_.outputs = names_;
    names_.insert(names_.end(), known.begin(), known.end());
    require(expected_.empty() || names_.size() == expected_.size(), function_, ": the model must give the outputs of the run, ",
            expected_.size(), ", got ", names_.size());
    for (std::size_t j = 0; j < expected_.size(); ++j)
        require(names_[j] == expected_[j], function_, ": the model must give the outputs of the run: output ", j, " must be '",
                expected_[j], "', got '", names_[j], "'");
    expected_.clear();
    m_ = columns;
    scored_ = scored;
}

void Evaluation::make_room(const Outputs& like, std::int64_t rows) {
    if (rest_.y.rows > 0) return;
    learn_outputs(like.y.cols, like.score.rows > 0, like.shape);
    rest_ = {Matrix(rows, columns()), like.score.rows > 0 ? Matrix(rows, m_) : Matrix()};
}

/// Takes what one call says of all points without a copy.
bool Evaluation::adopt(Outputs& whole, std::int64_t rows) {
    if (rest_.y.rows > 0 || whole.y.rows != rows || discards()) return false;
    learn_outputs(whole.y.cols, whole.score.rows > 0, whole.shape);
    check_columns(whole);
    rest_ = std::move(whole);
    return true;
}

void Evaluation::check_columns(const Outputs& part) const {
    const bool scored = part.score.rows > 0;
    require(part.y.cols == m_ && scored == scored_ && (!scored || part.score.cols == m_), function_, ": the model must give ",
            counted(m_, "output"), " for every batch, got ", part.y.cols);
}

void Evaluation::place(const Outputs& part, std::int64_t begin) {
    const bool scored = rest_.score.rows > 0;
    check_columns(part);
    require(begin + part.y.rows <= rest_.y.rows, function_, ": the model gave too many rows");
    if (!discards()) {
        std::ranges::copy(part.y.data, rest_.y.data.begin() + begin * m_);
        std::ranges::copy(part.score.data, rest_.score.data.begin() + (scored ? begin * m_ : 0));
        return;
    }
    for (std::int64_t i = 0; i < part.y.rows; ++i) {
        std::ranges::copy(part.y.view().row(i), rest_.y.view().row(begin + i).begin());
        if (scored) std::ranges::copy(part.score.view().row(i), rest_.score.view().row(begin + i).begin());
    }
}

/// Rows that have their outputs are looked at, kept and counted.
void Evaluation::take_in(ConstView x, std::int64_t begin, std::int64_t end) {
    judge(x, begin, end);
    judge_scores(x, begin, end);
    keep(x.slice(begin, end - begin), rest_.y.view().slice(begin, end - begin));
    n_ += end - begin;
    done_ = end;
}

void Evaluation::judge_scores(ConstView x, std::int64_t begin, std::int64_t end) const {
    if (rest_.score.rows == 0 || n_ >= scores_looked_at) return;
    const auto wrong = wrong_score(rest_, wanted(), begin, end);
    if (!wrong) return;
    const auto [j, i] = *wrong;
    require(false, function_, ": the score of output '", names_[static_cast<std::size_t>(j)],
            "' must be positive exactly where the output is, got ", rest_.score(i, j), " where it is ", rest_.y(i, j),
            ", at point ", n_ - begin + i, " (", describe_point(x, i, sample_.inputs),
            "): has it the wrong sign, or another threshold?");
}

void Evaluation::judge(ConstView x, std::int64_t begin, std::int64_t end) {
    if (!discards() && all_finite(rest_, begin, end)) return;
    for (std::int64_t i = begin; i < end; ++i) {
        const bool succeeded = finite_row(rest_, i, m_);
        if (!succeeded && !discards()) refuse_point(x, i, n_ - begin + i);
        if (!discards()) continue;
        rest_.y(i, m_) = succeeded ? 1.0 : 0.0;
        if (succeeded) continue;
        ++n_failed_;
        std::ranges::fill(rest_.y.view().row(i), 0.0);
        if (rest_.score.rows > 0) std::ranges::fill(rest_.score.view().row(i), -std::numeric_limits<double>::max());
    }
}

void Evaluation::refuse_point(ConstView x, std::int64_t i, std::int64_t index) const {
    const auto row = x.row(i);
    throw ModelError(function_ + ": the model gave " + not_finite(rest_, i, names_) + " at point " +
                         std::to_string(index) + " (" + describe_point(x, i, sample_.inputs) +
                         "); on_error = 'discard' counts such points instead",
                     index, {row.begin(), row.end()});
}

void Evaluation::count_elsewhere(std::int64_t rows, std::int64_t m, const Stream& stream) {
    count_elsewhere(rows, m, parallel::block_size, [stream, inputs = problem_.inputs()](std::int64_t block, View x) {
        inputs.sample(stream, block * parallel::block_size, x);
    });
}

void Evaluation::count_elsewhere(std::int64_t rows, std::int64_t m, std::int64_t piece_rows, Make make) {
    learn_outputs(m, false);
    elsewhere_ = std::move(make);
    piece_rows_ = piece_rows;
    if (recallable_ == n_ && would_keep(rows * (problem_.dim() + columns()))) recallable_ += rows;
    n_ += rows;
}

void Evaluation::count_unmade(std::int64_t rows, std::int64_t m) {
    learn_outputs(m, false);
    n_ += rows;
}

void Evaluation::count_elsewhere(ConstView x, ConstView y) {
    learn_outputs(y.cols - (discards() ? 1 : 0), false);
    keep(x, y);
    n_ += x.rows;
}

/// What was finished so far: kept rows, and before them those that are as quickly made again as kept.
Sample Evaluation::recalled() const {
    if (recallable_ == 0) return sample_;
    Matrix x(recallable_, problem_.dim()), y(recallable_, m_);
    parallel::for_each((recallable_ + piece_rows_ - 1) / piece_rows_, run_.threads, [&](std::int64_t piece) {
        const std::int64_t first = piece * piece_rows_;
        const View rows = x.view().slice(first, std::min(piece_rows_, recallable_ - first));
        elsewhere_(piece, rows);
        std::ranges::copy(problem_(rows).y.data, y.data.begin() + first * m_);
    });
    Sample all = sample_;
    all.x = all.y = {};
    all.append(x, y);
    if (sample_.n() > 0) all.append(sample_.x, sample_.y);
    return all;
}

/// Whether a run of which no sample is wanted keeps as many numbers more.
bool Evaluation::would_keep(std::int64_t numbers) const {
    const auto held = static_cast<std::int64_t>(sample_.x.data.size() + sample_.y.data.size());
    return held + recallable_ * (problem_.dim() + m_) + numbers <= keep_at_most_;
}

void Evaluation::keep(ConstView x, ConstView y) {
    if (run_.keep != Keep::sample && !would_keep(x.size() + y.size())) return;
    if (sample_.x.rows == 0)   // once: growing copies all
        for (auto [table, columns] : {std::pair(&sample_.x, x.cols), std::pair(&sample_.y, wanted())})
            table->data.reserve(
                static_cast<std::size_t>(std::min(std::min(run_.budget, keep_at_most_) * columns, keep_at_most_ / 2)));
    if (!discards() && wanted() == y.cols) return sample_.append(x, y);
    Matrix outputs(y.rows, wanted());
    for (std::int64_t i = 0; i < y.rows; ++i) {
        const bool failed = discards() && y(i, m_) == 0.0;
        for (std::int64_t j = 0; j < outputs.cols; ++j)
            outputs(i, j) = failed ? std::numeric_limits<double>::quiet_NaN() : y(i, j);
    }
    sample_.append(x, outputs);
}

}  // namespace buffon
