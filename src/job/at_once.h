// Control work over many units at once, where each is a few requests that are waited for: reading a
// record, comparing a list. A hundred waits then take as long as one. Not for work in bulk, which
// is the loop's.
#pragma once

#include <cstddef>
#include <functional>

namespace sluice {

// So many of them hide 50 ms a request behind what a thousand requests cost to make.
inline constexpr size_t records_at_once = 256;
// Lists hold pages: fewer.
inline constexpr size_t lists_at_once = 200;

// work(0) to work(count - 1), each once, at most `at_once_max` at the same time, from as many
// threads; where the system gives fewer threads, with those. Returns once all are done.
void at_once(size_t count, size_t at_once_max, const std::function<void(size_t)>& work);

}  // namespace sluice
