/// Small assignment problems on a device, a warp for each: augmenting row reduction, then shortest augmenting paths,
/// with the decisions and
/// hence the numbers of the processor (matching.cpp). Duals and distances lie in shared memory, costs in the caches.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>

namespace buffon::device {
namespace {

constexpr unsigned everyone = ~0u;
constexpr int passes = 2;                 // of the reduction
constexpr double largest_cost = 1e300;

struct Two {
    double first, second;
    int at, next;
};

__device__ inline bool before(double x, int i, double y, int j) { return x < y || (x == y && i < j); }

__device__ inline void insert(Two& two, double x, int i) {
    if (!(x < INFINITY)) return;
    if (before(x, i, two.first, two.at)) {
        two.second = two.first, two.next = two.at;
        two.first = x, two.at = i;
    } else if (before(x, i, two.second, two.next)) {
        two.second = x, two.next = i;
    }
}

/// One problem; all lanes of the warp are in every call together.
/// @tparam Cost of the table: known here, so that loads of a line overlap
template <class Cost>
class Problem {
public:
    __device__ Problem(const DeviceAssignment& p, unsigned char* memory)
        : p_(p), n_(p.columns), lane_(static_cast<int>(threadIdx.x)) {
        const int room = (n_ + 1) / 2 * 2;
        v = reinterpret_cast<double*>(memory);
        distance_ = v + room, potential_ = distance_ + room, done_distance_ = potential_ + room;
        line_of = reinterpret_cast<int*>(done_distance_ + room);
        from_ = line_of + room, done_ = from_ + room, column_of = done_ + room, free_ = column_of + room, next_ = free_ + room;
        for (int j = lane_; j < n_; j += 32) v[j] = 0.0, line_of[j] = -1;
        for (int i = lane_; i < p.lines; i += 32) column_of[i] = -1, free_[i] = i;
        __syncwarp();
    }

    __device__ const Cost* costs_of(int i) const { return static_cast<const Cost*>(p_.costs) + i * p_.line_stride; }
    __device__ double at(const Cost* costs, int j) const { return static_cast<double>(__ldg(costs + j * p_.step)); }
    __device__ double cost(int i, int j) const { return at(costs_of(i), j); }

    __device__ bool usable() const {
        bool good = true;
        for (int i = 0; i < p_.lines; ++i) {
            const Cost* costs = costs_of(i);
#pragma unroll 4
            for (int j = lane_; j < n_; j += 32) {
                const double c = at(costs, j);
                good &= c >= -largest_cost && (c <= largest_cost || c == INFINITY);
            }
        }
        return __all_sync(everyone, good);
    }

    __device__ Two two_smallest(int i) const {
        Two two{INFINITY, INFINITY, -1, -1};
        const Cost* costs = costs_of(i);
#pragma unroll 4
        for (int j = lane_; j < n_; j += 32) insert(two, at(costs, j) - v[j], j);
        for (int o = 16; o > 0; o /= 2) {
            const Two other{__shfl_xor_sync(everyone, two.first, o), __shfl_xor_sync(everyone, two.second, o),
                            __shfl_xor_sync(everyone, two.at, o), __shfl_xor_sync(everyone, two.next, o)};
            insert(two, other.first, other.at);
            insert(two, other.second, other.next);
        }
        return two;
    }

    __device__ DeviceOutcome match() {
        int free = p_.lines;
        for (int pass = 0; pass < passes && free > 0; ++pass) free = reduce(free);
        for (int f = 0; f < free; ++f) {
            if (scans_ > p_.most_scans) return DeviceOutcome::long_paths;
            if (!augment(free_[f])) return DeviceOutcome::none;
        }
        return DeviceOutcome::found;
    }

    double* v;
    int *line_of, *column_of;

private:
    __device__ void join(int line, int column) {
        column_of[line] = column;
        line_of[column] = line;
    }

    /// Returns how many lines are still free.
    __device__ int reduce(int free) {
        int waiting = 0;
        std::int64_t moves = 4 * std::int64_t{p_.lines};
        for (int f = 0; f < free; ++f)
            for (int line = free_[f]; line >= 0;) {
                const Two two = two_smallest(line);
                ++scans_;
                if (two.next < 0) {
                    wait(line, waiting);
                    break;
                }
                const double lower = v[two.at] - (two.second - two.first);
                const bool falls = lower < v[two.at];
                const int column = falls || line_of[two.at] < 0 ? two.at : two.next, loser = line_of[column];
                __syncwarp();
                if (lane_ == 0) {
                    if (falls) v[two.at] = lower;
                    join(line, column);
                    if (loser >= 0) column_of[loser] = -1;
                }
                __syncwarp();
                line = -1;
                if (loser < 0) continue;
                if (falls && moves-- > 0) line = loser;
                else wait(loser, waiting);
            }
        int* passed = free_;
        free_ = next_;
        next_ = passed;
        return waiting;
    }

    __device__ void wait(int line, int& waiting) {
        if (lane_ == 0) next_[waiting] = line;
        ++waiting;
        __syncwarp();
    }

    /// The free column that the shortest path ends at; -1 for none.
    __device__ int search(int free, int& done, double& length) {
        for (int j = lane_; j < n_; j += 32) potential_[j] = v[j], distance_[j] = INFINITY;
        done = 0;
        __syncwarp();
        int i = free;
        for (double shift = 0.0;;) {
            double least = INFINITY;
            const Cost* costs = costs_of(i);
#pragma unroll 4
            for (int j = lane_; j < n_; j += 32) {
                const double through = (at(costs, j) - potential_[j]) + shift;
                if (through < distance_[j]) distance_[j] = through, from_[j] = i;
                least = distance_[j] < least ? distance_[j] : least;
            }
            for (int o = 16; o > 0; o /= 2) {
                const double other = __shfl_xor_sync(everyone, least, o);
                least = other < least ? other : least;
            }
            length = least;
            ++scans_;
            if (!(length < INFINITY)) return -1;
            const int column = first_within(length);
            i = line_of[column];
            __syncwarp();   // all have read
            if (i < 0) return column;
            if (lane_ == 0) {
                done_[done] = column, done_distance_[done] = length;
                distance_[column] = INFINITY, potential_[column] = -INFINITY;
            }
            ++done;
            __syncwarp();
            shift = length - (cost(i, column) - v[column]);
        }
    }

    /// The first free column within the bound, else the first.
    __device__ int first_within(double bound) const {
        unsigned free = ~0u, any = ~0u;
        for (int j = lane_; j < n_; j += 32) {
            if (!(distance_[j] <= bound)) continue;
            any = min(any, static_cast<unsigned>(j));
            if (line_of[j] < 0) free = min(free, static_cast<unsigned>(j));
        }
        for (int o = 16; o > 0; o /= 2) {
            free = min(free, __shfl_xor_sync(everyone, free, o));
            any = min(any, __shfl_xor_sync(everyone, any, o));
        }
        return static_cast<int>(free != ~0u ? free : any);
    }

    __device__ bool augment(int start) {
        int done = 0;
        double length = 0.0;
        int column = search(start, done, length);
        if (column < 0) return false;
        __syncwarp();
        for (int k = lane_; k < done; k += 32) v[done_[k]] += done_distance_[k] - length;
        if (lane_ == 0)
            for (int line = -1; line != start;) {
                line = from_[column];
                const int passed = column_of[line];
                join(line, column);
                column = passed;
            }
        __syncwarp();
        return true;
    }

    const DeviceAssignment& p_;
    int n_, lane_;
    double *distance_, *potential_, *done_distance_;
    int *from_, *done_, *free_, *next_;
    std::int64_t scans_ = 0;
};

template <class Cost>
__device__ void solve(const DeviceAssignments& all, const DeviceAssignment& p, unsigned char* memory) {
    const int lane = static_cast<int>(threadIdx.x);
    Problem<Cost> problem(p, memory);
    const DeviceOutcome outcome = problem.usable() ? problem.match() : DeviceOutcome::refused;
    if (lane == 0) all.outcome[blockIdx.x] = outcome;
    if (outcome != DeviceOutcome::found) return;
    for (int i = 0; i < p.lines; ++i) {   // exactly the smallest c - v
        const double u = problem.two_smallest(i).first + 0.0;
        if (lane == 0) all.u[p.first_line + i] = u;
    }
    for (int i = lane; i < p.lines; i += 32) {
        const int column = problem.column_of[i];
        all.column_of[p.first_line + i] = column;
        all.v[p.first_line + i] = problem.v[column] + 0.0;
    }
    double sum = 0.0;   // eight interleaved sums, combined pairwise
    for (int i = lane; i < p.lines && lane < 8; i += 8) sum += problem.cost(i, problem.column_of[i]);
    for (int o = 1; o < 8; o *= 2) sum += __shfl_xor_sync(everyone, sum, o);
    if (lane == 0) all.cost[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(32) assign_small(const __grid_constant__ DeviceAssignments all) {
    extern __shared__ __align__(16) unsigned char memory[];
    const DeviceAssignment& p = all.problems[blockIdx.x];
    if (p.single) solve<float>(all, p, memory);
    else solve<double>(all, p, memory);
}

}  // namespace

const char* assignments(const DeviceQueue* queue, const DeviceAssignments* what) {
    return in_words([&] {
        if (what->count == 0) return;
        const Use use(queue->device);
        const auto bytes = static_cast<std::size_t>(DeviceAssignments::bytes(what->largest));
        allow_shared(assign_small, bytes);
        assign_small<<<static_cast<unsigned>(what->count), 32, bytes, stream_of(*queue)>>>(*what);
        check_launch("assign_small");
    });
}

}  // namespace buffon::device
