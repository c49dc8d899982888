// `sluice init URL`: one answer of an HTTP API as a job file to begin with: where the records are,
// how the next page is asked for, who asks. Pure. What was guessed is said in comments.
//
// Nothing secret gets into the text: of the request's headers only those that are known to be
// harmless are written with their values, and of the URL's query none whose name sounds like a key.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "guess/api_answer.h"
#include "http/http.h"

namespace sluice {

// YAML that `check` takes, with API_TOKEN (API_USER, API_PASSWORD, ...) set where it says so.
// `sent`: the request's own headers. `corrupt`: an answer that holds no records of any form.
Result<std::string> guess_job(const ApiAnswer& answer, const Headers& sent);

// What an answer of 401 or 403 asks for: what to give with -H, and what it becomes in a job.
std::string auth_hint(const Headers& answered);

// The URL without user, password, fragment, and values of its query that may be secret (as "***").
std::string url_to_show(std::string_view url);

}  // namespace sluice
