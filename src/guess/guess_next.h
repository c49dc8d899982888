// How the next page of an API is asked for, guessed from one answer: from names that many APIs have
// in common. Pure. What is guessed wrongly the run finds out: the same page twice, a total that
// isn't met.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "guess/api_answer.h"

namespace sluice {

struct NextGuess {
  // The words of `next:` and their values, as they stand in YAML's flow form: {"link", "next"}.
  // None: nothing leads on.
  std::vector<std::pair<std::string, std::string>> words;
  std::vector<std::string> remarks;  // For comments: what it rests on, what is uncertain
};

NextGuess guess_next(const ApiAnswer& answer, const AnswerShape& shape);

// A text as a value in YAML's flow form, quoted where it must be.
std::string yaml_word(std::string_view text);

// The words of a URL's query, in its order, before encoding; not those whose names no
// YAML key could be (not UTF-8, ${).
std::vector<std::pair<std::string, std::string>> query_words(std::string_view url);

}  // namespace sluice
