// The line of the kernel that calls an API, taken at the call.
#pragma once

namespace ascendc_model {

// No public constructor: braces in a call never become a place.
class Where {
public:
    const char *file;
    int line;

    static constexpr Where At(const char *file, int line) { return Where(file, line); }

private:
    constexpr Where(const char *at_file, int at_line) : file(at_file), line(at_line) {}
};

// The last parameter of every API function: `Where where = Here()`.
constexpr Where Here(const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
    return Where::At(file, line);
}

}  // namespace ascendc_model
