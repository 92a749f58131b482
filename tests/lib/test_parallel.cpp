#include <buffon/parallel.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace buffon;

namespace {

struct Sum {
    double value = 0.0;
    void merge(const Sum& other) { value += other.value; }
};

double harmonic(std::int64_t n, int threads) {
    Sum total;
    parallel::reduce_blocks(n, threads, total, [](std::int64_t first, std::int64_t count) {
        Sum part;
        for (std::int64_t i = first; i < first + count; ++i) part.value += 1.0 / static_cast<double>(i + 1);
        return part;
    });
    return total.value;
}

std::string message_of_failure(int threads) {
    try {
        parallel::for_each(64, threads, [](std::int64_t b) {
            if (b == 11) std::this_thread::sleep_for(std::chrono::milliseconds(5));   // later ones fail first
            if (b >= 11 && b % 2 == 1) throw std::runtime_error(std::to_string(b));
        });
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "nothing thrown";
}

/// Exit status of the child, or -1 if it had to be ended after `seconds`.
int wait_for(pid_t child, double seconds) {
    for (int tick = 0; tick < seconds * 100; ++tick) {
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return -1;
}

}  // namespace

TEST_CASE("for_each: every index is visited once, on any number of threads") {
    for (const int threads : {0, 1, 2, 4, 100})
        for (const std::int64_t n : {0, 1, 3, 1000}) {
            std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
            parallel::for_each(n, threads, [&](std::int64_t b) { ++visits[static_cast<std::size_t>(b)]; });
            for (const auto& v : visits) CHECK(v == 1);
        }
}

TEST_CASE("for_blocks: blocks tile the range, the last one is short") {
    const std::int64_t n = 3 * parallel::block_size + 5;
    std::vector<int> visits(static_cast<std::size_t>(n));
    parallel::for_blocks(n, 4, [&](std::int64_t first, std::int64_t count) {
        CHECK(first % parallel::block_size == 0);
        for (std::int64_t i = first; i < first + count; ++i) ++visits[static_cast<std::size_t>(i)];
    });
    for (const int v : visits) REQUIRE(v == 1);
}

TEST_CASE("reduce_blocks: the sum has the same bits on 1, 2, 4 and all threads") {
    for (const std::int64_t n : {0, 1, 4096, 4097, 1000003}) {
        const double one = harmonic(n, 1);
        for (const int threads : {2, 4, 0}) CHECK(harmonic(n, threads) == one);
    }
    // Euler's constant + log n + 1 / 2n
    CHECK(harmonic(1000000, 0) == doctest::Approx(0.57721566490153286 + std::log(1e6) + 5e-7).epsilon(1e-13));
}

TEST_CASE("for_each: of several exceptions the one of the smallest index is thrown") {
    for (const int threads : {1, 2, 4})
        for (int repeat = 0; repeat < 20; ++repeat) REQUIRE(message_of_failure(threads) == "11");
}

TEST_CASE("for_each: with several threads the other blocks are finished before an exception is thrown") {
    std::atomic<int> finished = 0;
    CHECK_THROWS_AS(parallel::for_each(50, 4,
                                       [&](std::int64_t b) {
                                           if (b == 0) throw std::runtime_error("first");
                                           ++finished;
                                       }),
                    std::runtime_error);
    CHECK(finished == 49);
}

TEST_CASE("for_each: works inside itself") {
    std::atomic<int> visits = 0;
    parallel::for_each(8, 4, [&](std::int64_t) { parallel::for_each(8, 4, [&](std::int64_t) { ++visits; }); });
    CHECK(visits == 64);
}

TEST_CASE("for_each: a child forked after a parallel call uses one thread and ends") {
    const double here = harmonic(100000, 4);
    const pid_t child = fork();
    if (child == 0) {
        const bool good = parallel::default_threads() == 1 && harmonic(100000, 4) == here;
        _exit(good ? 0 : 1);
    }
    REQUIRE(child > 0);
    CHECK(wait_for(child, 20.0) == 0);
    CHECK(harmonic(100000, 4) == here);   // the parent goes on as before
}
