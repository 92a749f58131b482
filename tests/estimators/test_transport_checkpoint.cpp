#include <buffon/transport_checkpoint.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include <buffon/transport_map.hpp>

#include "line_transport.hpp"

using namespace buffon;

namespace {

/// A file that is gone afterwards.
struct File {
    std::filesystem::path path = std::filesystem::temp_directory_path() / "buffon_test_transport_checkpoint";
    File() { std::filesystem::remove(path); }
    ~File() { std::filesystem::remove(path); }
};

struct Stop : std::runtime_error {
    Stop() : std::runtime_error("stop") {}
};

Matrix points(std::int64_t n, std::int64_t d) {
    Matrix out(n, d);
    Stream{4, 1}.normal(0, out);
    return out;
}

void check_same(const TransportMap& a, const TransportMap& b) {
    CHECK(a.heights == b.heights);
    CHECK(a.masses == b.masses);
    CHECK(a.w2_squared.value == b.w2_squared.value);
    CHECK(a.mass_error.value == b.mass_error.value);
    CHECK(a.draws == b.draws);
    CHECK(a.start_draws == b.start_draws);
    CHECK(a.steps == b.steps);
    CHECK(a.converged == b.converged);
    CHECK(a.rng_key == b.rng_key);
}

/// Stopped again and again, a few draws further on each time, as a killed process would: what it ends with, and how
/// often it was stopped.
TransportMap in_pieces(const Matrix& y, TransportOptions options, const std::filesystem::path& path, std::int64_t each,
                       int& stops) {
    options.checkpoint = path;
    for (std::int64_t end = each;; end += each) {
        options.progress = [end](std::int64_t n, std::int64_t) { if (n >= end) throw Stop(); };
        try {
            return transport_map(y, options);
        } catch (const Stop&) {
            ++stops;
        }
    }
}

}  // namespace

TEST_CASE("transport checkpoint: a search that is stopped often has the bits of one that is not, from every kind of start") {
    struct Case {
        const char* name;
        Matrix y;
        TransportOptions options;
        std::int64_t each;
    };
    const std::vector<double> nu(40, 1.0);
    TransportOptions spent{.target_error = 0.0, .budget = 900'000, .rng = 5, .threads = 1},
        stopping{.target_error = 0.02, .rng = 5, .threads = 2};
    TransportOptions entropic{.method = TransportMethod::entropic, .epsilon = 0.3, .target_error = 0.02, .rng = 5, .threads = 1};
    const std::vector<Case> cases{{"soft start, graph", points(40, 2), stopping, 60'000},
                                  {"log-mass start, diagonal", points(600, 5), spent, 120'000},
                                  {"budget spent, threads", points(30, 4), spent, 90'000},
                                  {"entropic", points(25, 3), entropic, 30'000}};
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const File file;
        int stops = 0;
        const TransportMap found = in_pieces(c.y, c.options, file.path, c.each, stops);
        MESSAGE(c.name, ": stopped ", stops, " times, ", found.draws, " draws");
        CHECK(stops >= 3);
        check_same(found, transport_map(c.y, c.options));
        TransportOptions again = c.options;   // the finished file: the last check alone is made again
        again.checkpoint = file.path;
        again.rng = std::nullopt;
        std::int64_t least = found.draws;
        again.progress = [&](std::int64_t n, std::int64_t) { least = std::min(least, n); };
        check_same(transport_map(c.y, again), found);
    }
}

TEST_CASE("transport checkpoint: progress is kept, so that what was done is not done again") {
    const File file;
    const Matrix y = points(40, 2);
    TransportOptions options{.target_error = 0.0, .budget = 1'500'000, .rng = 5, .threads = 1, .checkpoint = file.path};
    options.progress = [](std::int64_t n, std::int64_t) { if (n > 1'000'000) throw Stop(); };
    CHECK_THROWS_AS(transport_map(y, options), Stop);
    std::int64_t calls = 0, last_steps = 0;
    options.progress = [&](std::int64_t n, std::int64_t) {
        ++calls;
        last_steps += n < 900'000 && calls > 20;   // the preconditioner's draws come first
    };
    const TransportMap found = transport_map(y, options);
    CHECK(found.draws > 1'400'000);
    CHECK(last_steps == 0);
}

TEST_CASE("transport checkpoint: a file of another run, of another kind, or damaged is refused in words") {
    const File file;
    const Matrix y = points(10, 2);
    TransportOptions options{.target_error = 0.0, .budget = 600'000, .rng = 5, .threads = 1, .checkpoint = file.path};
    const TransportMap found = transport_map(y, options);
    const auto refused = [&](TransportOptions other, const Matrix& with) {
        std::string message;
        try {
            transport_map(with, other);
        } catch (const std::invalid_argument& e) {
            message = e.what();
        }
        return message.find("is of another run") != std::string::npos;
    };
    CHECK(found.rng_key == 5);
    TransportOptions other = options;
    other.rng = 6;
    CHECK(refused(other, y));
    other = options;
    other.budget = 700'000;
    CHECK(refused(other, y));
    other = options;
    other.source = Joint({Normal(), Normal(0, 2)});
    CHECK(refused(other, y));
    other = options;
    other.method = TransportMethod::entropic;
    CHECK(refused(other, y));
    other = options;
    other.masses = std::vector<double>{1, 1, 1, 1, 1, 1, 1, 1, 1, 2};
    CHECK(refused(other, y));
    CHECK(refused(options, points(11, 2)));
    other = options;   // what changes no result
    other.threads = 2;
    CHECK_FALSE(refused(other, y));

    std::string bytes{std::istreambuf_iterator<char>(std::ifstream(file.path, std::ios::binary).rdbuf()), {}};
    const auto with = [&](const std::string& content) {
        std::ofstream(file.path, std::ios::binary) << content;
        try {
            transport_map(y, options);
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    CHECK(with("something else").find("is not a file that") != std::string::npos);
    CHECK(with(bytes.substr(0, bytes.size() / 2)).find("is damaged") != std::string::npos);
    CHECK(with(bytes.substr(0, 40)).find("is damaged") != std::string::npos);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] + 1);
    CHECK(with(bytes).find("its checksum differs") != std::string::npos);
    options.checkpoint = "/nowhere/at/all";
    CHECK_THROWS_AS(transport_map(y, options), std::runtime_error);
}

TEST_CASE("transport checkpoint: all of a state is read back") {
    const File file;
    CHECK_FALSE(read_checkpoint(file.path).has_value());
    SearchState state;
    state.at = {7, 800};
    state.start_draws = 30;
    state.next_check = 5120;
    state.stepped = true;
    state.begun = BegunSearch{{0.5, -0.5}, true, 12.5, {3, 400}};
    state.steps = {{0.25, -0.25}, {{{0.1, -0.1}, 160}, {{0.2, -0.2}, 320}}, 480, 2};
    write_checkpoint(file.path, {11, 22, state});
    const TransportCheckpoint found = *read_checkpoint(file.path);
    CHECK(found.run == 11);
    CHECK(found.key == 22);
    CHECK(found.state.at.batches == 7);
    CHECK(found.state.at.spent == 800);
    CHECK_FALSE(found.state.level.has_value());
    CHECK(found.state.begun->heights == state.begun->heights);
    CHECK(found.state.begun->connected);
    CHECK(found.state.begun->worth == 12.5);
    CHECK(found.state.begun->at.spent == 400);
    CHECK(found.state.steps.kept[1].heights == std::vector<double>{0.2, -0.2});
    CHECK(found.state.steps.kept[1].draws == 320);
    CHECK(found.state.steps.taken == 480);
    CHECK(found.state.steps.steps == 2);
    CHECK(found.state.stepped);
    CHECK(found.state.next_check == 5120);
    state = SearchState();
    state.at = {1, 16};
    state.level = SoftLevel{{1.0}, 0.5, 3, {1, 16}};
    write_checkpoint(file.path, {11, 22, state});
    const TransportCheckpoint level = *read_checkpoint(file.path);
    CHECK_FALSE(level.state.begun.has_value());
    CHECK(level.state.level->width == 0.5);
    CHECK(level.state.level->level == 3);
    CHECK(level.state.level->at.batches == 1);
}

TEST_CASE("transport checkpoint: a keeper writes at once and at the end, and seldom between") {
    const File file;
    CheckpointKeeper keeper(file.path, 1, 2);
    int made = 0;
    const auto state = [&] {
        ++made;
        return SearchState{};
    };
    keeper(state, false);
    CHECK(made == 1);
    keeper(state, true);
    CHECK(made == 2);
    CHECK(std::filesystem::exists(file.path));
    CHECK_FALSE(std::filesystem::exists(file.path.string() + ".partial"));
}
