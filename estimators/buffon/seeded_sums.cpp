#include <buffon/seeded_sums.hpp>

#include <cmath>
#include <numeric>

namespace buffon {

void SeededSums::add(const double* u, const double* v) {
    n += 1;
    values += u[0] + u[1] + v[0] + v[1];
    across += u[0] * v[0] + u[1] * v[1];
    const double at_a = u[0] - v[0], at_b = u[1] - v[1];
    of_noise += 0.25 * (at_a * at_a + at_b * at_b);
    alike += 0.5 * at_a * at_b;
    for (std::size_t g = 0; g < step.size(); ++g) {
        const double du = u[2 + g] - u[0], dv = v[2 + g] - v[0];
        step[g] += 0.5 * (du + dv);
        with_b[g] += 0.5 * (u[1] * dv + v[1] * du);
        total[g] += 0.5 * du * dv;
    }
}

std::vector<Ratio> seeded_ratios(const std::vector<SeededSums>& replicates, std::size_t noise, double& variance) {
    double values = 0, count = 0;
    for (const SeededSums& s : replicates) values += s.values, count += 4 * s.n;
    const std::size_t groups = replicates.front().step.size() + 1;
    std::vector<Ratio> out(2 * groups);
    variance = 0;
    for (const SeededSums& s : replicates) {
        const double all = values / count, own = s.values / (4 * s.n), others = (values - s.values) / (count - 4 * s.n);
        const double square =
            (all + others) * own - all * others;   // of the mean: that of `all` alone would hold its own variance
        const double v = 0.5 * s.across / s.n - square, one = v + s.of_noise / s.n;
        variance += one / static_cast<double>(replicates.size());
        for (std::size_t i = 0, at = 0; i < groups; ++i) {
            const bool is_noise = i == noise;
            out[i].numerator.push_back(is_noise ? s.alike / s.n : (s.with_b[at] - others * s.step[at]) / s.n);
            out[groups + i].numerator.push_back(is_noise ? s.of_noise / s.n : s.total[at] / s.n);
            out[i].denominator.push_back(is_noise ? one : v);
            out[groups + i].denominator.push_back(is_noise ? one : v);
            if (!is_noise) ++at;
        }
    }
    return out;
}

bool hidden_by_noise(const std::vector<double>& variance) {
    constexpr double told = 4;
    const auto r = static_cast<double>(variance.size());
    const double mean = std::accumulate(variance.begin(), variance.end(), 0.0) / r;
    double square = 0;
    for (const double v : variance) square += (v - mean) * (v - mean);
    return !(mean > told * std::sqrt(square / (r * (r - 1))));
}

std::string hidden_warning(const std::string& output) {
    return "output '" + output +
           "': the variance of its mean over the noise is less than four standard errors from 0, so that shares of it "
           "are doubtful: " +
           "spend more, or average over noise within the model";
}

}  // namespace buffon
