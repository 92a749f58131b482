#include <buffon/checkpoint_file.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>

using namespace buffon;

namespace {

constexpr CheckpointKind kind{"f", 3};

/// A file of this test that is gone before and after it.
struct File {
    std::filesystem::path path = std::filesystem::temp_directory_path() / "buffon_test_checkpoint_file";
    File() { remove(path); }
    ~File() { remove(path); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::string bytes() const { return {std::istreambuf_iterator<char>(std::ifstream(path, std::ios::binary).rdbuf()), {}}; }
    void put(const std::string& bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
};

struct Members {
    std::uint64_t word = 0;
    std::int64_t integer = 0;
    std::uint32_t small = 0;
    int number = 0;
    bool yes = false;
    double real = 0;
    std::string text;
    std::vector<double> reals;
    std::map<std::string, std::int64_t> counts;
    std::optional<double> there, missing;

    bool operator==(const Members&) const = default;
};

template <class Archive, class M>
void pass(Archive& to, M& m) {
    to(m.word), to(m.integer), to(m.small), to(m.number), to(m.yes), to(m.real), to(m.text), to(m.reals), to(m.counts);
    const auto itself = [&](auto& v) { to(v); };
    pass_optional(to, m.there, itself);
    pass_optional(to, m.missing, itself);
}

const Members members{~std::uint64_t{0},
                      std::numeric_limits<std::int64_t>::min(),
                      7,
                      -3,
                      true,
                      -0.1,
                      std::string("a\0b", 3),
                      {1.5, std::numeric_limits<double>::infinity(), 5e-324},
                      {{"chain", 5}, {"", -1}},
                      2.5,
                      {}};

std::string written() {
    ByteWriter to;
    pass(to, members);
    return to.bytes();
}

}  // namespace

TEST_CASE("checkpoint_file: what is written is read again, and its bytes do not depend on the processor's order") {
    const File file;
    CHECK_FALSE(read_checkpoint_body(kind, file.path).has_value());
    write_checkpoint_body(kind, file.path, written());
    const std::string body = read_checkpoint_body(kind, file.path).value();
    ByteReader from(body);
    Members found;
    pass(from, found);
    CHECK(found == members);
    CHECK(file.bytes().starts_with("buffon f checkpoint 3\n\xff\xff\xff\xff\xff\xff\xff\xff" + std::string(7, '\0') + "\x80\x07"));
    ByteReader cut(std::string_view(body).substr(0, body.size() - 1));
    CHECK_THROWS_WITH_AS(pass(cut, found), "a checkpoint ends too early", std::invalid_argument);
}

TEST_CASE("checkpoint_file: damage of any byte, other kinds and folders are refused in words") {
    const File file;
    write_checkpoint_body(kind, file.path, written());
    const std::string good = file.bytes();
    const auto message = [&] {
        try {
            read_checkpoint_body(kind, file.path);
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
        return std::string("none");
    };
    CHECK(message() == "none");
    const std::string name = "f: checkpoint '" + file.path.string() + "' ";
    for (std::size_t at = 0; at < good.size(); ++at) {
        CAPTURE(at);
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 1);
        file.put(bad);
        CHECK(message() == name + (at < 22 ? "is not a file that this version of f wrote" : "is damaged: its checksum differs"));
    }
    file.put(good.substr(0, 25));
    CHECK(message() == name + "is damaged: it ends too early");
    file.put(good.substr(0, good.size() - 9));
    CHECK(message() == name + "is damaged: its checksum differs");
    CHECK_THROWS_WITH_AS(read_checkpoint_body(kind, std::filesystem::temp_directory_path()), doctest::Contains("is a folder"),
                         std::invalid_argument);
    CHECK_THROWS_AS(read_checkpoint_body({"f", 4}, file.path), std::invalid_argument);
    CHECK_THROWS_WITH_AS(write_checkpoint_body(kind, file.path / "below", ""), doctest::Contains("cannot be written"),
                         std::runtime_error);
}

TEST_CASE("checkpoint_file: the first writing is due at once, the next ones where fifty times as long has passed") {
    WritingPace pace;
    CHECK(pace.due());
    pace.timed([] {
        const auto begin = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(20)) {}
    });
    CHECK_FALSE(pace.due());   // a second from now
}
