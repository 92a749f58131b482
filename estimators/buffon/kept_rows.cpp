#include <buffon/kept_rows.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/elementary.hpp>
#include <buffon/finish.hpp>
#include <buffon/text.hpp>

namespace buffon {

LogDensity log_density_of(Distribution law) {
    return [law = std::move(law)](ConstView x, std::span<double> out) { law.log_density(x, out); };
}

KeptRows::KeptRows(std::string function, const Sample& sample, const std::vector<std::string>& outputs, int threads)
    : function_(std::move(function)), sample_(sample), threads_(threads), first_(sample.adaptation),
      rows_(sample.n() - sample.adaptation) {
    require(sample.log_density.size() == static_cast<std::size_t>(sample.n()), function_,
            ": sample does not know the densities that its rows were drawn from");
    require(rows_ >= 2, function_, ": sample must have at least 2 rows after its adaptation, got ", rows_);
    require(threads >= 0, function_, ": threads must not be negative, got ", threads);
    choose(outputs);
    for (std::int64_t i = 0; i < sample.n(); ++i) {
        const bool ok = std::ranges::all_of(sample.y.view().row(i), [](double v) { return std::isfinite(v); });
        if (!ok) ++n_failed_;
        if (i < first_) continue;
        ok_.push_back(ok);
        failures_ = failures_ || !ok;
    }
    require(std::ranges::find(ok_, 1) != ok_.end(), function_, ": every evaluation of the sample failed");
    if (sample.controls.rows == rows_ && sample.skipped == 0) controls_ = sample.controls;
    if (!sample.replicate.empty()) label();
}

std::int64_t KeptRows::column(const std::string& output) const {
    const auto found = std::ranges::find(sample_.outputs, output);
    require(found != sample_.outputs.end(), function_, ": sample has no output '", output, "'",
            suggestion(output, sample_.outputs));
    return found - sample_.outputs.begin();
}

void KeptRows::choose(const std::vector<std::string>& outputs) {
    names_ = outputs.empty() ? sample_.outputs : outputs;
    for (const auto& name : names_) columns_.push_back(column(name));
}

/// Replicates by their place in the order of their labels; nets are equally large, skipped draws included.
void KeptRows::label() {
    const std::span labels(sample_.replicate.begin() + first_, sample_.replicate.end());
    std::vector<std::int64_t> different(labels.begin(), labels.end());
    std::ranges::sort(different);
    different.erase(std::ranges::unique(different).begin(), different.end());
    replicates_ = static_cast<std::int64_t>(different.size());
    require(replicates_ >= 2, function_, ": the sample must have at least 2 replicates, got ", replicates_);
    std::vector<std::int64_t> missing(different.size(), draws() / replicates_);
    for (const std::int64_t r : labels) {
        replicate_.push_back(std::ranges::lower_bound(different, r) - different.begin());
        --missing[index(replicate_.back())];
    }
    for (std::size_t r = 0; replicate_.size() < index(draws());) {
        while (r + 1 < missing.size() && missing[r] <= 0) ++r;
        --missing[r];
        replicate_.push_back(static_cast<std::int64_t>(r));
    }
}

ConstView KeptRows::points(std::int64_t first, std::int64_t count) const {
    const std::int64_t begin = std::min(first, rows_), end = std::min(first + count, rows_);
    return sample_.x.view().slice(first_ + begin, end - begin);
}

Distribution KeptRows::base(const std::optional<Distribution>& law) const {
    require(law || sample_.law, function_, ": law is needed: the sample does not know the law of its inputs");
    if (law) check(*law, "law");
    return law ? *law : *sample_.law;
}

void KeptRows::check(const Distribution& law, const std::string& what) const {
    require(law.dim() == sample_.x.cols, function_, ": ", what, " must have ", counted(sample_.x.cols, "input"), ", got ",
            law.dim());
    if (sample_.law) require_same_order(function_ + ": " + what, law, *sample_.law);
}

std::vector<double> KeptRows::weights(const LogDensity& law, std::int64_t first, std::int64_t count) const {
    std::vector<double> w(index(count), 0.0);
    const ConstView rows = points(first, count);
    law(rows, std::span(w).first(index(rows.rows)));
    for (std::int64_t i = 0; i < rows.rows; ++i) {
        double& v = w[index(i)];
        v = elementary::exp(v - sample_.log_density[index(first_ + first + i)]);
        require(std::isfinite(v), function_, ": the density relative to that of the sample must be finite, got ", v,
                " at row ", first_ + first + i);
    }
    return w;
}

bool KeptRows::drawn_from(const Distribution& law) const {
    constexpr std::int64_t some = 256;
    const ConstView rows = points(0, std::min(some, rows_));
    std::vector<double> log_f(index(rows.rows));
    law.log_density(rows, log_f);
    for (std::int64_t i = 0; i < rows.rows; ++i) {
        const double q = sample_.log_density[index(first_ + i)];
        if (!(std::abs(log_f[index(i)] - q) <= 1e-9 * (1 + std::abs(q)))) return false;
    }
    return true;
}

}  // namespace buffon
