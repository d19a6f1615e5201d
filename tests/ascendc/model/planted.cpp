// Runs two good kernels with one mistake at a time: what does the model say of it?
#include "planted_counts.h"

namespace harness {

constexpr uint32_t kCores = 4;

bool IsQuantised(const Buffers &buffers)
{
    for (uint32_t row = 0; row < kRows; ++row) {
        const float amax = static_cast<float>(row * kPadded + kColumns - 1);
        for (uint32_t i = 0; i < kColumns; ++i) {
            const float code = std::nearbyint(static_cast<float>(row * kPadded + i) * (127.0f / amax));
            if (buffers.Result<int8_t>(row * kRowBytes + i) != static_cast<int8_t>(code)) {
                return false;
            }
        }
        if (buffers.Result<float>(kScaleOffset / 4 + row) != amax / 127.0f) {
            return false;
        }
    }
    return true;
}

bool IsCounted(const Buffers &buffers)
{
    for (uint32_t core = 0; core < kCores; ++core) {
        int32_t before = 0;
        for (uint32_t kind = 0; kind < kKinds; ++kind) {
            if (buffers.Result<int32_t>(kResultBytes / 4 + core * 8 + kind) != before) {
                return false;
            }
            before += static_cast<int32_t>(kCores * (kind + 1) + kCores * (kCores - 1) / 2);
        }
    }
    return true;
}

template <typename Kernel, typename IsRight>
void Try(const Mistake &mistake, Kernel kernel, IsRight is_right)
{
    Names found;
    int line = 0;
    for (uint64_t seed = 0; seed < 4; ++seed) {
        Buffers buffers;
        for (const auto &violation : Play({kCores, 48, seed, 1000000}, buffers, kernel)) {
            found.insert(ascendc_model::kChecks[static_cast<int>(violation.check)].name);
            line = violation.line;
        }
        if (!is_right(buffers)) {
            found.insert("result");
        }
    }
    std::printf("planted\t%s\t%s\t%s\t%d\n", mistake.name, mistake.check, Join(found).c_str(), line);
}

}  // namespace harness

int main()
{
    using namespace harness;
    for (int i = 0; i < kQuantiseCount; ++i) {
        Try(kQuantiseMistakes[i], [i](const Gm &gm) { Quantise(gm, i).Process(); }, IsQuantised);
    }
    for (int i = 0; i < kCountCount; ++i) {
        Try(kCountMistakes[i], [i](const Gm &gm) { Counts(gm, i).Process(); }, IsCounted);
    }
    return 0;
}
