#include <buffon/evaluation.hpp>

#include <thread>
#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

using namespace buffon;

namespace {

const double nan_value = std::nan("");

Distribution law(std::int64_t d = 1) { return Joint(std::vector<Univariate>(static_cast<std::size_t>(d), Normal())); }

/// 0, 1, 2, ... in one column.
Matrix counted(std::int64_t n, double first = 0.0) {
    Matrix x(n, 1);
    for (std::int64_t i = 0; i < n; ++i) x(i, 0) = first + static_cast<double>(i);
    return x;
}

double doubled(std::span<const double> x) { return 2 * x[0]; }

/// Doubles, and fails at the points given.
Problem failing(std::vector<double> at, double with = nan_value) {
    return Problem([=](std::span<const double> x) { return std::ranges::count(at, x[0]) > 0 ? with : 2 * x[0]; }, law());
}

template <class F>
ModelError model_error(const F& f) {
    try {
        f();
    } catch (const ModelError& error) {
        return error;
    }
    FAIL("no ModelError");
    throw;
}

}  // namespace

TEST_CASE("evaluation: every row is evaluated once, in its place, whatever the batch and the threads") {
    for (const std::int64_t batch : {1, 3, 100, 4096, 65'536})
        for (const int threads : {1, 3})
            for (const bool safe : {true, false}) {
                const Run run{.rng = 1, .batch = batch, .threads = threads};
                std::atomic<std::int64_t> rows = 0, largest = 0;
                const Model model = [&](ConstView x) {
                    rows += x.rows;
                    for (std::int64_t seen = largest; seen < x.rows && !largest.compare_exchange_weak(seen, x.rows);) {
                    }
                    Outputs out{Matrix(x.rows, 1), {}};
                    for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = doubled(x.row(i));
                    return out;
                };
                const Problem problem(model, law(), {}, safe);
                Evaluation evaluate("test", problem, run);
                const Matrix x = counted(batch == 1 ? 50 : 9'001);
                const Outputs out = evaluate(x);
                CHECK(rows == x.rows);
                CHECK(largest <= batch);
                CHECK(evaluate.n() == x.rows);
                std::int64_t right = 0;
                for (std::int64_t i = 0; i < x.rows; ++i) right += out.y(i, 0) == 2.0 * static_cast<double>(i);
                CHECK(right == x.rows);
            }
}

TEST_CASE("evaluation: a model that is not thread safe is called from the calling thread only") {
    const auto here = std::this_thread::get_id();
    std::atomic<int> elsewhere = 0;
    const Model model = [&](ConstView x) {
        elsewhere += std::this_thread::get_id() != here;
        return Outputs{Matrix(x.rows, 1), {}};
    };
    const Problem problem(model, law(), {}, false);
    const Run run{.rng = 1, .batch = 10, .threads = 4};
    Evaluation("test", problem, run)(counted(1000));
    CHECK(elsewhere == 0);
}

TEST_CASE("evaluation: counts add up over calls, and no rows cost nothing") {
    const Problem problem(doubled, law());
    const Run run{.rng = 1};
    Evaluation evaluate("test", problem, run);
    CHECK(evaluate.outputs() == 0);
    CHECK(evaluate(Matrix(0, 1)).y.rows == 0);
    CHECK(evaluate.n() == 0);
    evaluate(counted(7));
    evaluate(counted(5));
    CHECK(evaluate.n() == 12);
    CHECK(evaluate.outputs() == 1);
    CHECK(evaluate.columns() == 1);
    CHECK(evaluate.names() == std::vector<std::string>{"y"});
}

TEST_CASE("evaluation: outputs without names are y1, y2, ...; another number of names is refused") {
    const Run run{.rng = 1};
    const auto two = [](std::span<const double> x) { return std::array{x[0], -x[0]}; };
    const Problem unnamed(two, law()), named(two, law(), {"a", "b"}), wrong(two, law(), {"a", "b", "c"});
    Evaluation first("test", unnamed, run), second("test", named, run), third("test", wrong, run);
    first(counted(3));
    second(counted(3));
    CHECK(first.names() == std::vector<std::string>{"y1", "y2"});
    CHECK(second.names() == std::vector<std::string>{"a", "b"});
    CHECK_THROWS_WITH_AS(third(counted(3)), "test: the model gave 2 outputs, but 3 are named", std::invalid_argument);
}

TEST_CASE("evaluation: run options that cannot be are refused with the estimator's name") {
    const Problem problem(doubled, law());
    const Run no_budget{.budget = 0}, no_batch{.batch = 0}, no_threads{.threads = -1};
    CHECK_THROWS_WITH_AS(Evaluation("plain", problem, no_budget), "plain: budget must be at least 1, got 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(Evaluation("plain", problem, no_batch), "plain: batch must be at least 1, got 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(Evaluation("plain", problem, no_threads), "plain: threads must not be negative, got -1",
                         std::invalid_argument);
}

TEST_CASE("evaluation: the key is the one given; without one each run has its own") {
    const Problem problem(doubled, law());
    const Run given{.rng = 42}, fresh{};
    CHECK(Evaluation("test", problem, given).key() == 42);
    CHECK(Evaluation("test", problem, fresh).key() != Evaluation("test", problem, fresh).key());   // equal once in 2^64
}

TEST_CASE("evaluation: NaN and infinity stop at the first offending point of the run") {
    const Run run{.rng = 1, .batch = 4, .threads = 3};
    for (const double bad : {nan_value, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
        const Problem problem = failing({13, 17, 30}, bad);
        Evaluation evaluate("plain", problem, run);
        evaluate(counted(10));
        const ModelError error = model_error([&] { evaluate(counted(30, 10)); });
        CHECK(error.index == 13);
        CHECK(error.point == std::vector<double>{13.0});
        CHECK_FALSE(error.cause);
        const std::string text = error.what();
        CHECK(text.starts_with("plain: the model gave "));
        CHECK(text.find("for output 'y' at point 13 (x1 = 13)") != std::string::npos);
        CHECK(text.find("on_error = 'discard'") != std::string::npos);
        CHECK(evaluate.n() == 10);   // the batch that failed is not finished
        CHECK(error.sample.n() == 10);
        CHECK(error.sample.y(9, 0) == 18.0);
    }
}

TEST_CASE("evaluation: what the model throws becomes a ModelError with the batch, its point and the cause") {
    const Problem problem(Model([](ConstView x) -> Outputs {
                              if (x(0, 0) >= 8) throw std::runtime_error("no convergence");
                              return {Matrix(x.rows, 1), {}};
                          }),
                          law());
    const Run run{.rng = 1, .batch = 4, .threads = 1};
    Evaluation evaluate("plain", problem, run);
    const ModelError error = model_error([&] { evaluate(counted(20)); });
    CHECK(error.index == 8);
    CHECK(error.point == std::vector<double>{8.0});
    CHECK(std::string(error.what()) ==
          "plain: the model failed in the batch of 4 points that starts at point 8 (x1 = 8): no convergence");
    REQUIRE(error.cause);
    CHECK_THROWS_WITH_AS(std::rethrow_exception(error.cause), "no convergence", std::runtime_error);
}

TEST_CASE("evaluation: on several threads the failure of the smallest index is reported") {
    const Problem problem(Model([](ConstView x) -> Outputs {
                              if (static_cast<int>(x(0, 0)) % 8 == 0 && x(0, 0) > 8) throw std::runtime_error("even");
                              return {Matrix(x.rows, 1), {}};
                          }),
                          law());
    const Run run{.rng = 1, .batch = 4, .threads = 4};
    for (int repeat = 0; repeat < 20; ++repeat)
        CHECK(model_error([&] { Evaluation("test", problem, run)(counted(400)); }).index == 16);
}

TEST_CASE("evaluation: long points are cut in messages") {
    const Problem problem([](std::span<const double>) { return nan_value; }, law(13));
    const Run run{.rng = 1};
    const std::string text = model_error([&] { Evaluation("test", problem, run)(Matrix(1, 13)); }).what();
    CHECK(text.find("x12 = 0, ...") != std::string::npos);
    CHECK(text.find("x13") == std::string::npos);
}

TEST_CASE("evaluation: discarded rows are zero, counted and marked in the last column") {
    const Problem problem = failing({2, 5});
    const Run run{.rng = 1, .batch = 4, .on_error = OnError::discard};
    Evaluation evaluate("test", problem, run);
    const Outputs out = evaluate(counted(8));
    CHECK(evaluate.n() == 8);
    CHECK(evaluate.n_failed() == 2);
    CHECK(evaluate.outputs() == 1);
    CHECK(evaluate.columns() == 2);
    for (std::int64_t i = 0; i < 8; ++i) {
        const bool failed = i == 2 || i == 5;
        CHECK(out.y(i, 0) == (failed ? 0.0 : 2.0 * static_cast<double>(i)));
        CHECK(out.y(i, 1) == (failed ? 0.0 : 1.0));
    }
}

TEST_CASE("evaluation: a discarded row has a score that lies as far from success as can be") {
    const Problem problem = exceedance(failing({2}), {5.0});
    const Run run{.rng = 1, .on_error = OnError::discard};
    const Outputs out = Evaluation("test", problem, run)(counted(4));
    CHECK(out.score(2, 0) == -std::numeric_limits<double>::max());
    CHECK(out.score(3, 0) == 1.0);
}

TEST_CASE("evaluation: a score that is not finite fails although the output is") {
    const Problem problem(
        Model([](ConstView x) { return Outputs{Matrix(x.rows, 1, 1.0), Matrix(x.rows, 1, nan_value)}; }), law());
    const Run run{.rng = 1};
    CHECK(std::string(model_error([&] { Evaluation("test", problem, run)(counted(2)); }).what())
              .starts_with("test: the model gave a score that is not finite at point 0"));
}

TEST_CASE("evaluation: a model that gives too few or too many rows, or another width, is refused") {
    const auto bad_second = [](std::int64_t rows, std::int64_t cols) {
        return Problem(Model([=](ConstView x) {
                           return x(0, 0) > 0 ? Outputs{Matrix(x.rows + rows, 2 + cols), {}}
                                              : Outputs{Matrix(x.rows, 2), {}};
                       }),
                       law());
    };
    const Run run{.rng = 1, .batch = 5, .threads = 2};
    for (const auto& [rows, cols] : {std::pair{-1, 0}, {1, 0}, {0, 1}, {0, -1}}) {
        const Problem problem = bad_second(rows, cols);
        CHECK_THROWS_AS(Evaluation("test", problem, run)(counted(15)), std::exception);
    }
    const Problem silent(Model([](ConstView x) { return Outputs{Matrix(x.rows, 0), {}}; }), law());
    CHECK_THROWS_WITH_AS(Evaluation("test", silent, run)(counted(3)),
                         "test: the model must give at least one output, got none", std::invalid_argument);
}

TEST_CASE("evaluation: an interruption passes with the finished batches and is not taken for a failure") {
    const Problem problem(Model([](ConstView x) -> Outputs {
                              if (x(0, 0) >= 6) throw Interrupted();
                              return {Matrix(x.rows, 1, 3.0), {}};
                          }),
                          law());
    for (const OnError on_error : {OnError::raise, OnError::discard}) {
        const Run run{.rng = 1, .on_error = on_error};
        Evaluation evaluate("test", problem, run);
        evaluate(counted(6));
        try {
            evaluate(counted(6, 6));
            FAIL("not interrupted");
        } catch (const Interrupted& stopped) {
            CHECK(stopped.sample.n() == 6);
            CHECK(stopped.sample.y(5, 0) == 3.0);
        }
    }
}

TEST_CASE("evaluation: progress is told after each batch, with what was spent and the budget") {
    const Problem problem(doubled, law());
    std::vector<std::pair<std::int64_t, std::int64_t>> told;
    const Run run{.budget = 100, .rng = 1, .progress = [&](std::int64_t n, std::int64_t budget) {
                      told.emplace_back(n, budget);
                  }};
    Evaluation evaluate("test", problem, run);
    evaluate(counted(30));
    evaluate(Matrix(0, 1));
    evaluate(counted(12));
    CHECK(told == std::vector<std::pair<std::int64_t, std::int64_t>>{
                      {30, 100}});   // the second when the estimator has taken it in
    evaluate.announce();
    CHECK(told == std::vector<std::pair<std::int64_t, std::int64_t>>{{30, 100}, {42, 100}});
}

TEST_CASE("evaluation: a model on several threads may be stopped between rounds of sixteen batches, on any number of them") {
    for (const int threads : {1, 3}) {
        std::vector<std::int64_t> told;
        Run run{.budget = 1000, .rng = 1, .batch = 10, .threads = threads};
        run.progress = [&](std::int64_t n, std::int64_t) {
            told.push_back(n);
            if (n >= 400) throw Interrupted();
        };
        const Problem problem(doubled, law());
        Evaluation evaluate("test", problem, run);
        evaluate(counted(95));
        try {
            evaluate(counted(905, 95));
            FAIL("not interrupted");
        } catch (const Interrupted& stopped) {
            CHECK(told == std::vector<std::int64_t>{95, 255, 415});
            CHECK(stopped.sample.n() == 415);
            CHECK(stopped.sample.y(414, 0) == 828.0);
            CHECK(evaluate.unfinished().rows == 320);
        }
    }
}

TEST_CASE("evaluation: a kept sample has every row, failed ones as NaN, with the density it was drawn from") {
    const Problem problem = failing({1});
    const Run run{.rng = 1, .on_error = OnError::discard, .keep = Keep::sample};
    Evaluation evaluate("test", problem, run);
    evaluate(counted(3), [](std::span<double> out) { std::ranges::fill(out, -1.0); });
    evaluate(counted(2, 3), [](std::span<double> out) { std::ranges::fill(out, -2.0); });
    const Sample& s = evaluate.sample();
    CHECK(s.x.data == std::vector<double>{0, 1, 2, 3, 4});
    CHECK(s.y.cols == 1);
    CHECK(s.y(0, 0) == 0.0);
    CHECK(std::isnan(s.y(1, 0)));
    CHECK(s.y(4, 0) == 8.0);
    CHECK(s.log_density == std::vector<double>{-1, -1, -1, -2, -2});
    CHECK(s.inputs == std::vector<std::string>{"x1"});
    CHECK(s.outputs == std::vector<std::string>{"y"});
}

TEST_CASE("evaluation: densities are not asked for unless the sample is kept") {
    const Problem problem(doubled, law());
    const Run run{.rng = 1};
    Evaluation evaluate("test", problem, run);
    evaluate(counted(3), [](std::span<double>) { FAIL("asked for densities"); });
    CHECK(evaluate.sample().log_density.empty());
}

TEST_CASE("evaluation: progress may ask for the estimate so far, of the rows that are finished, as often as it likes") {
    std::vector<std::int64_t> finished;
    std::vector<double> last;
    Evaluation* under_way = nullptr;
    const Run run{.budget = 100, .rng = 1, .batch = 4, .progress = [&](std::int64_t n, std::int64_t, const Partial& partial) {
                      for (int twice = 0; twice < 2; ++twice) CHECK(partial() == nullptr);
                      CHECK(n == finished.back() + static_cast<std::int64_t>(last.size()));
                      finished.push_back(n);
                      CHECK(under_way->unfinished().rows == static_cast<std::int64_t>(last.size()));
                  }};
    const Problem problem([&](ConstView x) {
        Outputs out{Matrix(x.rows, 1), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = doubled(x.row(i));
        last.assign(static_cast<std::size_t>(x.rows), 0.0);
        return out;
    }, law(), {}, false);
    Evaluation evaluate("test", problem, run);
    under_way = &evaluate;
    int asked = 0;
    evaluate.offer([&] {
        ++asked;
        return std::shared_ptr<const Estimate>();
    });
    finished.push_back(0);
    evaluate(counted(8));
    CHECK(finished == std::vector<std::int64_t>{0, 4});
    CHECK(asked == 2);
    CHECK(evaluate.unfinished().rows == 0);
}

TEST_CASE("evaluation: points in its room belong to whoever holds them, others only to the call") {
    std::vector<std::shared_ptr<const void>> held;
    bool hold = true;
    const Problem problem([&](ConstView x) {
        if (hold) held.push_back(owner_of(x));
        Outputs out{Matrix(x.rows, 1), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = doubled(x.row(i));
        return out;
    }, law(), {}, false);
    const Run run{.rng = 1, .batch = 2};
    Evaluation evaluate("test", problem, run);
    evaluate(counted(3));
    CHECK(held == std::vector<std::shared_ptr<const void>>(2));
    held.clear();

    View first = evaluate.room(4);
    for (std::int64_t i = 0; i < 4; ++i) first(i, 0) = static_cast<double>(i);
    CHECK(evaluate(first).y.data == std::vector<double>{0, 2, 4, 6});
    REQUIRE(held.size() == 2);
    CHECK(held[0] != nullptr);
    CHECK(held[0] == held[1]);
    hold = false;
    const View second = evaluate.room(3);   // the first is still held: its points must not change
    CHECK(second.data != first.data);
    held.clear();
    CHECK(evaluate.room(2).data == second.data);
    CHECK(owner_of(second) == nullptr);   // nothing is being called
}

TEST_CASE("evaluation: points in a room stay its own when the model runs another evaluation") {
    const Problem inner(doubled, law());
    const Run run{.rng = 1};
    bool before = false, after = false;
    const Problem outer([&](ConstView x) {
        before = owner_of(x) != nullptr;
        Evaluation("inner", inner, run)(counted(2));
        after = owner_of(x) != nullptr;
        return inner(x);
    }, law(), {}, false);
    Evaluation evaluate("outer", outer, run);
    const View x = evaluate.room(3);
    std::ranges::fill(std::span(x.data, 3), 1.0);
    evaluate(x);
    CHECK((before && after));
}

TEST_CASE("evaluation: one call for all points gives the same as many, also when it fails") {
    for (const std::int64_t batch : {4, 100}) {
        CAPTURE(batch);
        const Run run{.rng = 1, .batch = batch};
        const Problem fine = failing({});
        const Problem single(Model([&](ConstView x) { return fine(x); }), law(), {"y"}, false);
        Evaluation evaluate("test", single, run);
        CHECK(evaluate(counted(6)).y.data == std::vector<double>{0, 2, 4, 6, 8, 10});
        CHECK(evaluate.n() == 6);
        const Problem bad = failing({9}, std::numeric_limits<double>::infinity());
        const Problem late(Model([&](ConstView x) { return bad(x); }), law(), {"y"}, false);
        Evaluation again("test", late, run);
        again(counted(6));
        const ModelError error = model_error([&] { again(counted(6, 6)); });
        CHECK(error.index == 9);
        CHECK(std::string(error.what()).find("the model gave inf for output 'y' at point 9") != std::string::npos);
        CHECK(again.n() == 6);
        CHECK(again.unfinished().rows == 0);
    }
}

TEST_CASE("evaluation: known functions are columns of their own, and not kept in the sample") {
    const Problem problem = failing({1}).with_known(
        [](ConstView x) {
            Matrix out(x.rows, 1);
            for (std::int64_t i = 0; i < x.rows; ++i) out(i, 0) = x(i, 0) + 10;
            return out;
        },
        {"ten more"});
    const Run run{.rng = 1, .on_error = OnError::discard, .keep = Keep::sample};
    Evaluation evaluate("test", problem, run);
    const Outputs out = evaluate(counted(3), [](std::span<double>) {});
    CHECK(out.y.data == std::vector<double>{0, 10, 1, 0, 0, 0, 4, 12, 1});
    CHECK(evaluate.outputs() == 2);
    CHECK(evaluate.wanted() == 1);
    CHECK(evaluate.columns() == 3);
    CHECK(evaluate.names() == std::vector<std::string>{"y", "ten more"});
    CHECK(evaluate.sample().outputs == std::vector<std::string>{"y"});
    CHECK(evaluate.sample().y.cols == 1);
    CHECK(evaluate.sample().y(2, 0) == 4);
}

TEST_CASE("Evaluation: outputs that are the numbers of a table are named by its rows and columns") {
    const auto names_of = [](std::vector<std::int64_t> shape, std::int64_t m) {
        const Problem problem(Model([=](ConstView x) { return Outputs{Matrix(x.rows, m, 1.0), {}, shape}; }), law());
        const Run run{.budget = 4};
        Evaluation evaluate("test", problem, run);
        evaluate(counted(4));
        return evaluate.names();
    };
    CHECK(names_of({2, 3}, 6) == std::vector<std::string>{"y1,1", "y1,2", "y1,3", "y2,1", "y2,2", "y2,3"});
    CHECK(names_of({2, 1, 2}, 4) == std::vector<std::string>{"y1,1,1", "y1,1,2", "y2,1,1", "y2,1,2"});
    CHECK(names_of({}, 2) == std::vector<std::string>{"y1", "y2"});
    CHECK(names_of({1, 1}, 1) == std::vector<std::string>{"y"});
}
