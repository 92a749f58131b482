#include <buffon/replace_file.hpp>

#include <fstream>
#include <system_error>

namespace buffon {

bool replace_file(const std::filesystem::path& path, std::initializer_list<std::string_view> parts) {
    std::filesystem::path beside = path;
    beside += ".partial";
    std::ofstream file(beside, std::ios::binary);
    if (!file) return false;   // nothing was made, and what stands there is not ours
    for (const std::string_view part : parts) file << part;
    file.close();
    std::error_code failed;
    if (file) std::filesystem::rename(beside, path, failed);
    if (file && !failed) return true;
    std::filesystem::remove(beside, failed);
    return false;
}

}  // namespace buffon
