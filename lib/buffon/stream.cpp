#include <buffon/stream.hpp>

#include <buffon/kernels.hpp>

namespace buffon {

void Stream::uniform(std::int64_t first, View out) const { kernels().uniform_rows(key, id, first, out.rows, out.cols, out.data); }

}  // namespace buffon
