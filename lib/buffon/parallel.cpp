#include <buffon/parallel.hpp>

#include <exception>
#include <mutex>

#include <omp.h>
#include <pthread.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

namespace buffon::parallel {
namespace {

bool forked = false;
[[maybe_unused]] const int watch_forks = pthread_atfork(nullptr, nullptr, [] { forked = true; });

/// Keeps the exception of the smallest block: the same one on any number of threads.
class FirstError {
public:
    void keep(std::int64_t block) {
        const std::lock_guard lock(mutex_);
        if (error_ && block_ < block) return;
        block_ = block;
        error_ = std::current_exception();
    }
    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

private:
    std::mutex mutex_;
    std::int64_t block_ = 0;
    std::exception_ptr error_;
};

/// OpenMP's thread count of this thread, put back at the end.
class ThreadCount {
public:
    explicit ThreadCount(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
    ~ThreadCount() { omp_set_num_threads(before_); }
    ThreadCount(const ThreadCount&) = delete;
    ThreadCount& operator=(const ThreadCount&) = delete;

private:
    int before_;
};

}  // namespace

int default_threads() { return forked ? 1 : omp_get_max_threads(); }

void for_each(std::int64_t n, int threads, const std::function<void(std::int64_t)>& f) {
    const auto workers = forked ? 1 : std::min<std::int64_t>(threads > 0 ? threads : default_threads(), n);
    if (workers <= 1) {
        for (std::int64_t b = 0; b < n; ++b) f(b);
        return;
    }
    FirstError error;
    const ThreadCount count(static_cast<int>(workers));
    thrust::for_each_n(thrust::omp::par, thrust::counting_iterator<std::int64_t>(0), n, [&](std::int64_t b) {
        try {
            f(b);
        } catch (...) {
            error.keep(b);
        }
    });
    error.rethrow();
}

}  // namespace buffon::parallel
