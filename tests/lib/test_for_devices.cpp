#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/for_devices.hpp>

using namespace buffon;

TEST_CASE("for_devices: one call each, several side by side, one on this thread") {
    std::vector<std::thread::id> ids(5);
    std::atomic<int> begun = 0;
    for_devices(5, [&](std::int64_t k) {
        ids[static_cast<std::size_t>(k)] = std::this_thread::get_id();
        for (++begun; begun < 5;) std::this_thread::yield();   // ends only where all run together
    });
    CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() == 5);
    for_devices(1, [&](std::int64_t) { CHECK(std::this_thread::get_id() != ids[0]); });
    for_devices(0, [](std::int64_t) { FAIL("nobody was asked"); });
}

TEST_CASE("for_devices: all end, and the smallest that threw is heard") {
    std::atomic<int> ended = 0;
    const auto some_fail = [&](std::int64_t k) {
        if (k == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++ended;
        if (k == 1 || k == 3) throw std::runtime_error(std::to_string(k));
    };
    CHECK_THROWS_WITH_AS(for_devices(4, some_fail), "1", std::runtime_error);
    CHECK(ended == 4);
}
