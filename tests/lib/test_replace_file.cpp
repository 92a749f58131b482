#include <buffon/replace_file.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace buffon;

namespace {

/// A folder that is gone afterwards.
struct Folder {
    std::filesystem::path path = std::filesystem::temp_directory_path() / "buffon_test_replace_file";
    Folder() {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::ptrdiff_t entries() const {
        return std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator());
    }
};

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("replace_file: the parts stand one after the other, byte for byte, in place of what was there") {
    using namespace std::string_literals;
    const Folder folder;
    const auto path = folder.path / "file";
    const std::string middle = "\0\r\n\xff"s;
    CHECK(replace_file(path, {"a longer text than the next"}));
    CHECK(replace_file(path, {"head\n", middle, "", "end"}));
    CHECK(content(path) == "head\n" + middle + "end");
    CHECK(folder.entries() == 1);
}

TEST_CASE("replace_file: what cannot be put in place leaves nothing behind, and nothing else is touched") {
    const Folder folder;
    std::filesystem::create_directories(folder.path / "full" / "folder");   // whose place no file can take
    CHECK_FALSE(replace_file(folder.path / "full", {"text"}));
    CHECK(folder.entries() == 1);
    CHECK_FALSE(replace_file(folder.path / "missing" / "file", {"text"}));
    CHECK(folder.entries() == 1);
    std::filesystem::create_directory(folder.path / "file.partial");   // of someone else
    CHECK_FALSE(replace_file(folder.path / "file", {"text"}));
    CHECK(std::filesystem::is_directory(folder.path / "file.partial"));
}

TEST_CASE("replace_file: a file that the disk has no room for leaves nothing behind" *
          doctest::skip(!std::filesystem::exists("/dev/full"))) {
    const Folder folder;
    std::filesystem::create_symlink("/dev/full", folder.path / "file.partial");
    CHECK_FALSE(replace_file(folder.path / "file", {"text"}));
    CHECK(folder.entries() == 0);
}
