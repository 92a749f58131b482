// OpenMP's entry points on std::thread, whose synchronisation the thread sanitizer knows; loaded before libgomp by
// tests/run --sanitize. Enough for parallel regions and static loops; what is missing would show as a wrong number of calls.
#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

namespace {
thread_local int team_size = 1;
thread_local int team_member = 0;
thread_local int wanted = [] {
    const char* text = std::getenv("OMP_NUM_THREADS");
    return text ? std::max(1, std::atoi(text)) : static_cast<int>(std::thread::hardware_concurrency());
}();
}  // namespace

extern "C" {
int omp_get_max_threads() { return wanted; }
int omp_get_num_threads() { return team_size; }
int omp_get_thread_num() { return team_member; }
void omp_set_num_threads(int n) { wanted = n; }

void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned) {
    const int size = team_size > 1 ? 1 : threads > 0 ? static_cast<int>(threads) : wanted;   // nested: one thread
    const auto member = [=](int k) {
        const int size_before = std::exchange(team_size, size);
        const int member_before = std::exchange(team_member, k);
        body(data);
        team_size = size_before;
        team_member = member_before;
    };
    std::vector<std::thread> team;
    for (int k = 1; k < size; ++k) team.emplace_back(member, k);
    member(0);
    for (auto& thread : team) thread.join();
}
}
