// A body as HTTP's chunks. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sluice::fake_api {

std::string chunked(std::string_view text);

}  // namespace sluice::fake_api
