#include <buffon/kept.hpp>

#include <algorithm>
#include <numeric>

namespace buffon {

void label_replicates(Evaluation& evaluate, std::int64_t rows, std::int64_t points,
                      const std::function<std::int64_t(std::int64_t)>& index) {
    if (Sample* kept = evaluate.kept())
        for (std::int64_t i = 0; i < rows; ++i) kept->replicate.push_back(index(i) / points);
}

void count_skipped(Evaluation& evaluate, std::int64_t draws, std::int64_t rows) {
    if (Sample* kept = evaluate.kept()) kept->skipped += draws - rows;
}

void count_as_adaptation(Evaluation& evaluate) {
    Sample* kept = evaluate.kept();
    if (!kept) return;
    kept->adaptation = kept->n();
    kept->skipped = 0;
    std::ranges::fill(kept->replicate, -1);
}

KeptControls::KeptControls(Evaluation& evaluate, const std::vector<double>& alpha, std::int64_t rows) : sample_(evaluate.kept()) {
    if (!sample_ || alpha.size() < 2) return;   // one component: g / q - 1 = 0
    columns_.resize(alpha.size());
    std::iota(columns_.begin(), columns_.end(), std::size_t{0});
    std::ranges::stable_sort(columns_, std::greater{}, [&](std::size_t k) { return alpha[k]; });
    columns_.resize(std::min(columns_.size(), most));
    std::ranges::sort(columns_);
    sample_->controls = Matrix(rows, static_cast<std::int64_t>(columns_.size()));
}

void KeptControls::add(ConstView controls, std::int64_t at) {
    for (std::int64_t i = 0; i < controls.rows && !columns_.empty(); ++i) {
        const auto to = sample_->controls.view().row(at + i);
        const auto from = controls.row(i);
        for (std::size_t k = 0; k < columns_.size(); ++k) to[k] = from[columns_[k]];
    }
}

void KeptControls::finish() {
    if (sample_ && sample_->skipped > 0) sample_->controls = {};
}

}  // namespace buffon
