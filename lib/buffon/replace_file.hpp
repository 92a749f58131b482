/// Files that are replaced as a whole. Not installed.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string_view>

namespace buffon {

/// Writes the parts beside the file, into `path`.partial, and puts that in its place: at any moment the file is a whole one.
/// What could not be written is removed again.   @return whether it was written
[[nodiscard]] bool replace_file(const std::filesystem::path& path, std::initializer_list<std::string_view> parts);

}  // namespace buffon
