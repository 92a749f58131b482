#include <buffon/raw_matrix.hpp>

#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace buffon {
namespace {

constexpr std::size_t page = 1 << 21;   // a large one: small ones come 4 KB at a time, each for the price of clearing several

}  // namespace

RawMatrix::Numbers RawMatrix::allocate(std::int64_t numbers) {
    const std::size_t bytes = static_cast<std::size_t>(numbers) * sizeof(double), whole = (bytes + page - 1) / page * page;
    void* memory = bytes < page ? std::malloc(bytes) : std::aligned_alloc(page, whole);
    if (memory == nullptr && bytes > 0) throw std::bad_alloc();
#ifdef __linux__
    if (bytes >= page) madvise(memory, whole, MADV_HUGEPAGE);   // a wish: small pages do as well
#endif
    return Numbers(static_cast<double*>(memory));
}

void reserve_large(std::vector<double>& v, std::int64_t numbers) {
    v.reserve(static_cast<std::size_t>(numbers));
#ifdef __linux__
    constexpr std::uintptr_t small_page = 1 << 12;   // where large ones may begin is the system's affair
    const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(v.data()) + small_page - 1) / small_page * small_page,
                         end = reinterpret_cast<std::uintptr_t>(v.data() + v.capacity());
    if (end >= begin + page) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

void RawMatrix::Free::operator()(double* numbers) const { std::free(numbers); }

}  // namespace buffon
